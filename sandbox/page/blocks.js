// Block Kit: one function per block type. `surface` is the message or modal the blocks belong to (surface.js).
import { h } from "./dom.js";
import { element } from "./elements.js";
import { outward, safeSource } from "./links.js";
import { markdown } from "./markdown.js";
import { plain, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const unreachable = new Set();

/** A picture. One that this page's policy refuses (another host without https) is a link; one that fails, its words. */
export function picture(source, alt, className) {
  const src = safeSource(source);
  const words = h("span", { class: "picture-missing" }, alt || "picture");
  if (!src || unreachable.has(src)) return words;
  const { origin, protocol } = new URL(src, location.origin);
  if (origin !== location.origin && protocol !== "https:") {
    return h("a", { class: "link picture-missing", ...outward(src) }, alt || src);
  }
  const image = h("img", { class: className, src, alt: alt ?? "", loading: "lazy" });
  image.addEventListener("error", () => {
    unreachable.add(src);
    image.replaceWith(words);
  }, { once: true });
  return image;
}

/** Where a picture comes from: an address, or a file of this workspace by its id or one of its addresses. */
function sourceOf(part) {
  const file = part.slack_file;
  const id = file && (file.id ?? String(file.url ?? "").match(/F0\d{7}/)?.[0]);
  return part.image_url ?? (id ? `/files/${encodeURIComponent(id)}/picture` : null);
}

function section(block, surface) {
  const { people } = surface;
  const fields = (block.fields ?? []).map((field) => h("div", { class: "field" }, textObject(field, people)));
  const accessory = block.accessory && (block.accessory.type === "image"
    ? picture(sourceOf(block.accessory), block.accessory.alt_text, "accessory-image")
    : element(block.accessory, block.block_id, surface));
  return h("div", { class: "block section" },
    h("div", { class: "section-words" },
      block.text && h("div", { class: "words" }, textObject(block.text, people)),
      fields.length > 0 && h("div", { class: "fields" }, fields)),
    accessory && h("div", { class: "accessory" }, accessory));
}

function context(block, surface) {
  return h("div", { class: "block context" }, (block.elements ?? []).map((part) => (part.type === "image"
    ? picture(sourceOf(part), part.alt_text, "context-image")
    : h("span", { class: "words" }, textObject(part, surface.people)))));
}

function image(block, surface) {
  return h("figure", { class: "block image" },
    block.title && h("figcaption", null, textObject(block.title, surface.people)),
    picture(sourceOf(block), block.alt_text, "image-block"));
}

function input(block, surface) {
  const name = block.element?.action_id ?? "";
  const error = surface.errorOf(block.block_id);
  return h("div", { class: error ? "block input input-wrong" : "block input", "data-block-id": block.block_id },
    h("label", { class: "input-label", for: surface.fieldId(block.block_id, name) }, plain(block.label?.text),
      block.optional && h("span", { class: "muted" }, " (optional)")),
    element(block.element ?? {}, block.block_id, surface, block),
    error && h("div", { class: "input-error", role: "alert", "data-testid": "input-error" }, error),
    block.hint && h("div", { class: "muted hint" }, plain(block.hint.text)));
}

function cell(content, people) {
  if (content?.type === "rich_text") return richText(content, people);
  return plain(content?.text ?? "");
}

function table(block, surface) {
  const settings = block.column_settings ?? [];
  const row = (cells, tag) => h("tr", null, cells.map((content, column) => {
    const { align, is_wrapped: wrapped } = settings[column] ?? {};
    const classes = [align === "right" || align === "center" ? `align-${align}` : "", wrapped ? "wrapped" : ""];
    return h(tag, { class: classes.join(" ").trim() || null }, cell(content, surface.people));
  }));
  const [head = [], ...rows] = block.rows ?? [];
  return h("div", { class: "block table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", null, h("thead", null, row(head, "th")), h("tbody", null, rows.map((cells) => row(cells, "td")))));
}

const RENDERERS = {
  header: (block) => h("h3", { class: "block header" }, plain(block.text?.text)),
  divider: () => h("hr", { class: "block divider" }),
  actions: (block, surface) => h("div", { class: "block actions" },
    (block.elements ?? []).map((part) => element(part, block.block_id, surface))),
  markdown: (block) => h("div", { class: "block words" }, markdown(block.text)),
  rich_text: (block, surface) => h("div", { class: "block words" }, richText(block, surface.people)),
  section, context, image, input, table,
};

/** The nodes of a list of blocks; an unknown type says so instead of disappearing. */
export function blocks(list, surface) {
  return (list ?? []).map((block) => (Object.hasOwn(RENDERERS, block?.type)
    ? RENDERERS[block.type](block, surface)
    : h("div", { class: "block muted" }, `This page does not show blocks of type ${block?.type}.`)));
}
