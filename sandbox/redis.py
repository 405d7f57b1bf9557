"""A pretend Redis: it answers PING and INFO, and refuses every other command.

https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from socketserver import StreamRequestHandler

MEBIBYTE = 1024 * 1024


class Redis:
    """What it tells of itself; ``used`` and ``limit`` are bytes."""

    def __init__(self) -> None:
        self.used = 379 * MEBIBYTE
        self.limit = 1024 * MEBIBYTE
        self.policy = "noeviction"
        self.clients = 34

    def serve(self, connection: StreamRequestHandler) -> None:
        """Answer until the client hangs up."""
        with contextlib.suppress(OSError, ValueError):
            for words in _commands(connection):
                connection.wfile.write(self._answer(words[0].upper()))

    def _answer(self, command: str) -> bytes:
        if command == "PING":
            return b"+PONG\r\n"
        if command == "INFO":
            text = self._info().encode()
            return b"$%d\r\n%s\r\n" % (len(text), text)
        return f"-ERR the sandbox's Redis does not know {command}\r\n".encode()

    def _info(self) -> str:
        told = {
            "redis_version": "7.1.0",
            "role": "master",
            "uptime_in_seconds": 1_814_400,
            "connected_clients": self.clients,
            "maxclients": 65_000,
            "blocked_clients": 0,
            "used_memory": self.used,
            "maxmemory": self.limit,
            "maxmemory_policy": self.policy,
            "keyspace_hits": 910_000,
            "keyspace_misses": 90_000,
            "evicted_keys": 0,
            "rejected_connections": 0,
        }
        return "".join(f"{name}:{value}\r\n" for name, value in told.items())


def _commands(connection: StreamRequestHandler) -> Iterator[list[str]]:
    """Each command as its words; clients send them as arrays of bulk strings."""
    while line := connection.rfile.readline():
        words = []
        for _ in range(int(line[1:])):
            size = int(connection.rfile.readline()[1:])
            words.append(connection.rfile.read(size + 2)[:size].decode())
        yield words
