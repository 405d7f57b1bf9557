from __future__ import annotations

import json

import pytest

from sandbox.clock import Clock
from tests.sandbox.aws.cloudwatch.room import Room


def test_an_action_tells_what_was_published(room: Room) -> None:
    room.alarm()
    room.put(9)
    (item,) = room.cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    details = json.loads(item["HistoryData"])
    assert (details["actionState"], details["notificationResource"]) == ("Succeeded", room.topic)
    assert json.loads(details["publishedMessage"]) == room.told()[0]


def test_an_action_without_its_topic_failed(room: Room) -> None:
    room.alarm(AlarmActions=["arn:aws:sns:us-east-1:123456789012:gone"])
    room.put(9)
    (item,) = room.cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    details = json.loads(item["HistoryData"])
    assert (details["actionState"], bool(details["error"])) == ("Failed", True)


def test_what_is_too_long_is_left_out_so_that_the_rest_is_json(room: Room) -> None:
    room.alarm(AlarmDescription="very long " * 100, EvaluationPeriods=90, DatapointsToAlarm=1)
    for _ in range(90):
        room.aws.clock.advance(60)
        room.put(1.0)
    room.put(9_999)
    for item in room.cloudwatch.describe_alarm_history()["AlarmHistoryItems"]:
        assert len(item["HistoryData"]) <= 4_095
        assert json.loads(item["HistoryData"])["version"] == "1.0"


def test_only_metric_alarms_are_told_of_unless_asked(room: Room) -> None:
    room.alarm()
    room.cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(api-errors)")
    found = room.cloudwatch.describe_alarm_history()["AlarmHistoryItems"]
    assert {item["AlarmName"] for item in found} == {"api-errors"}
    found = room.cloudwatch.describe_alarm_history(AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"]
    assert {(item["AlarmName"], item["AlarmType"]) for item in found} == {("both", "CompositeAlarm")}


def test_the_history_comes_in_pages_in_either_order(room: Room, clock: Clock) -> None:
    room.alarm(AlarmActions=[], OKActions=[])
    for value in (9, 1, 9, 1):
        clock.advance(60)
        room.put(value)
    pages = room.cloudwatch.get_paginator("describe_alarm_history").paginate(
        HistoryItemType="StateUpdate", ScanBy="TimestampAscending", PaginationConfig={"PageSize": 3}
    )
    told = [[item["HistorySummary"].rpartition(" ")[2] for item in page["AlarmHistoryItems"]] for page in pages]
    assert told == [["ALARM", "OK", "ALARM"], ["OK"]]
    newest = room.cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate", MaxRecords=1)
    assert newest["AlarmHistoryItems"][0]["HistorySummary"] == "Alarm updated from ALARM to OK"


def test_a_change_of_settings_is_told_and_dates_narrow_the_list(room: Room, clock: Clock) -> None:
    room.alarm()
    clock.advance(3600)
    room.alarm(Threshold=7)
    kind = "ConfigurationUpdate"
    items = room.cloudwatch.describe_alarm_history(HistoryItemType=kind)["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == ['Alarm "api-errors" updated', 'Alarm "api-errors" created']
    assert json.loads(items[0]["HistoryData"])["updatedAlarm"]["Threshold"] == 7
    recent = room.cloudwatch.describe_alarm_history(HistoryItemType=kind, StartDate=clock.datetime())
    assert len(recent["AlarmHistoryItems"]) == 1


def test_the_history_is_forgotten_after_thirty_days(room: Room, clock: Clock) -> None:
    room.alarm()
    clock.advance(31 * 86_400)
    room.aws.tick()
    kinds = {item["HistoryItemType"] for item in room.cloudwatch.describe_alarm_history()["AlarmHistoryItems"]}
    assert "ConfigurationUpdate" not in kinds


def test_the_history_of_contributors_needs_an_alarm(room: Room) -> None:
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="AlarmName"):
        room.cloudwatch.describe_alarm_history(HistoryItemType="AlarmContributorAction")
