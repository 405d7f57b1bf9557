"""An endpoint that answers AWS calls as a test says, so that errors and pages can be had exactly as AWS sends them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from bot.domain import Account, Service, ServiceKind, Target

Reply = Callable[[dict[str, Any]], Any]


class LostAnswer(Exception):
    """The call happened, and the connection ended before its answer."""


class Refusal(Exception):
    """An error as AWS's JSON services send it."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"__type": f"com.amazonaws.test#{code}", "message": message}


class ScriptedAws:
    """Answers each operation with the function given for it, and remembers what was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.agents: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def on(self, operation: str, reply: Reply | dict[str, Any] | str | tuple[int, str] | Exception) -> None:
        """What to answer: a dict (JSON), text (XML), status and text, an exception, or a function of the parameters."""
        self.replies[operation] = reply if callable(reply) else lambda _: reply

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of every call of one operation, in order."""
        with self._lock:
            return [parameters for name, parameters in self.calls if name == operation]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        aws = self

        class Request(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                target = self.headers.get("X-Amz-Target", "")
                is_json = bool(target) or text.startswith("{")
                parameters = json.loads(text) if is_json else dict(parse_qsl(text))
                # A service that speaks REST is asked by the path: X-Ray's GetTraceSummaries is /TraceSummaries.
                operation = target.rpartition(".")[2] or parameters.get("Action") or self.path
                with aws._lock:
                    aws.calls.append((operation, parameters))
                    aws.agents.append(self.headers["User-Agent"])
                status, body = 200, aws.replies[operation](parameters)
                if isinstance(body, LostAnswer):
                    self.close_connection = True
                    return
                if isinstance(body, Refusal):
                    status, body = body.status, body.body
                elif isinstance(body, tuple):
                    status, body = body
                answer = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/xml" if isinstance(body, str) else "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                """The tests read what pytest prints, not an access log."""

        return Request


def a_target(name: str = "api", cluster: str = "bi-production", account: Account | None = None) -> Target:
    """A service of the bi system in production."""
    service = Service(kind=ServiceKind.ECS, cluster=cluster)
    where = account or Account("us-east-1")
    return Target("bi", "production", name, service, where, "#bi-platform", production=True)


def assumed(minutes: float) -> str:
    """The answer of AssumeRole, with credentials that run out after so long."""
    expires = datetime.now(UTC) + timedelta(minutes=minutes)
    return f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
      <AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>arn:aws:sts::210987654321:assumed-role/r/s</Arn></AssumedRoleUser>
      <Credentials><AccessKeyId>assumed</AccessKeyId><SecretAccessKey>words</SecretAccessKey>
        <SessionToken>more words</SessionToken><Expiration>{expires.isoformat()}</Expiration></Credentials>
    </AssumeRoleResult></AssumeRoleResponse>"""
