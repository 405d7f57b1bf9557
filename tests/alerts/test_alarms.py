"""Notifications arrive twice, late and out of order; each alarm is one incident all the same."""

from __future__ import annotations

import pytest

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
