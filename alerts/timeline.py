"""What happened in an incident, each moment a row of its own with its original time: never changed, only added."""

from __future__ import annotations

from bot.domain import Frozen, as_json
from bot.redact import clean
from bot.rows import NewRow, Store

KIND = "moment"
KEPT = "kept"
MOST = 1000
TEXT = 3000


class Moment(Frozen):
    """One line of a timeline. ``at`` is when it happened, which may be long before it became known.

    ``kind`` is alarm, finding, person, page or incident; ``by`` a Slack user or the name of somebody elsewhere. Where
    an alarm changed its state, ``alarm`` is the key of its row and ``state`` what it went to.
    """

    at: float
    kind: str
    text: str
    by: str = ""
    link: str = ""
    alarm: str = ""
    state: str = ""


def moment(
    incident_id: str,
    mark: str,
    at: float,
    kind: str,
    text: str,
    *,
    by: str = "",
    link: str = "",
    alarm: str = "",
    state: str = "",
) -> NewRow:
    """A moment to be kept; ``mark`` is unique in its incident, and keeping the same one again changes nothing."""
    kept = Moment(at=at, kind=kind, text=clean(text)[:TEXT], by=clean(by), link=link, alarm=alarm, state=state)
    return NewRow(
        kind=KIND, key=f"{incident_id}:{mark}", state=KEPT, body=as_json(kept), due_at=None, group=incident_id
    )


def moments(store: Store, incident_id: str) -> tuple[Moment, ...]:
    """All moments of an incident in the order of their times; the newest thousand."""
    rows = store.rows(KIND, group=incident_id, states=(KEPT,), limit=MOST)
    found = [Moment.model_validate(row.body) for row in reversed(rows)]
    return tuple(sorted(found, key=lambda each: each.at))
