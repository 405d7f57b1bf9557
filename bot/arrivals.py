"""How busy the doors are; work waits until those who came in have been answered, and trickles while more come."""

from __future__ import annotations

import time

ANSWER_FIRST = 0.02
"""Seconds of calm after the last arrival before work is spread over all threads: acknowledgements have a
deadline of three seconds, work has none, and in one Python process they share one core."""
CROWD = 300.0
"""Arrivals within about a second that count as a flood rather than as twenty people at once, or as a storm of alarms
whose headlines are waited for; while it lasts work only trickles, since work that slows the arrivals down would
otherwise look like calm."""
TRICKLE = 1.0
"""Seconds at most between two pieces of work started while arrivals keep coming."""
SHARE = 0.05
"""How much of the processor work may take while arrivals keep coming: a storm of alarms may last for minutes."""


class Arrivals:
    """When somebody last came, about how many within the last second, and what work took meanwhile."""

    def __init__(self) -> None:
        self._last = 0.0
        self._crowd = 0.0
        self._began = 0.0
        self._took = TRICKLE

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

    def work_began(self) -> None:
        """Some work was started."""
        self._began, self._took = time.monotonic(), TRICKLE

    def work_took(self, seconds: float) -> None:
        """A piece of it has ended, and took that much of the processor."""
        self._took = max(seconds, ANSWER_FIRST * SHARE)

    def work_in(self) -> float:
        """Seconds until work may start; 0 when arrivals have paused, or one piece is due in between."""
        trickle = self._began + min(TRICKLE, self._took / SHARE) - time.monotonic()
        return max(0.0, min(self.calm_in(), trickle))
