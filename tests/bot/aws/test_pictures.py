"""CloudWatch's own pictures: what is asked for, and where there is none."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bot.aws.errors import NotPermittedError
from bot.aws.metrics import Metrics
from bot.aws.pictures import LARGEST, MOST_MARKS, widget
from bot.aws.session import Sessions
from bot.cloud import Curve, Datapoint, Transition
from bot.domain import Account, AlarmMetric
from bot.errors import UpstreamError
from bot.graph import Mark, MarkKind
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

PNG = b"\x89PNG\r\n\x1a\nand so on"
CPU = AlarmMetric(
    namespace="AWS/ECS",
    name="CPUUtilization",
    dimensions={"ClusterName": "bi", "ServiceName": "api"},
    statistic="AVERAGE",
    period=60,
    threshold=75.0,
    comparison="GreaterThanThreshold",
)
DEPLOYED = Mark(1_750_000_000.0, "deploy v143", MarkKind.DEPLOYMENT)
SPAN = {"start": 1_749_990_000.0, "end": 1_750_000_800.0}


@pytest.fixture
def metrics(sessions: Sessions, aws: ScriptedAws) -> Metrics:
    aws.on("GetMetricWidgetImage", {"MetricWidgetImage": base64.b64encode(PNG).decode()})
    return Metrics(sessions)


def asked(aws: ScriptedAws) -> dict[str, Any]:
    (call,) = aws.asked("GetMetricWidgetImage")
    wanted: dict[str, Any] = json.loads(call["MetricWidget"])
    return wanted


def test_a_metric_is_drawn_with_its_threshold_and_what_happened(
    metrics: Metrics, aws: ScriptedAws, account: Account
) -> None:
    assert metrics.picture(account, CPU, marks=(DEPLOYED,), **SPAN) == PNG
    wanted = asked(aws)
    assert wanted["metrics"] == [
        [
            *("AWS/ECS", "CPUUtilization", "ClusterName", "bi", "ServiceName", "api"),
            {"stat": "Average", "period": 60},
        ]
    ]
    assert wanted["annotations"] == {
        "horizontal": [{"value": 75.0, "label": "alarm > 75", "color": "#b3261e", "fill": "above"}],
        "vertical": [{"value": "2025-06-15T15:06:40.000Z", "label": "deploy v143", "color": "#6b2fa0"}],
    }
    assert (wanted["start"], wanted["end"]) == ("2025-06-15T12:20:00.000Z", "2025-06-15T15:20:00.000Z")
    assert (wanted["width"], wanted["height"], wanted["timezone"]) == (1600, 720, "+0000")


def test_an_alarm_is_asked_about_and_drawn_as_it_watches(metrics: Metrics, aws: ScriptedAws, account: Account) -> None:
    alarm = {
        "AlarmName": "low",
        "Namespace": "Shop",
        "MetricName": "Orders",
        "Dimensions": [],
        "ExtendedStatistic": "p95",
        "Period": 300,
        "Threshold": 2,
        "ComparisonOperator": "LessThanOrEqualToThreshold",
    }
    aws.on("DescribeAlarms", {"MetricAlarms": [alarm]})
    assert metrics.picture(account, "low", marks=(), **SPAN) == PNG
    wanted = asked(aws)
    assert wanted["metrics"] == [["Shop", "Orders", {"stat": "p95", "period": 300}]]
    assert wanted["annotations"]["horizontal"][0]["fill"] == "below"
    assert "vertical" not in wanted["annotations"]


def test_a_band_is_drawn_as_the_expression_it_is_with_what_happened(
    metrics: Metrics, aws: ScriptedAws, account: Account
) -> None:
    metric = {"Namespace": "AWS/ECS", "MetricName": "CPU", "Dimensions": [{"Name": "ServiceName", "Value": "api"}]}
    alarm = {
        "AlarmName": "odd",
        "ThresholdMetricId": "ad1",
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
        "Metrics": [
            {
                "Id": "m1",
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"},
                "AccountId": "210987654321",
            },
            {"Id": "m2", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "Label": "usual", "Period": 60},
        ],
    }
    aws.on("DescribeAlarms", {"MetricAlarms": [alarm]})
    assert metrics.picture(account, "odd", marks=(DEPLOYED,), **SPAN) == PNG
    first, hidden, band = asked(aws)["metrics"]
    assert first[-1] == {
        "stat": "Average", "period": 60, "id": "m1", "visible": True, "accountId": "210987654321",
    }  # fmt: skip
    assert hidden[-1]["visible"] is False
    assert band == [
        {
            "expression": "ANOMALY_DETECTION_BAND(m1, 2)", "id": "ad1", "visible": True, "label": "usual", "period": 60,
        }
    ]  # fmt: skip
    assert "horizontal" not in asked(aws)["annotations"]
    assert asked(aws)["annotations"]["vertical"]


@pytest.mark.parametrize(
    "answer", [{"MetricAlarms": [], "CompositeAlarms": [{"AlarmName": "all"}]}, {"MetricAlarms": [{"AlarmName": "a"}]}]
)
def test_what_has_no_metric_has_no_picture(
    metrics: Metrics, aws: ScriptedAws, account: Account, answer: dict[str, Any]
) -> None:
    aws.on("DescribeAlarms", answer)
    assert metrics.picture(account, "all", marks=(), **SPAN) is None
    assert metrics.picture(account, AlarmMetric(expression="a + b"), marks=(), **SPAN) is None
    assert aws.asked("GetMetricWidgetImage") == []


def test_what_cloudwatch_calls_invalid_has_no_picture(metrics: Metrics, aws: ScriptedAws, account: Account) -> None:
    aws.on("GetMetricWidgetImage", Refusal("ValidationError", "Invalid metric array"))
    assert metrics.picture(account, CPU, marks=(), **SPAN) is None


def test_a_widget_beyond_what_is_taken_is_not_asked_for(metrics: Metrics, aws: ScriptedAws, account: Account) -> None:
    wide = CPU.model_copy(update={"dimensions": {f"d{number}": "x" * 1000 for number in range(200)}})
    assert metrics.picture(account, wide, marks=(), **SPAN) is None
    many = {"Id": "q", "MetricStat": {"Metric": {"Namespace": "a", "MetricName": "b"}, "Period": 60, "Stat": "Sum"}}
    aws.on("DescribeAlarms", {"MetricAlarms": [{"AlarmName": "a", "Metrics": [many] * 101}]})
    assert metrics.picture(account, "a", marks=(), **SPAN) is None
    assert aws.asked("GetMetricWidgetImage") == []


def test_a_denial_names_the_permission(metrics: Metrics, aws: ScriptedAws, account: Account) -> None:
    denied = "User: x is not authorized to perform: cloudwatch:GetMetricWidgetImage because no policy allows it"
    aws.on("GetMetricWidgetImage", Refusal("AccessDenied", denied, 403))
    with pytest.raises(NotPermittedError) as caught:
        metrics.picture(account, CPU, marks=(), **SPAN)
    assert caught.value.action == "cloudwatch:GetMetricWidgetImage"


def test_a_throttled_picture_is_worth_another_try(metrics: Metrics, aws: ScriptedAws, account: Account) -> None:
    aws.on("GetMetricWidgetImage", Refusal("Throttling", "Rate exceeded"))
    with pytest.raises(UpstreamError) as caught:
        metrics.picture(account, CPU, marks=(), **SPAN)
    assert caught.value.retryable


def test_hostile_marks_are_few_short_and_redacted() -> None:
    secret = "password=" + "hunter2hunter2"
    marks = [Mark(SPAN["start"] + number, f"{secret}\n{'x' * 5000}", MarkKind.OK) for number in range(300)]
    outside = Mark(SPAN["end"] + 1, "later", MarkKind.OK)
    made = widget({"metrics": [], "title": "t"}, marks=(*marks, outside), **SPAN)
    assert len(made["annotations"]["vertical"]) == MOST_MARKS
    assert len(json.dumps(made)) < LARGEST
    assert "hunter2" not in json.dumps(made)
    assert "later" not in json.dumps(made)


def test_every_series_of_an_alarm_on_math_stands_by_itself(
    sessions: Sessions, aws: ScriptedAws, account: Account
) -> None:
    def result(label: str, *values: float, at: int = 0, id_: str = "q") -> dict[str, Any]:
        return {
            "Id": id_, "Label": label, "Values": list(values), "Timestamps": [at + 60 * n for n in range(len(values))],
        }  # fmt: skip

    pages = {
        None: {
            "MetricDataResults": [result("fn-1", 1, 2), result("fn-2", 5), result("band", 9), result("band", 1)],
            "NextToken": "2",
        },
        "2": {"MetricDataResults": [result("fn-1", 3, at=120), result("empty")]},
    }
    aws.on("DescribeAlarms", {"MetricAlarms": [{"AlarmName": "a", "Metrics": [{"Id": "q", "Expression": "SELECT"}]}]})
    aws.on("GetMetricData", lambda call: pages[call.get("NextToken")])
    assert Metrics(sessions).curves(account, "a", start=0, end=600) == (
        Curve("fn-1", (Datapoint(0, 1), Datapoint(60, 2), Datapoint(120, 3))),
        Curve("fn-2", (Datapoint(0, 5),)),
        Curve("band", (Datapoint(0, 9),)),
        Curve("band", (Datapoint(0, 1),)),
    )


def test_an_alarm_without_math_has_no_curves(sessions: Sessions, aws: ScriptedAws, account: Account) -> None:
    aws.on("DescribeAlarms", {"MetricAlarms": []})
    assert Metrics(sessions).curves(account, "gone", start=0, end=600) == ()
    assert aws.asked("GetMetricData") == []


def test_every_change_of_state_is_told_newest_first(sessions: Sessions, aws: ScriptedAws, account: Account) -> None:
    lines = [
        {"Timestamp": 100, "HistoryData": '{"newState":{"stateValue":"ALARM"}}'},
        {"Timestamp": 300, "HistoryData": "{", "HistorySummary": "Alarm updated from OK to INSUFFICIENT_DATA"},
        {"Timestamp": 200, "HistoryData": '{"newState":{"stateValue":"OK"}}'},
    ]
    aws.on("DescribeAlarmHistory", {"AlarmHistoryItems": [{"AlarmName": "a", **line} for line in lines]})
    assert Metrics(sessions).transitions(account, "a", since=50.0) == (
        Transition(300, "INSUFFICIENT_DATA"),
        Transition(200, "OK"),
        Transition(100, "ALARM"),
    )
