"""A real web server that stands for GitHub's API, below the path of a GitHub Enterprise Server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], Any]


class Server:
    """Answers each address as a test says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Callable[[dict[str, str]], Answer]] = {}
        self.asked: list[tuple[str, dict[str, str], Any, dict[str, str]]] = []
        server = self

        class Request(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                address = urlsplit(self.path)
                place = f"{self.command} {address.path}"
                query = {name: values[-1] for name, values in parse_qs(address.query).items()}
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")
                server.asked.append((place, query, body, dict(self.headers)))
                page = server.pages[place]
                status, headers, told = page(query) if callable(page) else page
                if status == 0:
                    self.close_connection = True
                    return
                answer = b"" if status == 204 else told.encode() if isinstance(told, str) else json.dumps(told).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def log_message(self, *_: Any) -> None:
                """The tests read what pytest prints, not an access log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api/v3"

    def says(self, place: str, told: Any, status: int = 200, **headers: str) -> None:
        """Answer with JSON, or with a text; status 0 hangs up."""
        self.pages[place] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, told)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
