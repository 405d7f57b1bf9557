// PagerDuty's app: its incidents and what a person can do to them, and the webhooks that told the bot.
import { post, reason } from "./api.js";
import { picture } from "./blocks.js";
import { h, icon } from "./dom.js";
import { outward, safeAddress } from "./links.js";
import { openMenu } from "./menu.js";
import { plain } from "./mrkdwn.js";
import { ago, fullTime } from "./time.js";

const DELIVERIES_SHOWN = 8;

const words = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value));

function details(incident) {
  const given = incident.custom_details;
  if (given === null || given === undefined) return null;
  if (typeof given !== "object" || Array.isArray(given)) return h("p", null, words(given));
  return h("dl", { class: "details" }, Object.entries(given).map(([name, value]) => [h("dt", null, name), h("dd", null, words(value))]));
}

function links(incident) {
  const shown = [...incident.links, ...(incident.client_url ? [{ href: incident.client_url, text: `Open in ${incident.client || "the client"}` }] : [])];
  return h("div", { class: "incident-links" }, shown.filter((one) => safeAddress(one.href)).map((one) =>
    h("a", { class: "link", ...outward(safeAddress(one.href)) }, one.text || one.href)));
}

function images(incident) {
  return incident.images.map((one) => {
    const shown = picture(one.src, one.alt || "image", "image-block");
    const href = safeAddress(one.href) ?? safeAddress(one.src);
    return h("div", { class: "incident-image" }, href && shown.localName !== "a" ? h("a", outward(href), shown) : shown);
  });
}

function log(incident) {
  return h("ul", { class: "incident-log" }, incident.log.map((one) => h("li", null,
    h("time", { class: "muted time", title: fullTime(one.at) }, ago(one.at)), ` ${one.what} by ${one.who || "an event"}`,
    one.words && h("span", { class: "muted" }, ` · ${one.words}`))));
}

export class PagerDutyPane {
  constructor(workspace, panel, changed) {
    Object.assign(this, { workspace, panel, changed, problem: null, busy: false });
  }

  get incidents() {
    return this.panel.pagerduty?.incidents ?? [];
  }

  /** How many wait for somebody. */
  get open() {
    return this.incidents.filter((one) => one.status === "triggered").length;
  }

  async act(body) {
    this.busy = true;
    this.changed();
    const answer = await post("pagerduty", { user: this.workspace.people.me, ...body });
    this.problem = answer.ok ? null : reason(answer);
    this.busy = false;
    await this.panel.refresh();
    this.changed();
  }

  button(incident, action, label, style) {
    return h("button", {
      class: `button${style ? ` button-${style}` : ""}`, type: "button", disabled: this.busy, "data-testid": `incident-${action}`,
      on: { click: () => this.act({ incident: incident.id, action }) },
    }, label);
  }

  reassign(event, incident) {
    openMenu(event.currentTarget, (this.panel.pagerduty?.people ?? []).map((person) => ({
      nodes: person.name, value: person.id, pick: () => this.act({ incident: incident.id, action: "reassign", to: [person.id] }),
    })));
  }

  buttons(incident) {
    if (incident.status === "resolved") return h("div", { class: "actions" }, this.button(incident, "reopen", "Reopen"));
    return h("div", { class: "actions" },
      incident.status === "triggered" ? this.button(incident, "acknowledge", "Acknowledge", "primary")
        : this.button(incident, "unacknowledge", "Unacknowledge"),
      this.button(incident, "resolve", "Resolve"), this.button(incident, "escalate", "Escalate"),
      h("button", { class: "button", type: "button", disabled: this.busy, "aria-haspopup": "menu", "data-testid": "incident-reassign",
        on: { click: (event) => this.reassign(event, incident) } }, "Reassign"));
  }

  note(incident) {
    const submit = (event) => {
      event.preventDefault();
      const field = event.currentTarget.elements.note;
      const note = field.value.trim();
      field.value = "";
      field.blur();
      if (note) this.act({ incident: incident.id, action: "note", note });
    };
    return h("form", { class: "incident-note", on: { submit } },
      h("input", { class: "control", name: "note", autocomplete: "off", placeholder: "Add a note", "aria-label": "Add a note" }),
      h("button", { class: "button", type: "submit" }, "Add"));
  }

  card(incident) {
    const who = incident.assignees.map((one) => one.name).join(", ");
    return h("article", { class: "incident", "data-key": incident.id, "data-testid": "incident", "data-status": incident.status },
      h("header", { class: "incident-head" },
        h("span", { class: `page-kind page-${incident.status}` }, incident.status),
        h("h2", null, plain(incident.summary)), h("span", { class: "muted" }, `#${incident.number}`)),
      h("p", { class: "muted" }, [incident.service.name, incident.severity, incident.source, who && `assigned to ${who}`,
        incident.alerts > 1 && `${incident.alerts} alerts`, `opened ${ago(incident.triggered_at)}`].filter(Boolean).join(" · ")),
      details(incident), links(incident), images(incident), this.buttons(incident),
      h("details", { class: "incident-more" }, h("summary", null, "Timeline"), log(incident), this.note(incident)),
      h("div", { class: "muted incident-key" }, incident.dedup_key));
  }

  webhooks() {
    const hooks = this.panel.pagerduty?.webhooks;
    if (!hooks?.url) return null;
    const shown = hooks.deliveries.slice(-DELIVERIES_SHOWN).reverse();
    return h("section", { class: "webhooks", "data-testid": "webhooks" }, h("h2", null, "Webhooks"),
      h("p", { class: "muted" }, hooks.url),
      hooks.disabled && h("div", { class: "input-error", role: "alert" }, "Disabled for 24 hours after three refusals in a row. ",
        h("button", { class: "button", type: "button", on: { click: () => this.act({ action: "enable" }) } }, "Enable")),
      h("ul", { class: "incident-log" }, shown.map((one) => h("li", null,
        h("span", { class: `page-kind page-${one.status === "delivered" ? "resolve" : "trigger"}` }, one.status),
        ` ${one.event.replace("incident.", "")} of ${one.incident}`,
        one.attempts > 1 && h("span", { class: "muted" }, ` · attempt ${one.attempts}`)))));
  }

  nodes() {
    const urgency = (incident) => ["triggered", "acknowledged", "resolved"].indexOf(incident.status);
    const all = [...this.incidents].sort((a, b) => urgency(a) - urgency(b) || b.number - a.number);
    return [
      h("header", { class: "pane-head" }, icon("pager"),
        h("h1", { class: "pane-title", "data-testid": "place-title" }, "PagerDuty"),
        h("span", { class: "topic muted" }, `${this.incidents.filter((one) => one.status !== "resolved").length} open`)),
      h("div", { class: "place-body" },
        this.problem && h("div", { class: "input-error", role: "alert" }, this.problem),
        all.length === 0 && h("p", { class: "muted" }, "No incidents. A critical alarm pages somebody."),
        all.map((incident) => this.card(incident)), this.webhooks()),
    ];
  }
}
