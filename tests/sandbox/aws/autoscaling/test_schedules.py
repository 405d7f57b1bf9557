"""Scheduled actions set bounds when their time comes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.autoscaling_schedule import Schedule
from tests.sandbox.aws.autoscaling.scaled import WHERE, Scaled

SUNDAY = datetime(2026, 11, 22, 10, 1, 37, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("at(2026-11-22T10:02:00)", "UTC", "2026-11-22T10:02:00"),
        ("at(2026-11-22T19:02:00)", "Asia/Tokyo", "2026-11-22T10:02:00"),
        ("at(2026-11-22T10:01:00)", "UTC", None),
        ("rate(30 minutes)", "UTC", "2026-11-22T10:30:00"),
        ("rate(1 day)", "UTC", "2026-11-23T10:00:00"),
        ("cron(0 22 * * ? *)", "UTC", "2026-11-22T22:00:00"),
        ("cron(0 22 * * ? *)", "Asia/Tokyo", "2026-11-22T13:00:00"),
        ("cron(0/15 * * * ? *)", "UTC", "2026-11-22T10:15:00"),
        ("cron(30 8 ? * MON-FRI *)", "UTC", "2026-11-23T08:30:00"),
        ("cron(0 9 ? * 1 *)", "UTC", "2026-11-29T09:00:00"),
        ("cron(0 0 29 FEB ? *)", "UTC", "2028-02-29T00:00:00"),
        ("cron(0 0 1,15 * ? *)", "UTC", "2026-12-01T00:00:00"),
        ("cron(0 0 1 1 ? 2020)", "UTC", None),
    ],
)
def test_an_expression_tells_when_it_is_next(expression: str, zone: str, expected: str | None) -> None:
    ten = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()
    at = Schedule(expression, zone).after(SUNDAY, created_at=ten)
    assert (at and datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")) == expected


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("tomorrow", "UTC"),
        ("at(2026-11-22)", "UTC"),
        ("rate(0 hours)", "UTC"),
        ("rate(2 moons)", "UTC"),
        ("cron(0 22 * * *)", "UTC"),
        ("cron(0 22 * * * *)", "UTC"),
        ("cron(0 25 * * ? *)", "UTC"),
        ("cron(0 0 L * ? *)", "UTC"),
        ("rate(1 hour)", "Mars/Olympus"),
    ],
)
def test_what_is_no_schedule_is_refused(scaled: Scaled, expression: str, zone: str) -> None:
    scaled.register(1, 6)
    with pytest.raises(ClientError, match="ValidationException"):
        scaled.api.put_scheduled_action(ScheduledActionName="a", Schedule=expression, Timezone=zone, **WHERE)


def put(scaled: Scaled, schedule: str, minimum: int | None, maximum: int | None, **more: Any) -> None:
    change = {"MinCapacity": minimum, "MaxCapacity": maximum}
    change = {key: each for key, each in change.items() if each is not None}
    scaled.api.put_scheduled_action(
        ScheduledActionName="night", Schedule=schedule, ScalableTargetAction=change, **WHERE, **more
    )


def test_bounds_change_when_the_time_comes_and_move_the_number(scaled: Scaled) -> None:
    scaled.register(1, 6)
    put(scaled, "at(2026-11-22T10:05:00)", 4, None)
    scaled.pass_seconds(60)
    assert (scaled.bounds(), scaled.desired()) == ((1, 6), 2)
    scaled.pass_seconds(240)
    assert (scaled.bounds(), scaled.desired()) == ((4, 6), 4)
    assert [each["Cause"] for each in scaled.activities()] == ["scheduled action name night was triggered"]


def test_an_action_that_comes_again_sets_its_bounds_again(scaled: Scaled) -> None:
    scaled.register(1, 6)
    put(scaled, "rate(1 hour)", None, 1)
    scaled.pass_seconds(3_601)
    assert scaled.bounds() == (1, 1)
    scaled.register(1, 8)
    scaled.shop.update(desiredCount=5)
    scaled.pass_seconds(3_600)
    assert (scaled.bounds(), scaled.desired()) == ((1, 1), 1)


def test_an_action_does_nothing_while_schedules_are_suspended(scaled: Scaled) -> None:
    scaled.register(1, 6, SuspendedState={"ScheduledScalingSuspended": True})
    put(scaled, "at(2026-11-22T10:05:00)", 4, None)
    scaled.pass_seconds(600)
    scaled.register(SuspendedState={"ScheduledScalingSuspended": False})
    scaled.pass_seconds(600)
    assert (scaled.bounds(), scaled.desired()) == ((1, 6), 2)


def test_an_action_runs_only_between_its_start_and_its_end(scaled: Scaled) -> None:
    scaled.register(1, 9)
    start, end = (datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (12, 14))
    put(scaled, "cron(0 * * * ? *)", 3, None, StartTime=start, EndTime=end)
    scaled.pass_seconds(3_600 + 1_800)  # half past eleven
    assert scaled.bounds() == (1, 9)
    scaled.pass_seconds(3_600)
    assert scaled.bounds() == (3, 9)
    scaled.pass_seconds(2 * 3_600)  # half past two: it ran at two for the last time
    scaled.register(1, 9)
    scaled.pass_seconds(3_600)
    assert scaled.bounds() == (1, 9)


def test_an_action_is_described_changed_and_deleted(scaled: Scaled) -> None:
    scaled.register(1, 6)
    put(scaled, "cron(0 22 * * ? *)", 1, 2, Timezone="Asia/Tokyo")
    scaled.api.put_scheduled_action(ScheduledActionName="night", Schedule="cron(0 23 * * ? *)", **WHERE)
    (found,) = scaled.api.describe_scheduled_actions(**WHERE, ScheduledActionNames=["night"])["ScheduledActions"]
    assert (found["Schedule"], found["Timezone"]) == ("cron(0 23 * * ? *)", "Asia/Tokyo")
    assert found["ScalableTargetAction"] == {"MinCapacity": 1, "MaxCapacity": 2}
    scaled.api.delete_scheduled_action(ScheduledActionName="night", **WHERE)
    assert scaled.api.describe_scheduled_actions(**WHERE)["ScheduledActions"] == []
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaled.api.delete_scheduled_action(ScheduledActionName="night", **WHERE)
