"""One row for each alarm: puts its notifications in order, drops what is old, and opens one incident.

Notifications arrive twice, late and out of order; the row compares the times CloudWatch gave them. An OK that
overtakes its ALARM leaves the alarm quiet: the late ALARM is older than what is known and opens nothing.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from typing import Any

from bot.domain import Account, Alarm, AlarmState, Severity, Target, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.incident import LIVE, Incident, Phase
from bot.ports import World
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.settings.models import BotConfig

log = logging.getLogger("alerts.alarms")

KIND = "alarm"
INCIDENT = "incident"
NOTIFIED = "notified"
STALE_SECONDS = 600.0
"""An ALARM that is older than this is asked about before it opens a thread."""
FIRED, OK, UNKNOWN = "fired", "ok", "unknown"


def incident_id(key: str) -> str:
    """The id of the incident that an alarm's transition opens: the same, however often it is worked out."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


@dataclass
class _Course:
    """What a batch of notifications leads to."""

    body: dict[str, Any]
    new: list[NewRow] = field(default_factory=list)
    signals: list[tuple[str, Signal]] = field(default_factory=list)


class Alarms(Machine):
    """The machine of alarms."""

    kind = KIND

    def __init__(self, store: Store, world: World, settings: BotConfig) -> None:
        self._store = store
        self._world = world
        self._settings = settings

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Take all notifications at hand in the order of their own times."""
        course = _Course(dict(row.body))
        told = [Alarm.model_validate(signal.payload["alarm"]) for signal in signals]
        for alarm in sorted(told, key=lambda each: each.at):
            self._take(course, row, alarm)
        firing = course.body.get("state") == AlarmState.ALARM
        return Step(
            "firing" if firing else "quiet",
            None,
            course.body,
            consumed=tuple(signal.number for signal in signals),
            new=tuple(course.new),
            signals=tuple(course.signals),
        )

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Nothing here can fail for good; what was said is kept in the log."""
        log.error("notifications dropped", extra={"row": row.id, "error": str(error)})
        return Step(row.state, None, dict(row.body), consumed=tuple(signal.number for signal in signals))

    def _take(self, course: _Course, row: Row, alarm: Alarm) -> None:
        last_at, last_state = float(course.body.get("at", 0.0)), course.body.get("state")
        if alarm.state is None or alarm.at < last_at or (alarm.at == last_at and alarm.state == last_state):
            log.info("an old notification changes nothing", extra={"alarm": alarm.name, "state": str(alarm.state)})
            return
        course.body |= {"at": alarm.at, "state": alarm.state}
        live = self._live(course)
        if alarm.state is AlarmState.ALARM:
            if live:
                course.signals.append((live, Signal(FIRED, {"alarm": as_json(alarm)})))
            elif not self._is_past(alarm):
                self._open(course, row, alarm)
        elif live:
            name = OK if alarm.state is AlarmState.OK else UNKNOWN
            course.signals.append((live, Signal(name, {"at": alarm.at, "reason": alarm.reason})))

    def _live(self, course: _Course) -> str:
        known = str(course.body.get("incident", ""))
        if any(new.id == known for new in course.new):
            return known
        found = self._store.get(known) if known else None
        return known if found is not None and found.state in LIVE else ""

    def _open(self, course: _Course, row: Row, alarm: Alarm) -> None:
        target, severity = find(self._world, alarm)
        now = self._world.clock.now()
        wait = self._settings.timings.page_after.seconds(severity) if target else None
        incident = Incident(
            alarm=alarm,
            target=target.key if target else "",
            severity=severity,
            channel=target.channel if target else self._settings.default_channel,
            opened_at=alarm.at if 0 <= now - alarm.at < STALE_SECONDS else now,
            page_at=None if wait is None else now + wait,
        )
        key = f"{row.key}@{alarm.at}"
        new = NewRow(
            kind=INCIDENT,
            key=key,
            state=Phase.OPENING,
            body=as_json(incident),
            group=target.key if target else "",
            id=incident_id(key),
        )
        course.new.append(new)
        course.body["incident"] = new.id

    def _is_past(self, alarm: Alarm) -> bool:
        if self._world.clock.now() - alarm.at < STALE_SECONDS or not alarm.region:
            return False
        target, _ = find(self._world, alarm)
        account = target.account if target else Account(region=alarm.region)
        try:
            readings = self._world.metrics.alarms(account, [alarm.name])
        except BotError:
            return False
        past = bool(readings) and readings[0].state != AlarmState.ALARM
        if past:
            log.info("a late ALARM that is over opens nothing", extra={"alarm": alarm.name})
        return past


def find(world: World, alarm: Alarm) -> tuple[Target | None, Severity]:
    """The service an alarm belongs to: as configured, else by its dimensions, else by a composite's children."""
    listed = world.catalog.by_alarm(alarm.name, alarm.region)
    if listed is not None:
        return listed
    if alarm.metric is not None:
        by_dimensions = world.catalog.by_dimensions(alarm.region, alarm.metric.dimensions)
        if by_dimensions is not None:
            return by_dimensions, Severity.MEDIUM
    for child in alarm.children:
        of_child = world.catalog.by_alarm(child.split(":")[-1], alarm.region)
        if of_child is not None:
            return of_child
    return None, Severity.MEDIUM
