// A surface is what blocks live on: a message or a modal. It knows what a person has entered so far, which
// elements wait for an answer, and how to report a press.
import { confirmation } from "./confirm.js";

export class Surface {
  /**
   * @param id unique on the page, used for the ids of form fields
   * @param people users, channels and user groups by id, and the reader's own id
   * @param send async (blockId, element, value) that reports a press and resolves when it is answered
   * @param changed called when something must be drawn again
   */
  constructor(id, people, send, changed) {
    Object.assign(this, { id, people, send, changed });
    this.entered = new Map();
    this.waiting = new Set();
    this.errors = {};
  }

  key(blockId, actionId) {
    return JSON.stringify([blockId ?? "", actionId ?? ""]);
  }

  /** The DOM id of an input, so that its label points at it. */
  fieldId(blockId, actionId) {
    return `${this.id}-${blockId}-${actionId}`.replace(/[^\w-]/g, "-");
  }

  /** What the person entered or picked, else what the app offered at first. */
  valueOf(blockId, actionId, initial) {
    return this.entered.get(this.key(blockId, actionId)) ?? initial;
  }

  enter(blockId, actionId, value) {
    this.entered.set(this.key(blockId, actionId), value);
  }

  isWaiting(blockId, actionId) {
    return this.waiting.has(this.key(blockId, actionId));
  }

  /** What is wrong with an input, as the app or this page said. */
  errorOf(blockId) {
    return Object.hasOwn(this.errors, blockId) ? this.errors[blockId] : null;
  }

  /** Ask for confirmation where the element wants it, then report the press; false when the person backed out. */
  async act(blockId, element, value, confirm = element.confirm) {
    const key = this.key(blockId, element.action_id);
    if (this.waiting.has(key)) return false;
    if (confirm && !(await confirmation(confirm, this.people))) {
      this.changed();
      return false;
    }
    this.waiting.add(key);
    this.changed();
    try {
      await this.send(blockId, element, value);
    } finally {
      this.waiting.delete(key);
      this.changed();
    }
    return true;
  }
}
