"""Looks whether every open incident has its next step, and a future in which it is taken.

What it finds is a bug or a store that does not move; then the heartbeat stops, and whoever watches it telephones.
"""

from __future__ import annotations

from bot.incident import KIND, LIVE
from bot.rows import Store

LATE_SECONDS = 180.0
"""How far in the past a next step may lie: longer than a lease, after which somebody else would have taken it."""
MOST = 1000


def complaints(store: Store, now: float) -> list[str]:
    """A sentence for each live incident without a next step, or whose step is long overdue; none when all is well."""
    found: list[str] = []
    for row in store.rows(KIND, states=LIVE, limit=MOST):
        name = f"The incident of {row.body['alarm']['name']} ({row.id})"
        if row.due_at is None:
            found.append(f"{name} has no next step.")
        elif row.due_at < now - LATE_SECONDS:
            found.append(f"{name} should have moved on minutes ago.")
    return found
