"""Storing a whole batch of what came in with one statement for each table."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from bot.rows import NewRow, Signal
from bot.store.statements import INSERT_ALL, TELL_ALL, WAKE_ALL


class KnownError(Exception):
    """Some of what was delivered had been delivered before."""


def dump(value: Any) -> str:
    """JSON as it is stored."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def listed(told: Sequence[tuple[NewRow, Signal]]) -> str | None:
    """Rows and their signals as the statements take them; None where something of them is no JSON."""
    items = [
        (
            *(new.id or None, new.kind, new.key, new.group, new.state, new.due_at, new.lock, new.body),
            *(signal.name, signal.key or None, signal.payload),
        )
        for new, signal in told
    ]
    try:
        return dump(items)
    except (TypeError, ValueError):
        return None


def deliver_all(items: str, many: int, now: float, connection: sqlite3.Connection) -> bool:
    """Add rows and tell them their signals. Raises KnownError when any signal was known, and what SQLite raises."""
    connection.execute(INSERT_ALL, (items, now))
    if connection.execute(TELL_ALL, (items, now)).rowcount != many:
        raise KnownError
    connection.execute(WAKE_ALL, (items, now))
    return True
