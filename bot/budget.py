"""A budget of calls: one every so often, with a few saved up. Pure; the caller brings the time."""

from __future__ import annotations

import threading


class Budget:
    """Hands out instants at which a call may be made, for each key by itself (generic cell rate algorithm).

    ``every`` is the sustained pace in seconds, ``burst`` how many calls may be saved up. Thread-safe.
    """

    def __init__(self, every: float, burst: int) -> None:
        self._every = every
        self._slack = every * (burst - 1)
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def reserve(self, key: str, now: float) -> float:
        """The instant (seconds, at least ``now``) at which the caller may go; it is his and nobody else's."""
        with self._lock:
            at = max(now, self._next.get(key, 0.0) - self._slack)
            self._next[key] = max(now, self._next.get(key, 0.0)) + self._every
            return at
