"""Which alarms are one incident, and what the thread says about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.domain import Actor, AlarmMetric
from bot.incident import MOST_MEMBERS, Incident, Phase
from bot.rows import NewRow, Row
from tests.fakes import texts
from tests.scene import ALICE, BOB, Scene

ARN = "arn:aws:cloudwatch:eu-west-1:1:alarm:"


def bodies(scene: Scene) -> list[Incident]:
    return [Incident.model_validate(row.body) for row in reversed(scene.incidents())]


def only(scene: Scene) -> Incident:
    (body,) = bodies(scene)
    return body


def rows(scene: Scene, state: str) -> list[Row]:
    return [row for row in scene.incidents() if row.state == state]


def two(scene: Scene) -> None:
    """Two alarms of one service, seconds apart."""
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    scene.alarm("ALARM", "m2", name="api-down")
    scene.run(5)


def test_two_alarms_of_one_service_are_one_incident_with_one_headline(scene: Scene) -> None:
    two(scene)
    assert [member.name for member in only(scene).members] == ["api-errors", "api-down"]
    assert len([shown for shown in scene.chat.posts if not shown.thread_ts]) == 1
    assert "and 1 more alarm" in scene.headline().message.text


def test_the_thread_explains_why_an_alarm_joined(scene: Scene) -> None:
    two(scene)
    (listed,) = [texts(each) for each in scene.thread() if "alarms in this incident" in each.text]
    assert "here because: same service (bi/api production), 3 s apart" in listed


def test_an_incident_is_as_grave_as_its_gravest_alarm_and_calls_at_once(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    assert scene.pager.heard == []
    scene.alarm("ALARM", "m2", name="api-down")
    scene.run(5)
    assert only(scene).severity == "critical"
    assert [event for event, _ in scene.pager.heard] == ["trigger"]


def test_a_service_that_joins_is_looked_at_too(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(5)
    assert set(only(scene).targets) == {"bi/production/api", "bi/production/jobs"}
    assert sum("What I found" in each.text for each in scene.thread()) == 2
    assert any("at bi/jobs production" in each.text for each in scene.thread())


def test_alarms_that_an_incident_has_no_room_for_open_another_one_and_none_is_lost(scene: Scene) -> None:
    many = MOST_MEMBERS + 15
    for number in range(many):
        scene.alarm("ALARM", f"m{number}", name=f"unknown-{number}")
    scene.run(20)
    members = [len(body.members) for body in bodies(scene)]
    assert members == [MOST_MEMBERS, 15]
    assert len({member.key for body in bodies(scene) for member in body.members}) == many


def test_alarms_of_no_configured_service_are_one_matter_when_they_are_called_alike(scene: Scene) -> None:
    for number, name in enumerate(("shop-errors", "billing", "Shop.latency")):
        scene.alarm("ALARM", f"m{number}", name=name)
        scene.run(3)
    scene.run(5)
    assert [[member.name for member in each.members] for each in bodies(scene)] == [
        ["shop-errors", "Shop.latency"],
        ["billing"],
    ]
    said = [texts(shown.message) for shown in scene.chat.posts]
    assert any("same AWS account and region, and the name begins with Shop as well" in each for each in said)


def test_an_alarm_long_after_the_last_is_an_incident_of_its_own(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    scene.clock.advance(400)
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(3)
    assert len(scene.incidents()) == 2


def test_a_rule_can_be_turned_off(tmp_path: Path) -> None:
    off = {"same_service": "never", "same_system": "never"}
    scene = Scene(tmp_path, {"correlation": off})
    two(scene)
    assert len(scene.incidents()) == 2
    scene.close()


def test_alarms_of_two_environments_are_two_incidents(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    where = {"ClusterName": "c-staging", "ServiceName": "api"}
    metric: dict[str, Any] = {"namespace": "AWS/ECS", "name": "CPUUtilization", "dimensions": where}
    scene.alarm("ALARM", "m2", name="staging-cpu", metric=AlarmMetric.model_validate(metric))
    scene.run(3)
    assert len(scene.incidents()) == 2


def test_children_of_a_composite_alarm_join_it_whatever_they_are_called(scene: Scene) -> None:
    child = f"{ARN}somewhere-else"
    scene.alarm("ALARM", "m1", name="everything", children=(child, f"{ARN}api-errors"))
    scene.run(3)
    scene.clock.advance(1000)
    scene.alarm("ALARM", "m2", name="somewhere-else")
    scene.run(3)
    assert [member.name for member in only(scene).members] == ["everything", "somewhere-else"]
    assert "composite" in only(scene).members[1].why


def test_a_composite_alarm_that_names_no_children_is_asked_about(scene: Scene) -> None:
    scene.metrics.composites["everything"] = (f"{ARN}api-errors",)
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    scene.clock.advance(3000)
    scene.alarm("ALARM", "m2", name="everything", reason="arn:aws:cloudwatch:…:alarm:api-errors went to ALARM")
    scene.run(3)
    assert "composite" in only(scene).members[1].why


def test_alarms_that_follow_one_deployment_are_one_incident(scene: Scene) -> None:
    scene.deploy()
    scene.ecs.settle(scene.api)
    scene.run(60)
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    scene.clock.advance(900)
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(3)
    assert only(scene).members[1].why == "both follow the same deployment"


def test_it_is_over_when_every_alarm_is_ok_and_not_before(scene: Scene) -> None:
    two(scene)
    scene.alarm("OK", "m3", name="api-errors")
    scene.run(3)
    assert rows(scene, Phase.OPEN)
    scene.alarm("OK", "m4", name="api-down")
    scene.run(3)
    assert rows(scene, Phase.RECOVERED)
    assert any("Every alarm is OK again" in each.text for each in scene.thread())


def test_an_alarm_without_data_keeps_an_incident_open_and_unknown(scene: Scene) -> None:
    two(scene)
    scene.alarm("OK", "m3", name="api-errors")
    scene.alarm("INSUFFICIENT_DATA", "m4", name="api-down")
    scene.run(3)
    assert rows(scene, Phase.OPEN)
    assert "unknown: the metric has no data" in texts(scene.headline().message)


def test_the_headline_names_an_alarm_that_is_red(scene: Scene) -> None:
    two(scene)
    assert "`api-down` and 1 more alarm" in texts(scene.headline().message)
    scene.alarm("OK", "m3", name="api-down")
    scene.run(3)
    said = texts(scene.headline().message)
    assert "CRITICAL" in said
    assert "`api-errors` and 1 more alarm" in said
    assert scene.headline().message.text.endswith("api-errors and 1 more alarm")
    scene.alarm("OK", "m4", name="api-errors")
    scene.run(3)
    assert "`api-down` and 1 more alarm" in texts(scene.headline().message)


def test_an_alarm_that_was_split_off_has_a_thread_of_its_own_and_stays_there(scene: Scene) -> None:
    two(scene)
    scene.say("split api-down", BOB)
    scene.run(5)
    first, second = bodies(scene)
    assert [member.name for member in first.members] == ["api-errors"]
    assert [member.name for member in second.members] == ["api-down"]
    scene.alarm("OK", "m3", name="api-down")
    scene.run(3)
    scene.alarm("ALARM", "m4", name="api-down")
    scene.run(3)
    first, second = bodies(scene)
    assert len(first.members) == 1
    assert second.members[0].fired == 2


@pytest.mark.parametrize("words", ["split nothing-like-that", "split api"])
def test_an_alarm_that_is_not_clearly_meant_is_not_split_off(scene: Scene, words: str) -> None:
    two(scene)
    scene.say(words, BOB)
    assert len(scene.incidents()) == 1
    assert "It has: api-errors, api-down" in scene.said_to(BOB)[0].text


def merged(scene: Scene) -> tuple[Row, Row]:
    """Two incidents of which the second was merged into the first."""
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    scene.clock.advance(400)
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(3)
    second, first = scene.incidents()
    headline = scene.chat.by_key(f"inc:{second.id}:headline")
    into = scene.chat.by_key(f"inc:{first.id}:headline")
    link = f"<https://x.slack.com/archives/{into.channel}/p1750000000000100>"
    scene.store.add(_known(into.channel, "1750000000.000100", first.id), 0.0)
    actor = Actor(user=ALICE, channel=headline.channel)
    scene.front.mentioned(f"merge {link}", actor, thread_ts=headline.ts, key="merge")
    scene.run(5)
    second, first = scene.incidents()
    return first, second


def _known(channel: str, ts: str, incident: str) -> Any:
    return NewRow(kind="thread", key=f"{channel}:{ts}", state="known", body={"of": incident}, due_at=None)


def test_a_merged_incident_is_over_and_its_alarms_live_on_in_the_other(scene: Scene) -> None:
    first, second = merged(scene)
    assert (first.state, second.state) == (Phase.OPEN, Phase.MERGED)
    assert [each["name"] for each in first.body["members"]] == ["api-errors", "jobs-errors"]
    scene.alarm("OK", "m3", name="jobs-errors")
    scene.alarm("OK", "m4", name="api-errors")
    scene.run(3)
    assert scene.store.get(first.id).state == Phase.RECOVERED  # type: ignore[union-attr]


def test_an_alarm_whose_incident_ends_at_that_moment_opens_another(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    (row,) = scene.incidents()
    scene.press_incident("resolve", ALICE)
    scene.alarm("ALARM", "m2", name="api-down")
    # Triage decides before the incident has heard of the button.
    while scene.store.pending("triage") or scene.store.by_key("alarm", f"{ARN}api-down#").state == "quiet":  # type: ignore[union-attr]
        claimed = scene.store.claim(["alarm", "triage"], owner="x", lease=60, limit=1, now=scene.clock.now())
        scene.engine._advance(claimed[0])
    scene.run(5)
    assert scene.store.get(row.id).state == Phase.RESOLVED  # type: ignore[union-attr]
    assert len(scene.incidents()) == 2
    assert bodies(scene)[1].members[0].name == "api-down"


def test_two_alarms_at_the_same_instant_do_not_open_two_incidents(scene: Scene) -> None:
    for number, name in enumerate(["api-errors", "api-down", "jobs-errors"]):
        scene.alarm("ALARM", f"m{number}", name=name)
    scene.run(5)
    assert len(only(scene).members) == 3
