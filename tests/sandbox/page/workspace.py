"""The pretend Slack with a small app of the test's own behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.pagerduty import PagerDuty
from sandbox.slack.server import SlackServer


class Served:
    """An HTTP server of the test's own; entering it gives its address."""

    def __init__(self, handler: Any) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class App:
    """An app with a request URL: it keeps what it is told, and answers what ``answer`` makes of it."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda told: None
        self.released = threading.Event()
        self.released.set()

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The interactions or commands of that kind, oldest first."""
        return [one for one in self.received if one.get("type", "command") == kind]

    def listener(self) -> type[BaseHTTPRequestHandler]:
        """What answers at the app's request URL."""
        return type("Listener", (_Request,), {"app": self})

    def respond(self, body: str) -> bytes:
        form = {} if body.startswith("{") else {name: values[0] for name, values in parse_qs(body).items()}
        told = json.loads(body if body.startswith("{") else form.get("payload", "null")) or form
        self.received.append(told)
        self.released.wait(10)
        answer = self.answer(told)
        return b"" if answer is None else json.dumps(answer).encode()


class Workspace:
    """The pretend Slack with the app of a test."""

    def __init__(
        self,
        server: SlackServer,
        app: App,
        token: str,
        faults: Faults,
        pagerduty: PagerDuty,
        clock: Clock,
        mails: list[dict[str, Any]],
    ) -> None:
        self.clock = clock
        self.mails = mails
        self.url = server.url
        self.app = app
        self.faults = faults
        self.pagerduty = pagerduty
        self._token = token

    def api(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call Slack's Web API as the app."""
        headers = {"Authorization": f"Bearer {self._token}"}
        response = httpx.post(f"{self.url}/api/{method}", json=arguments, headers=headers, trust_env=False)
        answer: dict[str, Any] = response.json()
        assert answer["ok"], answer
        return answer

    def client(self, path: str, **body: Any) -> dict[str, Any]:
        """Do what a person does, without the page."""
        answer: dict[str, Any] = httpx.post(f"{self.url}/client/{path}", json=body, trust_env=False).json()
        assert answer["ok"], answer
        return answer


class _Request(BaseHTTPRequestHandler):
    app: App

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        answer = self.app.respond(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
