"""Which known words are near enough to a misspelt one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.misspelt import apart, meant

KNOWN = ("ack", "close", "deploy", "explain", "logs", "resolve", "rollback", "scale")


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("log", ("logs",)),
        ("LGOS", ("logs",)),
        ("akc", ("ack",)),
        ("clse", ("close",)),
        ("those", ()),
        ("please", ()),
        ("deplo", ("deploy",)),
        ("depoly", ("deploy",)),
        ("rolbak", ("rollback",)),
        ("rlobak", ()),
        ("again", ()),
        ("", ()),
    ],
)
def test_a_slip_of_the_fingers_is_near_and_another_word_is_not(word: str, near: tuple[str, ...]) -> None:
    assert meant(word, KNOWN) == near


@pytest.mark.parametrize(("one", "other", "slips"), [("ab", "ba", 1), ("", "abc", 3), ("kitten", "sitting", 3)])
def test_slips_are_counted(one: str, other: str, slips: int) -> None:
    assert apart(one, other) == apart(other, one) == slips


@given(st.text(max_size=12), st.text(max_size=12))
def test_only_the_same_word_is_no_slip_away(one: str, other: str) -> None:
    assert (apart(one, other) == 0) == (one == other)
