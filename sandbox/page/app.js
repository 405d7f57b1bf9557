// The page: puts the parts together, reacts to the stream and to the address, and draws.
import { get } from "./api.js";
import { ChannelPane } from "./channelpane.js";
import { h, icon, patchChildren } from "./dom.js";
import { permalink } from "./links.js";
import { lasting, tab } from "./memory.js";
import { Modals } from "./modal.js";
import { Panel } from "./panel.js";
import { PlacePane } from "./placepane.js";
import { currentRoute, go } from "./route.js";
import { sidebar } from "./sidebar.js";
import { Stream } from "./stream.js";
import { restoreTheme, theme, toggleTheme } from "./theme.js";
import { ThreadPane } from "./threadpane.js";
import { Toasts } from "./toasts.js";
import { inThreadOnly, Workspace } from "./workspace.js";

const byId = (id) => document.getElementById(id);
let here = { channel: null, thread: null, message: null };
let queued = false;
let online = true;
let ready = false; // what is typed before the first channel is known would be lost

/** Draw once for everything that changed in this turn. */
function changed() {
  if (queued) return;
  queued = true;
  setTimeout(() => {
    queued = false;
    draw();
  });
}

restoreTheme();
const workspace = new Workspace(changed);
const toasts = new Toasts();
const modals = new Modals(workspace.people, loadViews);
const panel = new Panel(byId("panel"), { offerText, changed });
const channelPane = new ChannelPane(byId("channel"), { workspace, panel, changed });
const threadPane = new ThreadPane(byId("thread"), { workspace, changed });
const placePane = new PlacePane(byId("place"), { workspace, panel, changed });
const stream = new Stream({ heard, opened, lost: () => connection(false) });

function draw() {
  if (!ready) return;
  const place = placePane.has(here.channel);
  if (!place && !workspace.channels.some((one) => one.id === here.channel)) here = { ...here, channel: firstChannel(), thread: null };
  patchChildren(byId("sidebar"), sidebar(workspace, placePane.links(), here, actAs));
  byId("channel").hidden = place;
  placePane.draw(here.channel);
  if (!place) channelPane.draw(here, online);
  threadPane.draw(here);
  byId("frame").classList.toggle("with-thread", Boolean(here.thread));
  drawTopbar();
  const channel = workspace.people.channels.get(here.channel);
  const unread = workspace.unreadTotal;
  const title = place ? placePane.titleOf(here.channel) : channel ? workspace.titleOf(channel) : "";
  document.title = `${unread ? `(${unread}) ` : ""}${title ? `${title} · ` : ""}${workspace.team.name ?? "Sandbox"}`;
}

function drawTopbar() {
  const pages = panel.pagerduty?.events?.length ?? 0;
  const count = { class: "count count-mention", title: "PagerDuty events", "data-testid": "pagerduty-count" };
  const words = h("span", { class: "panel-toggle-words" }, "Sandbox: scenarios, clock, faults");
  patchChildren(byId("panel-toggle"), [icon("flask"), words, ...(pages ? [h("span", count, String(pages))] : [])]);
  patchChildren(byId("theme-toggle"), [icon(theme() === "dark" ? "sun" : "moon")]);
  patchChildren(byId("menu-toggle"), [icon("menu")]);
  byId("menu-toggle").setAttribute("aria-expanded", String(byId("frame").classList.contains("with-sidebar")));
}

/** The channel shown at first: the last one used, else the one where something happened last. */
function firstChannel() {
  const last = lasting.read("channel");
  if (workspace.people.channels.has(last) || placePane.has(last)) return last;
  const newest = (channel) => workspace.timeline(channel.id).at(-1)?.ts ?? "";
  return [...workspace.channels].sort((a, b) => (newest(a) < newest(b) ? 1 : -1))[0]?.id ?? null;
}

/** Put a command into the composer of the channel it is meant for ("#ops"; none: the one that is open). */
function offerText(text, name) {
  const channel = workspace.channels.find((one) => !one.is_im && `#${one.name}` === name);
  if (matchMedia("(max-width: 1100px)").matches && panel.isOpen) panel.toggle(false);
  if (channel && channel.id !== here.channel) go({ channel: channel.id }, true);
  channelPane.composer.offerText(text);
}

function connection(isUp) {
  if (online === isUp) return;
  online = isUp;
  changed();
}

async function loadViews() {
  const asked = workspace.people.me;
  const answer = await get("views", { user: asked });
  if (!answer.ok || asked !== workspace.people.me) return;
  modals.show(answer.views);
  placePane.home.show(answer.home);
}

/** Fetch everything the person can see; after an interruption the stream may have lost some of it. */
async function refetch() {
  if (!(await workspace.loadState())) return;
  await Promise.all([...workspace.channels.map((channel) => workspace.loadMessages(channel.id)), loadViews(),
    here.thread && workspace.loadMessages(here.channel, here.thread)]);
}

async function opened(again) {
  connection(true);
  if (again) await refetch();
}

function heard(kind, payload) {
  const message = payload.message ?? payload;
  const channel = payload.channel ?? message.channel;
  if (kind === "message" || kind === "ephemeral") {
    if (workspace.arrived({ ...message, channel })) announce({ ...message, channel });
  } else if (kind === "message_changed") {
    workspace.keep(channel, { ...message, channel });
    changed();
  } else if (kind === "message_deleted") workspace.deleted(channel, payload.deleted_ts ?? message.ts);
  else if (kind === "home") placePane.home.show(payload.view);
  else if (kind === "view") modals.show(payload.views ?? []);
  else if (kind === "notice") workspace.notice(channel ?? here.channel, String(payload.text ?? ""), payload.thread_ts);
  else if (kind === "state") workspace.loadState();
}

/** Tell of a mention that the person would not see where they are. */
function announce(message) {
  const thread = inThreadOnly(message) ? message.thread_ts : null;
  const isOpen = message.channel === here.channel && (!thread || thread === here.thread);
  const inView = isOpen && document.visibilityState === "visible";
  if (inView || message.user === workspace.people.me || !workspace.mentionsMe(message)) return;
  const from = workspace.people.users.get(message.user);
  const name = workspace.people.channels.get(message.channel)?.name ?? "a channel";
  toasts.show(`${message.username || from?.real_name || "Somebody"} mentioned you in #${name}`,
    () => go({ channel: message.channel, thread, message: thread ? null : message.ts }));
}

async function actAs(user) {
  tab.write("user", user);
  workspace.people.me = user;
  workspace.reset();
  modals.show([]);
  stream.listen(user);
  placePane.home.show(null);
  await refetch();
  placePane.arrived(here.channel);
}

async function arrive() {
  const route = currentRoute();
  const before = here;
  const channel = route.channel ?? here.channel ?? firstChannel();
  here = { channel, thread: route.thread ?? threadOf(channel, route.message), message: route.message };
  if (here.channel) lasting.write("channel", here.channel);
  if (here.channel !== before.channel) {
    byId("frame").classList.remove("with-sidebar");
    placePane.arrived(here.channel);
  }
  draw();
  if (here.thread && here.thread !== before.thread) await workspace.loadMessages(here.channel, here.thread);
  if (!here.message) return;
  draw();
  (here.thread ? threadPane : channelPane).timeline.reveal(here.message);
}

/** The thread in which a message is, or which it began. */
function threadOf(channel, ts) {
  const message = ts && workspace.of(channel).get(ts);
  return message && (message.thread_ts || message.reply_count) ? message.thread_ts ?? ts : null;
}

/** A permalink of this workspace opens here, in the channel or, for a message of a thread, beside it. */
function follow(event) {
  const address = event.target.closest?.("a[href]")?.href;
  const target = address && !event.ctrlKey && !event.metaKey && permalink(address);
  if (!target || !workspace.people.channels.has(target.channel)) return;
  event.preventDefault();
  go({ channel: target.channel, thread: target.thread, message: target.ts });
}

function listenToPage() {
  addEventListener("hashchange", arrive);
  document.addEventListener("click", follow);
  document.addEventListener("visibilitychange", changed);
  // A page that the browser keeps for its back button would keep one of the few connections to this server, too.
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => event.persisted && actAs(workspace.people.me));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && here.thread && !document.querySelector("dialog[open]")) go({ channel: here.channel });
  });
  byId("theme-toggle").addEventListener("click", () => { toggleTheme(); changed(); });
  byId("panel-toggle").addEventListener("click", () => panel.toggle());
  byId("menu-toggle").addEventListener("click", () => { byId("frame").classList.toggle("with-sidebar"); changed(); });
  setInterval(changed, 30000); // "2 min ago" grows old
}

async function start() {
  listenToPage();
  while (!(await workspace.loadState())) await new Promise((wake) => setTimeout(wake, 1000));
  const wanted = [new URLSearchParams(location.search).get("user"), tab.read("user")];
  const persons = workspace.persons.map((user) => user.id);
  workspace.people.me = wanted.find((id) => persons.includes(id)) ?? persons[0];
  await Promise.all([panel.start(), actAs(workspace.people.me)]);
  ready = true;
  arrive();
}

start();
