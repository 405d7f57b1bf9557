"""The alarm's own metric against its threshold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Literal

from pydantic import Field

from bot.domain import Account, AlarmMetric, Fact, Finding
from bot.metric_units import suffix, unit_of
from bot.ports import World
from bot.sparks import spark
from bot.steps.base import ReadingStep, Scene, figure

OPERATORS = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at or above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at or below",
}

BEYOND: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class AlarmMetricStep(ReadingStep):
    """The values that made the alarm fire."""

    do: Literal["alarm_metric"]
    minutes: int = Field(default=60, ge=5, le=1440, description="How far back.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the alarm has no metric of its own (a composite, or one that could not be read)."""
        metric = scene.alarm.metric
        if metric is None:
            return None
        # The result of math has whatever unit the math gives it.
        unit = "" if metric.expression else suffix(unit_of(metric.namespace, metric.name, metric.statistic))
        limit = f"{OPERATORS.get(metric.comparison, metric.comparison) or 'at'} {_number(metric.threshold, unit)}"
        account = scene.target.account if scene.target else Account(region=scene.alarm.region)
        start, end = scene.at - self.minutes * 60, scene.at + 60
        name = metric.name
        if metric.expression or not metric.name:
            name = metric.label or metric.expression or "The metric"
            points = world.metrics.watched(account, scene.alarm.name, start=start, end=end)
        else:
            points = world.metrics.series(account, metric, start=start, end=end)
        if not points:
            summary = f"{name} has no data in the last {self.minutes} min (alarm when {limit})."
            return Finding(step=self.do, title="Metric", summary=summary, weight=10)
        values = [point.value for point in points]
        last, peak = values[-1], max(values)
        of = f" {metric.statistic}" if metric.statistic and not metric.expression else ""
        line = f"{spark(values)}  last {self.minutes} min,{of} every {metric.period} s"
        says = ":" if metric.label else " is"
        return Finding(
            step=self.do,
            title="Metric",
            summary=f"{name}{says} {_number(last, unit)}; alarm when {limit}; highest {_number(peak, unit)}",
            lines=(line,),
            facts=(
                Fact(name="metric.last", value=last),
                Fact(name="metric.max", value=peak),
                *_breaching_for(values, metric),
            ),
            weight=25,
        )


def _breaching_for(values: Sequence[float], metric: AlarmMetric) -> tuple[Fact, ...]:
    """For how many seconds the latest values have been beyond the threshold; nothing where that is a band."""
    is_beyond = BEYOND.get(metric.comparison)
    if is_beyond is None or metric.threshold is None:
        return ()
    threshold = metric.threshold
    latest = list(takewhile(lambda value: is_beyond(value, threshold), reversed(values)))
    return (Fact(name="metric.breaching_for", value=float(len(latest) * metric.period)),)


def _number(value: float | None, unit: str) -> str:
    return "its band" if value is None else figure(value) + unit
