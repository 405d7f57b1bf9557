"""Metrics Insights: the SQL of CloudWatch that finds every series of a kind, so that new ones are watched as they come.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.aws.metrics_statistics import by_period, statistic
from sandbox.aws.metrics_store import MetricStore, Sample, Series
from sandbox.aws.metrics_values import MathError, Points

_STATISTICS = {"AVG": "Average", "SUM": "Sum", "MAX": "Maximum", "MIN": "Minimum", "COUNT": "SampleCount"}
_NAME = r"""(?:"(?:[^"])*"|[A-Za-z_][\w.]*)"""
_QUERY = re.compile(
    rf"""\s*SELECT\s+(?P<function>AVG|SUM|MAX|MIN|COUNT)\s*\(\s*(?P<metric>{_NAME})\s*\)
    \s+FROM\s+(?:SCHEMA\s*\(\s*(?P<schema>{_NAME}(?:\s*,\s*{_NAME})*)\s*\)|(?P<namespace>{_NAME}))
    (?:\s+WHERE\s+(?P<where>.+?))?
    (?:\s+GROUP\s+BY\s+(?P<group>{_NAME}(?:\s*,\s*{_NAME})*))?
    (?:\s+ORDER\s+BY\s+(?P<order>AVG|SUM|MAX|MIN|COUNT)\s*\(\s*\)(?:\s+(?P<direction>ASC|DESC))?)?
    (?:\s+LIMIT\s+(?P<limit>\d+))?\s*""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_CONDITION = re.compile(rf"\s*(?P<name>{_NAME})\s*(?P<sign>=|!=)\s*(?P<value>'[^']*'|{_NAME})\s*", re.DOTALL)
_NONE = "Other"
"""What a series is grouped under that has not the dimension."""

_ORDERS: dict[str, Callable[[Points], float]] = {
    "MAX": lambda points: max(points.values()),
    "MIN": lambda points: min(points.values()),
    "SUM": lambda points: sum(points.values()),
    "COUNT": lambda points: float(len(points)),
    "AVG": lambda points: sum(points.values()) / len(points),
}


@dataclass(frozen=True)
class Found:
    """One series of the answer: what it is grouped by, and its points by period start."""

    attributes: dict[str, str]
    points: Points


@dataclass(frozen=True)
class InsightsQuery:
    """A query that was read. ``dimensions`` are exactly those that a series must have, None for any."""

    stat: str
    metric: str
    namespace: str
    dimensions: frozenset[str] | None
    conditions: tuple[tuple[str, bool, str], ...]
    groups: tuple[str, ...]
    order: str
    descending: bool
    limit: int | None

    def series(self, store: MetricStore) -> list[tuple[dict[str, str], Series]]:
        """The series that it is about, with their dimensions."""
        found = []
        for (namespace, name, pairs), series in store.series.items():
            dimensions = dict(pairs)
            if (namespace, name) != (self.namespace, self.metric):
                continue
            if self.dimensions is not None and dimensions.keys() != self.dimensions:
                continue
            if all((dimensions.get(key) == value) == wanted for key, wanted, value in self.conditions):
                found.append((dimensions, series))
        return found

    def run(self, store: MetricStore, start: float, end: float, period: int) -> list[Found]:
        """The answer over [start, end), in seconds since the epoch; several series of a group become one."""
        samples: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
        for dimensions, series in self.series(store):
            key = tuple((name, dimensions.get(name, _NONE)) for name in self.groups)
            samples.setdefault(key, []).extend(series.between(start - start % period, end))
        found = []
        for key, those in samples.items():
            values = {at: statistic(bucket, self.stat) for at, bucket in by_period(those, period).items()}
            points = {at: value for at, value in values.items() if value is not None}
            if points:
                found.append(Found(dict(key), points))
        found.sort(key=lambda each: (_ORDERS[self.order](each.points), str(each.attributes)), reverse=self.descending)
        return found[: self.limit]


def is_insights(expression: str) -> bool:
    """Whether an expression is such a query."""
    return expression.lstrip().upper().startswith("SELECT")


def read_insights(text: str) -> InsightsQuery:
    """Read a query. Raises MathError for what is none."""
    found = _QUERY.fullmatch(text)
    if found is None:
        raise MathError(f"Error in expression '{text}': it is no Metrics Insights query")
    namespace, *dimensions = _names(found["schema"]) if found["schema"] else [_plain(found["namespace"])]
    return InsightsQuery(
        stat=_STATISTICS[found["function"].upper()],
        metric=_plain(found["metric"]),
        namespace=namespace,
        dimensions=frozenset(dimensions) if found["schema"] else None,
        conditions=_conditions(found["where"] or "", text),
        groups=tuple(_names(found["group"])) if found["group"] else (),
        order=(found["order"] or "MAX").upper(),
        descending=(found["direction"] or "").upper() == "DESC",
        limit=int(found["limit"]) if found["limit"] else None,
    )


def _conditions(where: str, text: str) -> tuple[tuple[str, bool, str], ...]:
    read = []
    for part in re.split(r"\bAND\b", where, flags=re.IGNORECASE) if where else ():
        found = _CONDITION.fullmatch(part)
        if found is None:
            raise MathError(f"Error in expression '{text}': the condition '{part.strip()}' cannot be read")
        read.append((_plain(found["name"]), found["sign"] == "=", _plain(found["value"])))
    return tuple(read)


def _names(listed: str) -> list[str]:
    return [_plain(name) for name in re.findall(_NAME, listed)]


def _plain(name: str) -> str:
    return name[1:-1] if name[:1] in "\"'" else name
