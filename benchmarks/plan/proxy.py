"""A network that is slow and never crowded: every HTTP request waits, and all of them wait at once.

A connection stays open for many requests, each of which is held up by itself; nothing is limited.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from functools import partial

HEAD_END = b"\r\n\r\n"


def body_length(head: bytes) -> int:
    """How many bytes follow the head of a request. Raises ValueError when they come in chunks."""
    headers = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    named = {name.strip().lower(): value.strip() for name, _, value in headers}
    if b"transfer-encoding" in named:
        raise ValueError("a body in chunks has no length")
    return int(named.get(b"content-length", b"0"))


class Proxy:
    """Passes connections on to ``127.0.0.1:upstream``; ``wait`` is awaited once for each request."""

    def __init__(self, upstream: int, wait: Callable[[], Awaitable[None]]) -> None:
        self._upstream = upstream
        self._wait = wait
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free port; returns it."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()

    async def _connected(self, caller: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answers, forth = await asyncio.open_connection("127.0.0.1", self._upstream)
        answering = asyncio.create_task(_pour(answers, back))
        try:
            while True:
                head = await caller.readuntil(HEAD_END)
                body = await caller.readexactly(body_length(head))
                await self._wait()
                forth.write(head + body)
                await forth.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            forth.close()
        await answering


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()
    sink.close()


async def _serve(upstream: int, latencies: list[float]) -> None:
    proxies = [Proxy(upstream, partial(asyncio.sleep, each)) for each in latencies]
    print(*[await proxy.start() for proxy in proxies], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    # The port behind, then the latencies in seconds: a port for each is printed.
    asyncio.run(_serve(int(sys.argv[1]), [float(word) for word in sys.argv[2:]]))
