"""What PagerDuty tells about our calls, handed to the incident they belong to.

A note names its incident by PagerDuty's own id only, so that id is remembered as soon as an event tells both.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from alerts.page_contents import DEDUP_PREFIX
from bot.paging import PageEvent
from bot.rows import NewRow, Signal, Store

log = logging.getLogger("alerts.page_events")

PAGERDUTY = "pagerduty"
"""The signal an incident gets."""
KIND = "pagerduty_incident"
"""A row that only remembers which incident of ours one of PagerDuty's is; no machine moves it."""
INCIDENT = "incident"
TOLD = frozenset(
    {
        *("acknowledged", "unacknowledged", "resolved", "reopened", "reassigned", "escalated"),
        *("delegated", "annotated", "priority_updated"),
    }
)
"""What an incident is told of."""
_OURS = re.compile(rf"{re.escape(DEDUP_PREFIX)}([^:\s]{{1,100}})(?::([0-9]{{1,3}}))?")


def accept_event(store: Store, tell: Callable[[str, Signal], bool], event: PageEvent, now: float) -> bool:
    """Store what PagerDuty tells before it is acknowledged; False when it means nothing here.

    ``tell`` is ``Engine.signal``. An event that came before is True and changes nothing.
    """
    incident, level = _incident_of(store, event)
    where = {"event": event.event, "pagerduty": event.number}
    row = store.get(incident) if incident else None
    if row is None or row.kind != INCIDENT:
        log.info("a webhook about an incident that is not ours", extra=where)
        return False
    if event.dedup_key and event.number:
        known = {"incident": incident, "level": level}
        store.add(NewRow(kind=KIND, key=event.number, state="known", body=known, due_at=None, group=incident), now)
    if event.event not in TOLD:
        log.info("a webhook that changes nothing", extra={"row": incident, **where})
        return False
    payload = {
        "event": event.event,
        "who": event.who,
        "by": event.by,
        "at": event.at,
        "to": list(event.to),
        "url": event.url,
        # As incidents and people count their levels: from 1.
        "level": level + 1,
        "note": event.note,
        "priority": event.priority,
    }
    if not tell(incident, Signal(PAGERDUTY, payload, key=event.key)):
        log.info("a webhook that came before", extra={"row": incident, **where})
    return True


def _incident_of(store: Store, event: PageEvent) -> tuple[str, int]:
    ours = _OURS.fullmatch(event.dedup_key)
    if ours:
        return ours[1], int(ours[2] or 0)
    known = store.by_key(KIND, event.number) if event.number and not event.dedup_key else None
    return (str(known.body["incident"]), int(known.body["level"])) if known else ("", 0)
