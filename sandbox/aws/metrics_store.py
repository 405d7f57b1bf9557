"""Metric data as CloudWatch keeps it: one series per namespace, name and exact set of dimensions."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

MINUTE = 60
_MOST_SAMPLES = 100_000
_DROPPED_AT_ONCE = 10_000

_DAY = 86_400
_KEPT = ((3600, 455 * _DAY), (300, 63 * _DAY), (60, 15 * _DAY))
"""Seconds for which values are kept whose period is a multiple of so many seconds:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention"""
_HIGH_RESOLUTION_KEPT = 3 * 3600

SeriesKey = tuple[str, str, tuple[tuple[str, str], ...]]


class Sample(NamedTuple):
    """What one PutMetricData entry said about one instant; ``values`` is empty for a statistic set."""

    at: float
    weight: float
    total: float
    low: float
    high: float
    values: tuple[tuple[float, float], ...]
    unit: str | None


class Series:
    """The samples of one metric, oldest first; ``revision`` counts every sample that ever came."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.revision = 0

    def add(self, sample: Sample) -> None:
        """Keep a sample in its place; the oldest go when there are very many."""
        self.revision += 1
        if not self.samples or sample.at >= self.samples[-1].at:
            self.samples.append(sample)
        else:
            insort(self.samples, sample, key=lambda kept: kept.at)
        if len(self.samples) > _MOST_SAMPLES:
            del self.samples[:_DROPPED_AT_ONCE]

    def between(self, start: float, end: float) -> list[Sample]:
        """Samples with start <= at < end, in seconds since the epoch."""
        first = bisect_left(self.samples, start, key=lambda kept: kept.at)
        last = bisect_left(self.samples, end, key=lambda kept: kept.at)
        return self.samples[first:last]


class MetricStore:
    """Every series of one region; ``revision`` counts every entry that ever came."""

    def __init__(self) -> None:
        self.series: dict[SeriesKey, Series] = {}
        self.revision = 0

    def at(self, key: SeriesKey) -> Series:
        """The series of a key, made when it is new."""
        return self.series.setdefault(key, Series())

    def find(self, key: SeriesKey) -> Series | None:
        """The series with exactly these dimensions; CloudWatch never adds up over dimensions by itself."""
        return self.series.get(key)

    def put(self, namespace: str, entry: Mapping[str, Any], at: float) -> None:
        """Store one entry of PutMetricData's MetricData, received or stamped at ``at``."""
        if entry.get("StorageResolution") != 1:
            at -= at % MINUTE
        key = series_key(namespace, entry["MetricName"], entry.get("Dimensions") or ())
        self.at(key).add(_sample(entry, at))
        self.revision += 1

    def put_points(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        points: Iterable[tuple[float, float]],
        unit: str | None = None,
        spread: Sequence[tuple[float, float]] = ((1.0, 1.0),),
    ) -> None:
        """The fast road for seeding: (seconds since the epoch, value) pairs of one series.

        ``spread`` says what a value stands for: shares of it, and how often each was measured.
        """
        series = self.at((namespace, name, tuple(sorted(dimensions.items()))))
        count = sum(times for _, times in spread)
        total, low, high = sum(share * times for share, times in spread), min(spread)[0], max(spread)[0]
        for at, value in points:
            values = tuple((value * share, times) for share, times in spread)
            series.add(Sample(at, count, value * total, value * low, value * high, values, unit))
            self.revision += 1


def kept_since(period: int, now: float) -> float:
    """The instant before which CloudWatch has no more values of a period, in seconds since the epoch."""
    return now - next((kept for each, kept in _KEPT if period % each == 0), _HIGH_RESOLUTION_KEPT)


def series_key(namespace: str, name: str, dimensions: Sequence[Mapping[str, str]]) -> SeriesKey:
    """The key of a series from the API's list of {Name, Value}."""
    return namespace, name, tuple(sorted((pair["Name"], pair["Value"]) for pair in dimensions))


def _sample(entry: Mapping[str, Any], at: float) -> Sample:
    unit = entry.get("Unit")
    given = entry.get("StatisticValues")
    if given:
        low, high = float(given["Minimum"]), float(given["Maximum"])
        count = float(given["SampleCount"])
        values = ((low, count),) if low == high else ()
        return Sample(at, count, float(given["Sum"]), low, high, values, unit)
    numbers = [float(value) for value in entry.get("Values") or [entry.get("Value", 0.0)]]
    counts = [float(count) for count in entry.get("Counts") or [1.0] * len(numbers)]
    total = sum(value * count for value, count in zip(numbers, counts, strict=True))
    return Sample(at, sum(counts), total, min(numbers), max(numbers), tuple(zip(numbers, counts, strict=True)), unit)
