"""Ranges of time through ``/logs`` itself: the wrong way round, over midnight, and on days when clocks change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.cloud import LogLine
from bot.search.reading import LONGEST_WALK
from bot.telemetry import QueryAnswer
from tests.commands.test_logs_traces import ask
from tests.fakes import texts
from tests.scene import ALICE, Scene
from tests.the_logs import logs_scene

BERLIN = ZoneInfo("Europe/Berlin")
FORWARD, BACK = "2026-03-29", "2026-10-25"
"""Days on which Berlin's clocks go from 2 to 3, and from 3 back to 2."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path, zone="Europe/Berlin")
    yield made
    made.close()


def at(moment: str, fold: int = 0) -> float:
    return datetime.fromisoformat(moment).replace(tzinfo=BERLIN, fold=fold).timestamp()


def write(scene: Scene, **lines: float) -> None:
    """Lines, each with the moment it is of."""
    (group,) = scene.logs.lines
    scene.logs.lines[group] = [LogLine(when, f"INFO {name}", "s", name) for name, when in lines.items()]


@pytest.mark.parametrize(
    "words",
    ["14:00-13:30", "2026-10-25 14:00 - 2026-10-24 14:00", "timeout 14:00-13:30 follow", "14:00-13:30 export"],
)
def test_a_range_the_wrong_way_round_is_refused_and_nothing_is_asked_of_aws(scene: Scene, words: str) -> None:
    scene.clock.set(at(f"{BACK} 20:00"))
    scene.type("ops", f"logs bi/api production {words}")
    said = texts(scene.said_to(ALICE)[-1])
    assert "ends before it starts. Say the earlier time first." in said
    assert scene.logs.patterns == [] and scene.insights.asked == [] and scene.state() == "refused"


def test_the_hour_that_clocks_showed_twice_is_read_from_its_first_minute_to_its_last(scene: Scene) -> None:
    scene.clock.set(at(f"{BACK} 06:00"))
    first, second = at(f"{BACK} 02:15"), at(f"{BACK} 02:15", fold=1)
    assert second - first == 3600.0
    write(scene, before=at(f"{BACK} 01:59"), first=first, second=second, after=at(f"{BACK} 02:31", fold=1))
    said = ask(scene, "02:00-02:30")
    assert "INFO first" in said and "INFO second" in said and "*2* lines match" in said
    assert f"{BACK} 02:00+0200–02:30+0100 Europe/Berlin (1 h 30 min)" in said


def test_a_range_over_the_hour_that_clocks_skipped_is_an_hour_shorter(scene: Scene) -> None:
    scene.clock.set(at(f"{FORWARD} 06:00"))
    write(scene, before=at(f"{FORWARD} 01:29"), first=at(f"{FORWARD} 01:59"), second=at(f"{FORWARD} 03:01"))
    said = ask(scene, "01:30-03:30")
    assert "INFO first" in said and "INFO second" in said and "INFO before" not in said
    assert f"{FORWARD} 01:30+0100–03:30+0200 Europe/Berlin (1 h)" in said


def test_a_time_that_clocks_skipped_is_refused_with_those_beside_it(scene: Scene) -> None:
    scene.clock.set(at(f"{FORWARD} 06:00"))
    scene.type("ops", "logs bi/api production 02:15-02:45")
    said = texts(scene.said_to(ALICE)[-1])
    assert f"02:15 does not exist on {FORWARD} in Europe/Berlin" in said and "Say 01:15 or 03:15." in said
    assert scene.logs.patterns == []


@pytest.mark.parametrize(("day", "length"), [(FORWARD, "23 h"), (BACK, "1 day 1 h")])
def test_a_day_on_which_clocks_change_is_as_long_as_it_was(scene: Scene, day: str, length: str) -> None:
    scene.clock.set(at(f"{day} 12:00") + 86_400.0)
    scene.insights.answer = QueryAnswer((), 0, 9, 100)
    assert f"({length})" in ask(scene, "yesterday")
    (asked,) = scene.insights.asked
    assert asked.end - asked.start == (23 if day == FORWARD else 25) * 3600.0 > LONGEST_WALK


@pytest.mark.parametrize("hour", ["22:00", "09:00"])
def test_a_range_until_midnight_ends_with_its_day(scene: Scene, hour: str) -> None:
    scene.clock.set(at(f"{BACK} 12:00"))
    scene.insights.answer = QueryAnswer((), 0, 9, 100)
    said = ask(scene, f"yesterday {hour}-00:00")
    assert f"2026-10-24 {hour} – {BACK} 00:00 Europe/Berlin" in said
