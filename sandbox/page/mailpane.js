// The letters that the bot sent.
import { get } from "./api.js";
import { h, icon } from "./dom.js";

/** The e-mails that were sent through SES, newest first. */
export class MailPane {
  constructor(changed) {
    Object.assign(this, { changed, mails: [] });
  }

  async refresh() {
    const answer = await get("mails");
    if (!answer.ok || JSON.stringify(answer.mails) === JSON.stringify(this.mails)) return;
    this.mails = answer.mails;
    this.changed();
  }

  nodes() {
    return [
      h("header", { class: "pane-head" }, icon("mail"), h("h1", { class: "pane-title", "data-testid": "place-title" }, "Mail"),
        h("span", { class: "topic muted" }, "what was sent through SES")),
      h("div", { class: "place-body" },
        this.mails.length === 0 && h("p", { class: "muted" }, "No e-mail was sent yet."),
        [...this.mails].reverse().map((mail) => h("article", { class: "incident", "data-key": mail.id, "data-testid": "mail" },
          h("header", { class: "incident-head" }, h("h2", null, mail.subject || "(no subject)")),
          h("p", { class: "muted" }, `${mail.source} → ${mail.to.join(", ")} · ${mail.region}`), h("pre", null, mail.text)))),
    ];
  }
}
