"""An SQS that costs next to nothing: one queue at a time, in memory, over SQS's own JSON protocol.

The sandbox's looks through the whole queue for every message; with a thousand waiting, that would be all there is to
measure.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Iterable
from typing import Any

from benchmarks.ack.load import HEADER_END

LONGEST_POLL = 1.0
"""Seconds an empty queue keeps a long poll waiting."""


class LeanSqs:
    """Runs in the caller's event loop. A message that was handed out and not deleted is never handed out again."""

    def __init__(self) -> None:
        self.url = ""
        self._waiting: deque[str] = deque()
        self._in_hand: set[str] = set()
        self._numbers = itertools.count()

    @property
    def left(self) -> int:
        """Messages that nobody has deleted."""
        return len(self._waiting) + len(self._in_hand)

    def fill(self, bodies: Iterable[str]) -> None:
        """Forget what is there, and hold these."""
        self._waiting, self._in_hand = deque(bodies), set()

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening."""
        self._server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(HEADER_END)).decode()
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                asked = json.loads(await reader.readexactly(int(fields["content-length"])))
                answer = json.dumps(await self._answer(fields["x-amz-target"], asked)).encode()
                kind = "Content-Type: application/x-amz-json-1.0\r\n"
                writer.write(f"HTTP/1.1 200 OK\r\n{kind}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    async def _answer(self, target: str, asked: dict[str, Any]) -> dict[str, Any]:
        operation = target.rpartition(".")[2]
        if operation == "receivemessage":
            asked_of = self._waiting
            if not asked_of:
                await asyncio.sleep(LONGEST_POLL)
            if self._waiting is not asked_of:  # whoever asked is gone, and the queue is the next one's
                return {"Messages": []}
            return {"Messages": [self._handed_out() for _ in range(min(10, len(self._waiting)))]}
        if operation == "deletemessagebatch":
            self._in_hand -= {entry["ReceiptHandle"] for entry in asked["Entries"]}
            return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]], "Failed": []}
        if operation == "getqueueattributes":
            return {"Attributes": {"VisibilityTimeout": "30"}}
        return {"Successful": [], "Failed": []}

    def _handed_out(self) -> dict[str, str]:
        number = str(next(self._numbers))
        self._in_hand.add(number)
        return {"MessageId": number, "ReceiptHandle": number, "Body": self._waiting.popleft()}
