"""How a service does: one verdict for each thing that was looked at, and the light that the worst of them gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from bot.domain import Target


class Light(IntEnum):
    """How bad it is; the greatest of several counts. AMBER is also what could not be looked at."""

    GREEN = 0
    AMBER = 1
    RED = 2


@dataclass(frozen=True)
class Verdict:
    """What one look found, in a few words of mrkdwn in which foreign text is escaped."""

    light: Light
    text: str


@dataclass(frozen=True)
class Condition:
    """A service with the verdicts on it, in the order in which they are looked at."""

    target: Target
    verdicts: tuple[Verdict, ...]

    @property
    def light(self) -> Light:
        """That of the worst verdict."""
        return worst(self.verdicts)


def worst(verdicts: Sequence[Verdict]) -> Light:
    """The greatest light; GREEN of none."""
    return max((verdict.light for verdict in verdicts), default=Light.GREEN)
