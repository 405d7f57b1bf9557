// Files of a message: pictures as pictures, text with its first lines, everything else as a card with its name.
import { picture } from "./blocks.js";
import { h, icon } from "./dom.js";
import { outward, safeSource } from "./links.js";

const PREVIEW_LINES = 12;
const previews = new Map();

const isText = (file) => /^(?:text\/|application\/(?:json|x-yaml|yaml|x-sh))/.test(file.mimetype ?? "");

function size(bytes) {
  if (!Number.isFinite(bytes)) return "";
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function preview(file, changed) {
  const source = safeSource(file.url);
  if (!source || new URL(source, location.origin).origin !== location.origin) return null;
  if (!previews.has(source)) {
    previews.set(source, null);
    fetch(source).then((response) => (response.ok ? response.text() : "")).then((text) => {
      const lines = text.split("\n");
      const more = lines.length > PREVIEW_LINES ? `\n… ${lines.length - PREVIEW_LINES} more lines` : "";
      previews.set(source, lines.slice(0, PREVIEW_LINES).join("\n").slice(0, 4000) + more);
      changed();
    }).catch(() => previews.delete(source));
  }
  return previews.get(source);
}

function card(file, changed) {
  const href = safeSource(file.url);
  const name = file.title || file.name || "file";
  const text = isText(file) ? preview(file, changed) : null;
  return h("div", { class: "file-card", "data-testid": "file" },
    h(href ? "a" : "div", { class: "file-head", ...(href && outward(href)) },
      h("span", { class: "file-icon" }, icon("file")),
      h("span", { class: "file-name" }, h("strong", null, name),
        h("span", { class: "muted" }, [file.mimetype ?? "file", size(file.size)].filter(Boolean).join(" · ")))),
    text && h("pre", { class: "file-preview" }, text));
}

function image(file) {
  const href = safeSource(file.url);
  return h("figure", { class: "file-picture", "data-testid": "file" },
    h("figcaption", { class: "muted" }, file.title || file.name),
    h("a", outward(href), picture(file.url, file.alt_txt || file.name, "image-block")));
}

/** The nodes of a message's files; `changed` is called when a preview has arrived. */
export function files(list, changed) {
  return (list ?? []).map((file) => (file.mode === "tombstone"
    ? h("div", { class: "muted", "data-testid": "file" }, "This file was deleted.")
    : String(file.mimetype ?? "").startsWith("image/")
      ? image(file) : card(file, changed)));
}
