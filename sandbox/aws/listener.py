"""Where the pretend AWS listens: a thread for each connection, which lives for as many requests as the caller likes."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

_log = logging.getLogger(__name__)


class Requests(WSGIRequestHandler):
    """Keeps the connection open, as AWS does; werkzeug's own closes it after every answer.

    The application reads its whole input. A ConnectionError that it raises ends the connection without an answer.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """One request."""
        self.environ = self.make_environ()
        began: list[Any] = ["500 Internal Server Error", [("Content-Length", "0")]]

        def begin(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            began[:] = [status, headers]

        try:
            body = b"".join(self.server.app(self.environ, begin))
        except ConnectionError:
            self.close_connection = True
            return
        except Exception:
            _log.exception("%s %s failed", self.command, self.path)
            body = b""
        code, _, reason = began[0].partition(" ")
        self.send_response(int(code), reason)
        for name, value in began[1]:
            self.send_header(name, value)
        # Nobody read a body that came in chunks; what is left of it would be taken for the next request.
        if self.close_connection or "Transfer-Encoding" in self.headers:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: calls are recorded."""


class Listener(ThreadedWSGIServer):
    """Knows its open connections, and ends them when it is closed."""

    def __init__(self, host: str, port: int, app: Any) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(host, port, app, handler=Requests)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A connection begins."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection ends."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening, and read no more requests; answers that are under way may still be written."""
        super().server_close()
        with self._open_lock:
            for request in self._open:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RD)
