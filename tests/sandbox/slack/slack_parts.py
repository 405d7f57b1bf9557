"""A pretend Slack with its tokens, and what tests do to it."""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.slack.server import SlackServer
from tests.waiting import until

Found = TypeVar("Found")

# Made anew, so that nothing in the repository looks like a token.
BOT_TOKEN = f"xoxb-sandbox-{secrets.token_hex(8)}"
APP_TOKEN = f"xapp-1-sandbox-{secrets.token_hex(8)}"
SIGNING_SECRET = secrets.token_hex(16)
PAGE = Path(__file__).parents[3] / "sandbox" / "page"
START = 1_800_000_000.0


@dataclass
class Slack:
    """The server, its parts, and a person at its client."""

    server: SlackServer
    clock: Clock
    faults: Faults
    calls: Calls
    http: httpx.Client

    @property
    def url(self) -> str:
        return self.server.url

    def web(self, token: str = BOT_TOKEN) -> WebClient:
        return WebClient(token, base_url=f"{self.url}/api/")

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.post(f"/client/{path}", json=body).json()
        return answer

    def get(self, path: str, **query: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get(f"/client/{path}", params=query).json()
        return answer

    def messages(self, channel: str = "#ops", user: str = "U0ALICE", **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("messages", channel=channel, user=user, **query)["messages"]
        return found

    def command(self, text: str, user: str = "U0ALICE", channel: str = "#ops") -> dict[str, Any]:
        return self.post("command", user=user, channel=channel, text=text)

    def press(self, ts: str, action_id: str, user: str = "U0ALICE", **more: Any) -> dict[str, Any]:
        return self.post("action", user=user, channel="#ops", ts=ts, action_id=action_id, **more)

    @contextmanager
    def connected(self, app: App) -> Iterator[SocketModeHandler]:
        """Run a Bolt app over Socket Mode."""
        before = self.get("state")["sockets"]
        socket_mode = SocketModeHandler(app, APP_TOKEN)
        socket_mode.connect()  # type: ignore[no-untyped-call]
        try:
            until(lambda: self.get("state")["sockets"] > before)
            yield socket_mode
        finally:
            # Closing waits for a thread that still listens, up to three seconds, or until the server stops.
            threading.Thread(target=socket_mode.close).start()

    @contextmanager
    def listening(self, user: str = "U0ALICE", after: str = "") -> Iterator[Callable[[], tuple[str, str]]]:
        """Read the stream: calls return the next (kind, data)."""
        heard: queue.Queue[tuple[str, str]] = queue.Queue()
        opened = threading.Event()
        headers = {"Last-Event-ID": after} if after else {}

        def read() -> None:
            kind = ""
            address = f"{self.url}/client/stream?user={user}"
            with httpx.stream("GET", address, headers=headers, trust_env=False, timeout=None) as response:
                for line in response.iter_lines():
                    opened.set()
                    if line.startswith("event: "):
                        kind = line[7:]
                    elif line.startswith("data: "):
                        heard.put((kind, line[6:]))

        reader = threading.Thread(target=read)
        reader.start()
        assert opened.wait(10)
        try:
            yield lambda: heard.get(timeout=10)
        finally:
            # A stream ends with its server only.
            self.server.stop()
            reader.join()


def bolt(slack: Slack) -> App:
    """A Bolt app as the bot makes it."""
    return App(
        client=slack.web(),
        signing_secret=SIGNING_SECRET,
        process_before_response=True,
        token_verification_enabled=False,
        raise_error_for_unhandled_request=False,
    )


@contextmanager
def running(**options: Any) -> Iterator[Slack]:
    """A pretend Slack that listens; options are those of SlackServer."""
    clock, faults, calls = options.pop("clock", None) or Clock(START), Faults(), Calls()
    given: dict[str, Any] = {
        "page_dir": PAGE,
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
        "signing_secret": SIGNING_SECRET,
    }
    server = SlackServer(clock, faults, calls, **(given | options))
    server.start()
    try:
        with httpx.Client(base_url=server.url, trust_env=False, timeout=10) as http:
            yield Slack(server, clock, faults, calls, http)
    finally:
        server.stop()


@contextmanager
def web_server(app: Any) -> Iterator[str]:
    """An ASGI app that listens; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
