"""The alarm's own metric against its threshold."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.domain import Account, Fact, Finding
from bot.ports import World
from bot.steps.base import ReadingStep, Scene

SPARKS = "▁▂▃▄▅▆▇█"
OPERATORS = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at or above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at or below",
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
        limit = f"{OPERATORS.get(metric.comparison, metric.comparison)} {_number(metric.threshold)}"
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
        line = f"{_spark(values[-40:])}  last {self.minutes} min,{of} every {metric.period} s"
        says = ":" if metric.label else " is"
        return Finding(
            step=self.do,
            title="Metric",
            summary=f"{name}{says} {_number(last)}; alarm when {limit}; highest {_number(peak)}",
            lines=(line,),
            facts=(Fact(name="metric.last", value=last), Fact(name="metric.max", value=peak)),
            weight=25,
        )


def _number(value: float | None) -> str:
    return "its band" if value is None else f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _spark(values: list[float]) -> str:
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(SPARKS[min(7, int((value - low) / span * 8))] for value in values)
