// The emoji that operations messages use, drawn by this page itself so that they look alike on a machine that
// has no emoji font (a server, a container in CI).
import { h, sprite } from "./dom.js";

const CHARACTERS = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨",
  large_green_circle: "🟢", red_circle: "🔴", large_yellow_circle: "🟡", large_orange_circle: "🟠",
  large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", hourglass_flowing_sand: "⏳", hourglass: "⌛",
  rocket: "🚀", eyes: "👀", fire: "🔥", pushpin: "📌", mag: "🔍", bell: "🔔", no_bell: "🔕", no_entry: "⛔",
  arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", rewind: "⏪", lock: "🔒",
  tada: "🎉", wave: "👋", gear: "⚙️", wrench: "🔧", package: "📦", memo: "📝", link: "🔗", bulb: "💡",
  chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bar_chart: "📊", stopwatch: "⏱️",
  bug: "🐛", information_source: "ℹ️", question: "❓", exclamation: "❗", robot_face: "🤖",
  arrows_counterclockwise: "🔄", octagonal_sign: "🛑", pager: "📟", cloud: "☁️", moon: "🌙",
  "+1": "👍", "-1": "👎",
  heart: "❤️", bust_in_silhouette: "👤", speech_balloon: "💬", calendar: "📅", construction: "🚧", skull: "💀",
  thread: "🧵", zzz: "💤", grey_question: "❔", grey_exclamation: "❕", heavy_minus_sign: "➖", envelope: "✉️",
  small_blue_diamond: "🔹", small_orange_diamond: "🔸", hand: "✋", key: "🔑",
};
const ALIASES = {
  large_red_circle: "red_circle", large_white_circle: "white_circle", check: "heavy_check_mark", thumbsup: "+1",
  thumbsdown: "-1", no_entry_sign: "no_entry", repeat: "arrows_counterclockwise", heavy_multiplication_x: "x",
  stop_sign: "octagonal_sign", information: "information_source", page_facing_up: "memo", mag_right: "mag",
  hammer_and_wrench: "wrench", leftwards_arrow_with_hook: "rewind", clock: "stopwatch",
  crescent_moon: "moon", raised_hand: "hand", hammer: "wrench", alarm_clock: "stopwatch", email: "envelope",
};
const bare = (character) => character.replace("\uFE0F", "");
const NAMES = new Map(Object.entries(CHARACTERS).map(([name, character]) => [bare(character), name]));

/** Matches a literal emoji of the set (with or without the variation selector). */
export const LITERAL = new RegExp(`(?:${[...NAMES.keys()].join("|")})\uFE0F?`, "u");

const canonical = (name) => (Object.hasOwn(ALIASES, name) ? ALIASES[name] : name);

/** Whether `:name:` can be drawn. */
export const isEmoji = (name) => Object.hasOwn(CHARACTERS, canonical(name));

/** The drawing of `:name:`; its name stays in the text for copying and for screen readers. */
export function emojiNode(name) {
  const known = canonical(name);
  const id = known.replace("+1", "plus1").replace("-1", "minus1");
  return h("span", { class: "emoji", title: `:${name}:`, "data-emoji": known },
    sprite("emoji", id, "emoji-drawing"), h("span", { class: "unseen" }, `:${name}:`));
}

/** The drawing of a literal emoji that `LITERAL` matched. */
export const literalNode = (character) => emojiNode(NAMES.get(bare(character)));
