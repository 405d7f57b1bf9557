"""Places for queries that go on by themselves, of which only so many may run at once, and fewer of one person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial

from bot.errors import UpstreamError
from bot.ports import Clock
from bot.telemetry import IN_LINE

OF_ONE = 2
"""Queries that one person may have running at a time."""


class QueryPlaces:
    """At most ``most`` queries, OF_ONE of them one person's; one that nobody looks at loses its place.

    That is after ``seconds``. They are kept in memory: after a restart a query has its place again as soon as it is
    looked at, though nobody knows any more whose it is. Thread-safe.
    """

    def __init__(self, most: int, seconds: float, clock: Clock) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[Hashable, tuple[str, float]] = {}
        self._ended: dict[str, float] = {}

    @contextmanager
    def one(self, user: str) -> Iterator[Callable[[str], None]]:
        """A place for a query of a user that begins; called with the query's id, what it gives keeps the place.

        Raises a retryable UpstreamError (IN_LINE) while there is none.
        """
        beginning = object()
        with self._lock:
            self._forget()
            users = [each for each, _ in self._running.values()]
            if users.count(user) >= OF_ONE:
                raise _in_line("Two of your searches run in Logs Insights")
            if len(users) >= self._most:
                raise _in_line(f"I already run {self._most} searches in Logs Insights")
            self._running[beginning] = user, self._clock.now()
        try:
            yield partial(self._keep, beginning)
        finally:
            with self._lock:
                self._running.pop(beginning, None)

    def looked_at(self, query_id: str) -> None:
        """It runs, unless somebody else knows already that it has ended."""
        with self._lock:
            if query_id not in self._ended:
                user, _ = self._running.get(query_id, ("", 0.0))
                self._running[query_id] = user, self._clock.now()

    def leave(self, query_id: str) -> None:
        """It runs no more."""
        with self._lock:
            self._running.pop(query_id, None)
            self._ended[query_id] = self._clock.now()

    def has_ended(self, query_id: str) -> bool:
        """Whether it is known to run no more."""
        with self._lock:
            return query_id in self._ended

    def _keep(self, beginning: Hashable, query_id: str) -> None:
        with self._lock:
            self._running[query_id] = self._running.pop(beginning)

    def _forget(self) -> None:
        oldest = self._clock.now() - self._seconds
        self._running = {each: (user, at) for each, (user, at) in self._running.items() if at > oldest}
        self._ended = {each: at for each, at in self._ended.items() if at > oldest}


def _in_line(ahead: str) -> UpstreamError:
    return UpstreamError(f"{ahead}; this one goes on as soon as one of them ends.", retryable=True, code=IN_LINE)
