from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.aws import cloudwatch
from sandbox.aws.metrics_math import evaluate
from sandbox.aws.metrics_values import MathError, Scope
from sandbox.clock import Clock

Client = Callable[..., Any]
NOW = datetime(2026, 11, 22, 10, 1, 37, tzinfo=UTC)
HOUR = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW}


@pytest.fixture
def watch(client: Client) -> Any:
    return client("cloudwatch")


def _put(watch: Any, name: str, entries: list[tuple[float, dict[str, Any]]], **more: Any) -> None:
    """Entries are (minutes ago, value fields)."""
    data = [{"MetricName": name, "Timestamp": NOW - timedelta(minutes=ago), **more, **value} for ago, value in entries]
    watch.put_metric_data(Namespace="Shop", MetricData=data)


def _stat(name: str, stat: str, period: int = 300) -> dict[str, Any]:
    return {"Metric": {"Namespace": "Shop", "MetricName": name}, "Period": period, "Stat": stat}


def test_periods_begin_on_boundaries_and_dimensions_match_exactly(watch: Any) -> None:
    _put(watch, "m", [(7, {"Value": 1}), (6, {"Value": 3}), (1, {"Value": 10})])
    _put(watch, "m", [(1, {"Value": 99})], Dimensions=[{"Name": "a", "Value": "b"}])
    found = watch.get_metric_statistics(
        Namespace="Shop", MetricName="m", **HOUR, Period=300, Statistics=["Average", "SampleCount", "Maximum"]
    )
    points = sorted(found["Datapoints"], key=lambda point: point["Timestamp"])
    assert [(f"{point['Timestamp'].astimezone(UTC):%H:%M:%S}", point["Average"]) for point in points] == [
        ("09:50:00", 1.0),
        ("09:55:00", 3.0),
        ("10:00:00", 10.0),
    ]
    assert points[2]["SampleCount"] == 1


def test_values_with_counts_and_statistic_sets_add_up(watch: Any) -> None:
    sets = {"SampleCount": 4, "Sum": 20, "Minimum": 2, "Maximum": 9}
    _put(watch, "m", [(2, {"Values": [1, 5], "Counts": [3, 1]}), (2, {"StatisticValues": sets})])
    wanted = ["SampleCount", "Sum", "Minimum", "Maximum", "Average"]
    (point,) = watch.get_metric_statistics(
        Namespace="Shop", MetricName="m", **HOUR, Period=60, Statistics=wanted, ExtendedStatistics=["p50"]
    )["Datapoints"]
    assert [point[name] for name in wanted] == [8, 28, 1, 9, 3.5]
    assert "ExtendedStatistics" not in point


def test_percentiles_come_from_the_single_values(watch: Any) -> None:
    _put(watch, "m", [(1, {"Values": list(range(1, 101))})])
    (point,) = watch.get_metric_statistics(
        Namespace="Shop", MetricName="m", **HOUR, Period=60, ExtendedStatistics=["p50", "p95", "p100"]
    )["Datapoints"]
    assert point["ExtendedStatistics"] == pytest.approx({"p50": 50.5, "p95": 95.05, "p100": 100})


def test_metric_data_answers_percentiles_and_math_newest_first(watch: Any) -> None:
    _put(watch, "errors", [(7, {"Value": 1}), (1, {"Value": 10})])
    _put(watch, "requests", [(7, {"Value": 100}), (1, {"Value": 40})])
    queries = [
        {"Id": "rate", "Expression": "e / r * 100", "Label": "Error rate"},
        {"Id": "e", "MetricStat": _stat("errors", "Sum"), "ReturnData": False},
        {"Id": "r", "MetricStat": _stat("requests", "Sum"), "ReturnData": False},
        {"Id": "p", "MetricStat": _stat("errors", "p95")},
    ]
    rate, tail = watch.get_metric_data(MetricDataQueries=queries, **HOUR)["MetricDataResults"]
    assert (rate["Id"], rate["Label"], rate["Values"], rate["StatusCode"]) == (
        "rate",
        "Error rate",
        [25.0, 1.0],
        "Complete",
    )
    assert [f"{at.astimezone(UTC):%H:%M}" for at in rate["Timestamps"]] == ["10:00", "09:50"]
    assert tail["Values"] == [10.0, 1.0]
    ascending = watch.get_metric_data(MetricDataQueries=queries, **HOUR, ScanBy="TimestampAscending")
    assert ascending["MetricDataResults"][0]["Values"] == [1.0, 25.0]


def test_metric_data_comes_in_pages(watch: Any) -> None:
    _put(watch, "m", [(ago, {"Value": ago}) for ago in range(1, 6)])
    ask = {"MetricDataQueries": [{"Id": "m", "MetricStat": _stat("m", "Sum", 60)}], **HOUR, "MaxDatapoints": 2}
    pages = list(watch.get_paginator("get_metric_data").paginate(**ask))
    assert [page["MetricDataResults"][0]["Values"] for page in pages] == [[1, 2], [3, 4], [5]]
    assert pages[0]["MetricDataResults"][0]["StatusCode"] == "PartialData"


@pytest.mark.parametrize(
    "query",
    [{"Id": "Big", "Expression": "1"}, {"Id": "a", "Expression": "b + 1"}, {"Id": "a", "Expression": "a + 1"}],
)
def test_wrong_queries_are_refused(watch: Any, query: dict[str, Any]) -> None:
    with pytest.raises(watch.exceptions.ClientError, match="ValidationError"):
        watch.get_metric_data(MetricDataQueries=[query], **HOUR)


def test_metrics_are_listed_once_with_wildcard_dimensions(watch: Any) -> None:
    for value in ("b", "c"):
        _put(watch, "m", [(3, {"Value": 1}), (1, {"Value": 1})], Dimensions=[{"Name": "a", "Value": value}])
    _put(watch, "n", [(1, {"Value": 1})])
    assert len(watch.list_metrics(Namespace="Shop")["Metrics"]) == 3
    assert len(watch.list_metrics(MetricName="m", Dimensions=[{"Name": "a"}])["Metrics"]) == 2
    assert len(watch.list_metrics(Dimensions=[{"Name": "a", "Value": "c"}])["Metrics"]) == 1


def test_data_too_old_or_from_the_future_is_refused(watch: Any) -> None:
    for ago in (15 * 24 * 60, -180):
        with pytest.raises(watch.exceptions.ClientError, match="InvalidParameterValue"):
            _put(watch, "m", [(ago, {"Value": 1})])


def test_too_many_datapoints_are_refused(watch: Any) -> None:
    span = {"StartTime": NOW - timedelta(days=2), "EndTime": NOW}
    with pytest.raises(watch.exceptions.ClientError, match="limit of 1,440"):
        watch.get_metric_statistics(Namespace="Shop", MetricName="m", **span, Period=60, Statistics=["Sum"])


def test_seeded_points_are_ordinary_metrics(watch: Any, clock: Clock) -> None:
    points = [(clock.now() - 60 * step, float(step)) for step in range(1_000)]
    cloudwatch.put_series("us-east-1", "AWS/ECS", "CPUUtilization", {"ServiceName": "api"}, points, "Percent")
    (metric,) = watch.list_metrics(Namespace="AWS/ECS")["Metrics"]
    assert metric["Dimensions"] == [{"Name": "ServiceName", "Value": "api"}]


def test_values_of_a_short_period_are_forgotten_sooner_than_those_of_a_longer_one(watch: Any, clock: Clock) -> None:
    _put(watch, "m", [(1, {"Value": 7})])

    def found(period: int) -> list[float]:
        queries = [{"Id": "m", "MetricStat": _stat("m", "Sum", period)}]
        (answer,) = watch.get_metric_data(MetricDataQueries=queries, **HOUR)["MetricDataResults"]
        statistics = watch.get_metric_statistics(
            Namespace="Shop", MetricName="m", **HOUR, Period=period, Statistics=["Sum"]
        )
        assert [point["Sum"] for point in statistics["Datapoints"]] == answer["Values"]
        return [float(value) for value in answer["Values"]]

    kept = []
    for days in (14, 2, 46, 2, 390, 3):
        clock.advance(days * 86_400)
        kept.append([period for period in (60, 300, 3600) if found(period) == [7.0]])
    assert kept == [[60, 300, 3600], [300, 3600], [300, 3600], [3600], [3600], []]


def test_a_seeded_value_may_stand_for_many_measurements(watch: Any, clock: Clock) -> None:
    spread = ((0.5, 90.0), (2.0, 10.0))
    cloudwatch.put_series("us-east-1", "Shop", "slow", {}, [(clock.now() - 90, 100.0)], spread=spread)
    asked = [{"Id": stat.lower(), "MetricStat": _stat("slow", stat)} for stat in ("p50", "p95", "Average", "Sum")]
    found = watch.get_metric_data(MetricDataQueries=asked, **HOUR)["MetricDataResults"]
    assert [each["Values"] for each in found] == [[50.0], [200.0], [65.0], [6500.0]]


def test_a_widget_is_a_png_of_the_asked_size(watch: Any) -> None:
    _put(watch, "m", [(ago, {"Value": ago % 7}) for ago in range(1, 50)])
    widget = {
        "metrics": [["Shop", "m", {"id": "m"}], [{"expression": "m * 2"}]],
        "annotations": {"horizontal": [{"value": 5}]},
        "width": 320,
        "height": 200,
        "start": "-PT1H",
    }
    image = watch.get_metric_widget_image(MetricWidget=json.dumps(widget))["MetricWidgetImage"]
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(image[16:20]), int.from_bytes(image[20:24])) == (320, 200)
    start = image.index(b"IDAT") + 4
    assert len(zlib.decompressobj().decompress(image[start:])) == (320 * 3 + 1) * 200


def _widget(watch: Any, **more: Any) -> bytes:
    _put(watch, "m", [(30, {"Value": 5})])
    widget = {
        "metrics": [["Shop", "m"]],
        "start": "2026-11-22T09:00:00.000Z",
        "end": "2026-11-22T10:00:00.000Z",
        **more,
    }
    return bytes(watch.get_metric_widget_image(MetricWidget=json.dumps(widget))["MetricWidgetImage"])


def test_a_moment_within_a_widgets_time_is_marked(watch: Any) -> None:
    def marked(at: str) -> bytes:
        return _widget(watch, annotations={"vertical": [{"value": f"2026-11-22T{at}:00.000Z", "label": "deploy"}]})

    assert marked("09:30") != _widget(watch)
    assert marked("11:30") == _widget(watch)


def test_a_widget_that_is_no_widget_is_refused(watch: Any) -> None:
    for wrong in ({"start": "yesterday"}, {"start": "2026-11-22T11:00:00Z"}, {"title": "x" * 100_001}):
        with pytest.raises(watch.exceptions.ClientError, match="ValidationError"):
            _widget(watch, **wrong)


A, B = {0.0: 1.0, 60.0: 4.0}, {60.0: 2.0, 120.0: 8.0}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", {60.0: 6.0}),
        ("a / (b - 2)", {}),
        ("-a * 2 + 1", {0.0: -1.0, 60.0: -7.0}),
        ("2 ^ 3 ^ 1", {0.0: 8.0, 60.0: 8.0, 120.0: 8.0}),
        ("SUM([a, b])", {0.0: 1.0, 60.0: 6.0, 120.0: 8.0}),
        ("AVG(METRICS())", {0.0: 1.0, 60.0: 3.0, 120.0: 8.0}),
        ("MAX(a)", {0.0: 4.0, 60.0: 4.0, 120.0: 4.0}),
        ("FILL(b, 0)", {0.0: 0.0, 60.0: 2.0, 120.0: 8.0}),
        ("FILL(a, REPEAT)", {0.0: 1.0, 60.0: 4.0, 120.0: 4.0}),
        ("IF(a > 2, a, 0)", {0.0: 0.0, 60.0: 4.0}),
        ("IF(a > 2 AND a < 9, 1)", {60.0: 1.0}),
        ("DIFF(a)", {60.0: 3.0}),
        ("RATE(a)", {60.0: 0.05}),
        ("RUNNING_SUM(a)", {0.0: 1.0, 60.0: 5.0}),
        ("ABS(0 - a)", A),
        ("a / PERIOD(a)", {0.0: 1 / 60, 60.0: 4 / 60}),
        ("100 * a / FILL(b, 1)", {0.0: 100.0, 60.0: 200.0}),
    ],
)
def test_metric_math(expression: str, expected: dict[float, float]) -> None:
    scope = Scope({"a": A, "b": B}, (0.0, 60.0, 120.0), 60, ("a", "b"))
    assert evaluate(expression, scope) == [pytest.approx(expected)]


@pytest.mark.parametrize("expression", ["a +", "c", "NOPE(a)", "a b", "(a", "'text'", "1 / 0", "a $ b", "FILL(a)"])
def test_metric_math_it_cannot_do_is_an_error(expression: str) -> None:
    with pytest.raises(MathError):
        evaluate(expression, Scope({"a": A}, (0.0,), 60))
