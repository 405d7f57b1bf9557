from bot.budget import LATE, Budget, Turns


def test_a_burst_goes_at_once_and_the_rest_at_the_pace() -> None:
    budget = Budget(every=1.0, burst=3)
    assert [budget.reserve("C1", 100.0) for _ in range(6)] == [100.0, 100.0, 100.0, 101.0, 102.0, 103.0]


def test_what_was_not_used_is_saved_up_to_the_burst_and_no_further() -> None:
    budget = Budget(every=1.0, burst=2)
    for _ in range(2):
        budget.reserve("C1", 0.0)
    assert [budget.reserve("C1", 1000.0) for _ in range(3)] == [1000.0, 1000.0, 1001.0]


def test_each_key_has_a_budget_of_its_own() -> None:
    budget = Budget(every=1.0, burst=1)
    assert [budget.reserve("C1", 5.0), budget.reserve("C2", 5.0), budget.reserve("C1", 5.0)] == [5.0, 5.0, 6.0]


def test_turns_come_at_the_pace_of_a_budget() -> None:
    turns = Turns(every=1.0, burst=2)
    assert [turns.ask("C1", who, 0, 100.0) for who in "abcd"] == [100.0, 100.0, 101.0, 102.0]
    assert turns.ask("C2", "e", 0, 100.0) == 100.0
    assert [turns.ask("C1", who, 0, 101.0) for who in "cd"] == [101.0, 102.0]


def test_who_is_more_urgent_goes_before_those_who_wait() -> None:
    turns = Turns(every=1.0, burst=1)
    assert [turns.ask("C1", who, 1, 0.0) for who in ("first", "reply", "another")] == [0.0, 1.0, 2.0]
    assert turns.ask("C1", "headline", 0, 0.5) == 1.0
    assert [turns.ask("C1", who, 1, 1.0) for who in ("reply", "another")] == [2.0, 3.0]
    assert turns.ask("C1", "headline", 0, 1.0) == 1.0
    assert turns.ask("C1", "reply", 1, 2.0) == 2.0


def test_asking_again_keeps_the_place() -> None:
    turns = Turns(every=1.0, burst=1)
    for who in ("gone", "first", "second"):
        turns.ask("C1", who, 0, 0.0)
    assert [turns.ask("C1", who, 0, 0.5) for who in ("second", "first", "second")] == [2.0, 1.0, 2.0]


def test_a_place_that_is_given_up_is_free_after_a_while() -> None:
    turns = Turns(every=1.0, burst=1)
    for who in ("gone", "lost", "waits"):
        turns.ask("C1", who, 0, 0.0)
    assert turns.ask("C1", "waits", 0, 2.0) == 3.0
    assert turns.ask("C1", "waits", 0, 1.5 + LATE) == 1.5 + LATE


def test_who_was_refused_holds_up_the_others_and_goes_first_when_it_may() -> None:
    turns = Turns(every=1.0, burst=3)
    assert [turns.ask("C1", who, 0, 0.0) for who in "abcd"] == [0.0, 0.0, 0.0, 1.0]
    turns.hold("C1", "c", 0, 60.0)
    assert [turns.ask("C1", who, 0, 1.0) for who in "de"] == [61.0, 62.0]
    assert [turns.ask("C1", who, 0, 60.0) for who in "dce"] == [61.0, 60.0, 62.0]
    assert turns.ask("C2", "f", 0, 1.0) == 1.0


def test_a_clock_that_is_set_back_holds_nobody_up() -> None:
    budget = Budget(every=1.0, burst=2)
    for _ in range(10):
        budget.reserve("C1", 5000.0)
    assert [budget.reserve("C1", 1400.0) for _ in range(3)] == [1400.0, 1400.0, 1401.0]


def test_threads_that_overtake_each_other_set_nothing_back() -> None:
    budget = Budget(every=1.0, burst=1)
    assert [budget.reserve("C1", at) for at in (100.0, 99.9, 100.1)] == [100.0, 101.0, 102.0]


def test_turns_after_a_clock_that_is_set_back_hold_nobody_up() -> None:
    turns = Turns(every=1.0, burst=1)
    for who in "abcdefgh":
        turns.ask("C1", who, 0, 5000.0)
    assert turns.ask("C1", "z", 0, 1400.0) == 1400.0
