// The text field of a channel or thread with its completion list.
import { commandOf, completions } from "./completion.js";
import { h, icon, patchChildren, tool } from "./dom.js";
import { avatar } from "./message.js";

const LONGEST_TEXT = 40000; // Slack cuts a message's text there
const HISTORY = 30;
let count = 0;

export class Composer {
  /** `send(text)` gets what the person wrote, which is never empty; `attach(file, text)` a file with words or none. */
  constructor(workspace, testId, send, attach) {
    Object.assign(this, { workspace, send, attach, drafts: new Map(), sent: [], offer: null, active: 0 });
    this.id = `completion-${(count += 1)}`;
    this.list = h("div", {
      class: "completion", role: "listbox", id: this.id, hidden: true, "data-testid": "completion", "aria-label": "Suggestions",
    });
    this.usage = h("div", { class: "usage", hidden: true, "data-testid": "usage-hint" });
    this.field = h("textarea", {
      class: "composer-field", rows: 1, "data-testid": testId, maxlength: LONGEST_TEXT, autocomplete: "off", spellcheck: "false",
      role: "combobox", "aria-autocomplete": "list", "aria-controls": this.id, "aria-expanded": "false",
      on: {
        input: () => this.typed(), click: () => this.typed(), keydown: (event) => this.key(event), blur: () => this.offerNothing(),
      },
    });
    this.button = h("button", {
      class: "send", type: "button", "aria-label": "Send", title: "Send (Enter)", "data-testid": `${testId}-send`,
      on: { click: () => this.submit() },
    }, icon("send"));
    this.chooser = h("input", {
      type: "file", class: "unseen", tabindex: "-1", "aria-label": "A file to post", "data-testid": `${testId}-file`,
      on: { change: () => this.chosen() },
    });
    const clip = tool("Attach a file", "clip", () => this.chooser.click(), "attach-file");
    const key = (name) => h("kbd", null, name);
    const keys = h("span", { class: "muted keys" }, key("/"), " commands ", key("Shift"), "+", key("Enter"), " new line");
    this.node = h("div", { class: "composer" }, this.list, this.usage,
      h("div", { class: "composer-box" }, this.field, h("div", { class: "composer-foot" }, clip, this.chooser, keys, this.button)));
  }

  /** Another channel or thread: its own draft and words. */
  at(place, placeholder) {
    this.field.placeholder = placeholder;
    this.field.setAttribute("aria-label", placeholder);
    if (place === this.place) return;
    if (this.place) this.drafts.set(this.place, this.field.value);
    this.place = place;
    this.put(this.drafts.get(place) ?? "");
  }

  put(text) {
    this.field.value = text;
    this.offerNothing();
    this.measure();
  }

  /** Put words in and the caret behind them. */
  offerText(text) {
    this.put(text);
    this.field.focus();
    this.measure();
  }

  typed() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    this.offer = completions(before, this.workspace);
    this.active = 0;
    this.measure();
    this.draw();
  }

  offerNothing() {
    this.offer = null;
    this.draw();
  }

  measure() {
    this.field.style.setProperty("height", "auto");
    this.field.style.setProperty("height", `${Math.min(this.field.scrollHeight, 240)}px`);
    this.button.disabled = !this.field.value.trim();
    const command = commandOf(this.field.value, this.workspace.commands);
    this.usage.hidden = !command?.usage_hint || this.offer !== null;
    this.usage.replaceChildren(...(command ? [h("strong", null, command.command), ` ${command.usage_hint ?? ""}`] : []));
  }

  draw() {
    const options = this.offer?.options ?? [];
    this.list.hidden = options.length === 0;
    this.field.setAttribute("aria-expanded", String(options.length > 0));
    this.field.setAttribute("aria-activedescendant", options.length ? `${this.id}-${this.active}` : "");
    patchChildren(this.list, options.map((option, index) => h("div", {
      class: "completion-option", role: "option", id: `${this.id}-${index}`, "data-testid": "completion-option",
      "aria-selected": String(index === this.active),
      // The field keeps the focus, which a press would take.
      on: { mousedown: (event) => { event.preventDefault(); this.pick(index); } },
    },
    option.user ? avatar(option.user, option.user.name, option.user.is_bot, true) : null,
    h("span", { class: "completion-title" }, option.title), option.hint && h("code", { class: "completion-hint" }, option.hint),
    option.detail && h("span", { class: "muted completion-detail" }, option.detail))));
    this.usage.hidden = this.usage.hidden || options.length > 0;
  }

  pick(index) {
    const { start, options } = this.offer;
    const caret = this.field.selectionStart;
    this.field.setRangeText(options[index].insert, start, caret, "end");
    this.typed();
  }

  key(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (this.offer && this.keyInList(event, step)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" && !this.field.value && this.sent.length) {
      event.preventDefault();
      this.offerText(this.sent.at(-1));
    }
  }

  keyInList(event, step) {
    const { options } = this.offer;
    const isPick = event.key === "Tab"
      || (event.key === "Enter" && !event.shiftKey && this.field.value !== options[this.active].title);
    if (isPick) {
      this.pick(this.active);
      return true;
    }
    if (step) this.active = (this.active + step + options.length) % options.length;
    else if (event.key === "Escape") this.offer = null;
    else return false;
    event.stopPropagation();
    this.measure();
    this.draw();
    return true;
  }

  chosen() {
    const [file] = this.chooser.files;
    this.chooser.value = "";
    if (!file) return;
    const text = this.field.value.trim();
    this.put("");
    this.attach(file, text);
  }

  submit() {
    const text = this.field.value.trim();
    if (!text) return;
    this.sent = [...this.sent, text].slice(-HISTORY);
    this.put("");
    this.field.focus();
    this.send(text);
  }
}
