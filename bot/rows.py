"""Everything long-lived is a row with a state; this is the contract of the store that keeps them.

A worker *claims* due rows, runs one transition, and *saves*. Every claim raises the row's epoch, and a save
with an older epoch changes nothing, so that a slow ghost of a worker can do no harm. What people and the
world say meanwhile arrives as *signals*: kept until a transition has consumed them, never lost.

The methods take ``now`` (seconds since the epoch) from the clock port; the store has no time of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class LeaseLostError(Exception):
    """Another worker took the row over; whatever this one holds is stale and must be dropped."""


class LockHeldError(Exception):
    """The lock is held by another row; ``holder`` is that row's id."""

    def __init__(self, lock: str, holder: str) -> None:
        super().__init__(f"{lock} is held by {holder}")
        self.lock = lock
        self.holder = holder


@dataclass(frozen=True)
class Row:
    """One thing in progress.

    ``key`` is unique within its kind. ``due_at`` None means it waits for a signal. ``lock`` is unique among
    all rows while set. ``attempts`` counts the claims of the present transition: above 1 an earlier attempt
    may have had its effect. ``group`` is what rows are listed by (a target, a channel, an incident).
    """

    id: str
    kind: str
    key: str
    group: str
    state: str
    due_at: float | None
    lock: str | None
    body: Mapping[str, Any]
    epoch: int
    attempts: int
    wakes: int
    lease_until: float | None
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class Signal:
    """Something that happened to a row. ``key`` makes a repeated one (a replay) vanish."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Received:
    """A signal waiting to be consumed, in order of arrival."""

    number: int
    name: str
    payload: Mapping[str, Any]
    at: float


@dataclass(frozen=True)
class NewRow:
    """A row to be added unless its key is known; then ``else_signal`` goes to the one that is there."""

    kind: str
    key: str
    state: str
    body: Mapping[str, Any]
    due_at: float | None = 0.0
    group: str = ""
    lock: str | None = None
    id: str = ""
    else_signal: Signal | None = None


@dataclass(frozen=True)
class Step:
    """What one transition leads to; saved in one transaction with all that it owes to other rows.

    ``due_at`` 0 means at once. ``consumed`` are the signals it dealt with. ``lock`` None releases.
    """

    state: str
    due_at: float | None
    body: Mapping[str, Any]
    lock: str | None = None
    consumed: tuple[int, ...] = ()
    new: tuple[NewRow, ...] = ()
    signals: tuple[tuple[str, Signal], ...] = ()


class Store(Protocol):
    """The whole contract; its tests run against every adapter."""

    def add(self, new: NewRow, now: float, *, safe: bool = True) -> tuple[Row, bool]:
        """Add unless the key is known; the row and whether it is new. Raises LockHeldError.

        ``safe`` False survives the death of the process but may be lost with the machine's power.
        """
        ...

    def deliver(self, items: Sequence[tuple[NewRow, Signal | None]], now: float) -> list[bool | Exception]:
        """What came in from outside, in order: each row is added unless its key is known, and told its signal.

        True for what is new: the signal or, without one, the row; False for what is known. Each item is stored whole
        or not at all, survives power loss, and has an error of its own that harms no other (LockHeldError, say).
        Raises when nothing could be stored.
        """
        ...

    def get(self, row_id: str) -> Row | None:
        """One row by id."""
        ...

    def by_key(self, kind: str, key: str) -> Row | None:
        """One row by kind and key."""
        ...

    def claim(self, kinds: Sequence[str], *, owner: str, lease: float, limit: int, now: float) -> list[Row]:
        """Take due rows that nobody holds, oldest first, for ``lease`` seconds."""
        ...

    def renew(self, row: Row, *, lease: float, now: float) -> bool:
        """Hold on to a claimed row; False when it was lost."""
        ...

    def save(self, row: Row, step: Step, now: float) -> Row:
        """End the transition: new state, debts to other rows, lease given up, all or nothing.

        When signals arrived meanwhile the row is due at once. Raises LeaseLostError or LockHeldError.
        """
        ...

    def postpone(self, row: Row, due_at: float, now: float) -> None:
        """Give the row up to try the same transition again later; the attempt stays counted."""
        ...

    def signal(self, row_id: str, signal: Signal, now: float) -> bool:
        """Tell a row something and make it due; False when the signal's key is known or the row is not."""
        ...

    def pending(self, row_id: str) -> list[Received]:
        """Signals not yet consumed, oldest first."""
        ...

    def rows(
        self, kind: str, *, group: str = "", states: Sequence[str] = (), since: float = 0.0, limit: int = 100
    ) -> list[Row]:
        """Rows of a kind created since then, newest first."""
        ...

    def hasten(self, now: float) -> int:
        """Make due what waits and was saved after ``now``, since the clock was set back by that; how many rows.

        A machine sees by ``updated_at`` how far ahead the times in such a row's body are.
        """
        ...

    def next_due(self) -> float | None:
        """When the next unheld row is due, or None; one that is due at once has been so since it was saved."""
        ...

    def release(self) -> None:
        """Drop every lease: the one process that may use the store has just started."""
        ...

    def forget(self, before: float) -> int:
        """Delete rows that wait for nothing and have not changed since then; how many. Old consumed signals go too."""
        ...

    def ping(self) -> None:
        """Raise when the store cannot be written."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
