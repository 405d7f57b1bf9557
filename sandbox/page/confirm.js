// The confirmation dialog of an element. <dialog>.showModal keeps the focus inside and closes on Escape.
import { h } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";

/** Ask; resolves to true when the person agreed. */
export function confirmation(confirm, people) {
  return new Promise((resolve) => {
    const style = confirm.style === "danger" ? "button-danger" : "button-primary";
    const answer = (value) => () => dialog.close(value);
    const dialog = h("dialog", {
      class: "dialog", "data-testid": "confirm-dialog", "aria-labelledby": "confirm-title",
      on: { close: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } },
    },
    h("h2", { class: "dialog-title", id: "confirm-title" }, plain(confirm.title?.text ?? "Are you sure?")),
    h("div", { class: "dialog-body words" }, textObject(confirm.text, people)),
    h("div", { class: "dialog-buttons" },
      h("button", { class: "button", type: "button", "data-testid": "confirm-deny", on: { click: answer("no") } },
        plain(confirm.deny?.text ?? "Cancel")),
      h("button", {
        class: `button ${style}`, type: "button", "data-testid": "confirm-yes", autofocus: true, on: { click: answer("yes") },
      }, plain(confirm.confirm?.text ?? "Yes"))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
