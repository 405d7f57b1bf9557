"""Reads in parallel under one deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

THREADS = 32
"""Reads of one depth that run at once, for the whole bot; more wait their turn within their own deadline."""
DEPTH = 3
"""A plan is a read, its reads are the second depth, and one of them may gather once more."""


class Parallel:
    """Fills ``bot.ports.Gather`` with a bounded pool of threads.

    A read that is late goes on by itself until its own time-out and its answer is dropped; one that had not begun is
    cancelled. The log context of the caller holds in its reads.
    """

    def __init__(self, threads: int = THREADS) -> None:
        # A read that gathers itself must not wait for a thread that waits for it: every depth has threads of its own.
        self._pools = [ThreadPoolExecutor(threads, thread_name_prefix=f"gather-{depth}") for depth in range(DEPTH)]
        self._within = threading.local()

    def __call__(self, reads: Mapping[str, Callable[[], T]], *, seconds: float) -> dict[str, T | Exception]:
        """Every read's value or its error, by name, in the order given; never raises for a read."""
        deadline = time.monotonic() + seconds
        depth = getattr(self._within, "depth", 0)
        pool = self._pools[depth]
        running = {name: pool.submit(copy_context().run, self._guarded, read, depth) for name, read in reads.items()}
        wait(running.values(), timeout=max(0.0, deadline - time.monotonic()))
        return {name: _outcome(future, seconds) for name, future in running.items()}

    def close(self) -> None:
        """Begin no read any more; those under way are not waited for."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)

    def _guarded(self, read: Callable[[], T], depth: int) -> T | Exception:
        self._within.depth = depth + 1
        try:
            return read()
        except Exception as error:
            return error


def _outcome(future: Future[T | Exception], seconds: float) -> T | Exception:
    if future.done():
        return future.result()
    future.cancel()
    return TimeoutError(f"no answer within {seconds:g} s")
