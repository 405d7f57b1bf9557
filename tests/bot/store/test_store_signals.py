"""The contract of ``bot.rows.Store``: signals, locks, keeping house."""

from __future__ import annotations

import pytest

from bot.rows import LockHeldError, Signal, Store
from tests.bot.store.jobs import NOW, new, one, step, the_row

# signals


def test_signals_arrive_in_order_and_are_consumed_once(store: Store) -> None:
    row, _ = store.add(new(due_at=None), NOW)
    for name in ("one", "two", "three"):
        assert store.signal(row.id, Signal(name), NOW)
    waiting = store.pending(row.id)
    assert [signal.name for signal in waiting] == ["one", "two", "three"]
    store.save(one(store), step(consumed=tuple(signal.number for signal in waiting[:2])), NOW)
    assert [signal.name for signal in store.pending(row.id)] == ["three"]


def test_a_signal_makes_a_waiting_row_due(store: Store) -> None:
    row, _ = store.add(new(due_at=None), NOW)
    assert store.next_due() is None
    store.signal(row.id, Signal("go"), NOW + 3)
    assert store.next_due() == NOW + 3
    assert one(store, NOW + 3).id == row.id


def test_a_repeated_signal_vanishes_even_after_it_was_consumed(store: Store) -> None:
    row, _ = store.add(new(due_at=None), NOW)
    assert store.signal(row.id, Signal("go", key="m1"), NOW)
    assert not store.signal(row.id, Signal("go", key="m1"), NOW)
    (signal,) = store.pending(row.id)
    store.save(one(store), step(consumed=(signal.number,)), NOW)
    assert not store.signal(row.id, Signal("go", key="m1"), NOW)
    assert the_row(store, row.id).due_at is None


def test_the_same_signal_key_means_nothing_to_another_row(store: Store) -> None:
    first, _ = store.add(new("a", due_at=None), NOW)
    second, _ = store.add(new("b", due_at=None), NOW)
    assert store.signal(first.id, Signal("go", key="m"), NOW)
    assert store.signal(second.id, Signal("go", key="m"), NOW)


def test_signals_without_a_key_all_count(store: Store) -> None:
    row, _ = store.add(new(due_at=None), NOW)
    assert [store.signal(row.id, Signal("go"), NOW) for _ in range(3)] == [True] * 3
    assert len(store.pending(row.id)) == 3


def test_a_signal_to_nobody_is_false(store: Store) -> None:
    assert not store.signal("nobody", Signal("go"), NOW)


def test_a_signal_that_arrives_while_the_row_is_worked_on_makes_it_due_at_once(store: Store) -> None:
    store.add(new(), NOW)
    row = one(store)
    store.signal(row.id, Signal("approve"), NOW + 1)
    saved = store.save(row, step(due_at=NOW + 900), NOW + 2)
    assert saved.due_at == NOW + 2
    assert [signal.name for signal in store.pending(row.id)] == ["approve"]
    assert store.save(one(store, NOW + 2), step(due_at=None), NOW + 3).due_at is None


def test_a_signal_that_arrives_while_the_row_is_worked_on_overrides_a_postponement(store: Store) -> None:
    store.add(new(), NOW)
    row = one(store)
    store.signal(row.id, Signal("approve"), NOW + 1)
    store.postpone(row, NOW + 900, NOW + 2)
    assert one(store, NOW + 2).attempts == 2


# locks


def test_a_lock_belongs_to_one_row_and_says_whose_it_is(store: Store) -> None:
    holder, _ = store.add(new("a", lock="prod", due_at=None), NOW)
    with pytest.raises(LockHeldError) as caught:
        store.add(new("b", lock="prod"), NOW)
    assert (caught.value.lock, caught.value.holder) == ("prod", holder.id)
    assert store.by_key("job", "b") is None


def test_taking_a_held_lock_by_saving_fails_and_changes_nothing(store: Store) -> None:
    holder, _ = store.add(new("a", lock="prod", due_at=None), NOW)
    store.add(new("b"), NOW)
    row = one(store)
    with pytest.raises(LockHeldError) as caught:
        store.save(row, step(lock="prod"), NOW)
    assert caught.value.holder == holder.id
    assert the_row(store, row.id) == row


def test_a_lock_is_kept_while_named_and_free_once_it_is_not(store: Store) -> None:
    store.add(new("a", lock="prod"), NOW)
    kept = store.save(one(store), step(lock="prod", due_at=NOW), NOW)
    assert kept.lock == "prod"
    store.save(one(store), step(lock=None), NOW)
    assert store.add(new("b", lock="prod"), NOW)[1]


# looking and keeping house


def test_rows_are_listed_newest_first_by_kind_group_state_and_age(store: Store) -> None:
    for at, (key, group) in enumerate((("a", "x"), ("b", "y"), ("c", "x"), ("d", "x"))):
        store.add(new(key, group=group, state="odd" if key == "c" else "begun"), NOW + at)
    store.add(new("e", kind="other", group="x"), NOW)
    assert [row.key for row in store.rows("job")] == ["d", "c", "b", "a"]
    assert [row.key for row in store.rows("job", group="x")] == ["d", "c", "a"]
    assert [row.key for row in store.rows("job", states=("odd", "never"))] == ["c"]
    assert [row.key for row in store.rows("job", since=NOW + 2)] == ["d", "c"]
    assert [row.key for row in store.rows("job", limit=1)] == ["d"]


def test_the_next_due_row_counts_a_held_one_from_the_end_of_its_lease(store: Store) -> None:
    store.add(new("a", due_at=NOW), NOW)
    one(store)
    assert store.next_due() == NOW + 60
    store.add(new("b", due_at=NOW + 10), NOW)
    assert store.next_due() == NOW + 10


def test_what_is_due_at_once_has_been_so_since_it_was_saved(store: Store) -> None:
    store.add(new("a", due_at=0.0), NOW)
    assert store.next_due() == NOW
    store.save(one(store, NOW + 2), step(due_at=0.0), NOW + 3)
    assert store.next_due() == NOW + 3


def test_release_gives_every_held_row_back_at_once(store: Store) -> None:
    store.add(new(), NOW)
    one(store)
    store.release()
    assert one(store).attempts == 2


def test_only_old_rows_that_wait_for_nothing_are_forgotten(store: Store) -> None:
    ended, _ = store.add(new("ended", due_at=None), NOW)
    due, _ = store.add(new("due", due_at=NOW + 9999), NOW)
    locked, _ = store.add(new("locked", due_at=None, lock="l"), NOW)
    young, _ = store.add(new("young", due_at=None), NOW + 100)
    assert store.forget(NOW + 50) == 1
    assert store.get(ended.id) is None
    assert all(store.get(row.id) for row in (due, locked, young))


def test_a_forgotten_rows_signals_go_with_it(store: Store) -> None:
    row, _ = store.add(new(due_at=None), NOW)
    store.signal(row.id, Signal("go", key="m"), NOW)
    (signal,) = store.pending(row.id)
    store.save(one(store), step(consumed=(signal.number,)), NOW)
    store.forget(NOW + 50)
    assert store.pending(row.id) == []
    again, is_new = store.add(new(due_at=None, id=row.id), NOW)
    assert is_new
    assert store.signal(again.id, Signal("go", key="m"), NOW)


def test_signals_long_consumed_are_forgotten_though_their_row_lives_on(store: Store) -> None:
    row, _ = store.add(new(due_at=None), NOW)
    store.signal(row.id, Signal("old", key="m"), NOW)
    (signal,) = store.pending(row.id)
    store.save(one(store), step(consumed=(signal.number,)), NOW)
    store.signal(row.id, Signal("waiting", key="w"), NOW)
    store.forget(NOW + 50)
    assert [each.name for each in store.pending(row.id)] == ["waiting"]
    assert store.signal(row.id, Signal("old", key="m"), NOW + 60)


def test_a_working_store_answers_a_ping(store: Store) -> None:
    store.ping()
