// A small pop-up menu under a button: arrow keys move, Enter picks, Escape and a click elsewhere close.
import { h } from "./dom.js";
import { outward } from "./links.js";

let current = null;

function close(focusAnchor) {
  if (!current) return;
  const { menu, anchor, controller } = current;
  current = null;
  controller.abort();
  menu.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (focusAnchor) anchor.focus();
}

function place(menu, anchor) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const top = box.bottom + 4 + height > innerHeight && box.top > height ? box.top - height - 4 : box.bottom + 4;
  menu.style.setProperty("top", `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`);
  menu.style.setProperty("left", `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`);
}

function entry(item) {
  const props = {
    class: "menu-item", role: item.checked === undefined ? "menuitem" : "menuitemradio", tabindex: "-1", "data-value": item.value,
    "aria-checked": item.checked === undefined ? null : String(item.checked),
    on: { click: () => { close(true); item.pick(); } },
  };
  const words = [item.lead, h("span", { class: "menu-words" }, item.nodes,
    item.detail && h("span", { class: "menu-detail" }, item.detail))];
  return item.href
    ? h("a", { ...props, ...outward(item.href) }, words)
    : h("button", { ...props, type: "button" }, words);
}

/** Open a menu at `anchor`; each item is {nodes, pick, detail?, lead?, href?, checked?}. A second press closes it. */
export function openMenu(anchor, items) {
  const again = current?.anchor === anchor;
  close(false);
  if (again) return;
  const menu = h("div", { class: "menu", role: "menu", "data-testid": "menu" }, items.map(entry));
  const controller = new AbortController();
  current = { menu, anchor, controller };
  // Inside a modal dialog only what is in the dialog can be reached.
  (anchor.closest("dialog") ?? document.body).append(menu);
  anchor.setAttribute("aria-expanded", "true");
  place(menu, anchor);
  const entries = [...menu.children];
  (entries.find((one) => one.getAttribute("aria-checked") === "true") ?? entries[0])?.focus();
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) entries[(entries.indexOf(document.activeElement) + step + entries.length) % entries.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const outside = (event) => !menu.contains(event.target) && !anchor.contains(event.target) && close(false);
  document.addEventListener("pointerdown", outside, { signal: controller.signal, capture: true });
  addEventListener("resize", () => close(false), { signal: controller.signal });
}
