"""A budget of calls: one every so often, with a few saved up. Pure; the caller brings the time."""

from __future__ import annotations

import threading

SET_BACK = 1.0
"""Seconds from which on a time before the last one is no matter of threads overtaking each other."""


class Budget:
    """Hands out instants at which a call may be made, for each key by itself (generic cell rate algorithm).

    ``every`` is the sustained pace in seconds, ``burst`` how many calls may be saved up. Thread-safe.
    """

    def __init__(self, every: float, burst: int) -> None:
        self._every = every
        self._slack = every * (burst - 1)
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}
        self._now = 0.0

    def reserve(self, key: str, now: float) -> float:
        """The instant (seconds, at least ``now``) at which the caller may go; it is his and nobody else's."""
        with self._lock:
            if now < self._now - SET_BACK:
                # The machine's clock was set back; nobody waits until it has caught up.
                self._next.clear()
            self._now = now
            at = max(now, self._next.get(key, 0.0) - self._slack)
            self._next[key] = max(now, self._next.get(key, 0.0)) + self._every
            return at
