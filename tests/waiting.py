"""Waiting for what another thread or process does: the one place of the tests where real time passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(
    look: Callable[[], Found | None],
    seconds: float = 10,
    *,
    otherwise: Callable[[], str] = lambda: "it never came",
    every: float = 0.01,
) -> Found:
    """What ``look`` finds, as soon as that is true; it looks ``every`` so many seconds.

    Raises AssertionError with what ``otherwise`` says when ``seconds`` are over.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s: {otherwise()}"
        time.sleep(every)
    return found
