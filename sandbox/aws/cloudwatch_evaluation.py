"""Looking at an alarm's metric at one instant.

CloudWatch evaluates whole periods some time after they end. The sandbox does not make people wait: the running
period counts as soon as it has data. A statistic that only ever rises within its period (a sum, a count, a
maximum) or only falls (a minimum) is not final before the period ends; as long as the rest of the period could
turn the datapoint round, it neither raises an alarm nor ends one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_verdict import EXTRA_PERIODS, Verdict, Window, breaches, judge
from sandbox.aws.metrics_queries import Query, QueryRun, period_of, series_of
from sandbox.aws.metrics_statistics import by_period
from sandbox.aws.metrics_store import MetricStore
from sandbox.aws.metrics_values import MathError

_RISING = ("Sum", "SampleCount", "Maximum")
_FALLING = ("Minimum",)


def queries_of(alarm: Alarm) -> list[Query]:
    """The alarm's metric as GetMetricData queries; a plain alarm has one, with the id m1."""
    settings = alarm.settings
    if settings.get("Metrics"):
        return list(settings["Metrics"])
    metric = {key: settings.get(key) for key in ("Namespace", "MetricName", "Dimensions")}
    stat = settings.get("ExtendedStatistic") or settings.get("Statistic")
    wanted = {"Metric": metric, "Period": settings["Period"], "Stat": stat, "Unit": settings.get("Unit")}
    return [{"Id": "m1", "MetricStat": wanted}]


def revision(alarm: Alarm, store: MetricStore) -> int:
    """How many samples the alarm's metrics ever received."""
    found = [series_of(query, store) for query in queries_of(alarm) if "MetricStat" in query]
    return sum(series.revision for series in found if series is not None)


def evaluate(alarm: Alarm, store: MetricStore, now: float) -> Verdict | None:
    """What the alarm's state should be at ``now`` (seconds since the epoch); None when it should stay."""
    queries = queries_of(alarm)
    returned = _returned(queries)
    period = period_of(returned, queries)
    current = now - now % period
    reach = int(alarm.settings["EvaluationPeriods"]) + EXTRA_PERIODS
    start, end = current - reach * period, current + period
    try:
        found = QueryRun(queries, store, start, end).answers(returned["Id"])
    except MathError:
        found = []
    points = found[0].points if found else {}
    samples = _sample_counts(queries, store, start, end, period)
    counts_now = current in points and current in samples and _is_settled(alarm, returned, points[current])
    newest = current if counts_now else current - period
    window = Window([newest - period * step for step in range(reach)], points, samples, now)
    return judge(alarm, window)


def _returned(queries: list[Query]) -> Query:
    return next((query for query in queries if query.get("ReturnData") is not False), queries[0])


def _sample_counts(
    queries: list[Query], store: MetricStore, start: float, end: float, period: int
) -> Mapping[float, float]:
    counts: dict[float, float] = {}
    for query in queries:
        series = series_of(query, store) if "MetricStat" in query else None
        for at, bucket in by_period(series.between(start, end), period).items() if series else ():
            counts[at] = counts.get(at, 0.0) + sum(sample.weight for sample in bucket)
    return counts


def _is_settled(alarm: Alarm, returned: Query, value: float) -> bool:
    stat = str(returned.get("MetricStat", {}).get("Stat"))
    settings: dict[str, Any] = alarm.settings
    upward = settings["ComparisonOperator"].startswith("Greater")
    breaching = breaches(value, settings["ComparisonOperator"], float(settings["Threshold"]))
    only_grows_worse = (stat in _RISING and upward) or (stat in _FALLING and not upward)
    only_grows_better = (stat in _RISING and not upward) or (stat in _FALLING and upward)
    if only_grows_worse:
        return breaching or alarm.state_value != "ALARM"
    return not (only_grows_better and breaching)
