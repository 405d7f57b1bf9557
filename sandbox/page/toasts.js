// Short words at the corner: somebody mentioned the person, or the connection is lost.
import { h } from "./dom.js";

const SHOWN_MS = 6000;
const MOST = 3;

export class Toasts {
  constructor() {
    this.node = h("div", { class: "toasts", role: "status", "data-testid": "toasts" });
    document.body.append(this.node);
  }

  /** Show words that can be pressed, for a few seconds. */
  show(words, press) {
    const toast = h("button", { class: "toast", type: "button", on: { click: () => { toast.remove(); press?.(); } } }, words);
    this.node.append(toast);
    while (this.node.children.length > MOST) this.node.firstChild.remove();
    setTimeout(() => toast.remove(), SHOWN_MS);
  }
}
