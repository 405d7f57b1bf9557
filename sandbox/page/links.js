// What may be followed: http and https only; and the workspace's own permalinks, which open inside the page.

/** The address if it is http or https, else null (`javascript:`, `data:`, `file:` and the rest stay text). */
export function safeAddress(address) {
  if (typeof address !== "string" || !/^https?:\/\//i.test(address.trim())) return null;
  try {
    const parsed = new URL(address.trim());
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.href : null;
  } catch {
    return null;
  }
}

/** The attributes of a link that leads out of the page. */
export const outward = (href) => ({ href, target: "_blank", rel: "noopener noreferrer" });

/** A file or picture address: http(s), or a path on this server. */
export function safeSource(address) {
  if (typeof address === "string" && /^\/(?![/\\])/.test(address)) return address;
  return safeAddress(address);
}

/** The `{channel, ts, thread}` that a Slack permalink (`/archives/C…/p1234567890123456`) means, else null. */
export function permalink(address) {
  let parsed;
  try {
    parsed = new URL(address, location.origin);
  } catch {
    return null;
  }
  const local = parsed.origin === location.origin || parsed.hostname.endsWith(".slack.com");
  const found = local && parsed.pathname.match(/^\/archives\/([A-Z0-9]+)(?:\/p(\d+)(\d{6}))?\/?$/);
  if (!found) return null;
  const ts = found[2] ? `${found[2]}.${found[3]}` : null;
  return { channel: found[1], ts, thread: parsed.searchParams.get("thread_ts") };
}
