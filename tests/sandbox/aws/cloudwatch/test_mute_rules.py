from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.aws import cloudwatch_mute_api
from sandbox.aws.cloudwatch_mute_schedule import ScheduleError, read_schedule
from sandbox.clock import Clock
from tests.sandbox.aws.cloudwatch.room import Room

HOUR = "PT1H"
RULE_ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:quiet"


def _mute(room: Room, expression: str = "at(2026-11-22T10:01)", duration: str = HOUR, **more: Any) -> None:
    schedule = {"Expression": expression, "Duration": duration, **more.pop("schedule", {})}
    targets = {"AlarmNames": more.pop("names", ["api-errors"])}
    wanted = {"Name": "quiet", "Rule": {"Schedule": schedule}, "MuteTargets": targets} | more
    room.cloudwatch.put_alarm_mute_rule(**wanted)


def test_a_muted_alarm_changes_its_state_and_tells_nobody(room: Room) -> None:
    room.alarm()
    _mute(room)
    room.put(9)
    assert room.state()["StateValue"] == "ALARM"
    assert room.told() == []
    action, *_ = room.cloudwatch.describe_alarm_history(AlarmName="api-errors", HistoryItemType="Action")[
        "AlarmHistoryItems"
    ]
    details = json.loads(action["HistoryData"])
    assert (details["actionState"], details["notificationResource"]) == ("Muted", room.topic)
    assert details["muteDetail"] == {
        "mutedByArn": RULE_ARN,
        "muteWindowStart": "2026-11-22T10:01:00.000+0000",
        "muteWindowEnd": "2026-11-22T11:01:00.000+0000",
    }
    assert RULE_ARN in action["HistorySummary"]


def test_an_alarm_that_is_still_red_when_its_mute_ends_tells_then(room: Room, clock: Clock) -> None:
    room.alarm(TreatMissingData="ignore")
    _mute(room, duration="PT10M")
    room.put(9)
    clock.advance(600)
    room.aws.tick()
    (message,) = room.told()
    assert (message["OldStateValue"], message["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert message["StateChangeTime"] == "2026-11-22T10:01:37.811+0000"
    room.aws.tick()
    assert room.told() == []


def test_an_alarm_that_was_red_only_while_it_was_muted_never_tells_of_it(room: Room, clock: Clock) -> None:
    room.alarm()
    room.put(1)
    room.told()
    _mute(room, duration="PT10M")
    clock.advance(60)
    room.put(9)
    clock.advance(60)
    room.put(1)
    clock.advance(600)
    room.put(1)
    assert "ALARM" not in [message["NewStateValue"] for message in room.told()]


def test_taking_the_rule_away_lets_go_what_it_held_back(room: Room) -> None:
    room.alarm()
    _mute(room)
    room.put(9)
    room.cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert [message["NewStateValue"] for message in room.told()] == ["ALARM"]
    room.cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")


def test_of_two_rules_the_longer_one_mutes(room: Room, clock: Clock) -> None:
    room.alarm(TreatMissingData="ignore")
    _mute(room, duration="PT5M")
    _mute(room, duration="PT15M", Name="longer")
    room.put(9)
    clock.advance(600)
    room.aws.tick()
    assert room.told() == []
    clock.advance(300)
    room.aws.tick()
    assert len(room.told()) == 1


def test_a_rule_is_told_as_it_was_written(room: Room, clock: Clock) -> None:
    room.alarm()
    _mute(room, "at(2026-11-22T12:00)", Description="deployment", schedule={"Timezone": "Europe/Berlin"})
    rule = room.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert rule["Rule"]["Schedule"] == {
        "Expression": "at(2026-11-22T12:00)",
        "Duration": "PT1H",
        "Timezone": "Europe/Berlin",
    }
    assert (rule["Name"], rule["AlarmMuteRuleArn"], rule["Description"]) == ("quiet", RULE_ARN, "deployment")
    assert rule["MuteTargets"] == {"AlarmNames": ["api-errors"]}
    assert (rule["Status"], rule["MuteType"]) == ("SCHEDULED", "ONE_TIME")
    statuses = []
    for seconds in (3600, 3600):
        clock.advance(seconds)
        statuses.append(room.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="quiet")["Status"])
    assert statuses == ["ACTIVE", "EXPIRED"]


def test_the_same_name_overwrites(room: Room) -> None:
    room.alarm()
    room.alarm(AlarmName="other")
    _mute(room, Description="first")
    _mute(room, "cron(0 2 * * SUN)", "P2DT12H", names=["other"])
    rule = room.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert (rule["MuteType"], rule["MuteTargets"]["AlarmNames"]) == ("RECURRING", ["other"])
    assert "Description" not in rule


def test_rules_are_listed_by_alarm_and_by_status_in_pages(room: Room) -> None:
    room.alarm()
    room.alarm(AlarmName="other")
    _mute(room, Name="now")
    _mute(room, "at(2026-12-01T00:00)", Name="later", names=["other"])
    _mute(room, "at(2026-11-01T00:00)", Name="past")

    def names(**wanted: Any) -> list[str]:
        found = room.cloudwatch.list_alarm_mute_rules(**wanted)["AlarmMuteRuleSummaries"]
        return [rule["AlarmMuteRuleArn"].rpartition(":")[2] for rule in found]

    assert names() == ["later", "now", "past"]
    assert names(AlarmName="other") == ["later"]
    assert names(Statuses=["ACTIVE", "EXPIRED"]) == ["now", "past"]
    first = room.cloudwatch.list_alarm_mute_rules(MaxRecords=2)
    assert len(first["AlarmMuteRuleSummaries"]) == 2
    assert len(names(NextToken=first["NextToken"])) == 1


def test_a_recurring_rule_keeps_to_its_dates(room: Room, clock: Clock) -> None:
    room.alarm()
    now = clock.datetime()
    _mute(room, "cron(0 10 * * *)", StartDate=now + timedelta(days=1), ExpireDate=now + timedelta(days=2, hours=-1))

    def status() -> str:
        return str(room.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="quiet")["Status"])

    assert status() == "SCHEDULED"
    clock.advance(86_400)
    assert status() == "ACTIVE"
    clock.advance(86_400)
    assert status() == "EXPIRED"


@pytest.mark.parametrize(
    "wrong",
    [
        {"expression": "0 2 * * *"},
        {"expression": "at(2026-11-22 10:01)"},
        {"expression": "at(2026-13-22T10:01)"},
        {"expression": "cron(0 2 * *)"},
        {"expression": "cron(*/5 * * * *)"},
        {"duration": "PT30S"},
        {"duration": "P15DT1M"},
        {"duration": "1h"},
        {"schedule": {"Timezone": "Europe/Nowhere"}},
        {"names": ["nobody"]},
        {"StartDate": datetime(2026, 12, 1, tzinfo=UTC)},
        {"ExpireDate": datetime(2026, 12, 1, tzinfo=UTC)},
    ],
)
def test_impossible_rules_are_refused(room: Room, wrong: dict[str, Any]) -> None:
    room.alarm()
    with pytest.raises(room.cloudwatch.exceptions.ClientError) as refused:
        _mute(room, **wrong)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert room.cloudwatch.list_alarm_mute_rules()["AlarmMuteRuleSummaries"] == []


def test_a_rule_targets_at_most_a_hundred_alarms(room: Room) -> None:
    with pytest.raises(room.cloudwatch.exceptions.ClientError, match="up to 100 alarms"):
        _mute(room, names=[f"alarm-{number}" for number in range(101)])


def test_there_can_be_too_many_rules(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudwatch_mute_api, "MOST_RULES", 1)
    room.alarm()
    _mute(room)
    _mute(room)
    with pytest.raises(room.cloudwatch.exceptions.LimitExceededFault):
        _mute(room, Name="one more")


def test_nobody_knows_a_rule_that_does_not_exist(room: Room) -> None:
    with pytest.raises(room.cloudwatch.exceptions.ResourceNotFoundException):
        room.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="nothing")


def _open(expression: str, duration: str, when: str, zone: str = "UTC") -> bool:
    moment = datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp()
    return read_schedule(expression, duration, zone).window(moment) is not None


@pytest.mark.parametrize(
    ("expression", "duration", "when", "expected"),
    [
        ("cron(0 2 * * *)", "PT1H", "2026-11-22T01:59", False),
        ("cron(0 2 * * *)", "PT1H", "2026-11-22T02:00", True),
        ("cron(0 2 * * *)", "PT1H", "2026-11-22T03:00", False),
        ("cron(0 18 * * FRI)", "P2DT12H", "2026-11-23T05:59", True),
        ("cron(0 18 * * FRI)", "P2DT12H", "2026-11-23T06:00", False),
        ("cron(0 18 * * 5)", "P2DT12H", "2026-11-20T17:00", False),
        ("cron(0 0 * * 7)", "PT4H", "2026-11-22T03:00", True),
        ("cron(0 1 1 * *)", "PT6H", "2026-12-01T06:59", True),
        ("cron(0 1 1 JAN,MAR *)", "PT6H", "2026-12-01T06:59", False),
        ("cron(0,30 8-10 * * MON-FRI)", "PT10M", "2026-11-23T09:35", True),
        ("cron(0,30 8-10 * * MON-FRI)", "PT10M", "2026-11-23T09:45", False),
        ("cron(0 0 1 * MON)", "PT1H", "2026-11-23T00:30", True),
    ],
)
def test_cron_windows_open_and_close(expression: str, duration: str, when: str, expected: bool) -> None:
    assert _open(expression, duration, when) == expected


def test_a_window_follows_the_clocks_of_its_timezone() -> None:
    assert _open("cron(0 2 * * *)", "PT1H", "2026-07-01T00:30", "Europe/Berlin")
    assert _open("cron(0 2 * * *)", "PT1H", "2026-12-01T01:30", "Europe/Berlin")
    assert not _open("cron(0 2 * * *)", "PT1H", "2026-12-01T00:30", "Europe/Berlin")


@pytest.mark.parametrize("field", ["60", "5-1", "x", "", "1,,2"])
def test_a_cron_field_that_means_nothing_is_refused(field: str) -> None:
    with pytest.raises(ScheduleError):
        read_schedule(f"cron({field or '-'} * * * *)", "PT1H")
