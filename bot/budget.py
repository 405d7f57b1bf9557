"""A budget of calls: one every so often, with a few saved up. Pure; the caller brings the time."""

from __future__ import annotations

import threading
from dataclasses import dataclass

LATE = 10.0
"""Seconds after its instant for which a place in a line is kept; whoever has not come by then has given it up."""

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


@dataclass
class _Waiting:
    rank: int
    number: int
    at: float

    @property
    def place(self) -> tuple[int, int]:
        return self.rank, self.number


class Turns:
    """A budget whose calls are given to the most urgent first; those who wait ask again at the instant they are told.

    Each key has a line of its own. Nothing is promised: whoever is more urgent and comes later goes first, and the
    others are told a later instant when they ask again. Thread-safe.
    """

    def __init__(self, every: float, burst: int) -> None:
        self._every = every
        self._slack = every * (burst - 1)
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}
        self._lines: dict[str, dict[str, _Waiting]] = {}
        self._number = 0
        self._seen = 0.0

    def ask(self, key: str, who: str, rank: int, now: float) -> float:
        """The instant at which ``who`` is to ask again; ``now`` when it is his turn. The lowest rank goes first."""
        with self._lock:
            if now < self._seen - LATE:
                # The clock was set back: what is known lies in its future.
                self._next.clear()
                self._lines.clear()
            self._seen = now
            line = self._lines.setdefault(key, {})
            for other in [name for name, each in line.items() if each.at + LATE < now]:
                del line[other]
            self._number += 1
            mine = line.setdefault(who, _Waiting(rank, self._number, now))
            mine.rank = rank
            ahead = sum(each.place < mine.place for each in line.values())
            since = max(now, self._next.get(key, 0.0))
            mine.at = max(now, since + ahead * self._every - self._slack)
            if mine.at <= now:
                del line[who]
                self._next[key] = since + self._every
            return mine.at

    def hold(self, key: str, who: str, rank: int, until: float) -> None:
        """The service did not take the call of ``who``, who keeps his place; nobody goes before that instant."""
        with self._lock:
            self._next[key] = max(self._next.get(key, 0.0), until + self._slack)
            self._lines.setdefault(key, {})[who] = _Waiting(rank, 0, until)
