"""Socket Mode: Slack comes in over a WebSocket that the bot opens; no inbound port."""

from __future__ import annotations

import logging
import threading

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

log = logging.getLogger("bot.slack.socket")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class Socket:
    """Keeps one WebSocket to Slack open; while Slack is away the bot goes on and tries again."""

    def __init__(self, app: App, app_token: str) -> None:
        self._bolt = SocketModeHandler(app, app_token)
        self._bolt.client.on_close_listeners.append(self._reopen)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._connect, name="slack-socket", daemon=True)

    @property
    def connected(self) -> bool:
        """True while the WebSocket is open."""
        return bool(self._bolt.client.is_connected())

    def start(self) -> None:
        """Connect in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Close the WebSocket: Slack hands what comes now to nobody, and tells the person so."""
        self._stopping.set()
        self._bolt.close()  # type: ignore[no-untyped-call]

    def _reopen(self, code: int, reason: str | None) -> None:
        """slack_sdk takes the socket that is just closing for an open one, and would look again only 10 s later."""
        if not self._stopping.is_set():
            self._bolt.client.connect_to_new_endpoint(force=True)

    def _connect(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                self._bolt.connect()  # type: ignore[no-untyped-call]
            except Exception as error:
                log.warning("Slack's Socket Mode cannot be reached", extra={"error": str(error), "seconds": pause})
                self._stopping.wait(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                log.info("connected to Slack by Socket Mode")
                return
