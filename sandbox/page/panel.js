// The sandbox's own drawer: things to try, scenarios, the clock, faults, and what PagerDuty got. A part whose
// endpoint this server does not have (404) is left out.
import { get, post, reason } from "./api.js";
import { h, icon, patchChildren, tool } from "./dom.js";
import { outward, safeAddress } from "./links.js";
import { plain } from "./mrkdwn.js";
import { seen } from "./time.js";

const REFRESH_MS = 4000;
const SPEEDS = [[0, "Pause"], [1, "1×"], [10, "10×"], [60, "60×"]];
const FAULTS = [
  {
    title: "Slack: 429 for 20 s", detail: "every call is told to slow down",
    target: "slack", operation: "*", error: "ratelimited", seconds: 20,
  },
  {
    title: "AWS: throttled for 30 s", detail: "every call gets ThrottlingException",
    target: "aws", operation: "*", error: "ThrottlingException", seconds: 30,
  },
  {
    title: "AWS: deny ecs:UpdateService", detail: "until cleared",
    target: "aws", operation: "ecs:UpdateService", error: "AccessDenied",
  },
  {
    title: "AWS: logs at their quota", detail: "5 FilterLogEvents a second, until cleared",
    target: "aws", operation: "logs:*", error: "quota",
  },
  { title: "GitHub: rate limit reached", detail: "until cleared", target: "github", operation: "*", error: "ratelimited" },
  {
    title: "PagerDuty: webhooks come twice", detail: "until cleared",
    target: "pagerduty", operation: "webhook", error: "twice",
  },
  { title: "PagerDuty: down", detail: "answers 500 until cleared", target: "pagerduty", operation: "*", error: "500" },
];

const part = (name, title, ...content) => h("section", { class: "panel-part", "data-key": name, "data-testid": `panel-${name}` },
  h("h3", null, title), content);

const isSetBy = (set, { target, operation, error }) =>
  set.target === target && set.operation === operation && set.error === error;

const detail = (words) => h("span", { class: "muted row-detail" }, words);

export class Panel {
  /** `offerText(text, channel)` puts a command into that channel's composer; `changed()` redraws the button's count. */
  constructor(node, { offerText, changed }) {
    Object.assign(this, { node, offerText, changed, hints: [], scenarios: null, playing: null, pagerduty: null });
    Object.assign(this, { speed: 1, faults: new Set(), problem: null });
    this.absent = new Set();
    this.others = [];
    node.addEventListener("keydown", (event) => event.key === "Escape" && this.toggle(false));
    this.draw();
  }

  get isOpen() {
    return !this.node.hidden;
  }

  toggle(open = !this.isOpen) {
    this.node.hidden = !open;
    document.getElementById("panel-toggle").setAttribute("aria-expanded", String(open));
    if (open) {
      this.refresh();
      this.node.querySelector("button")?.focus();
    } else document.getElementById("panel-toggle").focus();
  }

  /** Look for something else as often as the drawer looks. */
  alsoRefresh(look) {
    this.others.push(look);
  }

  /** Hints once, the rest every few seconds while the page can be seen. */
  async start() {
    this.hints = (await this.fetch("hints"))?.hints ?? [];
    await this.refresh();
    this.changed();
    setInterval(() => document.visibilityState === "visible" && this.refresh(), REFRESH_MS);
  }

  async fetch(name) {
    if (this.absent.has(name)) return null;
    const answer = await get(name);
    if (answer.status === 404) this.absent.add(name);
    return answer.ok ? answer : null;
  }

  async refresh() {
    const parts = ["scenarios", "pagerduty", "clock", "fault"].map((name) => this.fetch(name));
    const [scenarios, pagerduty, clock, fault] = await Promise.all([...parts, ...this.others.map((look) => look())]);
    if (fault) this.faults = new Set(FAULTS.filter((preset) => fault.faults.some((set) => isSetBy(set, preset))));
    this.scenarios = scenarios?.scenarios ?? this.scenarios;
    this.playing = scenarios?.playing ?? this.playing;
    if (clock) this.turned(clock);
    if (pagerduty && JSON.stringify(pagerduty) !== JSON.stringify(this.pagerduty)) {
      this.pagerduty = pagerduty;
      this.changed();
    }
    this.draw();
  }

  turned({ now, speed }) {
    if (typeof speed === "number") this.speed = speed;
    if (typeof now === "number") seen(now);
  }

  async tell(path, body) {
    const answer = await post(path, body);
    this.problem = answer.ok ? null : `${path}: ${reason(answer)}`;
    this.draw();
    return answer;
  }

  async play(scenario) {
    await this.tell("play", { name: scenario.name });
    await this.refresh();
  }

  async setClock(body) {
    const answer = await this.tell("clock", body);
    if (answer.ok) this.turned(answer);
    this.draw();
  }

  async fault(preset) {
    if (this.faults.has(preset)) return this.clear([preset.target]);
    const { target, operation, error, seconds = null } = preset;
    await this.tell("fault", { target, operation, error, seconds, count: null, latency_ms: 0 });
    await this.refresh();
  }

  async clear(targets) {
    for (const target of targets) await this.tell("fault", { target, error: "clear" });
    await this.refresh();
  }

  hintList() {
    return this.hints.length > 0 && part("hints", "Try", this.hints.map((hint) => hintButton(hint, this.offerText)));
  }

  scenarioList() {
    return this.scenarios && part("scenarios", "Scenarios", this.scenarios.map((one) => this.scenario(one)));
  }

  scenario(one) {
    const story = this.playing?.name === one.name ? this.playing : null;
    const isPlaying = story?.state === "playing";
    return h("button", {
      class: "panel-row", type: "button", disabled: this.playing?.state === "playing", "aria-busy": isPlaying ? "true" : null,
      "data-testid": "scenario", "data-scenario": one.name, "data-state": story?.state, on: { click: () => this.play(one) },
    }, isPlaying ? h("span", { class: "spinner" }) : icon("play"),
    h("span", null, h("strong", null, one.name), detail(one.summary),
      story && h("span", { class: "row-detail story" },
        [...story.said, story.detail].filter(Boolean).map((line) => h("span", null, line)))));
  }

  clockRow() {
    const segment = (words, body, more) =>
      h("button", { type: "button", class: "segment", ...more, on: { click: () => this.setClock(body) } }, words);
    return !this.absent.has("clock") && part("clock", "Clock",
      h("div", { class: "segments", role: "group", "aria-label": "Speed of the sandbox's clock" },
        SPEEDS.map(([speed, words]) => segment(words, { speed }, { "aria-pressed": String(speed === this.speed) })),
        segment("+5 min", { advance: 300 })));
  }

  faultList() {
    const clear = () => this.clear(["slack", "aws", "pagerduty", "github"]);
    return part("faults", "Break something", FAULTS.map((preset) => h("button", {
      class: "panel-row", type: "button", "data-testid": "fault", "aria-pressed": String(this.faults.has(preset)),
      on: { click: () => this.fault(preset) },
    }, h("span", { class: "switch", "aria-hidden": "true" }),
    h("span", null, h("strong", null, preset.title), detail(preset.detail)))),
    h("button", { class: "button", type: "button", "data-testid": "fault-clear", on: { click: clear } }, "Clear all faults"));
  }

  inbox() {
    if (!this.pagerduty) return null;
    const events = [...(this.pagerduty.events ?? [])].reverse();
    const changes = [...(this.pagerduty.changes ?? [])].reverse();
    return part("pagerduty", `PagerDuty inbox (${events.length})`,
      events.length + changes.length === 0 && h("p", { class: "muted" }, "Nothing yet. A critical alarm pages somebody."),
      events.map((event) => h("div", { class: "page-event", "data-testid": "pagerduty-event" },
        h("span", { class: `page-kind page-${event.event_action}` }, event.event_action),
        h("div", null, h("div", null, plain(event.payload?.summary ?? event.dedup_key)),
          detail([event.payload?.severity, event.payload?.source, event.dedup_key].filter(Boolean).join(" · ")),
          linksOf(event)))),
      changes.map((change) => h("div", { class: "page-event", "data-testid": "pagerduty-change" },
        h("span", { class: "page-kind" }, "change"),
        h("div", null, h("div", null, plain(change.payload?.summary ?? "change event")),
          detail(Object.entries(change.payload?.custom_details ?? {}).map((pair) => pair.join(": ")).join(" · ")),
          linksOf(change)))));
  }

  draw() {
    patchChildren(this.node, [
      h("header", { class: "pane-head" }, h("h2", { class: "pane-title" }, icon("flask"), "Sandbox"),
        tool("Close the sandbox panel", "close", () => this.toggle(false))),
      h("div", { class: "panel-body" }, [
        this.problem && h("div", { class: "input-error", role: "alert" }, this.problem),
        this.hintList(), this.scenarioList(), this.clockRow(), this.faultList(), this.inbox(),
      ].filter(Boolean)),
    ]);
  }
}

/** The links of an event of PagerDuty's. */
function linksOf(event) {
  return (event.links ?? []).filter((one) => safeAddress(one.href)).map((one) =>
    h("a", { class: "link", ...outward(safeAddress(one.href)) }, one.text || "Open"));
}

/** A thing to try; pressing it puts it into the composer. */
export function hintButton(hint, offerText) {
  const press = () => offerText(hint.text, hint.channel);
  return h("button", { class: "hint-button", type: "button", "data-testid": "hint", on: { click: press } },
    h("code", null, hint.text), detail([hint.channel, hint.why].filter(Boolean).join(" · ")));
}
