// The app's page: its home tab, as the app publishes it for each person.
import { post, reason } from "./api.js";
import { blocks } from "./blocks.js";
import { h } from "./dom.js";
import { avatar } from "./message.js";
import { valuesOf } from "./modal.js";
import { routeTo } from "./route.js";
import { Surface } from "./surface.js";

export class HomePane {
  constructor(workspace, changed) {
    Object.assign(this, { workspace, changed, view: null, problem: null, surfaces: new Map() });
  }

  /** The view that the person sees now, or null. */
  show(view) {
    this.view = view ?? null;
    this.changed();
  }

  /** The person came to look: the app hears of it. */
  async open() {
    const answer = await post("home", { user: this.workspace.people.me, tab: "home" });
    this.problem = answer.ok ? null : reason(answer);
    this.show(answer.ok ? answer.view ?? this.view : null);
  }

  surface(view) {
    if (!this.surfaces.has(view.id)) {
      const send = (blockId, part, value) => this.press(blockId, part, value);
      this.surfaces.set(view.id, new Surface(`view-${view.id}`, this.workspace.people, send, this.changed));
    }
    return this.surfaces.get(view.id);
  }

  async press(blockId, part, value) {
    const { view } = this;
    const answer = await post("view", {
      user: this.workspace.people.me, view_id: view.id, action: "block_action", block_id: blockId, action_id: part.action_id,
      value, values: valuesOf(view, this.surface(view)),
    });
    this.problem = answer.ok ? null : `That did not work: ${reason(answer)}`;
    this.changed();
  }

  nodes(bot) {
    const { view } = this;
    const direct = this.workspace.channels.find((channel) => channel.is_im);
    return [
      h("header", { class: "pane-head" }, avatar(bot, bot.name, true, true),
        h("h1", { class: "pane-title", "data-testid": "place-title" }, bot.real_name || bot.name),
        h("nav", { class: "tabs", "aria-label": "The app's page" },
          h("a", { class: "tab", href: routeTo({ channel: bot.id }), "aria-current": "page" }, "Home"),
          direct && h("a", { class: "tab", href: routeTo({ channel: direct.id }) }, "Messages"))),
      h("div", { class: "place-body", "data-testid": "home" },
        this.problem && h("div", { class: "input-error", role: "alert" }, this.problem),
        view ? h("div", { class: "home-view", "data-key": view.id, "data-view-id": view.id }, blocks(view.blocks, this.surface(view)))
          : h("p", { class: "muted" }, "The app has published nothing here yet.")),
    ];
  }
}

