"""What was never told is found by asking CloudWatch, and what was told late does no harm."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.reconcile import GRACE_SECONDS, Reconciler, reconcile
from bot.cloud import AlarmReading, Contributor
from bot.domain import Alarm
from bot.errors import NotFoundError, UpstreamError
from bot.incident import Incident, Phase
from bot.rows import Row
from tests.scene import Scene

ARN = "arn:aws:cloudwatch:eu-west-1:1:alarm:"
DEFINITION = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 60}


@pytest.fixture
def asked(scene: Scene) -> Scene:
    """A scene in which CloudWatch knows nothing until it is told."""
    scene.metrics.states = {}
    return scene


def cloudwatch(scene: Scene, state: str, age: float, name: str = "api-down", **changes: Any) -> None:
    """CloudWatch's view: in that state for so many seconds."""
    at = scene.clock.now() - age
    known = {"description": "told by AWS", "definition": DEFINITION} | changes
    scene.metrics.readings[name] = AlarmReading(ARN + name, name, state, "Threshold Crossed", at, **known)


def look(scene: Scene) -> int:
    found = reconcile(scene.store, scene.world, scene.clock.now())
    scene.run(3)
    return found


def incident(scene: Scene) -> tuple[Row, Incident]:
    (row,) = scene.incidents()
    return row, Incident.model_validate(row.body)


def test_an_alarm_that_was_never_told_opens_an_incident(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 120)
    assert look(asked) == 1
    row, found = incident(asked)
    assert row.state == Phase.OPEN
    assert (found.alarm.source, found.alarm.description) == ("asked", "told by AWS")
    assert found.alarm.metric is not None and found.alarm.metric.name == "CPUUtilization"
    assert found.target == "bi/production/api"


def test_what_was_found_by_asking_is_found_once(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 120)
    assert [look(asked), look(asked)] == [1, 0]
    assert len(asked.incidents()) == 1


def test_the_notification_that_comes_after_all_changes_nothing(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 120)
    look(asked)
    asked.alarm("ALARM", "late", at=asked.metrics.readings["api-down"].updated_at)
    asked.run(3)
    assert incident(asked)[1].fired == 1


def test_a_notification_may_still_be_on_its_way(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", GRACE_SECONDS - 1)
    assert look(asked) == 0
    asked.clock.advance(1)
    assert look(asked) == 1


@pytest.mark.parametrize(("state", "phase"), [("OK", Phase.RECOVERED), ("INSUFFICIENT_DATA", Phase.OPEN)])
def test_the_end_of_an_alarm_that_was_never_told_is_found(asked: Scene, state: str, phase: Phase) -> None:
    asked.alarm("ALARM", "m1")
    asked.run(3)
    asked.clock.advance(600)
    cloudwatch(asked, state, 120)
    assert look(asked) == 1
    row, found = incident(asked)
    assert row.state == phase
    assert found.is_unknown == (state == "INSUFFICIENT_DATA")


def test_what_agrees_with_cloudwatch_is_left_alone(asked: Scene) -> None:
    asked.alarm("ALARM", "m1")
    asked.run(3)
    asked.clock.advance(600)
    cloudwatch(asked, "ALARM", 600)
    cloudwatch(asked, "OK", 5_000, name="api-errors")
    assert look(asked) == 0


def test_an_answer_older_than_what_was_told_is_not_believed(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 300)
    asked.alarm("OK", "m1")
    asked.run(1)
    assert look(asked) == 0
    assert asked.incidents() == []


@pytest.mark.parametrize("state", ["ALARM", "OK"])
def test_an_alarm_that_was_silenced_opens_nothing_but_ends(asked: Scene, state: str) -> None:
    if state == "OK":
        asked.alarm("ALARM", "m1")
        asked.run(3)
        asked.clock.advance(600)
    cloudwatch(asked, state, 120, silent=True)
    assert look(asked) == (1 if state == "OK" else 0)


def test_an_alarm_nobody_listed_is_asked_about_while_it_fires(asked: Scene) -> None:
    asked.alarm("ALARM", "m1", name="billing")
    asked.run(3)
    asked.clock.advance(600)
    cloudwatch(asked, "OK", 120, name="billing")
    assert look(asked) == 1
    names = [name for account, names in asked.metrics.asked for name in names if account.region == "eu-west-1"]
    assert "billing" in names and "api-down" in names


SNS = "arn:aws:sns:eu-west-1:1:alerts"
SCALING = "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:x:resource/ecs/service/c/api:policyName/y"


def test_an_alarm_that_was_deleted_while_it_fired_is_without_data_once(asked: Scene) -> None:
    cloudwatch(asked, "OK", 5_000, name="api-errors")
    asked.alarm("ALARM", "m1", name="billing")
    asked.run(3)
    assert look(asked) == 0, "it may be about to be shown"
    asked.clock.advance(600)
    assert [look(asked), look(asked)] == [1, 0]
    row, found = incident(asked)
    assert row.state == Phase.OPEN and found.is_unknown
    (known,) = asked.store.rows("alarm", group="billing")
    assert (known.state, known.body["last"]["reason"]) == ("quiet", "CloudWatch no longer has this alarm.")
    assert known.body["last"]["source"] == "asked"


def test_a_deleted_alarm_that_is_made_again_fires_again(asked: Scene) -> None:
    asked.alarm("ALARM", "m1")
    asked.run(3)
    asked.clock.advance(600)
    assert look(asked) == 1
    asked.clock.advance(600)
    cloudwatch(asked, "ALARM", 120)
    assert look(asked) == 1
    assert not incident(asked)[1].is_unknown


def test_each_series_of_a_deleted_alarm_is_over(asked: Scene) -> None:
    for name in ("id-a", "id-b"):
        asked.alarm("ALARM", name, contributor=name)
    asked.run(3)
    asked.clock.advance(600)
    assert [look(asked), look(asked)] == [2, 0]


def test_an_alarm_of_another_account_is_not_taken_for_deleted(asked: Scene) -> None:
    cloudwatch(asked, "OK", 5_000, name="api-errors")
    asked.alarm("ALARM", "m1", name="foreign", arn="arn:aws:cloudwatch:eu-west-1:2:alarm:foreign")
    asked.run(3)
    asked.clock.advance(600)
    assert look(asked) == 0


def test_an_alarm_that_cannot_be_read_is_not_taken_for_deleted(asked: Scene) -> None:
    asked.alarm("ALARM", "m1")
    asked.run(3)
    asked.clock.advance(600)
    asked.metrics.failures.add("alarms", NotFoundError("no such account"))
    assert look(asked) == 0


def test_an_alarm_nobody_listed_that_was_never_told_is_found_once(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 120, name="billing", actions=(SCALING, SNS))
    assert [look(asked), look(asked)] == [1, 0]
    row, found = incident(asked)
    assert (row.state, found.alarm.name, found.alarm.source) == (Phase.OPEN, "billing", "asked")


@pytest.mark.parametrize(
    ("age", "changes"),
    [
        (GRACE_SECONDS - 1, {"actions": (SNS,)}),
        (120, {"actions": (SNS,), "silent": True}),
        (120, {"actions": (SCALING,)}),
    ],
)
def test_an_alarm_nobody_listed_that_is_young_or_silent_or_notifies_nobody_is_left_alone(
    asked: Scene, age: float, changes: dict[str, Any]
) -> None:
    cloudwatch(asked, "ALARM", age, name="billing", **changes)
    assert look(asked) == 0


def test_listed_alarms_are_compared_where_all_that_is_red_cannot_be_read(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 120)
    asked.metrics.failures.add("in_alarm", NotFoundError("may not"))
    look(asked)
    assert incident(asked)[1].alarm.name == "api-down"


def test_an_event_of_ecs_is_not_asked_about(asked: Scene) -> None:
    service = "arn:aws:ecs:eu-west-1:1:service/c/api#deployment"
    asked.alarm("ALARM", "m1", name="ECS deployment failed: api", arn=service, source="ecs")
    asked.run(3)
    look(asked)
    assert all("ECS deployment failed: api" not in names for _, names in asked.metrics.asked)


def test_the_errors_of_an_account_stop_no_other(asked: Scene) -> None:
    asked.alarm("ALARM", "m1", name="far", arn="arn:aws:cloudwatch:us-east-1:1:alarm:far", region="us-east-1")
    asked.run(3)
    cloudwatch(asked, "ALARM", 120)
    asked.metrics.failures.add("alarms", NotFoundError("no such account"))
    reconciler = Reconciler(asked.store, asked.world)
    reconciler.run(asked.clock.now())
    assert {account.region for account, _ in asked.metrics.asked} == {"us-east-1"}
    assert reconciler.run(asked.clock.now()) == 1


def test_an_account_that_throttles_is_asked_ever_more_seldom(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 120)
    reconciler = Reconciler(asked.store, asked.world)
    now = asked.clock.now()
    for _ in range(2):
        asked.metrics.failures.add("alarms", UpstreamError("throttled", code="Throttling", retryable=True))
    times = [now + 60 * minute for minute in range(5)]
    assert [reconciler.run(time) for time in times] == [0, 0, 0, 1, 0]


def series(scene: Scene, *hosts: str, age: float = 120) -> None:
    since = scene.clock.now() - age
    found = tuple(Contributor(f"id-{host}", {"host": host}, f"{host} is hot", since) for host in hosts)
    scene.metrics.series_in_alarm["api-down"] = found


def contributors(scene: Scene) -> dict[str, str]:
    found = [(Alarm.model_validate(row.body["alarm"]), row.state) for row in scene.incidents()]
    return {alarm.contributor: state for alarm, state in found}


def test_each_series_in_alarm_that_was_never_told_opens_its_own_incident(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 300, several=True)
    series(asked, "a", "b")
    assert look(asked) == 2
    assert contributors(asked) == {"id-a": "open", "id-b": "open"}
    shown = {Alarm.model_validate(row.body["alarm"]).label for row in asked.incidents()}
    assert shown == {"api-down (host=a)", "api-down (host=b)"}
    assert look(asked) == 0


def test_a_series_that_is_over_ends_while_another_still_fires(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 300, several=True)
    series(asked, "a", "b")
    look(asked)
    asked.clock.advance(600)
    series(asked, "b", age=900)
    assert look(asked) == 1
    assert contributors(asked) == {"id-a": "recovered", "id-b": "open"}


def test_all_series_are_over_when_the_alarm_is_ok(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 300, several=True)
    series(asked, "a")
    look(asked)
    asked.clock.advance(600)
    cloudwatch(asked, "OK", 120, several=True)
    assert look(asked) == 1
    assert contributors(asked) == {"id-a": "recovered"}


def test_an_alarm_in_alarm_as_a_whole_is_not_over_since_no_series_can_be_named(asked: Scene) -> None:
    asked.alarm("ALARM", "whole", at=asked.clock.now() - 200)
    asked.run(3)
    cloudwatch(asked, "ALARM", 200, several=True)
    assert look(asked) == 0
    cloudwatch(asked, "OK", 120, several=True)
    assert look(asked) == 1
    assert contributors(asked) == {"": "recovered"}


def test_a_series_that_was_told_by_its_attributes_is_the_same_one(asked: Scene) -> None:
    cloudwatch(asked, "ALARM", 300, several=True)
    asked.alarm("ALARM", "m1", contributor="host=a", at=asked.clock.now() - 200)
    asked.run(3)
    series(asked, "a")
    assert look(asked) == 0
