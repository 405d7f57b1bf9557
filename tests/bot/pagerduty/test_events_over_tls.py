"""Events on a real wire: TLS that an authority vouches for, and a company's proxy."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Severity
from bot.errors import UpstreamError
from bot.pagerduty import EventsPager
from tests.bot.pagerduty.test_events import AT, KEYS, LINK, call


@contextlib.contextmanager
def tls_server(certified: Path) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A real HTTPS server that takes every event: its port, and the events."""
    events: list[dict[str, Any]] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified / "server.pem", certified / "server.key")

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps({"status": "success", "dedup_key": "d"}).encode()
            self.send_response(202)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that does not trust us hangs up, which is what the test wants

    server = Quiet(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with running(server.serve_forever, server.shutdown):
        yield server.server_address[1], events
    server.server_close()


@contextlib.contextmanager
def running(serve: Callable[[], object], stop: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(5)


@contextlib.contextmanager
def connect_proxy() -> Iterator[tuple[int, list[str]]]:
    """A company's proxy: joins one CONNECT with its destination; its port, and what was asked of it."""
    listening = socket.create_server(("127.0.0.1", 0))
    asked: list[str] = []

    def copy(source: socket.socket, destination: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                destination.sendall(piece)
            destination.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            near, _ = listening.accept()
            request = b""
            while b"\r\n\r\n" not in request:
                request += near.recv(4_096)
            asked.append(request.split(b"\r\n")[0].decode())
            host, _, port = asked[-1].split()[1].partition(":")
            with near, socket.create_connection((host, int(port))) as far:
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=copy, args=(far, near))
                back.start()
                copy(near, far)
                back.join(5)

    with listening, running(serve, lambda: None):
        yield listening.getsockname()[1], asked


def test_an_event_goes_over_real_tls_vouched_for_by_the_given_authority(certified: Path) -> None:
    with tls_server(certified) as (port, events):
        pager = EventsPager(KEYS.get, events_url=f"https://localhost:{port}", ca_file=str(certified / "authority.pem"))
        pager.trigger("", "d", call(severity=Severity.CRITICAL))
        pager.resolve("", "d", AT)
        pager.change("", "Deployed v2", {}, LINK, AT)
        pager.close()
    assert [event.get("event_action") for event in events] == ["trigger", "resolve", None]
    assert events[2]["payload"]["summary"] == "Deployed v2"


def test_a_server_nobody_vouches_for_gets_no_event(certified: Path) -> None:
    with tls_server(certified) as (port, events):
        pager = EventsPager(KEYS.get, events_url=f"https://localhost:{port}", pause=0.001)
        with pytest.raises(UpstreamError) as caught:
            pager.resolve("", "d", AT)
        pager.close()
    assert caught.value.retryable and events == []


def test_an_event_goes_through_the_proxy(certified: Path) -> None:
    with tls_server(certified) as (port, events), connect_proxy() as (proxy_port, asked):
        proxy = f"http://127.0.0.1:{proxy_port}"
        pager = EventsPager(
            KEYS.get, events_url=f"https://localhost:{port}", proxy=proxy, ca_file=str(certified / "authority.pem")
        )
        pager.resolve("", "d", AT)
        pager.close()
    assert asked == [f"CONNECT localhost:{port} HTTP/1.1"]
    assert [event["event_action"] for event in events] == ["resolve"]
