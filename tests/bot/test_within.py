"""A call that must come back in time."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from bot.within import within


def test_what_comes_in_time_is_returned() -> None:
    assert within(2, lambda: "here") == "here"


def test_what_it_raises_is_raised() -> None:
    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        within(2, fail)


def test_what_is_late_is_ended() -> None:
    ended = threading.Event()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
        within(0.05, lambda: ended.wait(10), late=ended.set)
    assert ended.is_set()


def test_the_callers_context_holds() -> None:
    word = ContextVar("word", default="none")
    word.set("row 7")
    assert within(2, word.get) == "row 7"
