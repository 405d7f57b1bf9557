"""How busy the doors are: twenty people and a storm of alarms are no flood, a queue of thousands is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.arrivals import ANSWER_FIRST, SHARE, TRICKLE, Arrivals


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("bot.arrivals.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def _arrive(arrivals: Arrivals, pace: list[float], each_second: int, seconds: int = 3, at_once: int = 10) -> None:
    for _ in range(each_second * seconds // at_once):
        pace[0] += at_once / each_second
        arrivals.count(at_once)


def test_work_waits_a_moment_for_who_has_just_come(pace: list[float]) -> None:
    arrivals = Arrivals()
    assert arrivals.calm_in() == 0
    arrivals.count(20)
    assert arrivals.calm_in() == ANSWER_FIRST
    pace[0] += 2 * ANSWER_FIRST
    assert arrivals.calm_in() == 0


def test_a_storm_of_alarms_is_worked_on_while_it_lasts(pace: list[float]) -> None:
    arrivals = Arrivals()
    _arrive(arrivals, pace, each_second=100)
    assert arrivals.calm_in() == ANSWER_FIRST


def test_a_flood_is_let_in_first_and_ends(pace: list[float]) -> None:
    arrivals = Arrivals()
    _arrive(arrivals, pace, each_second=1000)
    assert arrivals.calm_in() == 1.0
    pace[0] += 0.5
    assert arrivals.calm_in() == 0.5
    pace[0] += 0.5
    assert arrivals.calm_in() == 0


def test_while_arrivals_keep_coming_work_gets_its_share_of_the_processor_and_no_more(pace: list[float]) -> None:
    arrivals = Arrivals()
    _arrive(arrivals, pace, each_second=1000)
    arrivals.work_began()
    assert arrivals.work_in() == TRICKLE
    arrivals.work_took(0.01)
    assert arrivals.work_in() == pytest.approx(0.01 / SHARE)
    arrivals.work_took(0.0)
    assert arrivals.work_in() == pytest.approx(ANSWER_FIRST)
    pace[0] += 0.5
    assert arrivals.work_in() == 0
