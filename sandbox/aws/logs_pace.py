"""How much of a long job is due: it goes on whenever somebody looks, as far as the sandbox's clock has come."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.aws.logs_store import now_ms


@dataclass(frozen=True)
class Pace:
    """Records a job gets through in a second of the sandbox's clock.

    A look takes at least ``least``, so that a job ends under a clock that stands, too; and ``most``, so that whoever
    looks has an answer soon.
    """

    per_second: int
    least: int
    most: int

    def due(self, began: int, done: int) -> int:
        """How many records to take now, of a job that began then (ms) and has taken so many."""
        behind = (now_ms() - began) * self.per_second // 1000 - done
        return min(max(behind, self.least), self.most)
