// Slack's mrkdwn, turned into DOM nodes. The text is hostile: it is only ever split and put into text nodes.
import { h } from "./dom.js";
import { emojiNode, isEmoji, LITERAL, literalNode } from "./emoji.js";
import { outward, safeAddress } from "./links.js";
import { formatDate } from "./time.js";

/** Slack escapes exactly these three characters, and nothing else counts as an entity. */
export const decode = (text) => text.replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);

/** A link when the address may be followed, otherwise its words as text. */
export function linkNode(address, label) {
  const href = safeAddress(address);
  if (!href) return h("span", null, label && label !== address ? `${label} (${address})` : address);
  return h("a", { class: "link", ...outward(href) }, label || address);
}

/** A mention chip; the reader's own name is highlighted. */
export function mention(people, id) {
  const user = people.users.get(id);
  const own = id === people.me;
  return h("span", { class: own ? "chip chip-own" : "chip", "data-user": id }, `@${user?.name ?? id}`);
}

/** A link to a channel of this workspace. */
export function channelChip(people, id, label) {
  const name = people.channels.get(id)?.name ?? label ?? id;
  return people.channels.has(id)
    ? h("a", { class: "chip", href: `#/${id}` }, `#${name}`) : h("span", { class: "chip" }, `#${name}`);
}

/** A chip that addresses many: a user group, or everybody here. */
export function broadcastChip(people, id, label) {
  const group = people.usergroups.get(id);
  const own = !group || group.users?.includes(people.me);
  return h("span", { class: own ? "chip chip-own" : "chip" }, `@${group?.handle ?? (label || id).replace(/^@/, "")}`);
}

function angled(body, people) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? "" : decode(body.slice(bar + 1));
  if (/^@[UWB]\w+$/.test(target)) return mention(people, target.slice(1));
  if (/^#C\w+$/.test(target)) return channelChip(people, target.slice(1), label);
  if (target.startsWith("!subteam^")) return broadcastChip(people, target.slice(9), label);
  if (/^!(channel|here|everyone)$/.test(target)) return broadcastChip(people, target.slice(1), "");
  if (target.startsWith("!date^")) {
    const [, seconds, format] = target.split("^");
    return h("span", { class: "date", title: label }, formatDate(Number(seconds), decode(format ?? "")) ?? label);
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return linkNode(decode(target), label);
  return document.createTextNode(decode(`<${body}>`));
}

const STYLES = { "*": "strong", _: "em", "~": "s" };
// A style mark opens after a boundary and closes before one, as in Slack: `2*3*4` and `snake_case_name` stay as they are.
const TOKEN = new RegExp(
  [
    /<(?<angled>[^<>\n]+)>/.source,
    /`(?<code>[^`\n]+)`/.source,
    /(?<![\p{L}\p{N}])(?<mark>[*_~])(?<styled>(?=[^\s*_~]|[*_~](?!\k<mark>))[^\n]*?[^\s])\k<mark>(?![\p{L}\p{N}])/.source,
    /:(?<emoji>[a-z0-9_+-]+):/.source,
    /(?<url>https?:\/\/[^\s<>"|]+[^\s<>"|.,;:!?)\]}'*_~])/.source,
    `(?<literal>${LITERAL.source})`,
  ].join("|"),
  "gu",
);

/** The nodes of one stretch of mrkdwn without line structure. */
export function inline(text, people) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(TOKEN)) {
    const { angled: body, code, mark, styled, emoji, url, literal } = found.groups;
    if (emoji && !isEmoji(emoji)) continue;
    if (found.index > last) nodes.push(decode(text.slice(last, found.index)));
    if (body) nodes.push(angled(body, people));
    else if (code) nodes.push(h("code", null, codeText(code)));
    else if (mark) nodes.push(h(STYLES[mark], null, inline(styled, people)));
    else if (emoji) nodes.push(emojiNode(emoji));
    else if (literal) nodes.push(literalNode(literal));
    else nodes.push(linkNode(decode(url), ""));
    last = found.index + found[0].length;
  }
  if (last < text.length) nodes.push(decode(text.slice(last)));
  return nodes;
}

// Inside code Slack shows links and mentions by their words.
const codeText = (text) => decode(text.replace(/<([^<>|\n]+)(?:\|([^<>\n]*))?>/g, (_, target, label) => label || target));

function lines(text, people) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, index) => {
    const quoted = line.match(/^(?:&gt;|>)(?!&gt;|>) ?(.*)$/);
    if (quoted) {
      if (quote) quote.append("\n");
      else nodes.push((quote = h("blockquote")));
      quote.append(...inline(quoted[1], people));
      return;
    }
    if (index > 0 && !quote) nodes.push("\n");
    quote = null;
    nodes.push(...inline(line, people));
  });
  return nodes;
}

/** The nodes of a mrkdwn text: code blocks, quotes, then everything inline. Line breaks stay as they are. */
export function mrkdwn(text, people) {
  const nodes = [];
  String(text ?? "").split(/```/).forEach((part, index, parts) => {
    const closed = index < parts.length - 1;
    if (index % 2 === 1 && closed) nodes.push(h("pre", null, codeText(part.replace(/^\n|\n$/g, ""))));
    else if (part) nodes.push(...lines((index % 2 === 1 ? "```" : "") + part.replace(index ? /^\n/ : /^$/, ""), people));
  });
  return nodes;
}

/** The nodes of a Block Kit text object: mrkdwn, or plain_text where only emoji mean something. */
export function textObject(object, people) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, people) : plain(object.text, object.emoji !== false);
}

/** Plain text with its emoji drawn. */
export function plain(text, emoji = true) {
  const nodes = [];
  let last = 0;
  const source = String(text ?? "");
  if (!emoji) return [source];
  for (const found of source.matchAll(new RegExp(`:([a-z0-9_+-]+):|${LITERAL.source}`, "gu"))) {
    if (found[1] && !isEmoji(found[1])) continue;
    nodes.push(source.slice(last, found.index), found[1] ? emojiNode(found[1]) : literalNode(found[0]));
    last = found.index + found[0].length;
  }
  nodes.push(source.slice(last));
  return nodes.filter((node) => node !== "");
}
