"""Maintenance of the calendar: alarms of its place are held during its times, and told at its end; each time once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import Severity
from bot.incident import Incident
from tests.fakes import texts
from tests.scene import Scene

SATURDAY = datetime(2026, 11, 21, 20, 0, tzinfo=UTC).timestamp()
HOUR, WEEK = 3600.0, 7 * 86_400.0
CALENDAR = {
    "maintenance": {
        "database": {
            "reason": "the database restarts",
            "systems": ["bi"],
            "environments": ["production"],
            "during": [{"days": ["sunday"], "hours": "02:00-04:00"}],
        }
    }
}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, calendar=CALENDAR)
    made.clock.set(SATURDAY)
    made.run()
    yield made
    made.close()


def go(scene: Scene, hours: float) -> None:
    """To so many hours after Saturday 20:00 UTC."""
    scene.clock.set(SATURDAY + hours * HOUR)
    scene.run(2)


def posted(scene: Scene, mark: str) -> list[str]:
    return [texts(shown.message) for shown in scene.chat.posts if f":{mark}:" in shown.key]


def test_its_alarms_are_held_from_its_first_second_to_its_last(scene: Scene) -> None:
    go(scene, 5.99)
    assert scene.silences.standing() == ()
    # Before anything of the bot's has moved.
    scene.clock.set(SATURDAY + 6 * HOUR)
    assert [each.name for each in scene.silences.standing()] == ["database"]
    scene.alarm("ALARM", "m1")
    scene.run(3)
    assert scene.incidents() == []
    go(scene, 8)
    assert scene.silences.standing() == ()
    scene.alarm("ALARM", "m2", name="api-errors")
    scene.run(3)
    assert len(scene.incidents()) == 1


def test_its_start_and_its_end_are_told_once(scene: Scene) -> None:
    for hours in (5.99, 6, 6.5, 7, 8, 8.5):
        go(scene, hours)
    (begun,) = posted(scene, "begun")
    assert ":wrench: The maintenance of *database* (bi production) has begun: alarms are held until" in begun
    assert "Because: the database restarts." in begun
    (over,) = posted(scene, "over")
    assert "The maintenance of *database* (bi production) is over: nothing fired meanwhile" in over


def test_what_is_red_at_its_end_opens_then(scene: Scene) -> None:
    go(scene, 5.99)
    go(scene, 6)
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.metrics.states["api-down"] = "ALARM"
    go(scene, 8)
    (row,) = scene.incidents()
    assert Incident.model_validate(row.body).severity is Severity.CRITICAL
    assert "its incident opens now" in posted(scene, "over")[0]


def test_other_places_are_heard(scene: Scene) -> None:
    go(scene, 5.99)
    go(scene, 6)
    scene.alarm("ALARM", "m1", name="odd")
    scene.run(3)
    assert len(scene.incidents()) == 1


def test_an_incident_that_is_open_when_it_begins_goes_on(scene: Scene) -> None:
    go(scene, 5.95)
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    go(scene, 5.99)
    go(scene, 6)
    (row,) = scene.incidents()
    assert not Incident.model_validate(row.body).silenced
    go(scene, 6.5)
    (row,) = scene.incidents()
    assert Incident.model_validate(row.body).level == 1


def test_it_comes_again_the_next_week(scene: Scene) -> None:
    for week in range(3):
        for hours in (5.99, 6, 8):
            go(scene, hours + week * WEEK / HOUR)
    assert len(posted(scene, "begun")) == len(posted(scene, "over")) == 3


def test_a_bot_that_was_down_at_its_beginning_holds_from_when_it_is_up(scene: Scene) -> None:
    go(scene, 7)
    assert [each.name for each in scene.silences.standing()] == ["database"]
    assert len(posted(scene, "begun")) == 1


def test_one_that_is_over_is_not_held_later(scene: Scene) -> None:
    go(scene, 9)
    assert posted(scene, "begun") == []
    assert scene.store.rows("silence") == []


def test_somebody_ends_it_by_its_name(scene: Scene) -> None:
    go(scene, 5.99)
    go(scene, 6)
    scene.type("ops", "unsilence database")
    scene.press("confirm")
    scene.run(3)
    assert scene.silences.standing() == ()
    go(scene, 6.5)
    assert scene.silences.standing() == ()
    assert len(posted(scene, "over")) == 1


def test_a_rule_that_left_the_calendar_makes_none_any_more(tmp_path: Path) -> None:
    made = Scene(tmp_path, calendar=CALENDAR)
    made.clock.set(SATURDAY)
    made.run()
    made.close()
    again = Scene(tmp_path, calendar={})
    again.clock.set(SATURDAY + 6.5 * HOUR)
    again.run(2)
    assert again.silences.standing() == ()
    again.close()


def test_a_rule_that_was_moved_holds_at_its_new_time(tmp_path: Path) -> None:
    made = Scene(tmp_path, calendar=CALENDAR)
    made.clock.set(SATURDAY)
    made.run()
    made.close()
    rule = {**CALENDAR["maintenance"]["database"], "during": [{"days": ["saturday"], "hours": "22:00-23:00"}]}
    again = Scene(tmp_path, calendar={"maintenance": {"database": rule}})
    again.clock.set(SATURDAY + 1.995 * HOUR)
    again.run(30)
    assert [each.until for each in again.silences.standing()] == [SATURDAY + 3 * HOUR]
    again.close()
