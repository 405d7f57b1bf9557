"""Group commit: writers that come together share one transaction, and so one wait for the disk.

Whoever finds nobody writing leads: takes everything that waits, commits it, and makes the next in line the leader.
Under load a commit carries what arrived during the one before; alone, a writer waits for nobody.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")
Work: TypeAlias = Callable[[sqlite3.Connection], T]

MOST = 256
"""Pieces of work in one transaction: others want to write too."""


class GroupCommit:
    """Runs work in transactions of one connection, in the order it came. May be used by many threads.

    ``write`` is held while a transaction is open. ``patience`` is how many seconds a writer waits for its turn; after
    that it gets ``sqlite3.OperationalError``, and nothing of its work was done. Work may be any function of the
    connection that neither begins nor ends a transaction.
    """

    def __init__(self, connection: sqlite3.Connection, write: threading.Lock, patience: float) -> None:
        self._connection = connection
        self._write = write
        self._patience = patience
        self._guard = threading.Lock()
        self._queue: deque[_Entry[Any]] = deque()
        self._led = False

    def run(self, work: Work[T]) -> T:
        """What the work returns, once it is on disk. Raises what it raised; then it has left no trace."""
        (result,) = self.run_all((work,))
        if isinstance(result, Exception):
            raise result
        return result

    def run_all(self, works: Sequence[Work[T]]) -> list[T | Exception]:
        """The same for several pieces: each has its result or its own error, and harms no other."""
        entry = _Entry(works)
        with self._guard:
            self._queue.append(entry)
            entry.leads, self._led = not self._led, True
        deadline = time.monotonic() + self._patience
        if not entry.leads and not entry.turn.acquire(timeout=self._patience):
            self._leave(entry)
            entry.turn.acquire()  # too late to leave: it is being committed, or has just become the leader
        if entry.leads:
            self._lead(entry, max(0.0, deadline - time.monotonic()))
        if entry.error is not None:
            raise entry.error
        return entry.results

    def _leave(self, entry: _Entry[Any]) -> None:
        with self._guard:
            if entry in self._queue and not entry.leads:
                self._queue.remove(entry)
                raise _busy()

    def _lead(self, entry: _Entry[Any], patience: float) -> None:
        if not self._write.acquire(timeout=patience):
            with self._guard:
                self._queue.remove(entry)
            self._hand_over()
            raise _busy()
        entries = self._taken()
        try:
            self._commit(entries)
        finally:
            self._write.release()
            self._hand_over()
            for other in entries:
                if other is not entry:
                    other.turn.release()

    def _taken(self) -> list[_Entry[Any]]:
        """From the head of the queue, where the leader stands."""
        with self._guard:
            taken = [self._queue.popleft()]
            works = len(taken[0].works)
            while self._queue and works + len(self._queue[0].works) <= MOST:
                taken.append(self._queue.popleft())
                works += len(taken[-1].works)
        return taken

    def _hand_over(self) -> None:
        with self._guard:
            self._led = bool(self._queue)
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].turn.release()

    def _commit(self, entries: Sequence[_Entry[Any]]) -> None:
        for entry in entries:
            entry.error = sqlite3.OperationalError("the transaction was interrupted")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for entry in entries:
                    entry.results = [self._done(work) for work in entry.works]
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has ended the transaction itself after some errors (disk full, I/O), after others it has not.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            for entry in entries:
                entry.error = type(error)(*error.args)
            return
        for entry in entries:
            entry.error = None

    def _done(self, work: Work[T]) -> T | Exception:
        self._connection.execute("SAVEPOINT work")
        try:
            result = work(self._connection)
        except Exception as error:
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO work")
            result_or_error: T | Exception = error
        else:
            result_or_error = result
        self._connection.execute("RELEASE work")
        return result_or_error


@dataclass(eq=False)
class _Entry(Generic[T]):
    """What one caller wants done; ``turn`` is released when it is done, or the caller's to lead."""

    works: Sequence[Work[T]]
    results: list[T | Exception] = field(default_factory=list)
    error: Exception | None = None
    leads: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.turn.acquire()


def _busy() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("the database is busy")
