"""The sandbox's own time: it can be frozen, advanced and sped up, so that an hour of AWS passes in a test."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch as the pretend services see them.

    Reads are cheap and thread-safe. The clock never goes back: changing the speed or freezing keeps the
    instant reached so far.
    """

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._real = time.monotonic()
        self._base = time.time() if start is None else start
        self._speed = speed

    def now(self) -> float:
        """The current instant, in seconds since the epoch."""
        with self._lock:
            return self._base + (time.monotonic() - self._real) * self._speed

    def datetime(self) -> datetime:
        """The current instant as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now(), UTC)

    @property
    def speed(self) -> float:
        """How many of the sandbox's seconds pass in one real second; 0 is frozen."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Change the pace from now on; 0 freezes. Raises ValueError when negative."""
        if speed < 0:
            raise ValueError("the clock cannot run backwards")
        with self._lock:
            real = time.monotonic()
            self._base += (real - self._real) * self._speed
            self._real = real
            self._speed = speed

    def freeze(self) -> None:
        """Stop at the current instant; ``advance`` still moves it."""
        self.set_speed(0)

    def advance(self, seconds: float) -> None:
        """Jump forward by so many seconds. Raises ValueError when negative."""
        if seconds < 0:
            raise ValueError("the clock cannot run backwards")
        with self._lock:
            self._base += seconds
