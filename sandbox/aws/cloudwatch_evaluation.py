"""Looking at an alarm's metric at one instant.

CloudWatch evaluates whole periods some time after they end. The sandbox does not make people wait: the running
period counts as soon as it has data. A statistic that only ever rises within its period (a sum, a count, a
maximum) or only falls (a minimum) is not final before the period ends; as long as the rest of the period could
turn the datapoint round, it neither raises an alarm nor ends one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_verdict import BAND_OPERATORS, EXTRA_PERIODS, Verdict, Window, breaches, judge
from sandbox.aws.metrics_functions import band_around
from sandbox.aws.metrics_insights import is_insights, read_insights
from sandbox.aws.metrics_queries import Query, QueryRun, period_of, series_of
from sandbox.aws.metrics_statistics import by_period
from sandbox.aws.metrics_store import MetricStore, Series
from sandbox.aws.metrics_values import MathError, Points

LEARNT_SECONDS = 3 * 3600.0
_LEAST_LEARNT = 5
_WIDTH = re.compile(r",\s*(\d+(?:\.\d+)?)\s*\)")
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
    found: list[Series | None] = []
    for query in queries_of(alarm):
        if "MetricStat" in query:
            found.append(series_of(query, store))
        elif is_insights(query["Expression"]):
            found += [series for _, series in read_insights(query["Expression"]).series(store)]
    return sum(series.revision for series in found if series is not None)


def evaluate(alarm: Alarm, store: MetricStore, now: float) -> Verdict | None:
    """What the alarm's state should be at ``now`` (seconds since the epoch); None when it should stay."""
    queries = queries_of(alarm)
    returned = returned_by(alarm)
    period = period_of(returned, queries)
    start, end = span_of(alarm, period, now)
    try:
        found = QueryRun(queries, store, start, end, now=now).answers(returned["Id"])
    except MathError:
        found = []
    points = found[0].points if found else {}
    samples = _sample_counts(queries, store, start, end, period)
    band = _band(alarm, store, start)
    if alarm.settings.get("ThresholdMetricId") and band is None:
        points = {}
    is_red = alarm.state_value == "ALARM"
    return judge(alarm, window_of(alarm, points, samples, period, now, band, is_red=is_red))


def returned_by(alarm: Alarm) -> Query:
    """The query whose points are compared; of an anomaly detection alarm the one that is not the band."""
    band = alarm.settings.get("ThresholdMetricId")
    queries = queries_of(alarm)
    wanted = [query for query in queries if query.get("ReturnData") is not False and query["Id"] != band]
    return wanted[0] if wanted else queries[0]


def span_of(alarm: Alarm, period: int, now: float) -> tuple[float, float]:
    """What an evaluation looks at: start and end in seconds since the epoch."""
    current = now - now % period
    return current - _reach(alarm) * period, current + period


def window_of(
    alarm: Alarm,
    points: Points,
    samples: Mapping[float, float] | None,
    period: int,
    now: float,
    band: tuple[float, float] | None = None,
    *,
    is_red: bool,
) -> Window:
    """The periods to judge by; the running one counts when it has data that cannot be turned round any more.

    ``samples`` are how many made each point, None where that is not known; ``is_red`` is whether it is in ALARM now.
    """
    current = now - now % period
    measured = current in points and (samples is None or current in samples)
    counts_now = measured and _is_settled(alarm, points[current], band, is_red)
    newest = current if counts_now else current - period
    return Window([newest - period * step for step in range(_reach(alarm))], points, samples or {}, now, band)


def _reach(alarm: Alarm) -> int:
    return int(alarm.settings["EvaluationPeriods"]) + EXTRA_PERIODS


def _band(alarm: Alarm, store: MetricStore, before: float) -> tuple[float, float] | None:
    """What is usual, from the hours before the evaluated periods; None while nothing is known of them."""
    name = alarm.settings.get("ThresholdMetricId")
    if not name:
        return None
    expression = next(str(query["Expression"]) for query in queries_of(alarm) if query["Id"] == name)
    width = _WIDTH.search(expression)
    run = QueryRun(queries_of(alarm), store, before - LEARNT_SECONDS, before, now=before)
    try:
        points = run.answers(returned_by(alarm)["Id"])[0].points
    except MathError:
        return None
    return band_around(points.values(), float(width[1]) if width else 2.0) if len(points) >= _LEAST_LEARNT else None


def _sample_counts(
    queries: list[Query], store: MetricStore, start: float, end: float, period: int
) -> Mapping[float, float] | None:
    if any(is_insights(str(query.get("Expression") or "")) for query in queries):
        return None
    counts: dict[float, float] = {}
    for query in queries:
        series = series_of(query, store) if "MetricStat" in query else None
        for at, bucket in by_period(series.between(start, end), period).items() if series else ():
            counts[at] = counts.get(at, 0.0) + sum(sample.weight for sample in bucket)
    return counts


def _is_settled(alarm: Alarm, value: float, band: tuple[float, float] | None, is_red: bool) -> bool:
    returned = returned_by(alarm)
    expression = str(returned.get("Expression") or "")
    stat = str(returned.get("MetricStat", {}).get("Stat"))
    stat = read_insights(expression).stat if is_insights(expression) else stat
    settings: dict[str, Any] = alarm.settings
    if settings["ComparisonOperator"] in BAND_OPERATORS:
        # On its way to what is usual a growing value passes all that is below it.
        return stat not in (*_RISING, *_FALLING) or (band is not None and value > band[1])
    upward = settings["ComparisonOperator"].startswith("Greater")
    breaching = breaches(value, settings["ComparisonOperator"], float(settings["Threshold"]))
    only_grows_worse = (stat in _RISING and upward) or (stat in _FALLING and not upward)
    only_grows_better = (stat in _RISING and not upward) or (stat in _FALLING and upward)
    if only_grows_worse:
        return breaching or not is_red
    return not (only_grows_better and breaching)
