"""A company's forward proxy, small: it answers for the hosts the sandbox pretends to be, and for no other.

It speaks plain HTTP and CONNECT; inside a CONNECT it presents a certificate of its own authority. That is what many
companies' proxies do, so the bot needs no special case for the sandbox: ``BOT_HTTP_PROXY`` and ``BOT_CA_FILE``.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.faults import Fault
from sandbox.proxy_certificates import CertificateAuthority

IDLE_SECONDS = 60
"""A connection that says nothing for so long is closed."""

LONGEST_HANG = 20.0
"""Seconds a "timeout" fault keeps silent where it names no number itself."""

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes; a longer request is refused with 413."""


@dataclass(frozen=True)
class Request:
    """What somebody asked of a pretended host."""

    method: str
    scheme: str
    host: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """What the pretended host says."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
        """A JSON answer."""
        return cls(status, json.dumps(value).encode(), headers=headers or {})


class HangUpError(Exception):
    """An answer raises it to close the connection without a word."""


def suffer(fault: Fault | None) -> str | None:
    """Wait as the fault says, and hang up where it says so.

    What is left is the word to refuse with; None where the call is to be answered after all. Raises HangUpError.
    """
    if fault is None:
        return None
    time.sleep(fault.latency_ms / 1000)
    if fault.error == "timeout":
        time.sleep(min(fault.seconds or LONGEST_HANG, LONGEST_HANG))
    if fault.error in ("timeout", "disconnect"):
        raise HangUpError
    return None if fault.error in ("drop_ack", "lost_response") else fault.error


Answer = Callable[[Request], Response]


class Proxy:
    """The proxy on an ephemeral port of 127.0.0.1. The authority's certificate is written to ``ca_file``."""

    def __init__(self, ca_file: Path) -> None:
        self.ca_file = ca_file
        self._authority = CertificateAuthority()
        self._routes: list[tuple[str, Answer]] = []
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, once started."""
        if self._server is None:
            raise RuntimeError("the proxy is not started")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, pattern: str, answer: Answer) -> None:
        """Let ``answer`` speak for every host that matches the pattern ("sns.*.amazonaws.com")."""
        self._routes.append((pattern, answer))

    def start(self) -> None:
        """Listen; returns when connections are accepted."""
        self.ca_file.parent.mkdir(parents=True, exist_ok=True)
        self.ca_file.write_bytes(self._authority.pem)
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy", daemon=True).start()

    def stop(self) -> None:
        """Close the port and every open connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.close_all()
            self._server = None
        self._authority.close()
        self.ca_file.unlink(missing_ok=True)

    def knows(self, host: str) -> bool:
        """Whether somebody answers for this host."""
        return any(fnmatchcase(host, pattern) for pattern, _ in self._routes)

    def answer(self, request: Request) -> Response:
        """Ask whoever speaks for the host; 502 where nobody does."""
        for pattern, answer in self._routes:
            if fnmatchcase(request.host, pattern):
                return answer(request)
        return Response(502, _nobody(request.host), "text/plain; charset=utf-8")

    def tls_context(self, host: str) -> ssl.SSLContext:
        """What is needed to speak TLS as this host."""
        return self._authority.context(host)


def _nobody(host: str) -> bytes:
    return f"the sandbox's proxy pretends no host named {host}\n".encode(errors="replace")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Conversation)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def close_all(self) -> None:
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""


class _Conversation(BaseHTTPRequestHandler):
    """One connection of a client, plain until a CONNECT turns it into TLS."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: _Server
    connection: Any
    _tunnel: str | None = None

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        try:
            super().finish()
        finally:
            if isinstance(self.connection, ssl.SSLSocket):
                _hang_up(self.connection)

    def do_CONNECT(self) -> None:
        host = self.path.rsplit(":", 1)[0].strip("[]").lower()
        if not self.server.proxy.knows(host):
            self._reply(Response(502, _nobody(host), "text/plain; charset=utf-8"))
            return
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        context = self.server.proxy.tls_context(host)
        self.server.closed(self.connection)
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except (OSError, ssl.SSLError):
            self.close_connection = True
            return
        self.server.opened(self.connection)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self._tunnel = host
        self.close_connection = False

    def _exchange(self) -> None:
        body = self._body()
        if body is None:
            return
        parts = urlsplit(self.path)
        host = self._tunnel or (parts.hostname or "").lower()
        if not host:
            self._reply(Response(400, b"this is a proxy: ask with a whole address\n", "text/plain; charset=utf-8"))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        scheme = "https" if self._tunnel else parts.scheme
        request = Request(self.command, scheme, host, parts.path or "/", parts.query, headers, body)
        try:
            self._reply(self.server.proxy.answer(request))
        except HangUpError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _exchange

    def _body(self) -> bytes | None:
        """The request's body; None after refusing it."""
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            self._refuse(411, b"say the length of the body\n")
            return None
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self._refuse(413 if length.isdecimal() else 400, b"the body is too long, or its length is no number\n")
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: int, sentence: bytes) -> None:
        self.close_connection = True
        self._reply(Response(status, sentence, "text/plain; charset=utf-8"))

    def _reply(self, response: Response) -> None:
        self.send_response_only(response.status, responses.get(response.status, "Unknown"))
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what matters is recorded by whoever answers."""


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
