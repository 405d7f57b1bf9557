"""What ``/health`` says of alarms: whose they are, what is silent, what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import AlarmMetric
from bot.errors import UpstreamError
from tests.commands.health_room import AMBER, BEGINS, answer, first, room
from tests.scene import ALICE, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Everything is well."""
    with room(tmp_path) as made:
        yield made


def fire(scene: Scene, name: str) -> None:
    scene.metrics.states[name] = "ALARM"
    scene.metrics.changed[name] = scene.clock.now()
    scene.alarm("ALARM", f"m-{name}", name=name)
    scene.run(4)


def test_an_alarm_is_told_with_its_incident_and_whose_it_is(scene: Scene) -> None:
    fire(scene, "api-down")
    scene.press_incident("acknowledge")
    scene.run(3)
    said, headline = first(scene), scene.headline()
    link = f"<https://slack.example.com/{headline.channel}/p{headline.ts}|incident>"
    assert said == f"{BEGINS}*api*: alarm `api-down` for 7 s (critical) · {link}: alice has it"


def test_a_name_that_slack_does_not_tell_in_time_is_an_id_and_pings_nobody(scene: Scene) -> None:
    fire(scene, "api-down")
    scene.press_incident("acknowledge")
    scene.run(3)
    scene.chat.failures.add("person", UpstreamError("Slack did not answer."), UpstreamError("Slack did not answer."))
    assert f"`{ALICE}` has it" in first(scene)


def test_hostile_names_ping_nobody(scene: Scene) -> None:
    fire(scene, "api-down")
    scene.press_incident("acknowledge")
    scene.run(3)
    scene.chat.people[ALICE] = replace(scene.chat.people[ALICE], name="<!channel> *x*")
    said = answer(scene)
    assert "channel" in said
    assert "<!channel>" not in said
    assert "*x*" not in said


def test_an_alarm_without_an_incident_says_so(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    assert first(scene) == f"{BEGINS}*api*: alarm `api-errors` for 1 h (high) · no incident is open"


def test_a_silenced_alarm_is_amber(scene: Scene) -> None:
    scene.type("ops", "silence api-errors 2h load test")
    scene.press("confirm")
    scene.run(3)
    fire(scene, "api-errors")
    assert first(scene).startswith(f"{AMBER}*api*: alarm `api-errors` for 4 s, silent until <!date^")


def test_an_alarm_of_the_service_that_nobody_listed_is_told(scene: Scene) -> None:
    scene.alarm(
        "ALARM",
        "m-odd",
        name="by-hand",
        metric=AlarmMetric(
            namespace="AWS/ECS", name="CPUUtilization", dimensions={"ClusterName": "c", "ServiceName": "api"}
        ),
    )
    scene.run(4)
    assert "*api*: alarm `by-hand` for 4 s, which no service lists · <https://slack.example.com/" in answer(scene)


def test_alarms_without_data_and_missing_ones_are_told_together(scene: Scene) -> None:
    scene.metrics.states["api-down"] = scene.metrics.states["api-errors"] = "INSUFFICIENT_DATA"
    del scene.metrics.states["jobs-errors"]
    said = answer(scene)
    assert "*api*: 2 alarms without data: `api-down`, `api-errors`" in said
    assert "*jobs*: 1 alarm not in CloudWatch: `jobs-errors`" in said


@pytest.mark.parametrize(
    "failure", [TimeoutError(), UpstreamError("AWS denied cloudwatch:DescribeAlarms.")], ids=["late", "denied"]
)
def test_an_open_incident_is_told_though_cloudwatch_does_not_answer(scene: Scene, failure: Exception) -> None:
    fire(scene, "api-errors")
    scene.metrics.failures.add("alarms", failure)
    headline, said = scene.headline(), answer(scene).splitlines()
    link = f"<https://slack.example.com/{headline.channel}/p{headline.ts}|incident>"
    assert said[0] == "3 services: 1 red, 1 amber, 1 green"
    assert (
        said[1]
        .replace("\u200b", "")
        .startswith(f"{BEGINS}*api*: alarm `api-errors` for 4 s (high) · {link}: nobody has it yet")
    )
    assert any("*api*, *jobs*: alarms: " in line for line in said)


def test_an_incident_whose_alarm_is_quiet_again_colours_nothing(scene: Scene) -> None:
    fire(scene, "api-errors")
    scene.metrics.states["api-errors"] = "OK"
    scene.clock.advance(60)
    scene.alarm("OK", "m-quiet", name="api-errors")
    scene.run(4)
    scene.metrics.failures.add("alarms", TimeoutError())
    assert "alarm `api-errors`" not in answer(scene)
