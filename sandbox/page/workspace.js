// Everything the page knows about the workspace, for one person at a time: who and where, messages by channel,
// what is unread. It draws nothing; it calls `changed` when something is different.
import { get } from "./api.js";
import { lasting } from "./memory.js";
import { seen } from "./time.js";

const LONGEST_MEMORY = 500; // messages a channel
const place = (message) => message.place ?? message.ts;
const inOrder = (a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0);

/** A reply that is only in its thread; a broadcast reply is in the channel as well. */
export const inThreadOnly = (message) =>
  Boolean(message.thread_ts && message.thread_ts !== message.ts && message.subtype !== "thread_broadcast");

export class Workspace {
  constructor(changed) {
    this.changed = changed;
    this.people = { users: new Map(), channels: new Map(), usergroups: new Map(), me: null };
    this.team = { name: "Sandbox" };
    this.commands = [];
    this.shortcuts = []; // those in a message's menu
    this.reset();
  }

  /** Forget what another person saw. */
  reset() {
    this.messages = new Map();
    this.unread = new Map();
  }

  get me() {
    return this.people.users.get(this.people.me);
  }

  get persons() {
    return [...this.people.users.values()].filter((user) => !user.is_bot && user.id !== "USLACKBOT" && !user.deleted);
  }

  get channels() {
    // A direct conversation bears the name of the person who has it with the app.
    return [...this.people.channels.values()]
      .filter((channel) => !channel.is_archived && (!channel.is_im || channel.name === this.me?.name))
      .sort((a, b) => Number(a.is_im ?? false) - Number(b.is_im ?? false) || String(a.name).localeCompare(String(b.name)));
  }

  /** The app. */
  get bot() {
    return [...this.people.users.values()].find((user) => user.is_bot && user.id !== "USLACKBOT");
  }

  /** "bi-platform", or the app's name for a direct conversation with it. */
  nameOf(channel) {
    return channel.is_im ? this.bot?.real_name ?? "App" : channel.name;
  }

  /** "#bi-platform"; a direct conversation has no sign. */
  titleOf(channel) {
    return `${channel.is_im ? "" : "#"}${this.nameOf(channel)}`;
  }

  /** Users, channels, commands. Answers false when the server cannot be reached. */
  async loadState() {
    const state = await get("state");
    if (!state.ok) return false;
    const index = (list) => new Map((list ?? []).map((one) => [one.id, one]));
    Object.assign(this.people, {
      users: index([...(state.users ?? []), ...(state.bot?.id ? [state.bot] : [])]),
      channels: index(state.channels), usergroups: index(state.usergroups),
    });
    for (const user of state.users ?? []) this.people.users.set(user.id, user);
    this.team = state.team ?? this.team;
    this.commands = state.commands ?? [];
    this.shortcuts = (state.shortcuts ?? []).filter((one) => one.type === "message");
    this.changed();
    return true;
  }

  /** Fetch a channel's messages (or one thread's) anew; what the server no longer has disappears. */
  async loadMessages(channel, thread) {
    const asked = this.people.me;
    const known = this.of(channel);
    const before = new Map(known);
    const answer = await get("messages", { channel, thread_ts: thread, user: asked });
    if (!answer.ok || known !== this.of(channel)) return;
    const fresh = new Map(answer.messages.map((message) => [message.ts, message]));
    // What the stream told while the answer was on its way is newer than the answer.
    const untouched = (ts) => known.get(ts) === before.get(ts);
    for (const [ts, message] of before) {
      const covered = thread ? message.thread_ts === thread : !inThreadOnly(message);
      if (covered && !message.local && !fresh.has(ts) && untouched(ts)) known.delete(ts);
    }
    for (const [ts, message] of fresh) if (untouched(ts)) this.keep(channel, message);
    if (!thread) this.countUnread(channel);
    this.changed();
  }

  /** The messages of a channel by their timestamp. */
  of(channel) {
    if (!this.messages.has(channel)) this.messages.set(channel, new Map());
    return this.messages.get(channel);
  }

  keep(channel, message) {
    const known = this.of(channel);
    const before = known.get(message.ts);
    known.set(message.ts, before && JSON.stringify(before) === JSON.stringify(message) ? before : message);
    if (!message.local) seen(Number(message.ts));
    if (known.size > LONGEST_MEMORY) known.delete([...known.keys()].sort()[0]);
    return !before;
  }

  timeline(channel) {
    return [...this.of(channel).values()].filter((message) => !inThreadOnly(message)).sort(inOrder);
  }

  thread(channel, parent) {
    return [...this.of(channel).values()].filter((one) => one.ts === parent || one.thread_ts === parent).sort(inOrder);
  }

  /** A new message from the stream; answers whether it was unknown. */
  arrived(message) {
    const fresh = this.keep(message.channel, message);
    const parent = message.thread_ts && message.thread_ts !== message.ts && this.of(message.channel).get(message.thread_ts);
    // The parent's own change may be told before or after its reply; the larger count is the later one.
    if (fresh && parent && !message.ephemeral) {
      const known = this.thread(message.channel, parent.ts).filter((one) => one.ts !== parent.ts && !one.ephemeral).length;
      this.keep(message.channel, { ...parent, reply_count: Math.max(parent.reply_count ?? 0, known), latest_reply: message.ts });
    }
    if (fresh && !inThreadOnly(message)) this.countUnread(message.channel);
    this.changed();
    return fresh;
  }

  deleted(channel, ts) {
    this.of(channel).delete(ts);
    this.changed();
  }

  /** Something only this page says, such as a command that nobody answered. */
  notice(channel, text, thread) {
    // It stays behind what was there when it was said: the sandbox's clock may be hours away from the reader's.
    const last = [...this.of(channel).values()].map(place).sort().at(-1) ?? "0";
    const ts = (Date.now() / 1000).toFixed(6);
    const said = { ts, channel, text, thread_ts: thread, user: "USLACKBOT", place: `${last}~` };
    this.keep(channel, { ...said, ephemeral: true, local: true });
    this.changed();
  }

  /** Whether it calls the person, by name, by group or with everybody else; the server says whom it calls. */
  mentionsMe(message) {
    const called = message.pings ?? [];
    const inGroup = (id) => this.people.usergroups.get(id)?.users?.includes(this.people.me);
    return called.some((id) => id === this.people.me || ["channel", "here", "everyone"].includes(id) || inGroup(id));
  }

  countUnread(channel) {
    const read = lasting.read(`read:${this.people.me}:${channel}`) ?? "0";
    const news = this.timeline(channel).filter((one) => one.ts > read && one.user !== this.people.me && !one.local);
    this.unread.set(channel, { count: news.length, mentions: news.filter((one) => this.mentionsMe(one)).length });
  }

  /** The person has looked at the channel. */
  markRead(channel) {
    const last = this.timeline(channel).filter((one) => !one.local).at(-1)?.ts;
    if (!last || !(this.unread.get(channel)?.count ?? 0)) return;
    lasting.write(`read:${this.people.me}:${channel}`, last);
    this.unread.set(channel, { count: 0, mentions: 0 });
    this.changed();
  }

  get unreadTotal() {
    return [...this.unread.values()].reduce((sum, one) => sum + one.count, 0);
  }
}
