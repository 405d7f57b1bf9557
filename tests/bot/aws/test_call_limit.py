"""Never more calls begin within a second than AWS allows, however long each is on its way."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.aws.call_limit import CallLimit
from tests.fakes import FakeClock


def run(clock: FakeClock, limit: CallLimit, delays: list[tuple[float, float]], key: str = "here") -> list[float]:
    """One call after the other, each on its way for a while and then at work; when each began at AWS."""
    began = []
    for way, work in delays:
        with limit.call(key):
            clock.advance(way)
            began.append(clock.now())
            clock.advance(work)
    return began


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), max_size=40))
def test_no_six_calls_begin_within_a_second(delays: list[tuple[float, float]]) -> None:
    clock = FakeClock()
    began = run(clock, CallLimit(5, 1.0, clock, clock.advance), delays)
    assert all(later - first >= 1.0 - 1e-6 for first, later in zip(began, began[5:], strict=False))


def test_five_go_at_once_and_places_of_another_region_are_its_own() -> None:
    clock, waits = FakeClock(), list[float]()
    limit = CallLimit(5, 1.0, clock, waits.append)
    run(clock, limit, [(0.0, 0.0)] * 5)
    run(clock, limit, [(0.0, 0.0)] * 5, key="there")
    assert waits == []
    run(clock, limit, [(0.0, 0.0)])
    assert waits == [pytest.approx(1.0)]


def test_a_call_that_fails_keeps_its_place_as_long() -> None:
    time, waits = FakeClock(), list[float]()
    limit = CallLimit(1, 1.0, time, waits.append)
    with pytest.raises(ValueError, match="no"), limit.call("here"):
        raise ValueError("no")
    with limit.call("here"):
        pass
    assert waits == [pytest.approx(1.0)]


def test_whoever_finds_all_places_taken_waits_for_one() -> None:
    time = FakeClock()
    limit = CallLimit(1, 0.0, time, lambda seconds: None)
    begun, over = threading.Event(), threading.Event()

    def second() -> None:
        with limit.call("here"):
            over.set()

    with limit.call("here"):
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait(0.05)
        assert not over.is_set()
    thread.join(5)
    assert over.is_set()
