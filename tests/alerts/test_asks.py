"""The small questions of an incident's menu: what was picked is what happens, whatever changed meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain import Actor
from bot.incident import Incident
from tests.scene import ALICE, BOB, Scene

NAMES = ("api-errors", "api-down", "jobs-errors")


@pytest.fixture
def question(scene: Scene) -> dict[str, Any]:
    """The form "Split an alarm off" of an incident of three alarms, as Bob sees it."""
    for name in NAMES:
        scene.alarm("ALARM", f"first-{name}", name=name)
        scene.run(3)
    (row,) = scene.incidents()
    actor = Actor(user=BOB, channel="C0BI")
    scene.front.press("incident:more", f"{row.id}:split", actor, key="menu", trigger_id="t1")
    scene.run(3)
    return scene.chat.views["V1"]


def pick(scene: Scene, question: dict[str, Any], name: str) -> dict[str, str] | None:
    """Bob submits the form with that alarm picked."""
    (asked,) = [block for block in question["blocks"] if block["type"] == "input"]
    element = asked["element"]
    (option,) = [each for each in element["options"] if each["text"]["text"] == name]
    values = {asked["block_id"]: {element["action_id"]: {"selected_option": option}}}
    return scene.front.submitted({**question, "id": "V1", "state": {"values": values}}, Actor(user=BOB))


def split(scene: Scene, name: str) -> None:
    """Alice splits an alarm off in the thread."""
    headline = scene.headline()
    actor = Actor(user=ALICE, channel=headline.channel)
    scene.front.mentioned(f"split {name}", actor, thread_ts=headline.ts, key=f"split-{name}")
    scene.run(5)


def alarms(scene: Scene) -> list[list[str]]:
    """The alarms of every incident."""
    incidents = [Incident.model_validate(row.body) for row in scene.incidents()]
    return sorted([member.name for member in each.members] for each in incidents)


def test_the_alarm_that_was_picked_is_split_off_though_another_one_went_meanwhile(
    scene: Scene, question: dict[str, Any]
) -> None:
    split(scene, "api-errors")
    assert pick(scene, question, "api-down") is None
    scene.run(5)
    assert alarms(scene) == [["api-down"], ["api-errors"], ["jobs-errors"]]
    (newest, *_) = scene.incidents()
    assert newest.body["alarm"]["name"] == "api-down"


def test_an_alarm_that_was_split_off_meanwhile_is_not_split_off_again(scene: Scene, question: dict[str, Any]) -> None:
    split(scene, "api-down")
    said = pick(scene, question, "api-down")
    assert list((said or {}).values()) == ["This alarm is not in the incident any more."]
    scene.run(5)
    assert alarms(scene) == [["api-down"], ["api-errors", "jobs-errors"]]
