// The pretend Slack's JSON endpoints. Every answer has `ok`; an unreachable server is an answer too.

async function answerOf(request) {
  try {
    const response = await request;
    const answer = await response.json().catch(() => ({ ok: false, error: `http_${response.status}` }));
    return { status: response.status, ...answer };
  } catch {
    return { ok: false, error: "unreachable", detail: "The sandbox does not answer. Is it still running?", status: 0 };
  }
}

/** GET /client/<path> with query parameters; those that are undefined are left out. */
export function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  return answerOf(fetch(`/client/${path}?${new URLSearchParams(given)}`, { cache: "no-store" }));
}

/** POST /client/<path> with a JSON body. */
export function post(path, body) {
  return answerOf(fetch(`/client/${path}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }));
}

/** What an answer that is not ok says, as a sentence. */
export const reason = (answer) => answer.detail || String(answer.error ?? "unknown_error").replaceAll("_", " ");

// The app was asked and failed: the server itself tells the person so, with a notice.
const TOLD = new Set(["operation_timeout", "dispatch_failed", "invalid_command_response"]);

/** Whether the person learns of the failure anyway. */
export const isTold = (answer) => answer.ok || TOLD.has(answer.error);
