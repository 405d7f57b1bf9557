"""What a graph shows, as plain values; ``bot.graphs`` draws it. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.cloud import Datapoint


class MarkKind(StrEnum):
    """What happened at a marked moment."""

    DEPLOYMENT = "deployment"
    SCALING = "scaling"
    ALARM = "alarm"
    OK = "ok"
    INCIDENT = "incident"


@dataclass(frozen=True)
class Mark:
    """A moment that is marked; ``label`` says what happened in a few words."""

    at: float
    label: str
    kind: MarkKind


@dataclass(frozen=True)
class Series:
    """One line: its values, oldest first. ``period`` is the seconds between two of them, 0 when not known.

    A ``faint`` one is there to be compared with, such as the same hours of the day before.
    """

    label: str
    points: tuple[Datapoint, ...]
    period: float = 0.0
    faint: bool = False


BANDS = (
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
"""CloudWatch's comparisons with an anomaly band, which stands in the place of a threshold."""


@dataclass(frozen=True)
class Threshold:
    """Where an alarm goes off; ``comparison`` is CloudWatch's own word, such as GreaterThanThreshold."""

    value: float
    comparison: str = ""

    @property
    def is_above(self) -> bool:
        """True when high values are the bad ones."""
        return not self.comparison.startswith("LessThan")

    @property
    def sign(self) -> str:
        """The comparison as a sign."""
        equal = "OrEqualTo" in self.comparison
        return ("≥" if equal else ">") if self.is_above else ("≤" if equal else "<")


@dataclass(frozen=True)
class Graph:
    """One panel over ``start`` to ``end``, whose times are shown in the IANA ``zone``.

    ``unit`` is "%", "s", "ms", "B" or a word, or empty. ``thresholds`` begin with the one that is reached first.
    """

    title: str
    series: tuple[Series, ...]
    start: float
    end: float
    unit: str = ""
    thresholds: tuple[Threshold, ...] = ()
    marks: tuple[Mark, ...] = ()
    zone: str = "UTC"
