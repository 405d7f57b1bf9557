"""Escalate as people press it: it is about the call that they saw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.domain import Actor, System
from bot.incident import Incident
from bot.rows import Row
from tests.fakes import buttons, texts
from tests.scene import ALICE, BOB, Scene, the_systems

LEVELS: list[dict[str, Any]] = [
    {"name": "L1", "mention": ["S0ONCALL"]},
    {"name": "L2", "mention": ["S0ADMINS"]},
    {"name": "L3", "who": "CTO"},
]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """An incident of a system with three levels, none of which was called yet."""
    (system,) = the_systems()
    raised = System.model_validate({**system.model_dump(), "on_call": ("S0ONCALL",), "escalation": LEVELS})
    scene = Scene(tmp_path, catalog=Catalog((raised,)))
    scene.alarm("ALARM", "first", name="api-errors")
    scene.run(3)
    yield scene
    scene.close()


def incident(scene: Scene) -> tuple[Row, Incident]:
    (row,) = scene.incidents()
    return row, Incident.model_validate(row.body)


def shown(scene: Scene) -> str:
    """What the button in the headline carries."""
    return buttons(scene.headline().message)["incident:escalate"]


def press(scene: Scene, user: str, value: str) -> None:
    scene.front.press("incident:escalate", value, Actor(user=user), key=f"{user}:{value}:{scene.clock.now()}")


def test_of_two_who_press_at_once_one_calls_and_the_other_is_told(scene: Scene) -> None:
    value = shown(scene)
    press(scene, ALICE, value)
    press(scene, BOB, value)
    scene.run(3)
    assert incident(scene)[1].level == 1
    assert "L1 was called 0 s ago. Ask again if that is not enough." in scene.said_to(BOB)[0].text
    press(scene, BOB, shown(scene))
    scene.run(3)
    assert incident(scene)[1].level == 2


def test_of_two_who_escalate_what_somebody_has_one_calls(scene: Scene) -> None:
    press(scene, ALICE, shown(scene))
    scene.run(3)
    scene.press_incident("acknowledge", ALICE)
    scene.run(3)
    value = shown(scene)
    press(scene, ALICE, value)
    press(scene, BOB, value)
    scene.run(3)
    assert incident(scene)[1].level == 2


def test_a_headline_that_is_not_brought_up_to_date_keeps_nobody_from_escalating(scene: Scene) -> None:
    value = shown(scene)
    press(scene, ALICE, value)
    scene.run(3)
    scene.clock.advance(70)
    press(scene, BOB, value)
    scene.run(3)
    assert incident(scene)[1].level == 2


def test_of_two_who_write_it_at_once_one_calls_and_the_other_is_told(scene: Scene) -> None:
    scene.say("escalate", ALICE)
    scene.say("escalate", BOB)
    assert incident(scene)[1].level == 1
    assert "L1 was called" in scene.said_to(BOB)[0].text
    scene.clock.advance(20)
    scene.say("escalate", BOB)
    assert incident(scene)[1].level == 2


def test_the_headline_mentions_whom_the_level_calls(scene: Scene) -> None:
    said = []
    for _ in LEVELS:
        press(scene, ALICE, shown(scene))
        scene.run(3)
        said.append(texts(scene.headline().message))
    assert "<!subteam^S0ONCALL> L1 was called, nobody has it yet" in said[0]
    assert "<!subteam^S0ADMINS> L2 was called, nobody has it yet" in said[1]
    assert "S0ONCALL" not in said[1]
    assert "L3 was called, nobody has it yet" in said[2]
    assert "<!subteam" not in said[2]


def test_where_there_is_nobody_to_call_there_is_no_button_for_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.alarm("ALARM", "first", name="nobodys")
    scene.run(3)
    assert "incident:resolve" in buttons(scene.headline().message)
    assert "incident:escalate" not in buttons(scene.headline().message)
    scene.close()
