"""A call that must come back in time, though what it waits for cannot be told when to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Generic, TypeVar

T = TypeVar("T")


class _Outcome(Generic[T]):
    """What the call's own thread leaves behind."""

    def __init__(self) -> None:
        self.value: T
        self.error: BaseException | None = None


def within(seconds: float, call: Callable[[], T], *, late: Callable[[], None] = lambda: None) -> T:
    """What ``call`` returns or raises; TimeoutError when it takes longer than ``seconds``.

    A look-up of a name (getaddrinfo) and a socket that others read from cannot be interrupted from their own thread,
    so the call gets one of its own. ``late`` then ends what it waits for; its answer is dropped.
    """
    outcome: _Outcome[T] = _Outcome()

    def work() -> None:
        try:
            outcome.value = call()
        except BaseException as error:
            outcome.error = error

    thread = threading.Thread(target=copy_context().run, args=(work,), name="within", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        late()
        raise TimeoutError(f"no answer within {seconds:g} s")
    if outcome.error is not None:
        raise outcome.error
    return outcome.value
