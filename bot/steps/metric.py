"""A CloudWatch metric of the last minutes or hours, against what counts as bad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from bot.cloud import Datapoint
from bot.domain import AlarmMetric, Finding
from bot.metric_units import suffix, unit_of
from bot.ports import World
from bot.sparks import spark
from bot.steps.base import NamedStep, Scene, account_of, figure
from bot.steps.places import applies, fill

BAD_WEIGHT, WEIGHT = 60, 15
_COUNTED = ("Sum", "SampleCount")
_FEWEST = 6
"""Points below which a third says nothing about growth."""


class MetricStep(NamedStep):
    """Any metric. Dimensions and names may hold placeholders."""

    do: Literal["metric"]
    namespace: str = Field(min_length=1, max_length=255, description="Namespace, as in AWS/ECS.")
    metric: str = Field(min_length=1, max_length=255, description="Name of the metric.")
    dimensions: dict[str, str] = Field(default_factory=dict, max_length=30, description="Dimensions and their values.")
    stat: str = Field(
        default="Average",
        pattern=r"^(Average|Sum|Minimum|Maximum|SampleCount|IQM|(p|tm|wm|tc|ts)\d{1,2}(\.\d{1,10})?|p100)$",
        description="Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p95.",
    )
    period: int = Field(default=60, ge=60, le=86_400, multiple_of=60, description="Seconds of one value.")
    minutes: int = Field(default=60, ge=1, le=20_160, description="How far back.")
    above: float | None = Field(default=None, description="Values above this are bad.")
    below: float | None = Field(default=None, description="Values below this are bad.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when a placeholder is for another kind of service."""
        if not applies(scene, self.namespace, self.metric, *self.dimensions.values()):
            return None
        asked = AlarmMetric(
            namespace=fill(self.namespace, scene, world),
            name=fill(self.metric, scene, world),
            dimensions={name: fill(value, scene, world) for name, value in self.dimensions.items()},
            statistic=self.stat,
            period=self.period,
        )
        # On the hour, as it were: a window that cuts a period in two makes its first value too small.
        start = (scene.at - self.minutes * 60) // self.period * self.period
        points = world.metrics.series(account_of(scene), asked, start=start, end=scene.at + 60)
        title = self.title or asked.name
        if not points:
            of = ", ".join(f"{name}={value}" for name, value in asked.dimensions.items())
            summary = f"{asked.namespace} {asked.name} ({of or 'no dimensions'}) has no {self.stat}"
            summary += f" in the last {self.minutes} min."
            return Finding(step=self.do, title=title, summary=summary, weight=0)
        return self._found(title, points, scene.at, suffix(unit_of(asked.namespace, asked.name, self.stat)))

    def _found(self, title: str, points: Sequence[Datapoint], now: float, unit: str) -> Finding:
        values = [point.value for point in points]
        ended = values
        if self.stat in _COUNTED and len(values) > 1 and points[-1].at + self.period > now:
            # What is still being counted is small, and would read as a drop.
            ended = values[:-1]
        last, grown = ended[-1], growth(ended)
        bad = self._bad(ended[-3:], unit)
        told = f"{self.stat} is {figure(last)}{unit}, between {figure(min(values))} and {figure(max(values))}{unit}"
        if grown:
            told += f", {'grown' if grown > 0 else 'fallen'} by {abs(grown):.0f} %"
        return Finding(
            step=self.do,
            title=title,
            summary=f"{told}{f'; {bad}' if bad else ''}",
            lines=(f"{spark(values)}  last {self.minutes} min, every {self.period} s",),
            facts=(
                self.fact("last", last),
                self.fact("max", max(values)),
                self.fact("min", min(values)),
                self.fact("avg", sum(values) / len(values)),
                self.fact("sum", sum(values)),
                self.fact("growth", grown),
            ),
            weight=BAD_WEIGHT if bad else WEIGHT,
        )

    def _bad(self, latest: Sequence[float], unit: str) -> str:
        """What is wrong with the latest values, in words; one of three is enough, since metrics jitter."""
        if self.above is not None and max(latest) > self.above:
            return f"bad above {figure(self.above)}{unit}"
        if self.below is not None and min(latest) < self.below:
            return f"bad below {figure(self.below)}{unit}"
        return ""


def growth(values: Sequence[float]) -> float:
    """How much the mean of the last third differs from that of the first, in percent of the latter.

    0 with fewer than six values; 100 when something grew out of nothing.
    """
    third = len(values) // 3
    if len(values) < _FEWEST:
        return 0.0
    first, last = sum(values[:third]) / third, sum(values[-third:]) / third
    if not first:
        return 100.0 if last > 0 else -100.0 if last < 0 else 0.0
    return (last - first) / abs(first) * 100
