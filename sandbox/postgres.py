"""A pretend PostgreSQL that knows nothing but how many connections it has.

It speaks as much of the protocol as a client needs that asks one question in a read-only transaction.
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence
from socketserver import StreamRequestHandler

_NO_ENCRYPTION = (80877103, 80877104)
"""What a client sends that would like TLS, or GSSAPI."""
_TEXT, _BIGINT = 25, 20
_PASSWORD = 3


class Postgres:
    """``open``, ``active`` and ``most`` are connections; nobody gets in without ``password``."""

    def __init__(self) -> None:
        self.password = ""
        self.open = 42
        self.active = 6
        self.most = 197

    def serve(self, connection: StreamRequestHandler) -> None:
        """Answer one client until it goes."""
        with contextlib.suppress(OSError, struct.error):
            if self._greeted(connection):
                self._answer_all(connection)

    def _greeted(self, connection: StreamRequestHandler) -> bool:
        length, code = struct.unpack("!II", connection.rfile.read(8))
        while code in _NO_ENCRYPTION:
            connection.wfile.write(b"N")
            length, code = struct.unpack("!II", connection.rfile.read(8))
        connection.rfile.read(length - 8)
        connection.wfile.write(_message(b"R", struct.pack("!I", _PASSWORD)))
        _, said = next(_messages(connection), (b"", b""))
        if said.rstrip(b"\0").decode() != self.password:
            connection.wfile.write(_error("28P01", "password authentication failed"))
            return False
        told = {"server_version": "16.4", "client_encoding": "UTF8", "standard_conforming_strings": "on"}
        settings = b"".join(_message(b"S", _words(name, value)) for name, value in told.items())
        connection.wfile.write(_message(b"R", struct.pack("!I", 0)) + settings + _ready())
        return True

    def _answer_all(self, connection: StreamRequestHandler) -> None:
        query, failed = "", False
        for kind, body in _messages(connection):
            if kind == b"S":
                failed = False
                connection.wfile.write(_ready())
            elif kind == b"Q":
                query = body.rstrip(b"\0").decode()
                connection.wfile.write(self._described(query) + self._executed(query) + _ready())
            elif not failed:
                if kind == b"P":
                    query = body.split(b"\0")[1].decode()
                answer = self._step(kind, query)
                failed = answer.startswith(b"E")
                connection.wfile.write(answer)

    def _step(self, kind: bytes, query: str) -> bytes:
        """Parse, Bind, Describe, Execute and Close, each by itself."""
        if kind == b"D":
            return self._described(query)
        if kind == b"E":
            return self._executed(query)
        return {b"P": _message(b"1"), b"B": _message(b"2"), b"C": _message(b"3")}.get(kind, b"")

    def _described(self, query: str) -> bytes:
        columns = self._columns(query)
        return _columns(columns) if columns else _message(b"n") if _is_begin(query) else _error("0A000", _ONLY)

    def _executed(self, query: str) -> bytes:
        if _is_begin(query):
            return _message(b"C", _words("BEGIN"))
        columns = self._columns(query)
        if not columns:
            return _error("0A000", _ONLY)
        values = [value for _, _, value in columns]
        return _row(values) + _message(b"C", _words("SELECT 1"))

    def _columns(self, query: str) -> list[tuple[str, int, str]]:
        """Name, type and value of what a question is answered with; nothing for one it does not know."""
        if "max_connections" in query:
            counts = {"open": self.open, "active": self.active, "most": self.most}
            return [(name, _BIGINT, str(count)) for name, count in counts.items()]
        return [("set_config", _TEXT, "")] * query.count("set_config")


_ONLY = "the sandbox's PostgreSQL only counts its connections"


def _is_begin(query: str) -> bool:
    return query.lstrip().upper().startswith("BEGIN")


def _messages(connection: StreamRequestHandler) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of what the client sends, until it terminates."""
    while (kind := connection.rfile.read(1)) not in (b"", b"X"):
        (length,) = struct.unpack("!I", connection.rfile.read(4))
        yield kind, connection.rfile.read(length - 4)


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _words(*words: str) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)


def _ready() -> bytes:
    return _message(b"Z", b"I")


def _error(code: str, text: str) -> bytes:
    return _message(b"E", _words("SERROR", f"C{code}", f"M{text}") + b"\0")


def _columns(columns: Sequence[tuple[str, int, str]]) -> bytes:
    each = [_words(name) + struct.pack("!IhIhih", 0, 0, kind, -1, -1, 0) for name, kind, _ in columns]
    return _message(b"T", struct.pack("!h", len(each)) + b"".join(each))


def _row(values: Sequence[str]) -> bytes:
    each = [struct.pack("!I", len(value.encode())) + value.encode() for value in values]
    return _message(b"D", struct.pack("!h", len(each)) + b"".join(each))
