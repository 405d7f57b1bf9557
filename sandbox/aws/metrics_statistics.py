"""Statistics over samples, and samples sorted into periods that begin on period boundaries."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.aws.metrics_store import Sample

PLAIN = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(100|\d{1,2}(?:\.\d{1,10})?)")


def is_statistic(name: str) -> bool:
    """Whether CloudWatch knows the statistic: a plain one, or a percentile such as p95 or p99.9."""
    return name in PLAIN or is_percentile(name)


def is_percentile(name: str) -> bool:
    """Whether the name is a percentile between p0 and p100."""
    return _PERCENTILE.fullmatch(name) is not None


def statistic(samples: Sequence[Sample], name: str) -> float | None:
    """One statistic of the samples; None when there is nothing to tell it from.

    A percentile of a statistic set is unknown, since the single values are lost: AWS answers nothing, too.
    """
    if not samples:
        return None
    count = sum(sample.weight for sample in samples)
    if name == "SampleCount":
        return count
    if name == "Sum":
        return sum(sample.total for sample in samples)
    if name == "Average":
        return sum(sample.total for sample in samples) / count if count else None
    if name == "Minimum":
        return min(sample.low for sample in samples)
    if name == "Maximum":
        return max(sample.high for sample in samples)
    return _percentile(samples, float(name[1:]))


def _percentile(samples: Sequence[Sample], percent: float) -> float | None:
    """Linear between the two neighbours by rank."""
    if any(not sample.values for sample in samples):
        return None
    weighted = sorted(pair for sample in samples for pair in sample.values)
    rank = percent / 100 * (sum(count for _, count in weighted) - 1)
    seen = 0.0
    for position, (value, count) in enumerate(weighted):
        seen += count
        if rank <= seen - 1:
            return value
        if rank < seen and position + 1 < len(weighted):
            return value + (weighted[position + 1][0] - value) * (rank - (seen - 1))
    return weighted[-1][0]


def by_period(samples: Sequence[Sample], period: int) -> dict[float, list[Sample]]:
    """Samples grouped by the start of their period, in seconds since the epoch."""
    buckets: dict[float, list[Sample]] = {}
    for sample in samples:
        buckets.setdefault(sample.at - sample.at % period, []).append(sample)
    return buckets
