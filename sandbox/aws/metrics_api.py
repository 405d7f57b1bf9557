"""CloudWatch's metric operations as the API answers them; each function takes the place of moto's method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from sandbox.aws.cloudwatch_alarms import moment
from sandbox.aws.cloudwatch_paging import page
from sandbox.aws.cloudwatch_region import metrics_of
from sandbox.aws.metrics_queries import Answer, Query, QueryRun
from sandbox.aws.metrics_statistics import PLAIN, by_period, is_percentile, is_statistic, statistic
from sandbox.aws.metrics_store import Sample, SeriesKey, kept_since, series_key
from sandbox.aws.metrics_values import MathError
from sandbox.aws.world import current

_OLDEST = 14 * 86_400
_NEWEST = 2 * 3_600
_MOST_DATAPOINTS = 1_440
_MOST_LISTED = 500
_MOST_RETURNED = 100_800
_RECENT = 3 * 3_600
_HIGH_RESOLUTION = (1, 5, 10, 20, 30)


def put_metric_data(self: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
    """Store the entries of PutMetricData; takes the place of moto's backend method."""
    now, store = current().clock.now(), metrics_of(self)
    stamped: list[tuple[dict[str, Any], float]] = []
    for number, entry in enumerate(metric_data, start=1):
        self._validate_parameters_put_metric_data(entry, number)
        at = _seconds(entry.get("Timestamp"), now)
        if not now - _OLDEST <= at <= now + _NEWEST:
            raise InvalidParameterValue(
                f"The parameter MetricData.member.{number}.Timestamp must specify a time within the past two weeks "
                "and no more than two hours in the future."
            )
        stamped.append((entry, at))
    for entry, at in stamped:
        store.put(namespace, entry, at)


def _seconds(given: Any, otherwise: float) -> float:
    if given is None:
        return otherwise
    return float(given.timestamp()) if isinstance(given, datetime) else float(given)


def get_metric_statistics(self: CloudWatchResponse) -> ActionResult:
    """GetMetricStatistics: periods begin on period boundaries, dimensions must match exactly."""
    params = self._get_params()
    plain, extended = params.get("Statistics") or [], params.get("ExtendedStatistics") or []
    if not plain and not extended:
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    wrong = [name for name in plain if name not in PLAIN] + [name for name in extended if not is_percentile(name)]
    if wrong:
        raise InvalidParameterValue(f"The value {wrong[0]} for parameter ExtendedStatistics.member.1 is not supported.")
    period = int(params["Period"])
    start, end = _range(params, period)
    if (end - start) / period > _MOST_DATAPOINTS:
        raise InvalidParameterCombination(
            f"You have requested up to {int((end - start) / period):,} datapoints, which exceeds the limit of "
            f"{_MOST_DATAPOINTS:,}. You may reduce the datapoints requested by increasing Period, or decreasing the "
            "time range."
        )
    key = series_key(params["Namespace"], params["MetricName"], params.get("Dimensions") or ())
    series = metrics_of(self.cloudwatch_backend).find(key)
    first = max(start - start % period, kept_since(period, current().clock.now()))
    samples = series.between(first, end) if series else []
    unit = params.get("Unit")
    buckets = by_period([sample for sample in samples if unit in (None, sample.unit)], period)
    points = [_datapoint(at, bucket, plain, extended) for at, bucket in sorted(buckets.items())]
    return ActionResult({"Label": params["MetricName"], "Datapoints": points})


def _range(params: Mapping[str, Any], period: int) -> tuple[float, float]:
    start, end = _seconds(params["StartTime"], 0), _seconds(params["EndTime"], 0)
    if start >= end:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    if period not in _HIGH_RESOLUTION and (period <= 0 or period % 60):
        raise InvalidParameterValue(
            "The parameter Period must be a value in the set [ 1, 5, 10, 20, 30 ] or a multiple of 60."
        )
    return start, end


def _datapoint(at: float, bucket: list[Sample], plain: Sequence[str], extended: Sequence[str]) -> dict[str, Any]:
    point: dict[str, Any] = {"Timestamp": moment(at), "Unit": bucket[0].unit or "None"}
    point |= {name: statistic(bucket, name) for name in plain}
    percentiles = {name: value for name in extended if (value := statistic(bucket, name)) is not None}
    return point | ({"ExtendedStatistics": percentiles} if percentiles else {})


def get_metric_data(self: CloudWatchResponse) -> ActionResult:
    """GetMetricData: statistics and metric math, newest first unless ScanBy says otherwise."""
    params = self._get_params()
    queries: list[Query] = params.get("MetricDataQueries") or []
    start, end = _seconds(params["StartTime"], 0), _seconds(params["EndTime"], 0)
    if start >= end:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    _check_queries(queries)
    run = QueryRun(queries, metrics_of(self.cloudwatch_backend), start, end, now=current().clock.now())
    try:
        answers = [
            answer for query in queries if query.get("ReturnData") is not False for answer in run.answers(query["Id"])
        ]
    except MathError as error:
        raise ValidationError(str(error)) from None
    oldest_first = params.get("ScanBy") == "TimestampAscending"
    return ActionResult(_paged(answers, oldest_first, params))


def _check_queries(queries: Sequence[Query]) -> None:
    seen: set[str] = set()
    for number, query in enumerate(queries, start=1):
        if ("MetricStat" in query) == ("Expression" in query):
            raise ValidationError(f"The parameter MetricDataQueries.member.{number}.MetricStat is required.\n")
        name = query["Id"]
        if not name[:1].islower() or name in seen:
            raise ValidationError(f"The value {name} for parameter MetricDataQueries.member.{number}.Id is invalid.")
        seen.add(name)
        stat = query["MetricStat"]["Stat"] if "MetricStat" in query else None
        if stat is not None and not is_statistic(stat):
            raise ValidationError(
                f"The value {stat} for parameter MetricDataQueries.member.{number}.MetricStat.Stat is not supported."
            )


def _paged(answers: Sequence[Answer], oldest_first: bool, params: Mapping[str, Any]) -> dict[str, Any]:
    flat = [
        (number, at) for number, answer in enumerate(answers) for at in sorted(answer.points, reverse=not oldest_first)
    ]
    shown, token = page(flat, params.get("NextToken"), params.get("MaxDatapoints") or _MOST_RETURNED)
    last_shown = shown[-1][0] if shown else len(answers)
    results = []
    for number, answer in enumerate(answers):
        instants = [at for owner, at in shown if owner == number]
        partial = token is not None and number >= last_shown
        results.append(
            {
                "Id": answer.id,
                "Label": answer.label,
                "Timestamps": [moment(at) for at in instants],
                "Values": [answer.points[at] for at in instants],
                "StatusCode": "PartialData" if partial else "Complete",
            }
        )
    return {"MetricDataResults": results, "NextToken": token, "Messages": []}


def list_metrics(self: CloudWatchResponse) -> ActionResult:
    """ListMetrics: a dimension without a value matches any; metrics without data for two weeks are forgotten."""
    params, now = self._get_params(), current().clock.now()
    span = _RECENT if params.get("RecentlyActive") == "PT3H" else _OLDEST
    found = [
        key
        for key, series in list(metrics_of(self.cloudwatch_backend).series.items())
        if _is_listed(key, params) and series.samples and series.samples[-1].at >= now - span
    ]
    shown, token = page(sorted(found), params.get("NextToken"), _MOST_LISTED)
    metrics = [
        {
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
        }
        for namespace, name, dimensions in shown
    ]
    return ActionResult({"Metrics": metrics, "NextToken": token})


def _is_listed(key: SeriesKey, params: Mapping[str, Any]) -> bool:
    namespace, name, dimensions = key
    if params.get("Namespace") not in (None, namespace) or params.get("MetricName") not in (None, name):
        return False
    present = dict(dimensions)
    return all(
        each["Name"] in present and each.get("Value") in (None, present[each["Name"]])
        for each in params.get("Dimensions") or ()
    )


OPERATIONS: tuple[Callable[[CloudWatchResponse], ActionResult], ...] = (
    get_metric_statistics,
    get_metric_data,
    list_metrics,
)
