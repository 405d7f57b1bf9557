"""A signal of a service: what is read from CloudWatch for one panel, and what came back. Times are epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cloud import Datapoint
from bot.domain import AlarmMetric
from bot.graph import Threshold


@dataclass(frozen=True)
class Line:
    """One line of a signal: a metric, or the sum of several (of two target groups, say).

    AWS reports many counts only where they are not zero: where the metrics ``of`` (requests, say) have values, missing
    ones are 0. With ``share`` the line is the percentage of those; ``per_minute`` makes counts of any period alike.
    """

    label: str
    metrics: tuple[AlarmMetric, ...]
    of: tuple[AlarmMetric, ...] = ()
    share: bool = False
    per_minute: bool = False

    @property
    def statistic(self) -> str:
        """The statistic of its metrics, as p95 or Sum."""
        return self.metrics[0].statistic


@dataclass(frozen=True)
class Signal:
    """One panel. ``name`` is the word people type; ``group`` one that means several signals.

    ``lines`` begin with the one that matters most. ``unit`` is as ``bot.graph.Graph`` has it.
    """

    name: str
    title: str
    lines: tuple[Line, ...]
    unit: str = ""
    group: str = ""


@dataclass(frozen=True)
class Limit:
    """The threshold of an alarm in the unit of the signal, and the alarm's name."""

    alarm: str
    threshold: Threshold


@dataclass(frozen=True)
class Reading:
    """A signal with its values, oldest first: of each line in its order, and of the day before, moved to this one.

    ``before`` is empty when it was not asked for. ``period`` is the seconds of one value. ``limits`` begin with the one
    that is reached first.
    """

    signal: Signal
    points: tuple[tuple[Datapoint, ...], ...]
    before: tuple[tuple[Datapoint, ...], ...] = ()
    period: int = 60
    limits: tuple[Limit, ...] = ()

    @property
    def first(self) -> int:
        """The place of the line that is told in full: the first that has values."""
        return next((place for place, points in enumerate(self.points) if points), 0)

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """The thresholds of its alarms, each once though several alarms have it, in the order of ``limits``."""
        return tuple({(each.threshold.value, each.threshold.sign): each.threshold for each in self.limits}.values())

    @property
    def is_empty(self) -> bool:
        """True when CloudWatch had no value for any line."""
        return not any(self.points)
