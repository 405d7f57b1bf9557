"""Rows to put into a store, and short ways to claim and save them."""

from __future__ import annotations

from typing import Any

from bot.rows import NewRow, Row, Step, Store

NOW = 1000.0


def new(key: str = "k", **changes: Any) -> NewRow:
    """A row of kind ``job`` that is due at once."""
    return NewRow(**({"kind": "job", "key": key, "state": "begun", "body": {"n": 1}} | changes))


def claim(store: Store, now: float = NOW, *, limit: int = 10, lease: float = 60.0, owner: str = "me") -> list[Row]:
    return store.claim(["job"], owner=owner, lease=lease, limit=limit, now=now)


def one(store: Store, now: float = NOW) -> Row:
    (row,) = claim(store, now)
    return row


def step(**changes: Any) -> Step:
    return Step(**({"state": "next", "due_at": None, "body": {"n": 2}} | changes))


def the_row(store: Store, row_id: str) -> Row:
    row = store.get(row_id)
    assert row is not None
    return row
