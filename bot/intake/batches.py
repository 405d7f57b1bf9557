"""From many requests at once to one write: what arrives while others are being stored goes together, next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from bot.intake.delivery import Accept, Delivery

MOST = 64
"""Deliveries in one batch: whoever came first waits for the last of it."""


class Batches:
    """Stores deliveries for the coroutines of one event loop; a batch at a time, in a thread, in order of arrival."""

    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._waiting: deque[tuple[Delivery, asyncio.Future[bool]]] = deque()
        self._storing: asyncio.Task[None] | None = None

    async def store(self, delivery: Delivery) -> bool:
        """True when it is new, False when it was known. Raises why it could not be stored."""
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, outcome))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store())
        return await outcome

    async def _store(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                found = await self._accepted([delivery for delivery, _ in batch])
                for (_, outcome), result in zip(batch, found, strict=True):
                    _tell(outcome, result)
        finally:
            self._storing = None

    async def _accepted(self, deliveries: Sequence[Delivery]) -> Sequence[bool | Exception]:
        try:
            return await run_in_threadpool(self._accept, deliveries)
        except Exception as error:
            return [error] * len(deliveries)


def _tell(outcome: asyncio.Future[bool], result: bool | Exception) -> None:
    if outcome.done():  # whoever asked has gone
        return
    if isinstance(result, Exception):
        outcome.set_exception(result)
    else:
        outcome.set_result(result)
