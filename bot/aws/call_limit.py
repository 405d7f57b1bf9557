"""A limit on calls that AWS counts strictly: so many may begin within a time, and not one more."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.ports import Clock


class CallLimit:
    """Lets never more than ``most`` calls begin within ``seconds``, for each key by itself, however slow the way is.

    When a call begins at AWS is not known here, only that it has begun when its answer comes: its place is free again
    so many seconds after that. ``pause`` waits some seconds. Thread-safe.
    """

    def __init__(self, most: int, seconds: float, clock: Clock, pause: Callable[[float], None]) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._places: dict[str, queue.PriorityQueue[float]] = {}

    @contextmanager
    def call(self, key: str) -> Iterator[None]:
        """Wait for a place, and keep it for the time of the call and so many seconds more."""
        places = self._places_of(key)
        wait = places.get() - self._clock.now()
        try:
            if wait > 0:
                # Never longer than a place is kept, even when the machine's clock was set back.
                self._pause(min(wait, self._seconds))
            yield
        finally:
            places.put(self._clock.now() + self._seconds)

    def _places_of(self, key: str) -> queue.PriorityQueue[float]:
        with self._lock:
            if key not in self._places:
                self._places[key] = queue.PriorityQueue()
                for _ in range(self._most):
                    self._places[key].put(0.0)
            return self._places[key]
