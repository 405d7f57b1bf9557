// Modals: the top view of the person's stack in a dialog. What was entered survives updates of the same view.
import { post, reason } from "./api.js";
import { blocks } from "./blocks.js";
import { h, patchChildren, tool } from "./dom.js";
import { initialValue } from "./elements.js";
import { plain } from "./mrkdwn.js";
import { Surface } from "./surface.js";

const isEmpty = (value) => value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);

/** Every element of a view that can hold a value, as [block, element]. */
function* holders(view) {
  for (const block of view.blocks ?? []) {
    for (const part of [block.element, block.accessory, ...(block.type === "actions" ? block.elements ?? [] : [])]) {
      if (part?.action_id && part.type !== "button" && part.type !== "overflow") yield [block, part];
    }
  }
}

/** What every element of a view holds, as the server takes it: {block_id: {action_id: value}}. */
export function valuesOf(view, surface) {
  const values = {};
  for (const [block, part] of holders(view)) {
    const value = surface.valueOf(block.block_id, part.action_id, initialValue(part));
    if (!isEmpty(value)) (values[block.block_id] ??= {})[part.action_id] = value;
  }
  return values;
}

export class Modals {
  /** `reload()` fetches the stack anew after an answer. */
  constructor(people, reload) {
    Object.assign(this, { people, reload });
    this.stack = [];
    this.surfaces = new Map();
    this.busy = false;
    this.problem = null;
    this.dialog = h("dialog", { class: "dialog modal", "data-testid": "modal", "aria-labelledby": "modal-title", on: {
      cancel: (event) => { event.preventDefault(); this.close(); },
    } });
    document.body.append(this.dialog);
  }

  /** The whole stack as the server tells it, oldest first. */
  show(stack) {
    const before = this.stack.at(-1);
    this.stack = stack ?? [];
    const top = this.stack.at(-1);
    for (const id of [...this.surfaces.keys()]) if (!this.stack.some((view) => view.id === id)) this.surfaces.delete(id);
    if (top?.id !== before?.id || top?.hash !== before?.hash) {
      this.problem = null;
      if (top) this.surface(top).errors = {};
    }
    this.draw();
  }

  surface(view) {
    if (!this.surfaces.has(view.id)) {
      const send = (blockId, part, value) => this.tell(view, {
        action: "block_action", block_id: blockId, action_id: part.action_id, value, values: valuesOf(view, this.surface(view)),
      });
      this.surfaces.set(view.id, new Surface(`view-${view.id}`, this.people, send, () => this.draw()));
    }
    return this.surfaces.get(view.id);
  }

  async tell(view, body) {
    this.problem = null;
    const answer = await post("view", { user: this.people.me, view_id: view.id, ...body });
    if (answer.errors) this.surface(view).errors = answer.errors;
    else if (!answer.ok) this.problem = reason(answer);
    await this.reload();
    return answer;
  }

  missing(view) {
    const wrong = {};
    for (const [block, part] of holders(view)) {
      if (block.type !== "input") continue;
      const value = this.surface(view).valueOf(block.block_id, part.action_id, initialValue(part));
      if (isEmpty(value) && !block.optional) wrong[block.block_id] = "Please complete this required field.";
      else if (!isEmpty(value) && String(value).length < part.min_length) {
        wrong[block.block_id] = `Enter at least ${part.min_length} characters.`;
      }
    }
    return wrong;
  }

  async submit(view) {
    if (this.busy) return;
    const wrong = this.missing(view);
    this.surface(view).errors = wrong;
    if (!Object.keys(wrong).length) {
      this.busy = true;
      this.draw();
      await this.tell(view, { action: "submit", values: valuesOf(view, this.surface(view)) });
      this.busy = false;
    }
    this.draw();
    this.dialog.querySelector("[aria-invalid]")?.focus();
  }

  async close() {
    const view = this.stack.at(-1);
    if (!view || this.busy) return;
    this.show(this.stack.slice(0, -1));
    await this.tell(view, { action: "close" });
  }

  draw() {
    const view = this.stack.at(-1);
    if (!view) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    const surface = this.surface(view);
    const inputs = (view.blocks ?? []).some((block) => block.type === "input");
    const form = h("form", { class: "modal-form", novalidate: true, "data-key": view.id, "data-view-id": view.id, on: {
      submit: (event) => { event.preventDefault(); this.submit(view); },
    } },
    h("header", { class: "modal-head" },
      h("h2", { class: "dialog-title", id: "modal-title" }, plain(view.title?.text)),
      tool("Close", "close", () => this.close(), "modal-x")),
    h("div", { class: "dialog-body modal-body" }, blocks(view.blocks, surface)),
    this.problem && h("div", { class: "input-error", role: "alert" }, this.problem),
    h("footer", { class: "dialog-buttons" },
      h("button", { class: "button", type: "button", "data-testid": "modal-close", on: { click: () => this.close() } },
        plain(view.close?.text ?? (view.submit ? "Cancel" : "Close"))),
      (view.submit || inputs) && h("button", {
        class: "button button-primary", type: "submit", "data-testid": "modal-submit",
        disabled: this.busy, "aria-busy": this.busy ? "true" : null,
      }, this.busy && h("span", { class: "spinner" }), plain(view.submit?.text ?? "Submit"))));
    patchChildren(this.dialog, [form]);
    if (!this.dialog.open) this.dialog.showModal();
  }
}
