"""From what CloudWatch answers to the values of lines: sums, shares, per minute. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bot.cloud import Datapoint
from bot.domain import AlarmMetric
from bot.signal import Line, Signal

MOST_POINTS = 200
"""Values of a line, at most."""
DAY = 86_400
_PERIODS = (60, 300, 600, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY)
_KEPT = ((15 * DAY, 60), (63 * DAY, 300), (math.inf, 3600))
"""For how long CloudWatch keeps values of a period:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention"""
_MINUTE = 60.0

Values = Mapping[str, Sequence[Datapoint]]
"""By the metric's ``name_of``."""


def period_for(start: float, end: float, now: float, *, oldest: float | None = None) -> int:
    """The shortest period, in seconds, that CloudWatch still has for then and that makes at most 200 values.

    It has it for ``oldest`` too, an earlier time that is read beside this one.
    """
    # The first value begins up to a period before.
    age = now - (start if oldest is None else oldest)
    finest = next(period for kept, period in _KEPT if age + period <= kept)
    fit = (each for each in _PERIODS if each >= finest and (end - start) / each <= MOST_POINTS)
    return next(fit, math.ceil((end - start) / MOST_POINTS / DAY) * DAY)


def name_of(metric: AlarmMetric) -> str:
    """A metric and its statistic as one word."""
    where = ",".join(f"{name}={value}" for name, value in sorted(metric.dimensions.items()))
    return f"{metric.namespace} {metric.name} {where} {metric.statistic}"


def wanted(signals: Iterable[Signal], period: int) -> dict[str, AlarmMetric]:
    """Each metric of the signals once, with the period to read."""
    metrics = [metric for signal in signals for line in signal.lines for metric in (*line.metrics, *line.of)]
    return {name_of(metric): metric.model_copy(update={"period": period}) for metric in metrics}


def points_of(line: Line, values: Values, period: int, now: float) -> tuple[Datapoint, ...]:
    """The line's values, oldest first; what is no number is left out, and what is still being counted (a drop)."""
    found, whole = _summed(line.metrics, values), _summed(line.of, values)
    if line.share:
        found = {at: 100 * found.get(at, 0.0) / all_of for at, all_of in whole.items() if all_of}
    else:
        found = {**dict.fromkeys(whole, 0.0), **found}
    if line.per_minute:
        found = {at: value * _MINUTE / period for at, value in found.items()}
    counted = line.per_minute or line.share
    ended = (at for at in sorted(found) if math.isfinite(found[at]) and (not counted or at + period <= now))
    return tuple(Datapoint(at, found[at]) for at in ended)


def _summed(metrics: Sequence[AlarmMetric], values: Values) -> dict[float, float]:
    found: dict[float, float] = {}
    for metric in metrics:
        for point in values.get(name_of(metric), ()):
            found[point.at] = found.get(point.at, 0.0) + point.value
    return found
