// Where the page is, in the address: `#/C0OPS`, `#/C0OPS/1712345678.000100` opens that thread.

const HASH = /^#\/?([A-Z][A-Z0-9]+)(?:\/(\d+\.\d+))?(?:\?m=(\d+\.\d+))?$/;

/** `{channel, thread, message}` of the address; parts that it does not say are null. */
export function currentRoute() {
  const found = location.hash.match(HASH);
  return { channel: found?.[1] ?? null, thread: found?.[2] ?? null, message: found?.[3] ?? null };
}

/** The address of a channel, thread, or one message to bring into view. */
export function routeTo({ channel, thread, message }) {
  return `#/${channel}${thread ? `/${thread}` : ""}${message ? `?m=${message}` : ""}`;
}

/** Go there; `replace` leaves no entry in the browser's history. */
export function go(route, replace = false) {
  const hash = routeTo(route);
  if (location.hash === hash) return;
  if (replace) {
    history.replaceState(null, "", hash);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = hash;
}
