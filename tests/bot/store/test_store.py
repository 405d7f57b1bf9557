"""The contract of ``bot.rows.Store``: adding, claiming, saving."""

from __future__ import annotations

import threading

import pytest

from bot.rows import LeaseLostError, LockHeldError, Signal, Store
from tests.bot.store.jobs import NOW, claim, new, one, step, the_row

# adding


def test_a_row_comes_back_as_it_was_added(store: Store) -> None:
    body = {"text": "naïve ☃ 'quoted' \"twice\"", "list": [1, None, {"deep": True}]}
    added, is_new = store.add(new(body=body, group="g", due_at=5.0, lock="l"), NOW)
    assert is_new
    assert store.get(added.id) == added == store.by_key("job", "k")
    assert (added.body, added.group, added.due_at, added.lock, added.epoch) == (body, "g", 5.0, "l", 0)
    assert (added.created_at, added.updated_at, added.attempts) == (NOW, NOW, 0)


def test_a_known_key_adds_nothing_and_gives_the_first_row(store: Store) -> None:
    first, _ = store.add(new(body={"who": "first"}), NOW)
    again, is_new = store.add(new(body={"who": "second"}), NOW + 1)
    assert not is_new
    assert again.id == first.id
    assert again.body == {"who": "first"}
    assert len(store.rows("job")) == 1


def test_the_same_key_of_another_kind_is_another_row(store: Store) -> None:
    assert store.add(new(), NOW)[0].id != store.add(new(kind="other"), NOW)[0].id


def test_a_row_added_again_with_its_own_id_is_known(store: Store) -> None:
    store.add(new(id="mine"), NOW)
    assert store.add(new(id="mine"), NOW) == (the_row(store, "mine"), False)


def test_a_known_key_is_told_the_signal_instead(store: Store) -> None:
    first, _ = store.add(new(due_at=None), NOW)
    told, is_new = store.add(new(else_signal=Signal("show", {"n": 5})), NOW + 1)
    assert (told.id, is_new) == (first.id, False)
    assert [(signal.name, signal.payload) for signal in store.pending(first.id)] == [("show", {"n": 5})]
    assert one(store, NOW + 1).id == first.id


def test_a_new_key_is_told_no_signal(store: Store) -> None:
    row, is_new = store.add(new(else_signal=Signal("show")), NOW)
    assert is_new
    assert store.pending(row.id) == []


def test_what_does_not_exist_is_none(store: Store) -> None:
    assert store.get("nothing") is None
    assert store.by_key("job", "nothing") is None
    assert store.pending("nothing") == []


# claiming


def test_due_rows_are_claimed_oldest_first(store: Store) -> None:
    for key, due in (("c", 30.0), ("a", 10.0), ("b", 20.0), ("later", NOW + 1)):
        store.add(new(key, due_at=due), NOW)
    assert [row.key for row in claim(store)] == ["a", "b", "c"]


def test_no_more_are_claimed_than_asked_for_and_the_oldest_go_first(store: Store) -> None:
    for key, due in (("c", 30.0), ("a", 10.0), ("b", 20.0)):
        store.add(new(key, due_at=due), NOW)
    assert [row.key for row in claim(store, limit=2)] == ["a", "b"]
    assert [row.key for row in claim(store, limit=2)] == ["c"]


def test_rows_of_other_kinds_and_rows_that_wait_are_left_alone(store: Store) -> None:
    store.add(new(kind="other"), NOW)
    store.add(new("waits", due_at=None), NOW)
    assert claim(store) == []


def test_a_claimed_row_is_not_claimed_again_until_its_lease_ends(store: Store) -> None:
    store.add(new(), NOW)
    first = one(store)
    assert (first.epoch, first.attempts, first.lease_until) == (1, 1, NOW + 60)
    assert claim(store, NOW + 59) == []
    second = one(store, NOW + 60)
    assert (second.epoch, second.attempts) == (2, 2)


def test_a_renewed_lease_holds_longer(store: Store) -> None:
    store.add(new(), NOW)
    row = one(store)
    assert store.renew(row, lease=60, now=NOW + 50)
    assert claim(store, NOW + 100) == []
    assert claim(store, NOW + 110)


def test_a_lease_cannot_be_renewed_once_another_has_the_row(store: Store) -> None:
    store.add(new(), NOW)
    ghost = one(store)
    one(store, NOW + 61)
    assert not store.renew(ghost, lease=60, now=NOW + 62)


def test_a_lease_cannot_be_renewed_after_the_row_was_saved(store: Store) -> None:
    store.add(new(), NOW)
    row = one(store)
    store.save(row, step(), NOW)
    assert not store.renew(row, lease=60, now=NOW)


def test_many_threads_never_share_a_row(store: Store) -> None:
    for number in range(80):
        store.add(new(f"k{number}"), NOW, safe=False)
    claimed: list[str] = []
    ready = threading.Barrier(8)

    def work(owner: str) -> None:
        ready.wait()
        while rows := claim(store, limit=3, owner=owner):
            claimed.extend(row.id for row in rows)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 80


# saving


def test_a_save_ends_the_transition(store: Store) -> None:
    store.add(new(), NOW)
    saved = store.save(one(store), step(due_at=NOW + 5), NOW + 1)
    assert saved == store.get(saved.id)
    assert (saved.state, saved.body, saved.due_at) == ("next", {"n": 2}, NOW + 5)
    assert (saved.attempts, saved.lease_until, saved.updated_at) == (0, None, NOW + 1)
    assert one(store, NOW + 5).attempts == 1


def test_a_ghosts_save_changes_nothing(store: Store) -> None:
    store.add(new(), NOW)
    ghost = one(store)
    other = one(store, NOW + 61)
    debts = step(state="ghostly", new=(new("owed"),), signals=((other.id, Signal("boo")),))
    with pytest.raises(LeaseLostError):
        store.save(ghost, debts, NOW + 62)
    assert the_row(store, other.id) == other
    assert store.by_key("job", "owed") is None
    assert store.pending(other.id) == []
    assert store.save(other, step(), NOW + 63).state == "next"


def test_a_ghost_cannot_postpone(store: Store) -> None:
    store.add(new(), NOW)
    ghost = one(store)
    other = one(store, NOW + 61)
    store.postpone(ghost, NOW + 1000, NOW + 62)
    assert the_row(store, other.id) == other


def test_debts_to_other_rows_are_saved_with_the_row(store: Store) -> None:
    store.add(new(), NOW)
    known, _ = store.add(new("known", due_at=None), NOW)
    owed = (new("fresh"), new("known", else_signal=Signal("show", {"n": 7})))
    store.save(one(store), step(new=owed, signals=((known.id, Signal("nudge")),)), NOW)
    assert store.by_key("job", "fresh") is not None
    assert [signal.name for signal in store.pending(known.id)] == ["show", "nudge"]


def test_a_row_may_signal_a_row_that_it_adds(store: Store) -> None:
    store.add(new(), NOW)
    store.save(one(store), step(new=(new("child", id="c", due_at=None),), signals=(("c", Signal("hello")),)), NOW)
    assert [signal.name for signal in store.pending("c")] == ["hello"]


def test_a_debt_that_cannot_be_saved_rolls_all_back(store: Store) -> None:
    store.add(new("holder", lock="l", due_at=None), NOW)
    store.add(new(), NOW)
    row = one(store)
    store.signal(row.id, Signal("go"), NOW)
    (signal,) = store.pending(row.id)
    owed = (new("before"), new("clashes", lock="l"))
    with pytest.raises(LockHeldError):
        store.save(row, step(consumed=(signal.number,), new=owed), NOW)
    assert the_row(store, row.id).state == "begun"
    assert store.by_key("job", "before") is None
    assert store.pending(row.id) == [signal]
    assert store.save(row, step(), NOW).state == "next"


def test_a_postponed_row_is_tried_again_later_with_its_attempt_counted(store: Store) -> None:
    store.add(new(), NOW)
    store.postpone(one(store), NOW + 5, NOW)
    assert claim(store, NOW + 4) == []
    again = one(store, NOW + 5)
    assert (again.attempts, again.state, again.body) == (2, "begun", {"n": 1})


# a clock that was set back


def test_what_was_saved_by_a_clock_that_was_ahead_is_due_when_it_is_set_back(store: Store) -> None:
    ahead, _ = store.add(new("ahead", due_at=NOW + 3700), NOW + 3600)
    waits, _ = store.add(new("waits", due_at=NOW + 100), NOW - 10)
    sleeps, _ = store.add(new("sleeps", due_at=None), NOW + 3600)
    assert store.hasten(NOW) == 1
    assert [the_row(store, row.id).due_at for row in (ahead, waits, sleeps)] == [NOW, NOW + 100, None]
    assert the_row(store, ahead.id).updated_at == NOW + 3600
    assert one(store, NOW).id == ahead.id


def test_nothing_is_hastened_by_a_clock_that_goes_on(store: Store) -> None:
    store.add(new(due_at=NOW + 100), NOW)
    assert store.hasten(NOW) == store.hasten(NOW + 50) == 0
