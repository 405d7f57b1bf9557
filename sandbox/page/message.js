// One message: who, when, what, and the thread below it.
import { blocks } from "./blocks.js";
import { h, icon } from "./dom.js";
import { files } from "./files.js";
import { outward, safeAddress } from "./links.js";
import { editor, pinLine, reactions, toolbar } from "./messagetools.js";
import { mrkdwn, plain } from "./mrkdwn.js";
import { ago, fullTime, hourMinute } from "./time.js";

const PALETTE = ["#4a154b", "#1264a3", "#2b7a4b", "#b3541e", "#8d3b72", "#3b5b8d", "#6b6b1f"];
const COLORS = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

/** Attachment colours are hex or one of three words; anything else is ignored. */
function barColor(color) {
  if (Object.hasOwn(COLORS, color)) return COLORS[color];
  return /^#?[0-9a-f]{6}$/i.test(color ?? "") ? `#${color.replace("#", "")}` : null;
}

/** The name a message is shown under. */
function author(message, people) {
  const user = people.users.get(message.user);
  return {
    name: message.username || user?.real_name || user?.name || (message.local ? "Slackbot" : message.user) || "Somebody",
    isApp: Boolean(message.local || message.bot_id || user?.is_bot), user,
  };
}

/** A square with a person's initial, or the app's drawing. */
export function avatar(user, name, isApp, small) {
  const seed = [...String(user?.id ?? name)].reduce((sum, letter) => sum + letter.codePointAt(0), 0);
  const color = barColor(user?.color) ?? PALETTE[seed % PALETTE.length];
  return h("span", { class: small ? "avatar avatar-small" : "avatar", "aria-hidden": "true", style: { "--avatar": color } },
    isApp ? icon("robot") : user?.avatar_text || name.slice(0, 1).toUpperCase());
}

function attachment(part, surface) {
  const color = barColor(part.color);
  const href = safeAddress(part.title_link);
  const title = part.title && h("div", { class: "attachment-title" },
    href ? h("a", { class: "link", ...outward(href) }, plain(part.title)) : plain(part.title));
  const fields = (part.fields ?? []).map((field) => h("div", { class: "field" },
    h("strong", null, plain(field.title)), "\n", mrkdwn(field.value, surface.people)));
  return h("div", { class: "attachment", style: color ? { "--bar": color } : {} },
    part.pretext && h("div", { class: "words" }, mrkdwn(part.pretext, surface.people)),
    part.author_name && h("div", { class: "muted" }, plain(part.author_name)),
    title,
    !part.blocks && part.text && h("div", { class: "words" }, mrkdwn(part.text, surface.people)),
    fields.length > 0 && h("div", { class: "fields" }, fields),
    blocks(part.blocks, surface),
    part.footer && h("div", { class: "muted" }, plain(part.footer)));
}

function body(message, surface) {
  const attachments = message.attachments ?? [];
  const edited = message.edited && h("span", { class: "muted edited" }, " (edited)");
  if (surface.editing) return editor(message, surface);
  if (message.blocks?.length) return [blocks(message.blocks, surface), edited];
  return [message.text && h("div", { class: "block words" }, mrkdwn(message.text, surface.people), edited),
    !message.text && attachments.length > 0 && edited];
}

function replies(message, surface) {
  const count = message.reply_count ?? 0;
  if (!count) return null;
  const users = (message.reply_users ?? []).slice(0, 4).map((id) => surface.people.users.get(id)).filter(Boolean);
  return h("button", { class: "replies", type: "button", "data-testid": "replies", on: { click: surface.openThread } },
    users.map((user) => avatar(user, user.name, user.is_bot, true)),
    h("span", { class: "replies-count" }, count === 1 ? "1 reply" : `${count} replies`),
    message.latest_reply && h("span", { class: "muted" }, `Last reply ${ago(message.latest_reply)}`));
}

function byline(message, who) {
  return h("div", { class: "byline" },
    h("span", { class: "author" }, who.name), who.isApp && h("span", { class: "badge-app" }, "APP"),
    who.user?.is_stranger && h("span", { class: "badge-app" }, "SLACK CONNECT"),
    h("time", { class: "muted time", title: fullTime(message.ts) }, hourMinute(message.ts)));
}

/** The node of a message. `compact` leaves the author out when the message above is by the same. */
export function messageNode(message, surface, { compact = false, inThread = false, selected = false } = {}) {
  const who = author(message, surface.people);
  const classes = ["message", compact && "compact", message.ephemeral && "ephemeral", message.pinned_to?.length && "pinned",
    selected && "selected"];
  return h("article", {
    class: classes.filter(Boolean).join(" "), "data-key": message.ts, "data-ts": message.ts, "data-testid": "message",
    "data-user": message.user, "data-ephemeral": message.ephemeral ? "true" : null,
    "aria-label": `${who.name} at ${hourMinute(message.ts)}`,
  },
  message.ephemeral && h("div", { class: "only-you", "data-testid": "only-you" }, icon("eye"), "Only visible to you"),
  pinLine(message, surface),
  h("div", { class: "gutter" }, compact
    ? h("time", { class: "gutter-time", title: fullTime(message.ts) }, hourMinute(message.ts))
    : avatar(who.user, who.name, who.isApp)),
  h("div", { class: "content" },
    !compact && byline(message, who),
    message.subtype === "thread_broadcast" && !inThread
      && h("button", { class: "from-thread", type: "button", on: { click: surface.openThread } }, "replied to a thread"),
    body(message, surface),
    (message.attachments ?? []).map((part) => attachment(part, surface)),
    files(message.files, surface.changed),
    reactions(message, surface),
    !inThread && replies(message, surface)),
  toolbar(message, surface, inThread));
}
