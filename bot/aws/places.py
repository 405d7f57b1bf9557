"""Places for queries that go on by themselves, of which only so many may run at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bot.ports import Clock


class Places:
    """At most ``most`` queries, each known by its id; one that nobody looked at for ``seconds`` has lost its place.

    They are kept in memory: after a restart a query has its place again as soon as it is looked at. Thread-safe.
    """

    def __init__(self, most: int, seconds: float, clock: Clock) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._beginning = 0
        self._seen: dict[str, float] = {}

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Whether there is a place for one that begins; until its id is known it is kept by whoever begins it."""
        with self._lock:
            oldest = self._clock.now() - self._seconds
            self._seen = {each: at for each, at in self._seen.items() if at > oldest}
            free = len(self._seen) + self._beginning < self._most
            self._beginning += free
        try:
            yield free
        finally:
            with self._lock:
                self._beginning -= free

    def keep(self, query_id: str) -> None:
        """It runs."""
        with self._lock:
            self._seen[query_id] = self._clock.now()

    def leave(self, query_id: str) -> None:
        """It runs no more."""
        with self._lock:
            self._seen.pop(query_id, None)
