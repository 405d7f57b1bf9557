// What a person can do to a message besides pressing its buttons: emoji, a pin, the app's shortcuts, and with a
// message of their own, write it anew or take it away.
import { decoded, encoded } from "./completion.js";
import { h, icon, tool } from "./dom.js";
import { emojiNode, isEmoji } from "./emoji.js";
import { openMenu } from "./menu.js";

const OFFERED = ["pushpin", "eyes", "white_check_mark", "+1", "memo", "fire", "tada"];

const drawn = (name) => (isEmoji(name) ? emojiNode(name) : h("span", null, `:${name}:`));

function reactionMenu(event, surface) {
  openMenu(event.currentTarget, OFFERED.map((name) => ({
    nodes: `:${name}:`, lead: drawn(name), value: name, pick: () => surface.tools.tell("reaction", { name }),
  })));
}

function moreMenu(event, message, surface) {
  const { tell, shortcuts } = surface.tools;
  const pinned = Boolean(message.pinned_to?.length);
  const own = message.user === surface.people.me;
  openMenu(event.currentTarget, [
    { nodes: pinned ? "Take the pin away" : "Pin to the channel", value: "pin", pick: () => tell("pin", { remove: pinned }) },
    ...(own ? [
      { nodes: "Edit", value: "edit", pick: () => surface.edit(true) },
      { nodes: "Delete", value: "delete", pick: () => tell("delete", {}) },
    ] : []),
    ...shortcuts().map((one) => ({
      nodes: one.name, detail: one.description, value: one.callback_id,
      pick: () => tell("shortcut", { callback_id: one.callback_id }),
    })),
  ]);
}

/** The small bar at a message's corner. */
export function toolbar(message, surface, inThread) {
  if (message.ephemeral || !surface.openThread) return null;
  const { tools } = surface;
  const react = (event) => reactionMenu(event, surface);
  const offer = (event) => moreMenu(event, message, surface);
  return h("div", { class: "message-tools" },
    tools && tool("Add a reaction", "smile", react, "add-reaction"),
    !inThread && tool("Reply in thread", "thread", surface.openThread, "open-thread"),
    tools && tool("More actions", "more", offer, "message-menu"));
}

/** The emoji people put on a message; pressing one joins in, or takes one's own away. */
export function reactions(message, surface) {
  const list = message.reactions ?? [];
  if (!list.length) return null;
  const nameOf = (id) => surface.people.users.get(id)?.real_name ?? id;
  return h("div", { class: "reactions" }, list.map(({ name, users, count }) => {
    const mine = users.includes(surface.people.me);
    return h("button", {
      class: "reaction", type: "button", "aria-pressed": String(mine), "data-testid": "reaction", "data-name": name,
      title: `${users.map(nameOf).join(", ")} reacted with :${name}:`,
      on: { click: () => surface.tools?.tell("reaction", { name, remove: mine }) },
    }, drawn(name), h("span", null, String(count)));
  }));
}

/** The line that says who pinned a message. */
export function pinLine(message, surface) {
  if (!message.pinned_to?.length) return null;
  const by = surface.people.users.get(message.pinned_info?.pinned_by);
  return h("div", { class: "only-you", "data-testid": "pinned" }, icon("pin"), `Pinned by ${by?.real_name ?? "somebody"}`);
}

/** The field in which a message is written anew. */
export function editor(message, surface) {
  const save = async () => {
    const text = (surface.draft ?? decoded(message.text, surface.people)).trim();
    if (await surface.tools.tell("edit", { text: encoded(text, surface.people) })) surface.edit(false);
  };
  const key = (event) => {
    if (event.key === "Escape") surface.edit(false);
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    } else return;
    event.stopPropagation();
  };
  const field = h("textarea", {
    class: "control", rows: 3, "data-testid": "edit-field", "aria-label": "Edit the message",
    on: { keydown: key, input: (event) => { surface.draft = event.target.value; } },
  });
  field.value = surface.draft ?? decoded(message.text, surface.people);
  return h("div", { class: "editor", "data-key": "editor" }, field, h("div", { class: "actions" },
    h("button", { class: "button", type: "button", on: { click: () => surface.edit(false) } }, "Cancel"),
    h("button", { class: "button button-primary", type: "button", "data-testid": "edit-save", on: { click: save } }, "Save")));
}
