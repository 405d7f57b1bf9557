"""Alarms that compare with what is usual, and alarms on what stands in the logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.clock import Clock
from tests.sandbox.aws.cloudwatch.room import DIMENSIONS, Room

PLAIN = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period", "Threshold"))
METRIC = {"Namespace": "Shop", "MetricName": "Errors", "Dimensions": DIMENSIONS}
BAND = [
    {"Id": "m1", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Average"}, "ReturnData": True},
    {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "Label": "Errors (expected)", "ReturnData": True},
]
OUTSIDE = "LessThanLowerOrGreaterThanUpperThreshold"


def _anomaly(room: Room, **more: Any) -> None:
    wanted = {"AlarmName": "strange", "Metrics": BAND, "ThresholdMetricId": "ad1", "ComparisonOperator": OUTSIDE}
    room.alarm(**PLAIN, **wanted | more)


def _usual(room: Room, clock: Clock) -> None:
    for number in range(20):
        room.put(10 + number % 2)
        clock.advance(60)


def test_what_is_unusual_raises_the_alarm_in_cloudwatch_s_words(room: Room, clock: Clock) -> None:
    _usual(room, clock)
    _anomaly(room)
    room.put(30)
    room.aws.tick()
    message = next(each for each in room.told() if each["NewStateValue"] == "ALARM")
    assert message["NewStateReason"].startswith(
        "Thresholds Crossed: 1 out of the last 1 datapoints [30.0 (22/11/26 10:21:00)] was less than the lower "
        "thresholds ["
    )
    assert "] or greater than the upper thresholds [" in message["NewStateReason"]
    trigger = message["Trigger"]
    assert "Threshold" not in trigger
    assert (trigger["ThresholdMetricId"], trigger["ComparisonOperator"]) == ("ad1", OUTSIDE)
    assert [query["ReturnData"] for query in trigger["Metrics"]] == [True, True]
    evidence = json.loads(room.state("strange")["StateReasonData"])
    assert evidence["recentLowerThresholds"][0] < 10 < evidence["recentUpperThresholds"][0] < 30


def test_what_is_usual_is_ok_and_says_of_both_bounds_that_it_was_within(room: Room, clock: Clock) -> None:
    _usual(room, clock)
    _anomaly(room)
    room.put(10)
    assert room.state("strange")["StateValue"] == "OK"
    assert " was not less than the lower thresholds [" in room.state("strange")["StateReason"]
    assert "] or not greater than the upper thresholds [" in room.state("strange")["StateReason"]


def test_one_bound_may_count_alone(room: Room, clock: Clock) -> None:
    _usual(room, clock)
    _anomaly(room, ComparisonOperator="LessThanLowerThreshold")
    room.put(30)
    assert room.state("strange")["StateValue"] == "OK"
    clock.advance(60)
    room.put(0)
    clock.advance(60)
    room.aws.tick()
    assert "was less than the lower thresholds" in room.state("strange")["StateReason"]


def test_before_anything_is_known_nothing_is_unusual(room: Room) -> None:
    _anomaly(room)
    room.put(30)
    assert room.state("strange")["StateValue"] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize("wrong", [{"ThresholdMetricId": None}, {"ThresholdMetricId": "x"}, {"Threshold": 5}])
def test_a_band_needs_its_query_and_no_threshold(room: Room, wrong: dict[str, Any]) -> None:
    wanted = {"Metrics": BAND, "ThresholdMetricId": "ad1", "ComparisonOperator": OUTSIDE} | wrong
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="ValidationError"):
        room.alarm(**PLAIN | wanted)


@pytest.fixture
def log(room: Room, client: Callable[..., Any]) -> Callable[..., None]:
    logs = client("logs")
    logs.create_log_group(logGroupName="/ecs/api")
    logs.create_log_stream(logGroupName="/ecs/api", logStreamName="one")

    def write(*messages: str) -> None:
        at = int(room.aws.clock.now() * 1000)
        events = [{"timestamp": at, "message": message} for message in messages]
        logs.put_log_events(logGroupName="/ecs/api", logStreamName="one", logEvents=events)

    return write


def _log_alarm(room: Room, **more: Any) -> None:
    query = {
        "QueryString": "fields @message | filter @message like /ERROR/",
        "LogGroupIdentifiers": ["/ecs/api"],
        "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/alarms",
        "ScheduleConfiguration": {"ScheduleExpression": "rate(1 minute)", "StartTimeOffset": 60},
        "AggregationExpression": more.pop("aggregation", "count(*)"),
    }
    wanted: dict[str, Any] = {
        "AlarmName": "errors-in-logs",
        "ScheduledQueryConfiguration": query,
        "QueryResultsToEvaluate": 1,
        "QueryResultsToAlarm": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [room.topic],
    }
    room.cloudwatch.put_log_alarm(**wanted | more)


def _minute(room: Room) -> None:
    room.aws.clock.advance(60)
    room.aws.tick()


def test_a_log_alarm_tells_its_query_and_no_trigger(room: Room, log: Callable[..., None]) -> None:
    _log_alarm(room)
    log("ERROR one", "fine", "ERROR two")
    _minute(room)
    (message,) = room.told()
    assert (message["AlarmName"], message["NewStateValue"]) == ("errors-in-logs", "ALARM")
    assert message["LogGroups"] == ["/ecs/api"]
    assert message["QueryString"] == "fields @message | filter @message like /ERROR/"
    assert "Trigger" not in message
    assert "[2.0 (" in message["NewStateReason"]


def test_log_alarms_are_described_when_asked_for(room: Room) -> None:
    _log_alarm(room)
    assert room.cloudwatch.describe_alarms()["MetricAlarms"] == []
    (alarm,) = room.cloudwatch.describe_alarms(AlarmTypes=["LogAlarm"])["LogAlarms"]
    assert (alarm["QueryResultsToEvaluate"], alarm["StateValue"]) == (1, "INSUFFICIENT_DATA")
    assert alarm["ScheduledQueryConfiguration"]["AggregationExpression"] == "count(*)"


def test_each_group_of_a_log_alarm_tells_of_itself(room: Room, log: Callable[..., None]) -> None:
    _log_alarm(room, aggregation="count(*) by path")
    log(*(json.dumps({"level": "ERROR", "path": path}) for path in ("/a", "/a", "/b")))
    _minute(room)
    (message,) = room.told()
    assert message["AlarmContributorAttributes"] == {"path": "/a"}
    assert room.state_of_logs("errors-in-logs")["StateReason"] == "1 out of 2 time series evaluated to ALARM"


def test_a_log_without_errors_counts_none(room: Room, log: Callable[..., None]) -> None:
    _log_alarm(room)
    log("ERROR one", "ERROR two")
    _minute(room)
    _minute(room)
    assert room.state_of_logs("errors-in-logs")["StateValue"] == "OK"


@pytest.mark.parametrize("wrong", [{"QueryResultsToAlarm": 2}, {"ComparisonOperator": "GreaterThanUpperThreshold"}])
def test_impossible_log_alarms_are_refused(room: Room, wrong: dict[str, Any]) -> None:
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="ValidationError"):
        _log_alarm(room, **wrong)
