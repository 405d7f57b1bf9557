// The places that are no channel: the app's home tab, PagerDuty, the mail. They stand where a channel would.
import { icon, patchChildren } from "./dom.js";
import { HomePane } from "./homepane.js";
import { MailPane } from "./mailpane.js";
import { avatar } from "./message.js";
import { PagerDutyPane } from "./pagerdutypane.js";

export const PAGERDUTY = "PAGERDUTY";
export const MAIL = "MAIL";

export class PlacePane {
  constructor(node, { workspace, panel, changed }) {
    Object.assign(this, { node, workspace });
    this.home = new HomePane(workspace, changed);
    this.pagerduty = new PagerDutyPane(workspace, panel, changed);
    this.mail = new MailPane(changed);
    panel.alsoRefresh(() => this.mail.refresh());
  }

  /** Whether an address means one of them. */
  has(id) {
    return id === PAGERDUTY || id === MAIL || (Boolean(id) && id === this.workspace.bot?.id);
  }

  titleOf(id) {
    return { [PAGERDUTY]: "PagerDuty", [MAIL]: "Mail" }[id] ?? this.workspace.bot?.real_name ?? "App";
  }

  /** For the sidebar. */
  links() {
    const { bot } = this.workspace;
    return [
      bot && { id: bot.id, name: bot.real_name || bot.name, lead: avatar(bot, bot.name, true, true), badge: true },
      { id: PAGERDUTY, name: "PagerDuty", lead: icon("pager"), count: this.pagerduty.open },
      { id: MAIL, name: "Mail", lead: icon("mail") },
    ].filter(Boolean);
  }

  /** The person came here, or became somebody else here. */
  arrived(id) {
    if (id === this.workspace.bot?.id) this.home.open();
  }

  draw(id) {
    this.node.hidden = !this.has(id);
    if (this.node.hidden) return;
    const nodes = { [PAGERDUTY]: () => this.pagerduty.nodes(), [MAIL]: () => this.mail.nodes() }[id]
      ?? (() => this.home.nodes(this.workspace.bot));
    patchChildren(this.node, nodes());
  }
}
