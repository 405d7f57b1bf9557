// A list of messages that is patched in place, keyed by timestamp, and stays at the bottom only if it was there.
import { h, icon, patchChildren } from "./dom.js";
import { messageNode } from "./message.js";
import { dayKey, dayName } from "./time.js";

const SAME_AUTHOR_SECONDS = 300;
const AT_BOTTOM_PIXELS = 48;

/** Whether a message goes on where the one above it, by the same author, ended. */
function continues(before, message) {
  if (!before || before.reply_count || before.ephemeral || message.ephemeral) return false;
  if (before.user !== message.user || before.username !== message.username) return false;
  if (message.subtype === "thread_broadcast" || dayKey(before.ts) !== dayKey(message.ts)) return false;
  return Number(message.ts) - Number(before.ts) < SAME_AUTHOR_SECONDS;
}

export class Timeline {
  /** `surfaceOf(message)` gives what the message's buttons talk to; `bottom()` is called when the end is in view. */
  constructor(label, testId, surfaceOf, bottom) {
    this.surfaceOf = surfaceOf;
    this.bottom = bottom;
    this.pinned = true;
    this.top = 0;
    this.list = h("div", {
      class: "message-list", role: "log", "aria-label": label, "aria-live": "polite", "data-testid": testId,
    });
    this.jump = h("button", { class: "jump", type: "button", hidden: true, on: { click: () => this.toBottom() } },
      icon("down"), "New messages");
    this.scroller = h("div", { class: "scroller", tabindex: "0", "aria-label": label, on: { scroll: () => this.scrolled() } },
      h("div", { class: "filler" }), this.list);
    this.node = h("div", { class: "timeline" }, this.scroller, this.jump);
    // Pictures and previews grow after they were drawn, and the pane shrinks when the composer grows.
    const observer = new ResizeObserver(() => this.pinned && this.toBottom());
    observer.observe(this.list);
    observer.observe(this.scroller);
  }

  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    const atBottom = scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PIXELS;
    // A list that grows or wraps anew moves its end away by itself; only a person scrolls up.
    if (atBottom || scrollTop < this.top) this.pinned = atBottom;
    this.top = scrollTop;
    if (this.pinned) {
      this.jump.hidden = true;
      this.bottom();
    }
  }

  toBottom() {
    this.pinned = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
  }

  /** Show these messages below `intro`; `place` names the channel or thread, and another place starts at the bottom. */
  draw(place, messages, { intro = null, inThread = false, selected = null, afterFirst = null } = {}) {
    const moved = place !== this.place;
    const newest = messages.at(-1)?.ts;
    const nodes = intro ? [intro] : [];
    let day = null;
    messages.forEach((message, index) => {
      if (!inThread && dayKey(message.ts) !== day) {
        day = dayKey(message.ts);
        nodes.push(h("div", { class: "day", role: "separator", "data-key": `day-${day}` }, h("span", null, dayName(message.ts))));
      }
      nodes.push(messageNode(message, this.surfaceOf(message),
        { compact: continues(messages[index - 1], message), inThread, selected: message.ts === selected }));
      if (inThread && index === 0 && afterFirst) nodes.push(afterFirst);
    });
    patchChildren(this.list, nodes);
    if (moved || this.pinned) this.toBottom();
    else if (newest > (this.newest ?? "")) this.jump.hidden = false;
    Object.assign(this, { place, newest });
  }

  /** Bring a message into view and flash it. */
  reveal(ts) {
    const node = [...this.list.children].find((one) => one.dataset.ts === ts);
    if (!node) return;
    this.pinned = false;
    node.scrollIntoView({ block: "center" });
    node.classList.add("flash");
    setTimeout(() => node.classList.remove("flash"), 2000);
  }
}
