// The sidebar: the workspace, who the person acts as, and the channels.
import { h, icon } from "./dom.js";
import { openMenu } from "./menu.js";
import { avatar } from "./message.js";
import { routeTo } from "./route.js";

/** What is special about a person, in words: it decides what the bot lets them do. */
function standing(user, workspace) {
  if (user.is_stranger) return "another company, by Slack Connect";
  if (user.is_restricted || user.is_ultra_restricted) return "guest";
  const groups = [...workspace.people.usergroups.values()].filter((group) => group.users?.includes(user.id));
  return groups.length ? groups.map((group) => `@${group.handle}`).join(", ") : "in no group";
}

function switcher(workspace, actAs) {
  const { me } = workspace;
  const open = (event) => openMenu(event.currentTarget, workspace.persons.map((user) => ({
    nodes: user.real_name || user.name, detail: standing(user, workspace), value: user.id, checked: user.id === me?.id,
    lead: avatar(user, user.name, false, true), pick: () => actAs(user.id),
  })));
  return h("button", { class: "switcher", type: "button", "aria-haspopup": "menu", "data-testid": "act-as", "data-user": me?.id,
    "aria-label": `Act as, now ${me?.real_name ?? "nobody"}`, on: { click: open } },
  me && avatar(me, me.name, false, false),
  h("span", { class: "switcher-words" }, h("span", { class: "switcher-label" }, "Act as"),
    h("strong", null, me?.real_name ?? "…"), h("span", { class: "switcher-standing" }, me ? standing(me, workspace) : "")),
  icon("down"));
}

function channelLink(channel, workspace, here) {
  const { count = 0, mentions = 0 } = workspace.unread.get(channel.id) ?? {};
  const current = channel.id === here.channel;
  const sign = channel.is_im ? icon("person") : icon(channel.is_private ? "lock" : "hash");
  return h("li", { "data-key": channel.id }, h("a", {
    class: ["channel-link", count && "unread", current && "current"].filter(Boolean).join(" "),
    href: routeTo({ channel: channel.id }), "aria-current": current ? "page" : null,
    "data-testid": "channel-link", "data-channel": channel.id, "data-channel-name": channel.name,
  }, sign, h("span", { class: "channel-name" }, workspace.nameOf(channel)),
  count > 0 && h("span", { class: mentions ? "count count-mention" : "count", "aria-label": `${count} unread` },
    count > 99 ? "99+" : count)));
}

function placeLink({ id, name, lead, count, badge }, here) {
  const current = id === here.channel;
  return h("li", { "data-key": id }, h("a", {
    class: current ? "channel-link current" : "channel-link", href: routeTo({ channel: id }), "aria-current": current ? "page" : null,
    "data-testid": "place-link", "data-place": id,
  }, lead, h("span", { class: "channel-name" }, name), badge && h("span", { class: "badge-app" }, "APP"),
  count > 0 && h("span", { class: "count count-mention", "aria-label": `${count} waiting` }, String(count))));
}

/** The nodes of the sidebar; `places` are what is no channel: [{id, name, lead, count?, badge?}]. */
export function sidebar(workspace, places, here, actAs) {
  return [
    h("div", { class: "workspace" },
      h("span", { class: "workspace-mark", "aria-hidden": "true" }, String(workspace.team.name ?? "S").slice(0, 1)),
      h("strong", { class: "workspace-name" }, workspace.team.name ?? "Sandbox")),
    h("h2", { class: "sidebar-heading", id: "channels-heading" }, "Channels"),
    h("ul", { class: "channel-list", "aria-labelledby": "channels-heading" },
      workspace.channels.map((channel) => channelLink(channel, workspace, here))),
    h("h2", { class: "sidebar-heading", id: "apps-heading" }, "Apps"),
    h("ul", { class: "channel-list", "aria-labelledby": "apps-heading" }, places.map((place) => placeLink(place, here))),
    h("div", { class: "sidebar-filler" }),
    switcher(workspace, actAs),
  ];
}
