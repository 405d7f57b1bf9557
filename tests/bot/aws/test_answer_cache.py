"""Answers that may be somewhat old."""

from __future__ import annotations

from itertools import count

import pytest

from bot.aws.answer_cache import AnswerCache
from bot.errors import UpstreamError


class Moments:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def moments() -> Moments:
    return Moments()


def test_an_answer_serves_those_who_take_one_so_old_and_nobody_else(moments: Moments) -> None:
    cache, asked = AnswerCache[int](moments), count(1)
    assert cache.of("a", 60, lambda: next(asked)) == 1
    moments.at += 60
    assert cache.of("a", 60, lambda: next(asked)) == 1
    assert cache.of("b", 60, lambda: next(asked)) == 2
    moments.at += 1
    assert cache.of("a", 60, lambda: next(asked)) == 3
    assert cache.of("a", 0, lambda: next(asked)) == 4
    assert cache.of("a", 60, lambda: next(asked)) == 4


def test_an_answer_is_as_old_as_its_question(moments: Moments) -> None:
    cache = AnswerCache[str](moments)

    def slow() -> str:
        moments.at += 30
        return "slow"

    assert cache.of("a", 60, slow) == "slow"
    moments.at += 31
    assert cache.of("a", 60, lambda: "new") == "new"


def test_an_error_is_not_kept(moments: Moments) -> None:
    cache = AnswerCache[str](moments)

    def fails() -> str:
        raise UpstreamError("AWS is away.", retryable=True)

    with pytest.raises(UpstreamError):
        cache.of("a", 60, fails)
    assert cache.of("a", 60, lambda: "there") == "there"
