// Live updates. The browser's EventSource reconnects by itself while the server is only away for a moment; after
// a refusal it gives up, so it is opened anew with growing pauses.

const KINDS = ["message", "message_changed", "message_deleted", "ephemeral", "view", "home", "notice", "state"];
const LONGEST_PAUSE_MS = 10000;

export class Stream {
  /** `heard(kind, payload)` gets every event, `opened(again)` every connection, `lost()` every interruption. */
  constructor({ heard, opened, lost }) {
    Object.assign(this, { heard, opened, lost, pause: 500, again: false });
  }

  /** Listen for what this person sees, and for nobody else any more. */
  listen(user) {
    this.close();
    this.user = user;
    this.again = false;
    this.connect();
  }

  connect() {
    const source = new EventSource(`/client/stream?user=${encodeURIComponent(this.user)}`);
    this.source = source;
    source.addEventListener("open", () => {
      this.pause = 500;
      this.opened(this.again);
      this.again = true;
    });
    source.addEventListener("error", () => {
      this.lost();
      if (source.readyState !== EventSource.CLOSED) return;
      this.timer = setTimeout(() => this.connect(), this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    });
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        // An error of the connection itself has no data.
        if (typeof event.data === "string" && source === this.source) this.heard(kind, JSON.parse(event.data));
      });
    }
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
  }
}
