from bot.budget import Budget


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


def test_a_clock_that_is_set_back_holds_nobody_up() -> None:
    budget = Budget(every=1.0, burst=2)
    for _ in range(10):
        budget.reserve("C1", 5000.0)
    assert [budget.reserve("C1", 1400.0) for _ in range(3)] == [1400.0, 1400.0, 1401.0]


def test_threads_that_overtake_each_other_set_nothing_back() -> None:
    budget = Budget(every=1.0, burst=1)
    assert [budget.reserve("C1", at) for at in (100.0, 99.9, 100.1)] == [100.0, 101.0, 102.0]
