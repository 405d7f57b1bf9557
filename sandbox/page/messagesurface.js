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
      const send = (blockId, part, value) => this.press(channel, message, blockId, part, value);
      const surface = new Surface(`message-${channel}-${message.ts}`, people, send, this.changed);
      surface.openThread = () => go({ channel, thread: message.thread_ts ?? message.ts });
      this.known.set(key, surface);
    }
    return this.known.get(key);
  }

  async press(channel, message, blockId, part, value) {
    const answer = await post("action", {
      user: this.workspace.people.me, channel, ts: message.ts, action_id: part.action_id, block_id: blockId, value,
    });
    if (!isTold(answer)) this.workspace.notice(channel, `That did not work: ${reason(answer)}`, message.thread_ts);
  }
}
