// The rich_text block: sections, lists, quotes and preformatted text.
import { h } from "./dom.js";
import { emojiNode, isEmoji } from "./emoji.js";
import { broadcastChip, channelChip, linkNode, mention } from "./mrkdwn.js";
import { formatDate } from "./time.js";

const WRAPPERS = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code" };

function styled(node, style) {
  return Object.entries(WRAPPERS).reduce((inner, [name, tag]) => (style?.[name] ? h(tag, null, inner) : inner), node);
}

function leaf(element, people) {
  switch (element.type) {
    case "text": return String(element.text ?? "");
    case "link": return linkNode(String(element.url ?? ""), element.text);
    case "emoji": return isEmoji(element.name) ? emojiNode(element.name) : `:${element.name}:`;
    case "user": return mention(people, element.user_id);
    case "channel": return channelChip(people, element.channel_id);
    case "usergroup": return broadcastChip(people, element.usergroup_id);
    case "broadcast": return broadcastChip(people, element.range);
    case "date": return formatDate(Number(element.timestamp), String(element.format ?? "{date} {time}")) ?? element.fallback;
    case "color": return h("code", null, element.value);
    default: return `[${element.type}]`;
  }
}

const leaves = (part, people) => (part.elements ?? []).map((element) => styled(leaf(element, people), element.style));

function list(part, people) {
  const ordered = part.style === "ordered";
  const items = (part.elements ?? []).map((item) => h("li", null, leaves(item, people)));
  const depth = Math.min(Number(part.indent) || 0, 8);
  return h(ordered ? "ol" : "ul", { class: `rich-list indent-${depth}`, start: ordered ? (Number(part.offset) || 0) + 1 : null },
    items);
}

/** The nodes of a rich_text block. */
export function richText(block, people) {
  return (block.elements ?? []).map((part) => {
    switch (part.type) {
      case "rich_text_list": return list(part, people);
      case "rich_text_quote": return h("blockquote", null, leaves(part, people));
      case "rich_text_preformatted": return h("pre", null, leaves(part, people));
      default: return h("div", { class: "rich-section" }, leaves(part, people));
    }
  });
}
