from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmarks.plan.proxy import HEAD_END, Proxy, body_length

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\n\r\n{}"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Gate:
    """Where requests wait until they are let through."""

    def __init__(self) -> None:
        self.waiting = 0
        self.opened = asyncio.Event()
        self.came = asyncio.Condition()

    async def wait(self) -> None:
        async with self.came:
            self.waiting += 1
            self.came.notify_all()
        await self.opened.wait()

    async def until(self, many: int) -> None:
        async with self.came:
            await asyncio.wait_for(self.came.wait_for(lambda: self.waiting == many), 5)


async def answer(caller: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
    """Answers each request of a connection."""
    try:
        while True:
            head = await caller.readuntil(HEAD_END)
            await caller.readexactly(body_length(head))
            back.write(ANSWER)
    except asyncio.IncompleteReadError:
        back.close()


@asynccontextmanager
async def connected(gate: Gate, many: int) -> AsyncIterator[list[Streams]]:
    """Connections to an answering server, through a proxy with a gate."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1], gate.wait)
    port = await proxy.start()
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(many)]
    yield streams
    for _, writer in streams:
        writer.close()
        await writer.wait_closed()
    proxy.stop()
    server.close()
    # Whoever served a connection ends with it.
    await asyncio.wait_for(asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}), 5)


async def answered(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readexactly(len(ANSWER)), 5)


def test_every_request_of_a_kept_connection_waits() -> None:
    async def tell() -> None:
        gate = Gate()
        gate.opened.set()
        async with connected(gate, 1) as [(reader, writer)]:
            for number in (1, 2, 3):
                writer.write(REQUEST)
                assert await answered(reader) == ANSWER
                assert gate.waiting == number

    asyncio.run(tell())


def test_requests_of_several_connections_wait_at_once() -> None:
    async def tell() -> None:
        gate = Gate()
        async with connected(gate, 3) as streams:
            for _, writer in streams:
                writer.write(REQUEST)
            await gate.until(3)
            gate.opened.set()
            assert [await answered(reader) for reader, _ in streams] == [ANSWER] * 3

    asyncio.run(tell())


def test_a_body_without_a_known_length_is_refused() -> None:
    assert body_length(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == 0
    with pytest.raises(ValueError, match="chunks"):
        body_length(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
