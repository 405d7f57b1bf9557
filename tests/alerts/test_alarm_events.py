"""Events of alarms that are to notify nobody open nothing, and a late alarm shows when it went off."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cloud import AlarmReading
from bot.errors import UpstreamError
from bot.incident import Incident
from tests.fakes import texts
from tests.scene import Scene

TOPIC, POLICY = "arn:aws:sns:eu-west-1:1:alerts", "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:low"
OWN = "TargetTracking-service/c/api-AlarmLow-1"


@pytest.mark.parametrize(
    ("name", "known", "opened"),
    [
        ("queue-long", {"actions": (TOPIC,)}, 1),
        ("queue-long", {"actions": (TOPIC,), "silent": True}, 0),
        ("quiet-child", {}, 0),
        ("scales-in", {"actions": (POLICY,)}, 0),
        (OWN, {"actions": (POLICY, TOPIC)}, 0),
        ("api-down", {}, 1),
        ("api-down", {"actions": (TOPIC,), "silent": True}, 0),
    ],
)
def test_an_event_of_an_alarm_that_notifies_nobody_opens_nothing(
    scene: Scene, name: str, known: dict[str, Any], opened: int
) -> None:
    arn = f"arn:aws:cloudwatch:eu-west-1:1:alarm:{name}"
    scene.metrics.readings[name] = AlarmReading(arn, name, "ALARM", "", scene.clock.now(), **known)
    scene.alarm("ALARM", "m1", name=name, source="event")
    scene.run(3)
    assert len(scene.incidents()) == opened
    asked = [names for _, names in scene.metrics.asked if names == (name,)]
    assert len(asked) == 1


def test_an_event_of_an_alarm_that_cannot_be_asked_about_is_heard(scene: Scene) -> None:
    scene.metrics.failures.add("alarms", UpstreamError("AWS did not answer.", retryable=True))
    scene.alarm("ALARM", "m1", name="queue-long", source="event")
    scene.run(3)
    assert len(scene.incidents()) == 1


def test_an_event_is_not_judged_by_an_alarm_of_the_same_name_elsewhere(scene: Scene) -> None:
    elsewhere = "arn:aws:cloudwatch:eu-west-1:2:alarm:queue-long"
    scene.metrics.readings["queue-long"] = AlarmReading(elsewhere, "queue-long", "OK", "", scene.clock.now())
    scene.alarm("ALARM", "m1", name="queue-long", source="event")
    scene.run(3)
    assert len(scene.incidents()) == 1


def test_a_notification_is_heard_after_an_event_of_the_same_transition_was_not(scene: Scene) -> None:
    arn, at = "arn:aws:cloudwatch:eu-west-1:1:alarm:queue-long", scene.clock.now()
    scene.metrics.readings["queue-long"] = AlarmReading(arn, "queue-long", "ALARM", "", at)
    scene.alarm("ALARM", "event", name="queue-long", source="event", at=at)
    scene.run(3)
    scene.alarm("ALARM", "topic", name="queue-long", at=at)
    scene.run(3)
    assert len(scene.incidents()) == 1


def test_a_late_alarm_shows_when_it_went_off_and_calls_as_of_now(scene: Scene) -> None:
    scene.metrics.states["api-down"] = "ALARM"
    went_off = scene.clock.now() - 2400
    scene.alarm("ALARM", "m1", at=went_off)
    scene.run(3)
    (row,) = scene.incidents()
    known = Incident.model_validate(row.body)
    assert known.opened_at == went_off
    assert known.heard_at == pytest.approx(scene.clock.now(), abs=5)
    assert known.deadline > scene.clock.now()
    assert "in alarm for 40 min" in texts(scene.headline().message)
    scene.press_incident("resolve")
    scene.run(3)
    assert "after 40 min" in texts(scene.headline().message)


def test_an_incident_of_an_older_version_is_known_since_it_opened() -> None:
    alarm = {"arn": "a", "name": "api-down", "state": "ALARM", "at": 5.0}
    older = Incident.model_validate({"alarm": alarm, "channel": "#bi", "opened_at": 5.0})
    assert (older.heard_at, older.known_since) == (0.0, 5.0)
