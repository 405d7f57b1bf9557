// What the buttons of messages talk to: one surface for each message, kept while the message is known.
import { isTold, post, reason } from "./api.js";
import { go } from "./route.js";
import { Surface } from "./surface.js";

export class MessageSurfaces {
  constructor(workspace, changed) {
    Object.assign(this, { workspace, changed, known: new Map() });
  }

  /** The surface of a message for the person of now. */
  of(channel, message) {
    const { people } = this.workspace;
    const key = `${people.me}/${channel}/${message.ts}`;
    if (!this.known.has(key)) {
      const send = (blockId, part, value) => this.tell(channel, message, "action",
        { action_id: part.action_id, block_id: blockId, value });
      const surface = new Surface(`message-${channel}-${message.ts}`, people, send, this.changed);
      surface.openThread = () => go({ channel, thread: message.thread_ts ?? message.ts });
      surface.tools = {
        tell: (path, body) => this.tell(channel, message, path, body), shortcuts: () => this.workspace.shortcuts,
      };
      surface.edit = (editing) => {
        Object.assign(surface, { editing, draft: null });
        this.changed();
        if (editing) setTimeout(() => {
          const field = document.querySelector("[data-testid=edit-field]");
          field?.focus();
          field?.closest(".editor").scrollIntoView({ block: "nearest" });
        });
      };
      this.known.set(key, surface);
    }
    return this.known.get(key);
  }

  /** Do something to a message; answers whether it worked, and says so beside the message where it did not. */
  async tell(channel, message, path, body) {
    const answer = await post(path, { user: this.workspace.people.me, channel, ts: message.ts, ...body });
    if (!isTold(answer)) this.workspace.notice(channel, `That did not work: ${reason(answer)}`, message.thread_ts);
    return answer.ok;
  }
}
