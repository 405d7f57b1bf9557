"""Live updates for the page: server-sent events with a bounded memory."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

KEPT = 2_000
"""Events that a page which lost its connection can still catch up with."""

_QUIET = 15.0
"""Seconds after which a comment keeps the connection alive."""


class Stream:
    """Everything that happened, for everybody who listens. Used by the server's thread only."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, frozenset[str] | None, bytes]] = deque(maxlen=KEPT)
        self._listeners: set[tuple[str, asyncio.Queue[bytes | None]]] = set()
        self._last = 0

    def tell(self, kind: str, payload: dict[str, Any], audience: frozenset[str] | None = None) -> None:
        """Send an event to the users of ``audience``; None is everybody."""
        self._last += 1
        line = f"id: {self._last}\nevent: {kind}\ndata: {json.dumps(payload)}\n\n".encode()
        self._kept.append((self._last, audience, line))
        for user, queue in self._listeners:
            if audience is None or user in audience:
                queue.put_nowait(line)

    def close(self) -> None:
        """End every connection."""
        for _, queue in self._listeners:
            queue.put_nowait(None)

    async def serve(self, request: Request) -> Response:
        """GET /client/stream?user=U0ALICE, resumed after ``Last-Event-ID``."""
        user = request.query_params.get("user", "")
        after = request.headers.get("last-event-id", "")
        missed = [
            line
            for number, audience, line in self._kept
            if after.isdecimal() and number > int(after) and (audience is None or user in audience)
        ]
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._lines(user, missed), media_type="text/event-stream", headers=headers)

    async def _lines(self, user: str, missed: list[bytes]) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        listener = (user, queue)
        self._listeners.add(listener)
        try:
            yield b": hello\n\n" + b"".join(missed)
            while True:
                try:
                    line = await asyncio.wait_for(queue.get(), _QUIET)
                except TimeoutError:
                    line = b": still here\n\n"
                if line is None:
                    return
                yield line
        finally:
            self._listeners.discard(listener)
