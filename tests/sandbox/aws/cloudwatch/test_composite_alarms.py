"""Composite alarms: who is related to whom, and what suppresses their actions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.clock import Clock
from tests.sandbox.aws.cloudwatch.room import Room


@pytest.fixture
def family(room: Room) -> Room:
    """``shop`` over ``api-errors``, which the alarm ``works`` (people at work) suppresses."""
    room.alarm(AlarmActions=[], OKActions=[], TreatMissingData="ignore")
    room.alarm(AlarmName="works", MetricName="Works", AlarmActions=[], OKActions=[], TreatMissingData="ignore")
    room.put(1)
    room.put(0, "Works")
    room.cloudwatch.put_composite_alarm(
        AlarmName="shop",
        AlarmRule="ALARM(api-errors)",
        AlarmActions=[room.topic],
        OKActions=[room.topic],
        ActionsSuppressor="works",
        ActionsSuppressorWaitPeriod=120,
        ActionsSuppressorExtensionPeriod=180,
    )
    room.aws.tick()
    room.aws.clock.advance(600)
    room.aws.tick()
    room.told()
    return room


def _later(room: Room, seconds: float) -> None:
    room.aws.clock.advance(seconds)
    room.aws.tick()


def test_a_new_composite_alarm_says_what_its_rule_evaluates_to(family: Room) -> None:
    state = family.state("shop")
    assert state["StateReason"] == f"{state['AlarmArn']} was created and its alarm rule evaluates to OK"
    (triggering,) = json.loads(state["StateReasonData"])["triggeringAlarms"]
    assert triggering["state"] == {"value": "OK", "timestamp": "2026-11-22T10:01:37.811+0000"}


def test_actions_wait_for_the_suppressor_and_then_run(family: Room) -> None:
    family.put(9)
    state = family.state("shop")
    assert (state["StateValue"], state["ActionsSuppressedBy"]) == ("ALARM", "WaitPeriod")
    assert state["ActionsSuppressedReason"] == "Actions suppressed by WaitPeriod"
    assert family.told() == []
    _later(family, 120)
    (message,) = family.told()
    assert (message["NewStateValue"], message["StateChangeTime"]) == ("ALARM", "2026-11-22T10:11:37.811+0000")
    assert (message["ActionsSuppressor"], message["ActionsSuppressorWaitPeriod"]) == ("works", 120)
    assert [child["State"]["Value"] for child in message["TriggeringChildren"]] == ["ALARM"]
    assert "ActionsSuppressedBy" not in family.state("shop")


def test_a_suppressor_in_alarm_suppresses_and_so_do_the_minutes_after_it(family: Room) -> None:
    family.put(9, "Works")
    family.put(9)
    _later(family, 130)
    assert family.state("shop")["ActionsSuppressedBy"] == "Alarm"
    family.put(0, "Works")
    assert family.state("works")["StateValue"] == "OK"
    assert family.state("shop")["ActionsSuppressedBy"] == "ExtensionPeriod"
    _later(family, 170)
    assert family.told() == []
    _later(family, 10)
    assert [message["NewStateValue"] for message in family.told()] == ["ALARM"]


def test_what_was_suppressed_stands_in_the_history(family: Room) -> None:
    family.put(9)
    asked = {"AlarmName": "shop", "AlarmTypes": ["CompositeAlarm"], "HistoryItemType": "Action"}
    item = family.cloudwatch.describe_alarm_history(**asked)["AlarmHistoryItems"][0]
    details = json.loads(item["HistoryData"])
    assert (details["actionState"], details["actionsSuppressedBy"]) == ("Suppressed", "WaitPeriod")
    assert "WaitPeriod" in item["HistorySummary"]


def test_a_suppressor_needs_its_periods_and_must_exist(room: Room) -> None:
    room.alarm()
    wanted: dict[str, Any] = {"AlarmName": "x", "AlarmRule": "ALARM(api-errors)", "ActionsSuppressor": "api-errors"}
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="must be specified"):
        room.cloudwatch.put_composite_alarm(**wanted)
    wanted |= {"ActionsSuppressorWaitPeriod": 1, "ActionsSuppressorExtensionPeriod": 1, "ActionsSuppressor": "nobody"}
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="do not exist"):
        room.cloudwatch.put_composite_alarm(**wanted)


def test_children_and_parents_are_told_in_few_words(family: Room) -> None:
    family.cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(shop) OR ALARM(works)")
    children = family.cloudwatch.describe_alarms(ChildrenOfAlarmName="all")
    assert [alarm["AlarmName"] for alarm in children["CompositeAlarms"] + children["MetricAlarms"]] == ["shop", "works"]
    assert children["MetricAlarms"][0].keys() == {"AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp"}
    (parent,) = family.cloudwatch.describe_alarms(ParentsOfAlarmName="shop")["CompositeAlarms"]
    assert parent.keys() == {"AlarmName", "AlarmArn"}
    assert family.cloudwatch.describe_alarms(ChildrenOfAlarmName="works")["MetricAlarms"] == []
    with pytest.raises(family.cloudwatch.exceptions.ClientError, match="can only be combined"):
        family.cloudwatch.describe_alarms(ParentsOfAlarmName="shop", StateValue="OK")


def test_the_evidence_of_very_many_children_still_is_json(room: Room, clock: Clock) -> None:
    names = [f"child-{number:03d}-{'x' * 60}" for number in range(60)]
    for name in names:
        room.alarm(AlarmName=name, AlarmActions=[])
    rule = " OR ".join(f"ALARM({name})" for name in names)
    room.cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule=rule, AlarmActions=[room.topic])
    room.aws.tick()
    clock.advance(60)
    room.put(9)
    assert json.loads(room.state("all")["StateReasonData"])["triggeringAlarms"]
    assert len(room.told()[0]["TriggeringChildren"]) == 60
