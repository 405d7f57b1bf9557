"""What can be asked next under an answer of ``/logs``: what its buttons carry, and what comes when they are pressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain import Actor
from bot.ports import Message
from bot.telemetry import QueryAnswer
from bot.views.blocks import BUTTON_VALUE
from tests.fakes import button_labels, texts
from tests.scene import CARA, Scene
from tests.the_logs import logs_scene

PLACE = "logs bi/api production"
ALWAYS = {"Share", "Again", "Whole as a file", "Cancel"}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path, zone="Europe/Prague")
    yield made
    made.close()


def ask(scene: Scene, words: str) -> Message:
    scene.type("ops", f"{PLACE} {words}".strip(), user=CARA)
    return scene.said_to(CARA)[-1]


def choices(message: Message) -> dict[str, str]:
    """Labels of the other questions, and the texts that their buttons carry."""
    return {label: value for label, (_, value) in button_labels(message).items() if label not in ALWAYS}


def press(scene: Scene, message: Message, label: str) -> str:
    scene.desk.press(*button_labels(message)[label], Actor(user=CARA, channel="C0BI"), key=label)
    scene.run(3)
    return texts(scene.said_to(CARA)[-1])


def test_other_times_and_errors_only_carry_the_question(scene: Scene) -> None:
    assert choices(ask(scene, "")) == {
        "last 1h": f"{PLACE} last 1h",
        "last 24h": f"{PLACE} last 24h",
        "errors only": f"{PLACE} level error",
    }
    assert choices(ask(scene, '"no tariff" last 24h')) == {
        "last 1h": f'{PLACE} "no tariff" last 1h',
        "follow": f'{PLACE} "no tariff" follow',
    }
    assert choices(ask(scene, "last 1h level error")) == {
        "last 24h": f"{PLACE} level error last 24h",
        "follow": f"{PLACE} level error follow",
    }


@pytest.mark.parametrize(
    "when", ["last 3h", "since deploy", "12:00-12:20 Europe/Berlin", "around 14:05", "since 14:00 UTC", "yesterday"]
)
def test_errors_only_keeps_the_time_that_was_asked(scene: Scene, when: str) -> None:
    message = ask(scene, when)
    assert choices(message)["errors only"] == f"{PLACE} {when} level error"
    asked = str(message.blocks[0]["text"]["text"]).partition(" (")[0]
    said = press(scene, message, "errors only")
    assert asked in said and "· `level error`" in said


def test_a_time_of_the_past_is_still_the_last_hours_when_it_is_pressed(scene: Scene) -> None:
    message = ask(scene, "last 3h")
    scene.clock.advance(1800.0)
    press(scene, message, "errors only")
    assert scene.operation()[1].args["search"] == "last 3h level error"


def test_a_query_can_be_asked_about_another_time(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer(({"path": "/a"},), 1, 9, 100)
    named = ask(scene, "query slow last 3h")
    assert choices(named) == {"last 1h": f"{PLACE} query slow last 1h", "last 24h": f"{PLACE} query slow last 24h"}
    free = ask(scene, 'insights "stats count(*) by bin(5m)" last 1h')
    assert choices(free) == {"last 24h": f'{PLACE} insights "stats count(*) by bin(5m)" last 24h'}
    press(scene, free, "last 24h")
    newest = scene.insights.asked[-1]
    assert (newest.query, newest.end - newest.start) == ("stats count(*) by bin(5m)", 86_400.0)


def test_last_hour_is_pressed_for_the_hour_before_the_press(scene: Scene) -> None:
    message = ask(scene, "timeout")
    scene.clock.advance(600.0)
    assert "(1 h)" in press(scene, message, "last 1h")


def test_what_a_button_cannot_carry_is_not_offered(scene: Scene) -> None:
    """Slack's limit is 2,000 characters of a button's value."""
    nearly = " ".join("x" * 490 for _ in range(4))
    room = BUTTON_VALUE - len(f"{PLACE} {nearly} follow")
    assert set(choices(ask(scene, nearly + "y" * room))) == {"follow"}, "“ last 1h” is a character longer"
    assert choices(ask(scene, nearly + "y" * (room + 1))) == {}
