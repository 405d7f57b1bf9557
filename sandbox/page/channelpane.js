// The channel in the middle: its name and topic, its messages, its composer.
import { isTold, post, reason } from "./api.js";
import { postFile } from "./attach.js";
import { encoded } from "./completion.js";
import { Composer } from "./composer.js";
import { h, icon, patchChildren } from "./dom.js";
import { MessageSurfaces } from "./messagesurface.js";
import { mrkdwn } from "./mrkdwn.js";
import { hintButton } from "./panel.js";
import { Timeline } from "./timeline.js";

const HINTS_SHOWN = 3;

export class ChannelPane {
  constructor(node, { workspace, panel, changed }) {
    Object.assign(this, { node, workspace, panel });
    const surfaces = new MessageSurfaces(workspace, changed);
    this.timeline = new Timeline("Messages of the channel", "message-list", (message) => surfaces.of(this.here.channel, message),
      () => this.read());
    this.composer = new Composer(workspace, "composer", (text) => this.send(text),
      (file, text) => postFile(workspace, this.here.channel, null, file, text));
    this.composer.field.id = "composer";
    this.head = h("header", { class: "pane-head" });
    this.banner = h("div", { class: "banner", role: "status", hidden: true }, "The sandbox does not answer. Trying again…");
    node.append(this.head, this.banner, this.timeline.node, this.composer.node);
  }

  draw(here, online) {
    this.here = here;
    const channel = this.workspace.people.channels.get(here.channel);
    this.banner.hidden = online;
    if (!channel) return;
    const name = this.workspace.titleOf(channel);
    patchChildren(this.head, [
      h("h1", { class: "pane-title", "data-testid": "channel-title" },
        channel.is_im ? null : icon(channel.is_private ? "lock" : "hash"), this.workspace.nameOf(channel)),
      h("span", { class: "topic muted", title: channel.topic }, mrkdwn(channel.topic, this.workspace.people)),
    ]);
    this.timeline.draw(`${this.workspace.people.me}/${here.channel}`, this.workspace.timeline(here.channel),
      { intro: this.intro(channel, name), selected: here.message ?? here.thread });
    this.composer.at(`${this.workspace.people.me}/${here.channel}`, `Message ${name}`);
    this.read();
  }

  intro(channel, name) {
    return h("div", { class: "intro", "data-key": `intro-${channel.id}` },
      h("h2", null, name), h("p", { class: "muted" }, `This is the very beginning of ${name}.`,
        channel.topic ? [" ", mrkdwn(channel.topic, this.workspace.people)] : null),
      h("div", { class: "hints" }, this.hints(channel).map(({ text, why }) =>
        hintButton({ text, why }, () => this.composer.offerText(text)))));
  }

  /** What to try here, and where nothing is meant for this channel, anything. */
  hints(channel) {
    const own = this.panel.hints.filter((hint) => hint.channel === `#${channel.name}`);
    return (own.length ? own : this.panel.hints.filter((hint) => !hint.channel)).slice(0, HINTS_SHOWN);
  }

  read() {
    if (this.timeline.pinned && document.visibilityState === "visible") this.workspace.markRead(this.here.channel);
  }

  async send(text) {
    const { channel } = this.here;
    const user = this.workspace.people.me;
    this.timeline.toBottom();
    const answer = text.startsWith("/") ? await post("command", { user, channel, text })
      : await post("message", { user, channel, text: encoded(text, this.workspace.people) });
    if (!isTold(answer)) this.workspace.notice(channel, `That was not sent. ${reason(answer)}`);
  }
}
