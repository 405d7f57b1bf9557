"""Short ways to write the lines of a signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain import AlarmMetric
from bot.signal import Line

Dimensions = Mapping[str, str]


def metric(namespace: str, name: str, dimensions: Dimensions, statistic: str) -> AlarmMetric:
    """A metric with a statistic; the period comes with the time that is looked at."""
    return AlarmMetric(namespace=namespace, name=name, dimensions=dict(dimensions), statistic=statistic)


def line(label: str, namespace: str, name: str, dimensions: Dimensions, statistic: str) -> Line:
    """One metric as it is."""
    return Line(label, (metric(namespace, name, dimensions, statistic),))


def count(label: str, namespace: str, name: str, places: Sequence[Dimensions], of: str = "") -> Line:
    """A count per minute, over all places; where ``of`` is counted and this is not, it is 0."""
    metrics = tuple(metric(namespace, name, each, "Sum") for each in places)
    whole = tuple(metric(namespace, of, each, "Sum") for each in places) if of else ()
    return Line(label, metrics, whole, per_minute=True)


def share(label: str, namespace: str, name: str, places: Sequence[Dimensions], of: str) -> Line:
    """What percentage of ``of`` a count is, over all places."""
    metrics = tuple(metric(namespace, name, each, "Sum") for each in places)
    return Line(label, metrics, tuple(metric(namespace, of, each, "Sum") for each in places), share=True)


def percentiles(namespace: str, name: str, dimensions: Dimensions, of: str = "") -> tuple[Line, ...]:
    """p95, p50 and p99 of one metric; ``of`` tells several apart."""
    return tuple(line(f"{stat} {of}".strip(), namespace, name, dimensions, stat) for stat in ("p95", "p50", "p99"))
