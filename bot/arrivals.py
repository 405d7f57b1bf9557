"""How busy the doors are; work waits until those who came in have been answered."""

from __future__ import annotations

import time

ANSWER_FIRST = 0.02
"""Seconds of calm after the last arrival before work is spread over all threads: acknowledgements have a
deadline of three seconds, work has none, and in one Python process they share one core."""
CROWD = 300.0
"""Arrivals within about a second that count as a flood rather than as twenty people at once, or as a storm of alarms
whose headlines are waited for; while it lasts work only trickles, since work that slows the arrivals down would
otherwise look like calm."""


class Arrivals:
    """How busy the door is: when somebody last came, and about how many within the last second."""

    def __init__(self) -> None:
        self._last = 0.0
        self._crowd = 0.0

    def count(self, many: int = 1) -> None:
        """So many came in at once."""
        now = time.monotonic()
        self._crowd = self._crowd * 0.5 ** min(60.0, now - self._last) + many
        self._last = now

    def calm_in(self) -> float:
        """Seconds until it is calm, if nobody else comes."""
        since = time.monotonic() - self._last
        flood = self._crowd * 0.5 ** min(60.0, since) > CROWD
        return max(0.0, (1.0 if flood else ANSWER_FIRST) - since)
