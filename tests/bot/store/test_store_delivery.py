"""The contract of ``bot.rows.Store``: what comes in from outside, many at a time."""

from __future__ import annotations

import threading

import pytest

from bot.rows import LockHeldError, NewRow, Signal, Store
from tests.bot.store.jobs import NOW, new, one, step, the_row


def told(key: str, mark: str, **changes: object) -> tuple[NewRow, Signal]:
    return new(key, due_at=None, **changes), Signal("told", {"mark": mark, "text": "naïve ☃ \"'"}, key=mark)


def pending(store: Store, key: str) -> list[str]:
    row = store.by_key("job", key)
    assert row is not None
    return [str(signal.payload["mark"]) for signal in store.pending(row.id)]


@pytest.mark.parametrize("many", [1, 2, 50])
def test_rows_are_added_once_and_told_everything_in_order(store: Store, many: int) -> None:
    items = [told(key, f"{key}{number}") for number in range(many) for key in ("a", "b")]
    assert store.deliver(items, NOW) == [True] * len(items)
    assert pending(store, "a") == [f"a{number}" for number in range(many)]
    assert pending(store, "b") == [f"b{number}" for number in range(many)]
    assert len(store.rows("job")) == 2


def test_what_is_delivered_comes_back_as_it_was(store: Store) -> None:
    body = {"text": "naïve ☃ 'quoted' \"twice\"", "number": 1.5, "nothing": None}
    row, signal = told("a", "m1", body=body, group="g")
    assert store.deliver([(row, signal), told("b", "m2")], NOW) == [True, True]
    found = store.by_key("job", "a")
    assert found is not None
    assert (found.body, found.group, found.state, found.lock) == (body, "g", "begun", None)
    assert (found.due_at, found.created_at, found.updated_at, found.epoch) == (NOW, NOW, NOW, 0)
    (received,) = store.pending(found.id)
    assert (received.name, received.payload, received.at) == ("told", signal.payload, NOW)


def test_a_delivery_wakes_rows_that_wait_and_those_being_worked_on(store: Store) -> None:
    store.add(new("a", due_at=None), NOW)
    store.deliver([told("a", "m1"), told("b", "m2")], NOW)
    first = one_of(store, "a")
    assert store.deliver([told("a", "m3"), told("b", "m4")], NOW + 1) == [True, True]
    assert store.save(first, step(due_at=None), NOW + 1).due_at == NOW + 1


def one_of(store: Store, key: str):  # type: ignore[no-untyped-def]
    claimed = store.claim(["job"], owner="me", lease=60.0, limit=10, now=NOW)
    return next(row for row in claimed if row.key == key)


def test_what_is_known_is_false_and_hides_nothing_new(store: Store) -> None:
    store.deliver([told("a", "m1")], NOW)
    assert store.deliver([told("a", "m1"), told("a", "m2"), told("b", "m1")], NOW) == [False, True, True]
    assert pending(store, "a") == ["m1", "m2"]
    assert pending(store, "b") == ["m1"]


def test_the_same_message_twice_in_one_delivery_is_told_once(store: Store) -> None:
    assert store.deliver([told("a", "m1"), told("a", "m1")], NOW) == [True, False]
    assert pending(store, "a") == ["m1"]


def test_a_message_is_known_after_it_was_consumed(store: Store) -> None:
    store.deliver([told("a", "m1")], NOW)
    row = one(store)
    store.save(row, step(consumed=tuple(signal.number for signal in store.pending(row.id))), NOW)
    assert store.deliver([told("a", "m1")], NOW) == [False]
    assert the_row(store, row.id).due_at is None


def test_a_row_without_signal_is_new_once(store: Store) -> None:
    assert store.deliver([(new("a"), None), told("b", "m1"), (new("a"), None)], NOW) == [True, True, False]
    row = store.by_key("job", "a")
    assert row is not None and store.pending(row.id) == []


def test_an_item_that_cannot_be_stored_has_an_error_of_its_own(store: Store) -> None:
    holder, _ = store.add(new("holder", lock="l"), NOW)
    broken = (new("broken", body={"n": object()}), Signal("told", key="m"))
    first, held, odd, last = store.deliver([told("a", "m1"), told("b", "m2", lock="l"), broken, told("c", "m3")], NOW)
    assert (first, last) == (True, True)
    assert isinstance(held, LockHeldError) and held.holder == holder.id
    assert isinstance(odd, ValueError)
    assert store.by_key("job", "b") is None and store.by_key("job", "broken") is None


def test_nothing_delivered_is_nothing_stored(store: Store) -> None:
    assert store.deliver([], NOW) == []


def test_deliveries_of_many_threads_are_all_stored(store: Store) -> None:
    outcomes: list[bool | Exception] = []

    def deliver(name: str) -> None:
        for number in range(20):
            outcomes.extend(store.deliver([told("a", f"{name}{number}"), told(name, f"{number}")], NOW))

    threads = [threading.Thread(target=deliver, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 320
    assert len(pending(store, "a")) == 160
