from __future__ import annotations

import json
from typing import Any

from sandbox.clock import Clock
from tests.sandbox.aws.cloudwatch.room import DIMENSIONS, Room


def test_a_new_alarm_knows_nothing_yet(room: Room) -> None:
    room.alarm()
    assert room.state()["StateValue"] == "INSUFFICIENT_DATA"
    assert room.state()["StateReason"] == "Unchecked: Initial alarm creation"
    assert room.told() == []


def test_a_breaching_datapoint_raises_the_alarm_in_cloudwatchs_words(room: Room) -> None:
    room.alarm()
    room.put(7.2)
    state = room.state()
    assert state["StateValue"] == "ALARM"
    assert state["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [7.2 (22/11/26 10:01:00)] was greater than the threshold "
        "(5.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    evidence = json.loads(state["StateReasonData"])
    assert evidence["recentDatapoints"] == [7.2]
    assert evidence["evaluatedDatapoints"][0]["timestamp"] == "2026-11-22T10:01:00.000+0000"


def test_the_topic_gets_cloudwatchs_json_under_an_ascii_subject(room: Room) -> None:
    room.alarm(AlarmDescription="too many")
    room.put(7.2)
    (envelope,) = room.envelopes()
    body = json.loads(envelope["Message"])
    assert envelope["Subject"] == 'ALARM: "api-errors" in US East (N. Virginia)'
    assert list(body) == [
        "AlarmName",
        "AlarmDescription",
        "AWSAccountId",
        "AlarmConfigurationUpdatedTimestamp",
        "NewStateValue",
        "NewStateReason",
        "StateChangeTime",
        "Region",
        "AlarmArn",
        "OldStateValue",
        "OKActions",
        "AlarmActions",
        "InsufficientDataActions",
        "Trigger",
    ]
    assert body["StateChangeTime"] == "2026-11-22T10:01:37.811+0000"
    assert (body["OldStateValue"], body["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert body["AlarmArn"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:api-errors"
    assert body["Trigger"] == {
        "MetricName": "Errors",
        "Namespace": "Shop",
        "StatisticType": "Statistic",
        "Statistic": "AVERAGE",
        "Unit": None,
        "Dimensions": [{"value": "api", "name": "ServiceName"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 5.0,
        "TreatMissingData": "missing",
        "EvaluateLowSampleCountPercentile": "",
    }


def test_actions_run_on_transitions_only(room: Room, clock: Clock) -> None:
    room.alarm()
    room.put(9)
    clock.advance(60)
    room.put(9)
    assert [message["NewStateValue"] for message in room.told()] == ["ALARM"]
    clock.advance(60)
    room.put(1)
    assert [message["NewStateValue"] for message in room.told()] == ["OK"]
    assert (
        "was not greater than the threshold (5.0) (minimum 1 datapoint for ALARM -> OK" in room.state()["StateReason"]
    )


def test_disabled_actions_stay_silent_and_enabling_them_tells_nothing_late(room: Room, clock: Clock) -> None:
    room.alarm()
    room.cloudwatch.disable_alarm_actions(AlarmNames=["api-errors"])
    room.put(9)
    assert room.state()["StateValue"] == "ALARM"
    room.cloudwatch.enable_alarm_actions(AlarmNames=["api-errors"])
    room.aws.tick()
    assert room.told() == []
    clock.advance(60)
    room.put(0)
    assert [message["NewStateValue"] for message in room.told()] == ["OK"]


def test_a_state_set_by_hand_fires_and_holds_until_data_comes(room: Room, clock: Clock) -> None:
    room.alarm()
    room.put(1)
    assert room.state()["StateValue"] == "OK"
    room.cloudwatch.set_alarm_state(AlarmName="api-errors", StateValue="ALARM", StateReason="drill")
    clock.advance(30)
    room.aws.tick()
    assert (room.state()["StateValue"], room.state()["StateReason"]) == ("ALARM", "drill")
    assert [message["NewStateReason"] for message in room.told() if message["NewStateValue"] == "ALARM"] == ["drill"]
    room.put(1)
    assert room.state()["StateValue"] == "OK"


def test_updating_an_alarm_keeps_its_state(room: Room) -> None:
    room.alarm()
    room.put(9)
    room.alarm(AlarmDescription="new words")
    assert room.state()["StateValue"] == "ALARM"
    assert room.state()["AlarmDescription"] == "new words"


def test_a_sum_that_may_still_grow_does_not_end_an_alarm_before_its_period_does(room: Room, clock: Clock) -> None:
    room.alarm(Statistic="Sum")
    room.put(9)
    clock.advance(60)
    room.put(1)
    assert room.state()["StateValue"] == "ALARM"
    clock.advance(60)
    room.aws.tick()
    assert room.state()["StateValue"] == "OK"


def test_a_low_sum_is_no_alarm_until_the_period_is_over(room: Room, clock: Clock) -> None:
    room.alarm(Statistic="Sum", ComparisonOperator="LessThanThreshold")
    room.put(1)
    assert room.state()["StateValue"] == "INSUFFICIENT_DATA"
    clock.advance(60)
    room.aws.tick()
    assert room.state()["StateValue"] == "ALARM"


def test_silence_becomes_insufficient_data(room: Room, clock: Clock) -> None:
    room.alarm()
    room.put(9)
    clock.advance(600)
    room.aws.tick()
    assert room.state()["StateValue"] == "INSUFFICIENT_DATA"
    assert room.state()["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


def test_silence_can_be_treated_as_breaching_or_not(room: Room) -> None:
    room.alarm(TreatMissingData="notBreaching")
    room.alarm(AlarmName="heartbeat", TreatMissingData="breaching", EvaluationPeriods=3)
    assert room.state()["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
        "[NonBreaching]."
    )
    assert room.state("heartbeat")["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
        "[Breaching]."
    )
    assert {message["Trigger"]["TreatMissingData"] for message in room.told()} == {"notBreaching", "breaching"}


def test_three_out_of_three_needs_three_and_lists_them_newest_first(room: Room, clock: Clock) -> None:
    room.alarm(EvaluationPeriods=3, DatapointsToAlarm=3)
    for value in (6, 7):
        room.put(value)
        clock.advance(60)
    assert room.state()["StateValue"] == "INSUFFICIENT_DATA"
    room.put(8)
    assert room.state()["StateReason"].startswith(
        "Threshold Crossed: 3 out of the last 3 datapoints [8.0 (22/11/26 10:03:00), 7.0 (22/11/26 10:02:00), "
        "6.0 (22/11/26 10:01:00)] were greater than the threshold (5.0) (minimum 3 datapoints"
    )


def test_a_percentile_alarm_says_so(room: Room) -> None:
    room.alarm(Statistic=None, ExtendedStatistic="p95")
    room.put(9)
    (message,) = room.told()
    assert message["Trigger"]["StatisticType"] == "ExtendedStatistic"
    assert message["Trigger"]["ExtendedStatistic"] == "p95"
    assert "Statistic" not in message["Trigger"]


def _rate_alarm(room: Room) -> None:
    def metric(name: str) -> dict[str, Any]:
        found = {"Namespace": "Shop", "MetricName": name, "Dimensions": DIMENSIONS}
        return {"Metric": found, "Period": 60, "Stat": "Sum"}

    queries = [
        {"Id": "rate", "Expression": "errors / requests * 100", "Label": "Error rate"},
        {"Id": "errors", "MetricStat": metric("Errors"), "ReturnData": False},
        {"Id": "requests", "MetricStat": metric("Requests"), "ReturnData": False},
    ]
    plain = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"))
    room.alarm(**plain, Metrics=queries)


def test_a_metric_math_alarm_evaluates_its_expression(room: Room) -> None:
    _rate_alarm(room)
    room.put(200, "Requests")
    room.put(12)
    (message,) = room.told()
    assert "[6.0 (22/11/26 10:01:00)]" in message["NewStateReason"]
    assert "MetricName" not in message["Trigger"]
    assert message["Trigger"]["Metrics"][0] == {
        "Expression": "errors / requests * 100",
        "Id": "rate",
        "ReturnData": True,
        "Label": "Error rate",
    }
    assert message["Trigger"]["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"] == [
        {"value": "api", "name": "ServiceName"}
    ]
