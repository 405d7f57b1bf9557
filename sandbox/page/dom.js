// Building and patching DOM nodes. Nothing in this page ever parses a string as HTML: text from people, bots,
// logs and alarms only ever becomes text nodes and plain attributes.

const SVG = "http://www.w3.org/2000/svg";

function listen(node, type, listener) {
  node.listeners ??= {};
  if (!(type in node.listeners)) {
    // One permanent listener per type that looks the current one up, so that a patched node gets fresh closures.
    node.addEventListener(type, (event) => node.listeners[type]?.(event));
  }
  node.listeners[type] = listener;
}

/** An element: `h("a", {class: "link", href, on: {click}, style: {"--bar": "#f00"}}, "text", child, [more])`. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") Object.entries(value).forEach(([type, listener]) => listener && listen(node, type, listener));
    else if (name === "style") Object.entries(value).forEach(([key, text]) => node.style.setProperty(key, text));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A drawing from one of the page's own SVG sprites. */
export function sprite(file, name, className) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/${file}.svg#${name}`);
  svg.append(use);
  return svg;
}

/** One of the interface's own icons, drawn in the colour of the text around it. */
export const icon = (name) => sprite("icons", name, "icon");

/** A small button that is only a drawing. */
export function tool(label, drawing, press, testId) {
  return h("button", { class: "tool", type: "button", title: label, "aria-label": label, "data-testid": testId, on: { click: press } },
    icon(drawing));
}

function patchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (name !== "style" && name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style && old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
}

function patchControl(old, fresh, chosen) {
  const editing = old === document.activeElement;
  if (chosen && !editing) [...old.options].forEach((option, index) => (option.selected = chosen[index]));
  if (old.nodeName === "INPUT" && (old.type === "checkbox" || old.type === "radio")) old.checked = fresh.checked;
  else if ((old.nodeName === "INPUT" || old.nodeName === "TEXTAREA") && !editing) old.value = fresh.value;
}

const alike = (a, b) =>
  a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.dataset?.key ?? "") === (b.dataset?.key ?? "");

/** Make `old` look like `fresh` with as few changes as possible, so that focus, selection and scroll survive. */
export function patch(old, fresh) {
  if (!alike(old, fresh)) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return old;
  }
  patchAttributes(old, fresh);
  if (old.listeners) for (const type of Object.keys(old.listeners)) old.listeners[type] = null;
  for (const [type, listener] of Object.entries(fresh.listeners ?? {})) listen(old, type, listener);
  const chosen = fresh.nodeName === "SELECT" ? [...fresh.options].map((option) => option.selected) : null;
  patchChildren(old, [...fresh.childNodes]);
  patchControl(old, fresh, chosen);
  return old;
}

/** Make the children of `parent` look like `fresh`; elements with a `data-key` are found again by it. */
export function patchChildren(parent, fresh) {
  const keyed = new Map();
  for (const child of parent.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
  let cursor = parent.firstChild;
  for (const wanted of fresh) {
    const found = wanted.dataset?.key ? keyed.get(wanted.dataset.key) : cursor;
    if (found && alike(found, wanted)) {
      if (found === cursor) cursor = cursor.nextSibling;
      else parent.insertBefore(found, cursor);
      if (found !== wanted) patch(found, wanted);
    } else parent.insertBefore(wanted, cursor);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}
