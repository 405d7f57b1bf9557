"""One row at a time: claimed, moved on, saved; what fails is tried again, given up, or told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.engine import EFFECT_SECONDS, LEASE_SECONDS, Engine, Lease
from bot.errors import NotFoundError, UpstreamError
from bot.rows import LeaseLostError, LockHeldError, NewRow, Received, Row, Signal, Step
from bot.store.sqlite import SqliteStore
from tests.bot.bench import Bench, Scripted
from tests.fakes import FakeClock


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.engine.stop(5)
    made.store.close()


def test_a_due_row_is_moved_on(bench: Bench) -> None:
    row_id = bench.add()
    assert bench.engine.run_due() == 1
    assert bench.state(row_id) == "done"
    assert bench.engine.run_due() == 0


def test_what_upstream_cannot_do_now_is_tried_again_with_growing_pauses(bench: Bench) -> None:
    row_id = bench.add()
    bench.raises(UpstreamError("Slow down.", retryable=True))
    seen: list[int] = []
    for _ in range(10):
        seen.append(bench.engine.run_due())
        bench.clock.advance(1)
    assert seen == [1, 1, 0, 1, 0, 0, 0, 0, 1, 0]
    assert bench.machine.attempts == [1, 2, 3, 4]
    bench.machine.does = lambda row, signals, lease: Step("done", None, {})
    bench.run_for(20)
    assert bench.state(row_id) == "done"


def test_a_service_that_names_a_time_is_asked_again_then(bench: Bench) -> None:
    bench.add()
    bench.raises(UpstreamError("Slow down.", retryable=True, retry_after=30))
    bench.run_for(29)
    assert len(bench.machine.attempts) == 1
    bench.run_for(1)
    assert len(bench.machine.attempts) == 2


def test_a_refusal_for_good_is_given_up_at_once(bench: Bench) -> None:
    row_id = bench.add()
    bench.raises(NotFoundError("There is no such thing."))
    bench.engine.run_due()
    assert bench.state(row_id) == "given up"
    assert bench.machine.given_up[0].message == "There is no such thing."


def test_patience_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.machine, "patience", lambda row: 3)
    row_id = bench.add()
    bench.raises(UpstreamError("Slow down.", retryable=True))
    bench.run_for(10)
    assert bench.machine.attempts == [1, 2, 3]
    assert bench.state(row_id) == "given up"


def test_a_bug_is_tried_a_few_times_and_then_told_with_a_reference_only(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    row_id = bench.add()
    bench.raises(ZeroDivisionError("secret detail"))
    with caplog.at_level(logging.ERROR):
        bench.run_for(20)
    assert bench.machine.attempts == [1, 2, 3, 4]
    assert bench.state(row_id) == "given up"
    (told,) = bench.machine.given_up
    assert "secret detail" not in str(told)
    reference = told.message.split("reference ")[1].rstrip(").")
    assert reference in {getattr(record, "reference", "") for record in caplog.records}


def test_a_bug_in_giving_up_leaves_the_row_to_be_tried_when_its_lease_ends(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> Step:
        raise ZeroDivisionError

    bench.raises(NotFoundError("gone"))
    bench.machine.gives_up = fails
    row_id = bench.add()
    with caplog.at_level(logging.ERROR):
        bench.engine.run_due()
    assert "stuck until its lease ends" in caplog.messages
    bench.run_for(int(LEASE_SECONDS) - 1)
    assert len(bench.machine.attempts) == 1
    bench.machine.does = lambda row, signals, lease: Step("done", None, {})
    bench.run_for(1)
    assert bench.state(row_id) == "done"


def test_a_row_whose_signals_cannot_be_read_is_not_held_for_ever(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(row_id: str) -> list[Received]:
        raise OSError("disk")

    row_id = bench.add()
    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "pending", unreadable)
        bench.engine.run_due()
    bench.clock.advance(LEASE_SECONDS / 2)
    bench.engine.keep()
    bench.clock.advance(LEASE_SECONDS / 2)
    bench.engine.run_due()
    assert bench.state(row_id) == "done"


def test_a_signal_during_the_transition_is_seen_right_after_it(bench: Bench) -> None:
    seen: list[list[str]] = []

    def do(row: Row, signals: list[Received], lease: Lease) -> Step:
        seen.append([signal.name for signal in signals])
        if row.state == "begun":
            bench.engine.signal(row.id, Signal("approve"))
        return Step("waiting", None, {}, consumed=tuple(signal.number for signal in signals))

    bench.machine.does = do
    bench.add()
    assert bench.engine.run_due() == 2
    assert seen == [[], ["approve"]]


def test_a_signal_wakes_a_row_that_backs_off(bench: Bench) -> None:
    row_id = bench.add()
    bench.raises(UpstreamError("Slow down.", retryable=True, retry_after=900))
    bench.engine.run_due()
    bench.engine.signal(row_id, Signal("go"))
    assert bench.engine.run_due() == 1


def test_a_ghost_that_comes_back_late_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    row_id = bench.add()

    def sleeps_too_long(row: Row, signals: list[Received], lease: Lease) -> Step:
        bench.clock.advance(LEASE_SECONDS + 1)
        (again,) = bench.store.claim(["job"], owner="other", lease=60, limit=1, now=bench.clock.now())
        bench.store.save(again, Step("by the other", None, {}), bench.clock.now())
        return Step("by the ghost", None, {})

    bench.machine.does = sleeps_too_long
    bench.engine.run_due()
    assert bench.state(row_id) == "by the other"


def test_no_effect_starts_on_a_lease_that_another_has_taken(bench: Bench) -> None:
    effects: list[str] = []

    def slow(row: Row, signals: list[Received], lease: Lease) -> Step:
        bench.clock.advance(LEASE_SECONDS + 1)
        bench.store.claim(["job"], owner="other", lease=60, limit=1, now=bench.clock.now())
        lease.before_effect()
        effects.append("doubled")
        return Step("done", None, {})

    bench.machine.does = slow
    bench.add()
    bench.engine.run_due()
    assert effects == []


def test_an_effect_gets_a_lease_that_outlasts_it(bench: Bench) -> None:
    left: list[float] = []

    def do(row: Row, signals: list[Received], lease: Lease) -> Step:
        for waited in (0, 5, 30):
            bench.clock.advance(waited)
            lease.before_effect()
            held = bench.store.get(row.id)
            assert held is not None
            left.append((held.lease_until or 0.0) - bench.clock.now())
        return Step("done", None, {})

    bench.machine.does = do
    bench.add()
    bench.engine.run_due()
    assert left == [60, 55, 60]
    assert min(left) >= EFFECT_SECONDS


def test_keeping_renews_what_runs_and_forgets_what_was_lost(bench: Bench) -> None:
    def do(row: Row, signals: list[Received], lease: Lease) -> Step:
        bench.clock.advance(50)
        bench.engine.keep()
        bench.clock.advance(50)
        assert bench.store.claim(["job"], owner="other", lease=60, limit=1, now=bench.clock.now()) == []
        bench.clock.advance(50)
        assert bench.store.claim(["job"], owner="other", lease=60, limit=1, now=bench.clock.now())
        bench.engine.keep()
        with pytest.raises(LeaseLostError):
            lease.renew()
        return Step("done", None, {})

    bench.machine.does = do
    row_id = bench.add()
    bench.engine.run_due()
    assert bench.state(row_id) == "begun"


def test_a_kind_that_takes_no_locks_treats_a_held_one_as_a_bug_and_lives(bench: Bench) -> None:
    bench.add("holder", lock="l")
    bench.engine.run_due()
    bench.store.add(NewRow(kind="other", key="x", state="s", body={}, due_at=None, lock="l"), bench.clock.now())
    bench.machine.does = lambda row, signals, lease: Step("done", None, {}, lock="l")
    row_id = bench.add("wants")
    bench.engine.run_due()
    assert bench.state(row_id) == "begun"
    with pytest.raises(LockHeldError):
        bench.store.add(NewRow(kind="other", key="y", state="s", body={}, lock="l"), bench.clock.now())


def test_a_running_engine_works_on_what_arrives_and_stops_when_told(bench: Bench) -> None:
    finished = threading.Event()

    def do(row: Row, signals: list[Received], lease: Lease) -> Step:
        finished.set()
        return Step("done", None, {})

    bench.machine.does = do
    bench.engine.start()
    row_id = bench.add()
    assert finished.wait(5)
    assert bench.engine.stop(5)
    assert bench.state(row_id) == "done"


def test_stopping_says_so_when_something_does_not_end(bench: Bench) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def do(row: Row, signals: list[Received], lease: Lease) -> Step:
        begun.set()
        go_on.wait(5)
        return Step("done", None, {})

    bench.machine.does = do
    bench.engine.start()
    bench.add()
    assert begun.wait(5)
    assert not bench.engine.stop(0.01)
    go_on.set()
    assert bench.engine.stop(5)


def test_what_is_urgent_goes_before_what_came_earlier_but_leaves_room_for_it(tmp_path: Path) -> None:
    class Urgent(Scripted):
        kind = "urgent"
        is_urgent = True

    clock, store = FakeClock(), SqliteStore(tmp_path / "rows.db")
    engine = Engine(store, clock, {"job": Scripted(), "urgent": Urgent()})
    for number in range(6):
        for kind, due_at in (("job", 0.0), ("urgent", clock.now())):
            store.add(NewRow(kind=kind, key=f"{number}", state="begun", body={}, due_at=due_at), clock.now())
    assert [row.kind for row in engine._claim(5)] == ["urgent"] * 3 + ["job"] * 2
    assert [row.kind for row in engine._claim(1)] == ["urgent"]
    assert [row.kind for row in engine._claim(20)] == ["urgent"] * 2 + ["job"] * 4
    assert engine._claim(5) == []
    store.close()


def test_the_engine_knows_which_rows_there_are(bench: Bench) -> None:
    assert bench.engine.knows(bench.add())
    assert not bench.engine.knows("nothing")


def test_a_clock_that_jumps_ahead_takes_nothing_from_whoever_works(bench: Bench) -> None:
    """A laptop that slept, a machine that NTP corrects: the lease is over by the clock and not in truth."""
    working, go_on = threading.Event(), threading.Event()

    def do(row: Row, signals: list[Received], lease: Lease) -> Step:
        working.set()
        go_on.wait(10)
        lease.before_effect()
        return Step("done", None, {})

    bench.machine.does = do
    row_id = bench.add()
    worker = threading.Thread(target=bench.engine.run_due)
    worker.start()
    assert working.wait(5)
    bench.clock.advance(86_400)
    assert bench.engine.run_due() == 0
    go_on.set()
    worker.join(5)
    assert bench.state(row_id) == "done"
    assert bench.machine.attempts == [1]


def test_what_is_tried_again_does_not_wait_for_a_clock_that_was_set_back(bench: Bench) -> None:
    row_id = bench.add()
    bench.raises(UpstreamError("Slow down.", retryable=True))
    bench.engine.run_due()
    bench.clock.advance(-3600)
    bench.machine.does = lambda row, signals, lease: Step("done", None, {})
    bench.run_for(1)
    assert bench.state(row_id) == "done"


def test_threads_that_read_the_clock_in_another_order_set_nothing_back(bench: Bench) -> None:
    row_id = bench.add()
    bench.raises(UpstreamError("Slow down.", retryable=True, retry_after=30.0))
    bench.engine.run_due()
    bench.clock.advance(-0.5)
    assert bench.engine.run_due() == 0
    assert bench.state(row_id) == "begun"
