"""Looks whether every open incident has its next step, and a future in which it is taken.

What it finds is a bug or a store that does not move; then the heartbeat stops, and whoever watches it telephones.
"""

from __future__ import annotations

from bot.incident import KIND, LIVE, Incident, Phase
from bot.rows import Store

LATE_SECONDS = 180.0
"""How far in the past a next step may lie: longer than a lease, after which somebody else would have taken it."""
FAILING_SECONDS = 600.0
"""How long PagerDuty may refuse a call before a watchdog has to hear of it."""
PAGE = "page"
MOST = 1000


def complaints(store: Store, now: float) -> list[str]:
    """A sentence for each live incident without a next step, or whose step is long overdue; none when all is well."""
    found: list[str] = []
    for row in store.rows(KIND, states=LIVE, limit=MOST):
        incident = Incident.model_validate(row.body)
        name = f"The incident of {row.body['alarm']['name']} ({row.id})"
        if row.due_at is None:
            found.append(f"{name} has no next step.")
        elif (row.due_at or row.updated_at) < now - LATE_SECONDS:
            found.append(f"{name} should have moved on minutes ago.")
        if row.state == Phase.OPEN and incident.members and not incident.red and not incident.is_unknown:
            found.append(f"{name} is open with nothing in alarm.")
    for row in store.rows(PAGE, states=("owed",), limit=MOST):
        since = float(row.body.get("failing_since") or now)
        if now - since > FAILING_SECONDS:
            found.append(f"PagerDuty has not taken the call of incident {row.body.get('incident')}.")
    return found
