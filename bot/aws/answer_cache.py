"""What AWS said lately, for those to whom a somewhat older answer is as good as a new one."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class AnswerCache(Generic[T]):
    """The last answer for each key, which must be few. May be used by many threads; ``monotonic`` tells seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._answers: dict[Hashable, tuple[float, T]] = {}

    def of(self, key: Hashable, age: float, ask: Callable[[], T]) -> T:
        """The last answer if it came within ``age`` seconds; else what ``ask`` returns now, or raises."""
        known = self._answers.get(key)
        # Whoever wants it new does not take even what came this very moment: it may be from before a change.
        if known is not None and age > 0 and self._monotonic() - known[0] <= age:
            return known[1]
        asked = self._monotonic()
        answer = ask()
        self._answers[key] = asked, answer
        return answer
