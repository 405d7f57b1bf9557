"""An incident, as it is stored in its row."""

from __future__ import annotations

from enum import StrEnum

from bot.domain import Alarm, Finding, Frozen, Severity


class Phase(StrEnum):
    """The states of an incident. The words are stored: they are a contract with older rows."""

    OPENING = "opening"
    GATHERING = "gathering"
    OPEN = "open"
    RECOVERED = "recovered"
    CLOSED = "closed"
    RESOLVED = "resolved"


LIVE = (Phase.OPENING, Phase.GATHERING, Phase.OPEN, Phase.RECOVERED)


class Incident(Frozen):
    """The body of an incident's row. Times are seconds since the epoch; 0 means not yet.

    ``paged`` means that a call is owed to PagerDuty, ``called`` that PagerDuty took it.
    """

    alarm: Alarm
    target: str = ""
    severity: Severity = Severity.MEDIUM
    channel: str
    opened_at: float
    fired: int = 1
    findings: tuple[Finding, ...] = ()
    suspected: str = ""
    acked_by: str = ""
    acked_at: float = 0.0
    unknown: bool = False
    recovered_at: float = 0.0
    resolved_by: str = ""
    ended_at: float = 0.0
    page_at: float | None = None
    paged: bool = False
    called: bool = False


def headline_key(incident_id: str) -> str:
    """Key of the one message an incident lives in."""
    return f"inc:{incident_id}:headline"
