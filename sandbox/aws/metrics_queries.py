"""The queries of GetMetricData and of metric-math alarms, answered from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.aws.metrics_insights import is_insights, read_insights
from sandbox.aws.metrics_math import evaluate, names_in
from sandbox.aws.metrics_statistics import by_period, statistic
from sandbox.aws.metrics_store import MINUTE, MetricStore, Series, kept_since, series_key
from sandbox.aws.metrics_values import MathError, Points, Scope

Query = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """The series of one query: its id and label (an array expression has several), points by period start."""

    id: str
    label: str
    points: Points


def period_of(query: Query, queries: Sequence[Query]) -> int:
    """The period of a query in seconds; an expression takes the longest of the metrics it stands with."""
    if "MetricStat" in query:
        return int(query["MetricStat"]["Period"])
    if query.get("Period"):
        return int(query["Period"])
    periods = [int(each["MetricStat"]["Period"]) for each in queries if "MetricStat" in each]
    return max(periods, default=MINUTE)


def series_of(query: Query, store: MetricStore) -> Series | None:
    """The stored series of a metric query, None when nothing was ever put there."""
    metric = query["MetricStat"]["Metric"]
    return store.find(series_key(metric["Namespace"], metric["MetricName"], metric.get("Dimensions") or ()))


class QueryRun:
    """One evaluation of a set of queries over [start, end) at ``now``, all in seconds since the epoch."""

    def __init__(self, queries: Sequence[Query], store: MetricStore, start: float, end: float, *, now: float) -> None:
        self.queries = {query["Id"]: query for query in queries}
        self.store = store
        self.start = start
        self.end = end
        self.now = now
        self._done: dict[str, list[Points]] = {}
        self._labels: dict[str, list[str]] = {}
        self._open: set[str] = set()

    def answers(self, query_id: str) -> list[Answer]:
        """The labelled series of one query. Raises MathError when an expression is wrong."""
        query = self.queries[query_id]
        found = self._resolve(query_id)
        label = query.get("Label") or (
            query["MetricStat"]["Metric"]["MetricName"] if "MetricStat" in query else query_id
        )
        names = [label] if len(found) == 1 else [f"{label} {number}" for number in range(1, len(found) + 1)]
        names = self._labels.get(query_id, names)
        return [Answer(query_id, name, points) for name, points in zip(names, found, strict=True)]

    def _resolve(self, query_id: str) -> list[Points]:
        if query_id not in self._done:
            if query_id in self._open:
                raise MathError(f"Error in expression: {query_id} depends on itself")
            self._open.add(query_id)
            query = self.queries[query_id]
            self._done[query_id] = [self._metric(query)] if "MetricStat" in query else self._expression(query)
            self._open.discard(query_id)
        return self._done[query_id]

    def _metric(self, query: Query) -> Points:
        wanted = query["MetricStat"]
        series = series_of(query, self.store)
        if series is None:
            return {}
        period = int(wanted["Period"])
        samples = series.between(max(self.start - self.start % period, kept_since(period, self.now)), self.end)
        unit = wanted.get("Unit")
        points: Points = {}
        for at, bucket in by_period(samples, period).items():
            value = statistic([one for one in bucket if unit in (None, one.unit)], wanted["Stat"])
            if value is not None:
                points[at] = value
        return points

    def _insights(self, query: Query) -> list[Points]:
        found = read_insights(query["Expression"]).run(self.store, self.start, self.end, period_of(query, [query]))
        named = [" ".join(each.attributes.values()) for each in found]
        if any(named):
            self._labels[query["Id"]] = [f"{query.get('Label') or ''} {name}".strip() for name in named]
        return [each.points for each in found]

    def _expression(self, query: Query) -> list[Points]:
        expression = str(query["Expression"])
        if is_insights(expression):
            return self._insights(query)
        everything = list(self.queries.values())
        period = period_of(query, everything)
        words = names_in(expression)
        metric_ids = tuple(name for name, each in self.queries.items() if "MetricStat" in each)
        needed = (words & self.queries.keys()) | (set(metric_ids) if "METRICS" in words else set())
        known: dict[str, Points] = {}
        for name in needed:
            found = self._resolve(name)
            if len(found) != 1:
                raise MathError(f"Error in expression '{expression}': {name} is an array")
            known[name] = found[0]
        first = self.start - self.start % period
        count = max(0, int(-(-(self.end - first) // period)))
        instants = tuple(first + period * step for step in range(count))
        return evaluate(expression, Scope(known, instants, period, metric_ids))
