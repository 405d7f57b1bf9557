from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_notification import subject
from sandbox.clock import Clock
from tests.sandbox.aws.cloudwatch.room import DIMENSIONS, Client, Room


def test_a_composite_alarm_follows_its_children(room: Room, clock: Clock) -> None:
    room.alarm(AlarmActions=[])
    room.alarm(AlarmName="quiet", MetricName="Other", AlarmActions=[])
    room.cloudwatch.put_composite_alarm(
        AlarmName="both",
        AlarmRule='ALARM("api-errors") AND NOT (ALARM(quiet) OR FALSE)',
        AlarmActions=[room.topic],
    )
    room.aws.tick()
    assert room.state("both")["StateValue"] == "OK"
    room.put(9)
    (message,) = room.told()
    assert message["AlarmRule"].startswith("ALARM(")
    assert "Trigger" not in message
    arn = room.state()["AlarmArn"]
    assert message["NewStateReason"] == f"{arn} transitioned to ALARM at Sunday 22 November, 2026 10:01:37 UTC"
    assert message["TriggeringChildren"][0] == {
        "Arn": arn,
        "State": {"Value": "ALARM", "Timestamp": "2026-11-22T10:01:37.811+0000"},
    }


def test_a_composite_alarm_must_name_alarms_that_exist(room: Room) -> None:
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="do not exist"):
        room.cloudwatch.put_composite_alarm(AlarmName="x", AlarmRule="ALARM(nobody)")
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="ValidationError"):
        room.cloudwatch.put_composite_alarm(AlarmName="x", AlarmRule="ALARM(nobody")


def test_every_given_filter_narrows_the_list(room: Room) -> None:
    for name in ("shop-a", "shop-b", "other"):
        room.alarm(AlarmName=name, MetricName=name)
    room.cloudwatch.put_composite_alarm(AlarmName="shop-all", AlarmRule="ALARM(shop-a)")
    room.put(9, "shop-b")
    room.put(9, "other")

    def names(**wanted: Any) -> list[str]:
        found = room.cloudwatch.describe_alarms(**wanted)
        return [alarm["AlarmName"] for alarm in found["MetricAlarms"] + found["CompositeAlarms"]]

    assert names(AlarmNamePrefix="shop") == ["shop-a", "shop-b"]
    assert names(AlarmNamePrefix="shop", StateValue="ALARM") == ["shop-b"]
    assert names(AlarmNames=["other", "shop-a"], StateValue="ALARM") == ["other"]
    assert names(AlarmTypes=["CompositeAlarm"]) == ["shop-all"]
    assert names(ActionPrefix="arn:aws:lambda") == []
    pages = room.cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["MetricAlarms"]) for page in pages] == [2, 1]


def test_alarms_of_a_metric_need_its_exact_dimensions(room: Room) -> None:
    room.alarm()
    ask = room.cloudwatch.describe_alarms_for_metric
    assert len(ask(Namespace="Shop", MetricName="Errors", Dimensions=DIMENSIONS)["MetricAlarms"]) == 1
    assert ask(Namespace="Shop", MetricName="Errors")["MetricAlarms"] == []


def test_history_tells_creation_transition_and_action_newest_first(room: Room) -> None:
    room.alarm(AlarmActions=[room.topic, "arn:aws:sns:us-east-1:123456789012:gone"])
    room.put(9)
    items = room.cloudwatch.describe_alarm_history(AlarmName="api-errors")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in items] == ["Action", "Action", "StateUpdate", "ConfigurationUpdate"]
    assert items[0]["HistorySummary"].startswith("Failed to execute action arn:aws:sns:us-east-1:123456789012:gone.")
    assert items[1]["HistorySummary"] == f"Successfully executed action {room.topic}"
    assert items[2]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert json.loads(items[2]["HistoryData"])["newState"]["stateReasonData"]["threshold"] == 5.0
    room.cloudwatch.delete_alarms(AlarmNames=["api-errors"])
    wanted = {"AlarmName": "api-errors", "HistoryItemType": "StateUpdate"}
    assert len(room.cloudwatch.describe_alarm_history(**wanted)["AlarmHistoryItems"]) == 1


def test_regions_do_not_share_alarms(room: Room, client: Client) -> None:
    room.alarm()
    assert client("cloudwatch", "ap-northeast-1").describe_alarms()["MetricAlarms"] == []


def test_a_subject_is_ascii_and_shorter_than_a_hundred() -> None:
    alarm = Alarm({"AlarmName": "Sesión | #1"}, "123456789012", "eu-west-1", 0.0)
    assert subject(alarm, "INSUFFICIENT_DATA") == 'INSUFFICIENT_DATA: "Sesi_n | #1" in EU (Ireland)'
    assert len(subject(Alarm({"AlarmName": "x" * 255}, "123456789012", "us-east-1", 0.0), "OK")) == 99


@pytest.mark.parametrize(
    "wrong",
    [
        {"Statistic": None, "ExtendedStatistic": "q95"},
        {"DatapointsToAlarm": 2},
        {"TreatMissingData": "maybe"},
        {"Statistic": None},
        {"MetricName": None},
    ],
)
def test_impossible_alarms_are_refused(room: Room, wrong: dict[str, Any]) -> None:
    with pytest.raises(room.cloudwatch.exceptions.ClientError):
        room.alarm(**wrong)
