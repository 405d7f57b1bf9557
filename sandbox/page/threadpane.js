// The thread at the right: the parent, its replies, a composer of its own.
import { post, reason } from "./api.js";
import { postFile } from "./attach.js";
import { encoded } from "./completion.js";
import { Composer } from "./composer.js";
import { h, patchChildren, tool } from "./dom.js";
import { MessageSurfaces } from "./messagesurface.js";
import { go } from "./route.js";
import { Timeline } from "./timeline.js";

export class ThreadPane {
  constructor(node, { workspace, changed }) {
    Object.assign(this, { node, workspace });
    const surfaces = new MessageSurfaces(workspace, changed);
    const surfaceOf = (message) => surfaces.of(this.here.channel, message);
    this.timeline = new Timeline("Messages of the thread", "thread-list", surfaceOf, () => {});
    this.composer = new Composer(workspace, "thread-composer", (text) => this.send(text),
      (file, text) => postFile(workspace, this.here.channel, this.here.thread, file, text));
    this.head = h("header", { class: "pane-head" });
    node.append(this.head, this.timeline.node, this.composer.node);
  }

  draw(here) {
    this.here = here;
    this.node.hidden = !here.thread;
    if (!here.thread) {
      this.timeline.draw(null, []);
      return;
    }
    const channel = this.workspace.people.channels.get(here.channel);
    patchChildren(this.head, [
      h("h2", { class: "pane-title" }, "Thread"),
      h("span", { class: "topic muted" }, channel && this.workspace.titleOf(channel)),
      tool("Close the thread", "close", () => go({ channel: here.channel }), "close-thread"),
    ]);
    const messages = this.workspace.thread(here.channel, here.thread);
    const count = messages.filter((message) => message.ts !== here.thread && !message.ephemeral).length;
    const line = h("div", { class: "reply-line", role: "separator", "data-key": "reply-line" },
      h("span", null, count === 1 ? "1 reply" : `${count} replies`));
    const place = `${this.workspace.people.me}/${here.channel}/${here.thread}`;
    this.timeline.draw(place, messages, { inThread: true, afterFirst: line });
    this.composer.at(place, "Reply…");
  }

  async send(text) {
    const { channel, thread } = this.here;
    this.timeline.toBottom();
    if (text.startsWith("/")) {
      // Slack does not run an app's commands inside threads.
      const [command] = text.replaceAll("`", "'").split(/\s/);
      this.workspace.notice(channel, `\`${command}\` is not supported in threads. Sorry!`, thread);
      return;
    }
    const answer = await post("message", {
      user: this.workspace.people.me, channel, text: encoded(text, this.workspace.people), thread_ts: thread,
    });
    if (!answer.ok) this.workspace.notice(channel, `That was not sent. ${reason(answer)}`, thread);
  }
}
