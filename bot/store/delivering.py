"""Storing a whole batch of what came in with one statement for each table.

SQLite works through a statement without Python's lock, which others need meanwhile: many small ones would have to
get it back after each.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.rows import NewRow, Signal
from bot.store.stored_json import dump

MOST = 500
"""Items in one batch; SQLite takes at most 32,766 values in a statement."""

_ROWS = (
    "INSERT INTO rows (id, kind, key, grp, state, due_at, lock, body, created_at, updated_at, wakes) VALUES {values}"
    " ON CONFLICT (kind, key) DO UPDATE SET wakes = wakes + 1, due_at = excluded.due_at"
)
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
_SIGNALS = "INSERT INTO signals (row_id, name, key, payload, at) VALUES {values} ON CONFLICT DO NOTHING"
_SIGNAL = "((SELECT id FROM rows WHERE kind = ? AND key = ?), ?, ?, ?, ?)"


class KnownError(Exception):
    """Some of what was delivered had been delivered before."""


@dataclass(frozen=True)
class Batch:
    """The values of the two statements."""

    rows: tuple[Any, ...]
    many_rows: int
    signals: tuple[Any, ...]
    many_signals: int


def batch_of(told: Sequence[tuple[NewRow, Signal]], now: float) -> Batch | None:
    """What the statements take; None where that is too much, or something has no place in JSON."""
    if len(told) > MOST:
        return None
    different: dict[tuple[str, str], NewRow] = {}
    for new, _ in told:
        different.setdefault((new.kind, new.key), new)
    rows: list[Any] = []
    signals: list[Any] = []
    try:
        for new in different.values():
            identity = new.id or secrets.token_hex(6)
            rows += (identity, new.kind, new.key, new.group, new.state, now, new.lock, dump(new.body), now, now)
        for new, signal in told:
            signals += (new.kind, new.key, signal.name, signal.key or None, dump(signal.payload), now)
    except ValueError:
        return None
    return Batch(tuple(rows), len(different), tuple(signals), len(told))


def deliver_all(batch: Batch, connection: sqlite3.Connection) -> bool:
    """Add rows and tell them their signals. Raises KnownError when any signal was known, and what SQLite raises."""
    connection.execute(_statement(_ROWS, _ROW, batch.many_rows), batch.rows)
    told = connection.execute(_statement(_SIGNALS, _SIGNAL, batch.many_signals), batch.signals).rowcount
    if told != batch.many_signals:
        raise KnownError
    return True


@cache
def _statement(text: str, values: str, many: int) -> str:
    return text.format(values=", ".join([values] * many))
