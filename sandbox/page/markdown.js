// The markdown block (standard Markdown, not mrkdwn): headings, lists, quotes, code, tables of pipes, emphasis, links.
import { h } from "./dom.js";
import { linkNode, plain } from "./mrkdwn.js";

const TOKEN = new RegExp(
  [
    /`([^`\n]+)`/, /\*\*([^\n]+?)\*\*/, /__([^\n]+?)__/, /~~([^\n]+?)~~/, /(?<!\w)[*_]([^\s*_][^\n]*?)[*_](?!\w)/,
    /!?\[([^\]\n]*)\]\(([^()\s]+)\)/, /(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/,
  ].map((part) => part.source).join("|"),
  "g",
);

function inline(text) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [, code, bold, bolder, strike, italic, label, target, url] = found;
    nodes.push(plain(text.slice(last, found.index)));
    if (code) nodes.push(h("code", null, code));
    else if (bold ?? bolder) nodes.push(h("strong", null, inline(bold ?? bolder)));
    else if (strike) nodes.push(h("s", null, inline(strike)));
    else if (italic) nodes.push(h("em", null, inline(italic)));
    else nodes.push(linkNode(target ?? url, label));
    last = found.index + found[0].length;
  }
  nodes.push(plain(text.slice(last)));
  return nodes;
}

const RULES = [
  // [how its lines begin, the block they make]
  [/^#{1,6}\s/, (lines) => lines.map((line) => h("div", { class: "md-heading" }, inline(line.replace(/^#+\s+/, ""))))],
  [/^>/, (lines) => h("blockquote", null, inline(lines.map((line) => line.replace(/^> ?/, "")).join("\n")))],
  [/^\s*[-*+]\s/, (lines) => h("ul", { class: "rich-list" }, lines.map(item))],
  [/^\s*\d+[.)]\s/, (lines) => h("ol", { class: "rich-list" }, lines.map(item))],
  [/^\|/, (lines) => pipes(lines)],
  [/^(?:---+|\*\*\*+)\s*$/, () => h("hr", { class: "divider" })],
  [/^\s*$/, () => []],
];

function item(line) {
  const text = line.replace(/^\s*(?:[-*+]|\d+[.)])\s+/, "");
  const box = text.match(/^\[([ xX])\]\s+(.*)$/);
  return h("li", null, box ? [box[1] === " " ? "☐ " : "☑ ", inline(box[2])] : inline(text));
}

function pipes(lines) {
  const rows = lines.filter((line) => !/^[|\s:-]+$/.test(line))
    .map((line) => line.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim()));
  const row = (cells, tag) => h("tr", null, cells.map((cell) => h(tag, null, inline(cell))));
  return h("div", { class: "table-frame" },
    h("table", null, rows.map((cells, index) => row(cells, index === 0 ? "th" : "td"))));
}

function stretch(lines) {
  const nodes = [];
  while (lines.length) {
    const rule = RULES.find(([begins]) => begins.test(lines[0]));
    const taken = [];
    const belongs = (line) => (rule ? rule[0].test(line) : !RULES.some(([begins]) => begins.test(line)));
    while (lines.length && belongs(lines[0])) taken.push(lines.shift());
    nodes.push(rule ? rule[1](taken) : h("p", null, inline(taken.join("\n"))));
  }
  return nodes;
}

/** The nodes of a Markdown text. */
export function markdown(text) {
  return String(text ?? "").split(/^```[^\n]*\n?/m).map((part, index) =>
    index % 2 ? h("pre", null, part.replace(/\n$/, "")) : stretch(part.split("\n")));
}
