"""Notifications arrive twice, late and out of order; each alarm is one incident all the same."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cloud import AlarmReading
from bot.domain import AlarmMetric
from bot.errors import UpstreamError
from bot.incident import Incident, Phase
from tests.fakes import texts
from tests.scene import Scene


def phase(scene: Scene) -> str:
    (row,) = scene.incidents()
    return row.state


def incident(scene: Scene) -> Incident:
    (row,) = scene.incidents()
    return Incident.model_validate(row.body)


def test_an_alarm_opens_one_incident_in_its_systems_channel(scene: Scene) -> None:
    assert scene.alarm("ALARM", "m1")
    scene.run(1)
    assert scene.headline().channel == "C0BI"
    assert "CRITICAL" in scene.headline().message.text
    assert phase(scene) == Phase.OPEN


def test_a_message_delivered_twice_is_known(scene: Scene) -> None:
    assert scene.alarm("ALARM", "m1")
    assert not scene.alarm("ALARM", "m1")
    scene.run(1)
    assert not scene.alarm("ALARM", "m1")
    scene.run(5)
    assert incident(scene).fired == 1
    assert len(scene.chat.posts) == 2


def test_the_same_transition_through_two_doors_is_one(scene: Scene) -> None:
    at = scene.clock.now()
    scene.alarm("ALARM", "by-queue", at=at)
    scene.run(1)
    scene.alarm("ALARM", "by-https", at=at)
    scene.run(5)
    assert incident(scene).fired == 1
    assert len(scene.chat.posts) == 2


def test_ok_turns_the_same_headline_green(scene: Scene) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.clock.advance(300)
    scene.alarm("OK", "m2")
    scene.run(3)
    assert phase(scene) == Phase.RECOVERED
    assert scene.headline().message.text.startswith(":large_green_circle:")
    assert "recovered after 5 min" in texts(scene.headline().message)
    assert any("is OK again after 5 min" in reply.text for reply in scene.thread())


def test_an_ok_that_overtakes_its_alarm_leaves_nothing_open(scene: Scene) -> None:
    at = scene.clock.now()
    scene.alarm("OK", "m2", at=at + 60)
    scene.run(1)
    scene.alarm("ALARM", "m1", at=at)
    scene.run(5)
    assert scene.incidents() == []
    assert scene.chat.posts == []


def test_both_at_hand_in_the_wrong_order_are_taken_in_the_order_of_their_times(scene: Scene) -> None:
    at = scene.clock.now() - 90
    scene.alarm("OK", "m2", at=at + 60)
    scene.alarm("ALARM", "m1", at=at)
    scene.run(3)
    assert phase(scene) == Phase.RECOVERED
    assert scene.headline().message.text.startswith(":large_green_circle:")


def test_alarm_ok_and_alarm_at_once_are_one_thread_that_is_open(scene: Scene) -> None:
    at = scene.clock.now() - 90
    for offset, (state, message) in enumerate((("ALARM", "m1"), ("OK", "m2"), ("ALARM", "m3"))):
        scene.alarm(state, message, at=at + offset * 30)
    scene.run(3)
    assert phase(scene) == Phase.OPEN
    assert incident(scene).fired == 2


def test_an_old_replay_after_the_recovery_changes_nothing(scene: Scene) -> None:
    at = scene.clock.now()
    scene.alarm("ALARM", "m1", at=at)
    scene.run(3)
    scene.clock.advance(60)
    scene.alarm("OK", "m2")
    scene.run(3)
    before = len(scene.chat.posts)
    scene.alarm("ALARM", "m1-replayed-under-another-id", at=at)
    scene.run(5)
    assert phase(scene) == Phase.RECOVERED
    assert len(scene.chat.posts) == before


def test_firing_again_while_open_counts_and_says_nothing_new(scene: Scene) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(3)
    replies = len(scene.thread())
    scene.clock.advance(60)
    scene.alarm("ALARM", "m2")
    scene.run(3)
    assert "fired 2 times" in texts(scene.headline().message)
    assert len(scene.thread()) == replies


def test_firing_again_after_recovery_reopens_the_same_thread(scene: Scene) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.clock.advance(60)
    scene.alarm("OK", "m2")
    scene.run(3)
    scene.clock.advance(600)
    scene.alarm("ALARM", "m3")
    scene.run(3)
    assert phase(scene) == Phase.OPEN
    assert not scene.headline().message.text.startswith(":large_green_circle:")
    assert any("fires again (time 2)" in reply.text for reply in scene.thread())


def test_firing_again_long_after_recovery_opens_a_new_thread(scene: Scene) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.clock.advance(60)
    scene.alarm("OK", "m2")
    scene.run(3)
    scene.clock.advance(1800)
    scene.run(1)
    assert phase(scene) == Phase.CLOSED
    scene.alarm("ALARM", "m3")
    scene.run(3)
    assert sorted(row.state for row in scene.incidents()) == [Phase.CLOSED, Phase.OPEN]


def test_missing_data_is_unknown_and_not_well(scene: Scene) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.clock.advance(60)
    scene.alarm("INSUFFICIENT_DATA", "m2")
    scene.run(3)
    assert phase(scene) == Phase.OPEN
    assert "unknown: the metric has no data" in texts(scene.headline().message)
    assert not scene.headline().message.text.startswith(":large_green_circle:")
    scene.clock.advance(60)
    scene.alarm("OK", "m3")
    scene.run(3)
    assert phase(scene) == Phase.RECOVERED


def test_missing_data_alone_opens_nothing(scene: Scene) -> None:
    scene.alarm("INSUFFICIENT_DATA", "m1")
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(3)
    assert scene.incidents() == []


@pytest.mark.parametrize(("now", "opened"), [("OK", 0), ("INSUFFICIENT_DATA", 0), ("ALARM", 1)])
def test_a_late_alarm_is_asked_about_before_it_opens_a_thread(scene: Scene, now: str, opened: int) -> None:
    scene.metrics.states["api-down"] = now
    scene.alarm("ALARM", "m1", at=scene.clock.now() - 3600)
    scene.run(3)
    assert len(scene.incidents()) == opened


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
    known = incident(scene)
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


def test_a_late_alarm_nobody_can_be_asked_about_is_shown(scene: Scene) -> None:
    scene.metrics.failures.add("alarms", UpstreamError("AWS did not answer.", retryable=True))
    scene.alarm("ALARM", "m1", at=scene.clock.now() - 3600)
    scene.run(3)
    assert len(scene.incidents()) == 1


def test_an_alarm_from_the_future_does_not_block_the_ones_after_it(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", at=scene.clock.now() + 5)
    scene.run(3)
    scene.alarm("OK", "m2", at=scene.clock.now() + 30)
    scene.run(3)
    assert phase(scene) == Phase.RECOVERED


def test_an_alarm_nobody_listed_finds_its_service_by_its_dimensions(scene: Scene) -> None:
    metric = AlarmMetric(name="CPUUtilization", dimensions={"ClusterName": "c", "ServiceName": "api"})
    scene.alarm("ALARM", "m1", name="cpu-high", metric=metric)
    scene.run(3)
    assert scene.headline().channel == "C0BI"
    assert "MEDIUM bi/api production: cpu-high" in scene.headline().message.text


def test_a_composite_alarm_finds_its_service_by_its_children(scene: Scene) -> None:
    child = "arn:aws:cloudwatch:eu-west-1:1:alarm:api-errors"
    scene.alarm("ALARM", "m1", name="everything", children=(child,))
    scene.run(3)
    assert "HIGH bi/api production: everything" in scene.headline().message.text


def test_an_alarm_that_belongs_to_nothing_is_shown_in_the_default_channel(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="billing")
    scene.run(3)
    assert scene.headline().channel == "C0OPS"
    assert "no configured service" in scene.headline().message.text
    scene.clock.advance(86400)
    scene.run(3)
    assert scene.pager.events == []


def test_a_message_that_is_no_alarm_is_shown_as_it_came_once(scene: Scene) -> None:
    for _ in range(2):
        scene.alarm("ALARM", "n1", name="Deploy <!channel>", state=None, raw="line 1\n<@U0ALICE> `x`", topic="t")
        scene.run(3)
    (shown,) = scene.chat.posts
    assert shown.channel == "C0OPS"
    assert "&lt;!channel&gt;" in shown.message.text
    assert "line 1\n&lt;@U0ALICE&gt;" in texts(shown.message)
    assert scene.incidents() == []


def test_two_series_of_one_alarm_are_two_incidents(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", contributor="host=a")
    scene.alarm("ALARM", "m2", contributor="host=b")
    scene.run(3)
    assert len(scene.incidents()) == 2


@pytest.mark.parametrize("order", [("", "host=a"), ("host=a", "")])
def test_an_alarm_told_of_as_a_whole_is_no_member_beside_its_series(scene: Scene, order: tuple[str, ...]) -> None:
    for contributor in order:
        scene.alarm("ALARM", f"red {contributor}", contributor=contributor)
        scene.run(3)
    (row,) = scene.incidents()
    found = Incident.model_validate(row.body)
    assert [member.name for member in found.members] == ["api-down (host=a)"]
    assert found.alarm.contributor == "host=a"
    scene.alarm("OK", "over", contributor="host=a", at=scene.clock.now())
    scene.run(3)
    assert [each.state for each in scene.incidents()] == [Phase.RECOVERED]


def test_an_alarm_whose_series_are_never_told_of_has_its_incident_as_a_whole(scene: Scene) -> None:
    scene.alarm("ALARM", "whole")
    scene.alarm("ALARM", "another", name="api-down#2", contributor="host=a")
    scene.run(3)
    names = {member.name for row in scene.incidents() for member in Incident.model_validate(row.body).members}
    assert names == {"api-down", "api-down#2 (host=a)"}


def test_each_further_series_is_an_incident_of_its_own(scene: Scene) -> None:
    for contributor in ("", "host=a", "host=b"):
        scene.alarm("ALARM", f"red {contributor}", contributor=contributor)
        scene.run(3)
    known = [Incident.model_validate(row.body).members for row in scene.incidents()]
    assert sorted(member.name for members in known for member in members) == [
        "api-down (host=a)",
        "api-down (host=b)",
    ]
    assert len(known) == 2


def test_the_series_of_an_alarm_are_told_apart_in_words(scene: Scene) -> None:
    for identity, path in (("b5e5629b1bc15aa7", "/orders"), ("6d442278dba546f6", "/carts")):
        scene.alarm("ALARM", identity, contributor=identity, series=f"Path={path}")
        scene.run(3)
    rows = scene.incidents()
    known = [Incident.model_validate(row.body) for row in rows]
    names = {member.name: member.key.rpartition("#")[2] for each in known for member in each.members}
    assert names == {"api-down (Path=/orders)": "b5e5629b1bc15aa7", "api-down (Path=/carts)": "6d442278dba546f6"}
    heads = [texts(scene.chat.by_key(f"inc:{row.id}:headline").message) for row in rows]
    assert sorted("api-down (Path=/orders)" in head for head in heads) == [False, True]
    scene.clock.advance(60)
    scene.alarm("OK", "over", contributor="b5e5629b1bc15aa7", series="Path=/orders")
    scene.run(3)
    said = [shown.message.text for row in rows for shown in scene.chat.thread(f"inc:{row.id}:headline")]
    assert sum("`api-down (Path=/orders)` is OK again" in text for text in said) == 1


def test_an_incident_whose_headline_channel_is_gone_is_told_in_the_default_channel(scene: Scene) -> None:
    del scene.chat.channels["#bi"]
    scene.alarm("ALARM", "m1")
    scene.run(3)
    assert scene.headline().channel == "C0OPS"
    assert scene.thread()


def test_a_time_from_the_future_does_not_mute_the_alarm(scene: Scene) -> None:
    now = scene.clock.now()
    scene.alarm("ALARM", "m1", at=now + 365 * 86400)
    scene.run(5)
    scene.run(120)
    scene.alarm("OK", "m2", at=scene.clock.now())
    scene.run(5)
    assert phase(scene) == "recovered"


@pytest.mark.parametrize("later", [0.0, 300.0])
def test_what_ecs_tells_of_a_rollout_that_the_bot_ships_opens_nothing(scene: Scene, later: float) -> None:
    scene.deploy()
    if later:
        scene.ecs.settle(scene.api)
        scene.run(later)
    dimensions = {"ClusterName": "c", "ServiceName": "api"}
    metric = AlarmMetric(namespace="AWS/ECS", name="Tasks", dimensions=dimensions)
    scene.alarm("ALARM", "event", name="ECS task failed: api", source="ecs", metric=metric)
    scene.run(3)
    assert scene.incidents() == []
