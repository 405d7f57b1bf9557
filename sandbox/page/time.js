// Times as Slack's client writes them. Message timestamps are seconds since the epoch on the sandbox's own clock,
// which may run faster than the reader's, so "ago" is counted from the newest instant this page has seen.

let newest = 0;

/** Remember an instant of the sandbox's clock (seconds since the epoch). */
export function seen(seconds) {
  if (seconds > newest) newest = seconds;
}

const now = () => Math.max(Date.now() / 1000, newest);
const at = (ts) => new Date(Number(ts) * 1000);
const two = (value) => String(value).padStart(2, "0");
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ordinal = (day) => day + (day % 10 === 1 && day !== 11 ? "st" : day % 10 === 2 && day !== 12 ? "nd"
  : day % 10 === 3 && day !== 13 ? "rd" : "th");

const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;

/** "14:05" of a message timestamp. */
export const hourMinute = (ts) => clock(at(ts));

/** A key that is the same for all timestamps of one local day. */
export const dayKey = (ts) => at(ts).toDateString();

/** "Today", "Yesterday" or "Monday, November 23rd". */
export function dayName(ts) {
  const date = at(ts);
  const days = Math.round((new Date(now() * 1000).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return `${DAYS[date.getDay()]}, ${MONTHS[date.getMonth()]} ${ordinal(date.getDate())}`;
}

/** The full date and time, for a tooltip. */
export const fullTime = (ts) => `${dayName(ts)} at ${hourMinute(ts)}:${two(at(ts).getSeconds())}`;

/** "just now", "2 min ago", "3 hours ago", "5 days ago". */
export function ago(ts) {
  const minutes = Math.floor((now() - Number(ts)) / 60);
  const count = (value, unit) => `${value} ${unit}${value === 1 || unit === "min" ? "" : "s"} ago`;
  if (minutes < 1) return "just now";
  if (minutes < 60) return count(minutes, "min");
  if (minutes < 1440) return count(Math.floor(minutes / 60), "hour");
  return count(Math.floor(minutes / 1440), "day");
}

/** The text of Slack's `<!date^…>` with its format tokens filled in; null when the instant is no number. */
export function formatDate(seconds, format) {
  const date = at(seconds);
  if (!Number.isFinite(date.getTime())) return null;
  const month = MONTHS[date.getMonth()];
  const day = date.getDate();
  const year = date.getFullYear();
  const relative = dayName(seconds);
  const near = relative === "Today" || relative === "Yesterday" ? relative : null;
  const forms = {
    date_num: `${year}-${two(date.getMonth() + 1)}-${two(day)}`,
    date: `${month} ${ordinal(day)}, ${year}`,
    date_short: `${month.slice(0, 3)} ${day}, ${year}`,
    date_long: `${DAYS[date.getDay()]}, ${month} ${ordinal(day)}, ${year}`,
    date_pretty: near ?? `${month} ${ordinal(day)}, ${year}`,
    date_short_pretty: near ?? `${month.slice(0, 3)} ${day}, ${year}`,
    date_long_pretty: near ?? `${DAYS[date.getDay()]}, ${month} ${ordinal(day)}, ${year}`,
    time: clock(date),
    time_secs: `${clock(date)}:${two(date.getSeconds())}`,
    ago: ago(seconds),
  };
  return format.replace(/\{(\w+)\}/g, (token, name) => (Object.hasOwn(forms, name) ? forms[name] : token));
}
