"""The week of a system in one message: what went off, how fast people were, and what deployments led to.

What belongs to no system has a message of its own, in the channel where its incidents are.
Pure but for its machine. The week is that before the moment at which the digest is due, so that one which comes late,
since the bot was down, says the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.calendar import moment
from bot.domain import System
from bot.engine import Engine, Lease, Machine
from bot.errors import BotError
from bot.incident import KIND as INCIDENT
from bot.incident import LIVE, Incident, Phase
from bot.operation import State
from bot.ports import Past, World
from bot.posts import post
from bot.rows import NewRow, Received, Row, Step, Store
from bot.settings.digest import Digest
from bot.views import digest as view

if TYPE_CHECKING:
    from bot.settings.calendar import CalendarConfig
    from bot.settings.models import BotConfig

log = logging.getLogger("alerts.digest")

KIND = "digest"
OWED, POSTED, NOTHING = "owed", "posted", "nothing"
NO_SYSTEM = "?"
"""Stands for a system's name where an alarm belongs to none that is configured."""
WEEK = 7 * 86_400.0
MOST = 2000
TOP = 5


@dataclass(frozen=True)
class Known:
    """An incident's id, state and body."""

    id: str
    phase: Phase
    incident: Incident


def due(digest: Digest, zone: ZoneInfo, now: float) -> tuple[str, float]:
    """The ISO week that ``now`` lies in, as ``2026-W48``, and when its digest is due, in seconds since the epoch."""
    today = datetime.fromtimestamp(now, zone).date()
    day = today - timedelta(days=today.weekday() - digest.weekday)
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}", moment(day, digest.hour, zone)


def owe(engine: Engine, systems: Iterable[System], settings: BotConfig, calendar: CalendarConfig, now: float) -> None:
    """Owe each system the digest of this week, when its time has come; owing it again changes nothing."""
    if settings.digest is None:
        return
    channels = {system.system: system.channel for system in systems} | {NO_SYSTEM: settings.default_channel}
    for system, channel in channels.items():
        week, at = due(settings.digest, calendar.at_work(system).clock, now)
        if now >= at:
            body = {"system": system, "channel": channel, "at": at, "week": week}
            engine.add(NewRow(kind=KIND, key=f"digest:{system}:{week}", state=OWED, body=body, due_at=now))


class Digests(Machine):
    """The machine of digests."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Look back, and owe the message when there is something to say."""
        name = str(row.body["system"])
        system = self._world.catalog.system(name)
        if row.state != OWED or (system is None and name != NO_SYSTEM):
            return Step(row.state if row.state != OWED else NOTHING, None, dict(row.body))
        until = float(row.body["at"])
        week = look_back(self._incidents(name, until), self._operations(name, until), until)
        if week.is_empty:
            return Step(NOTHING, None, dict(row.body))
        title = (system.title or name) if system else "alarms that belong to no system"
        shown = view.digest(title, str(row.body["week"]), week)
        return Step(POSTED, None, dict(row.body), new=(post(row.key, str(row.body["channel"]), shown),))

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """A week without its digest harms nobody."""
        log.warning("no digest", extra={"row": row.id, "error": error.message})
        return Step(NOTHING, None, dict(row.body), consumed=tuple(signal.number for signal in signals))

    def _incidents(self, system: str, until: float) -> list[Known]:
        rows = self._store.rows(INCIDENT, since=until - WEEK, limit=MOST)
        known = {row.id: row for row in (*rows, *self._store.rows(INCIDENT, states=LIVE, limit=MOST))}
        found = [Known(row.id, Phase(row.state), Incident.model_validate(row.body)) for row in known.values()]
        return [each for each in found if self._system_of(each.incident) == system]

    def _system_of(self, incident: Incident) -> str:
        name = incident.target.partition("/")[0]
        return name if self._world.catalog.system(name) is not None else NO_SYSTEM

    def _operations(self, system: str, until: float) -> list[Past]:
        targets = [target for target in self._world.catalog.targets if target.system == system]
        found = [self._world.recent.every(target.key, since=until - WEEK, limit=MOST) for target in targets]
        return [past for several in found for past in several]


def look_back(known: Sequence[Known], operations: Sequence[Past], until: float) -> view.Week:
    """The seven days before a moment."""
    began = until - WEEK
    here = [each for each in known if began <= each.incident.known_since < until and each.phase is not Phase.MERGED]
    incidents = [each.incident for each in here]
    acked = [each.first_acked_at - each.known_since for each in incidents if each.first_acked_at]
    ended = [each.ended_at - each.opened_at for each in incidents if each.ended_at]
    shipped = [past for past in operations if past.command == "deploy" and began <= past.started_at < until]
    old = [each for each in known if each.phase in LIVE and each.incident.known_since < began]
    return view.Week(
        severities=_counted(each.severity.value for each in incidents),
        noisiest=_noisiest(incidents),
        unheard=tuple(
            sorted(each.incident.alarm.name for each in here if each.phase not in LIVE and not _heard(each.incident))
        ),
        to_acknowledge=median(acked) if acked else None,
        to_resolve=median(ended) if ended else None,
        deployments=len(shipped),
        failed=sum(_went_wrong(past, operations) for past in shipped),
        old=tuple(sorted((each.incident.opened_at, each.incident.alarm.name, each.incident.owner) for each in old)),
    )


def _heard(incident: Incident) -> bool:
    """Somebody acknowledged it; whoever resolved it had heard of it, too."""
    return bool(incident.first_acked_at or incident.resolved_by)


def _counted(words: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def _noisiest(incidents: Iterable[Incident]) -> tuple[tuple[str, int], ...]:
    fired: dict[str, int] = {}
    for member in (member for incident in incidents for member in incident.members):
        fired[member.name] = fired.get(member.name, 0) + member.fired
    return tuple(sorted(fired.items(), key=lambda each: (-each[1], each[0]))[:TOP])


def _went_wrong(shipped: Past, operations: Iterable[Past]) -> bool:
    """A deployment that failed, or that was rolled back before another deployment of that service began."""
    if shipped.state == State.FAILED:
        return True
    later = [past for past in operations if past.target == shipped.target and past.started_at > shipped.started_at]
    following = min((past for past in later if past.command in ("deploy", "rollback")), key=_began, default=None)
    return following is not None and following.command == "rollback" and following.state != State.FAILED


def _began(past: Past) -> float:
    return past.started_at
