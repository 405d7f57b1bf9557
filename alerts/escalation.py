"""Who is called next, and when: pure. Every live incident has a moment at which something happens by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain import System
from bot.incident import Incident, Phase
from bot.responses import Level, Response

DAY = 86_400.0
CLOSE_AFTER = 1800.0
"""Seconds after recovery in which a new ALARM re-opens the same thread."""


@dataclass(frozen=True)
class Due:
    """What happens now: a level is called (numbered from 1), or people are reminded, or a snooze has ended.

    ``looks_again`` is about what was resolved while alarms were red: whether they still are.
    """

    level: int = 0
    reminds: bool = False
    wakes: bool = False
    closes: bool = False
    looks_again: bool = False

    @property
    def nothing(self) -> bool:
        """True when nothing is due."""
        return self == NOTHING


NOTHING = Due()


def ladder(system: System | None) -> tuple[Level, ...]:
    """The levels of a system; one that names none calls PagerDuty and whoever is on call. Nobody's has none."""
    if system is None:
        return ()
    return system.escalation or (Level(name="on call", mention=system.on_call, pagerduty=True),)


def due(incident: Incident, phase: Phase, levels: Sequence[Level], response: Response, now: float) -> Due:
    """What is due at this moment."""
    if phase not in (Phase.OPEN, Phase.RECOVERED, Phase.RESOLVED) or now < incident.next_at:
        return NOTHING
    if phase is Phase.RESOLVED:
        return Due(looks_again=bool(incident.next_at))
    if phase is Phase.RECOVERED:
        return Due(closes=True)
    if incident.snoozed_until:
        return Due(wakes=True)
    if incident.is_had or response.within is None or incident.level >= len(levels):
        return Due(reminds=True)
    return Due(level=incident.level + 1)


def set_back(incident: Incident, seconds: float) -> Incident:
    """The incident with the moments it waits for, after the clock was set back by so many seconds; or as it is."""
    if seconds <= 0:
        return incident
    waits = {"next_at": incident.next_at, "snoozed_until": incident.snoozed_until}
    return incident.model_copy(update={name: at - seconds for name, at in waits.items() if at})


def after_opening(response: Response, remind: float, now: float) -> float:
    """When a new incident's next step is, once whoever hears first was told."""
    return now + (remind if response.within is None else response.within)


def after_reminder(incident: Incident, response: Response, remind: float, now: float) -> float:
    """When to remind again: each pause is twice the one before, up to a day."""
    first = remind if incident.is_had or response.within is None else response.within
    return now + min(DAY, first * 2.0 ** min(incident.reminders, 10))
