"""One row for each alarm: puts its notifications in order, drops what is old, and tells triage of each transition.

Notifications arrive twice, late and out of order; the row compares the times CloudWatch gave them. An OK that
overtakes its ALARM leaves the alarm quiet: the late ALARM is older than what is known and opens nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from alerts.triage import TRIAGE_ID, passed_on, triage_row
from bot.cloud import AlarmReading
from bot.domain import Account, Alarm, AlarmState, Severity, Target, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.operation import State
from bot.ports import World
from bot.rows import Received, Row, Signal, Step, Store

log = logging.getLogger("alerts.alarms")

KIND = "alarm"
NOTIFIED = "notified"
FUTURE_SECONDS = 60.0
"""How far CloudWatch's clock may be ahead of ours."""
STALE_SECONDS = 600.0
"""An ALARM that is older than this is asked about before it opens a thread."""
WATCHED_SECONDS = 6 * 3600.0
EVENT = "event"
"""The source of what EventBridge told: it tells of every alarm, also of those that are to notify nobody."""
SCALING = "TargetTracking-"
"""How the names of Auto Scaling's own alarms begin; they are red whenever there is little to do."""
LATE_EVENT_SECONDS = 600.0
"""How long after an operation ended ECS may still tell of the tasks it left behind."""
WATCHING = (State.RUNNING, State.SETTLING, State.SOAKING)
"""An operation begun this long ago that is still in one of these states shows by itself what ECS tells of it."""


@dataclass
class _Course:
    """What a batch of notifications leads to."""

    body: dict[str, Any]
    told: list[Signal] = field(default_factory=list)


class Alarms(Machine):
    """The machine of alarms."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

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
            new=(triage_row(),) if course.told else (),
            signals=tuple((TRIAGE_ID, signal) for signal in course.told),
        )

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """What could not be looked at closer is passed on as it is: a bug here must not hide an alarm."""
        log.error("notifications passed on unread", extra={"row": row.id, "error": str(error)})
        told = [Alarm.model_validate(signal.payload["alarm"]) for signal in signals]
        last = max(told, key=lambda each: each.at, default=None)
        if last is None:
            return Step(row.state, None, dict(row.body))
        return Step(
            "firing" if last.state is AlarmState.ALARM else "quiet",
            None,
            {**row.body, "at": last.at, "state": last.state},
            consumed=tuple(signal.number for signal in signals),
            new=(triage_row(),),
            signals=tuple((TRIAGE_ID, passed_on(row.key, each, None, Severity.MEDIUM)) for each in told),
        )

    def _take(self, course: _Course, row: Row, alarm: Alarm) -> None:
        last_at, last_state = float(course.body.get("at", 0.0)), course.body.get("state")
        # A time that lies ahead was written before our own clock was set back: then what arrives later is newer.
        is_older = alarm.at < last_at <= self._world.clock.now() + FUTURE_SECONDS
        if alarm.state is None or is_older or (alarm.at == last_at and alarm.state == last_state):
            log.info("an old notification changes nothing", extra={"alarm": alarm.name, "state": str(alarm.state)})
            return
        reading = self._asked(alarm)
        if self._is_unheard(alarm, reading):
            # The row stays as it is: once its actions are switched on, asking CloudWatch finds what is still red.
            log.info("an event of an alarm that notifies nobody opens nothing", extra={"alarm": alarm.name})
            return
        course.body |= {"at": alarm.at, "state": alarm.state, "last": as_json(alarm)}
        if alarm.state is AlarmState.ALARM:
            if _is_past(alarm, reading) or self._is_watched(alarm):
                return
            alarm = self._with_children(alarm)
        target, severity = find(self._world, alarm)
        course.told.append(passed_on(row.key, alarm, target, severity))

    def _with_children(self, alarm: Alarm) -> Alarm:
        """A composite alarm with the children that its notification did not name."""
        if alarm.metric is not None or alarm.children or not alarm.reason.startswith("arn:") or not alarm.region:
            return alarm
        try:
            children = self._world.metrics.children(self._account(alarm), alarm.name)
        except BotError as error:
            log.warning("children of a composite alarm are unknown", extra={"alarm": alarm.name, "error": str(error)})
            return alarm
        return alarm.model_copy(update={"children": children})

    def _account(self, alarm: Alarm) -> Account:
        target, _ = find(self._world, alarm)
        return target.account if target else Account(region=alarm.region)

    def _asked(self, alarm: Alarm) -> AlarmReading | None:
        """What CloudWatch says of an ALARM that may be over or that nobody is to hear; None when it cannot tell."""
        is_late = self._world.clock.now() - alarm.at >= STALE_SECONDS
        if alarm.state is not AlarmState.ALARM or not alarm.region or not (is_late or alarm.source == EVENT):
            return None
        try:
            readings = self._world.metrics.alarms(self._account(alarm), [alarm.name])
        except BotError:
            return None
        return next((each for each in readings if each.arn == alarm.arn), None)

    def _is_unheard(self, alarm: Alarm, reading: AlarmReading | None) -> bool:
        """True for an ALARM that only EventBridge tells of, since its actions are switched off or it notifies nobody.

        One that the configuration lists is heard although it has no actions: the rule of EventBridge stands for them.
        """
        if alarm.source != EVENT or alarm.state is not AlarmState.ALARM:
            return False
        if reading is not None and reading.silent:
            return True
        if self._world.catalog.by_alarm(alarm.name, alarm.region) is not None:
            return False
        return alarm.name.startswith(SCALING) or (reading is not None and not reading.notifies)

    def _is_watched(self, alarm: Alarm) -> bool:
        """True for what ECS tells of a rollout that the bot ships itself: its operation shows all of it."""
        target, _ = find(self._world, alarm) if alarm.source == "ecs" else (None, None)
        if target is None:
            return False
        shipped = self._world.recent.operations(target.key, since=alarm.at - WATCHED_SECONDS)
        ended = alarm.at - LATE_EVENT_SECONDS
        watched = any(each.state in WATCHING or each.ended_at > ended for each in shipped)
        if watched:
            log.info("an event of a rollout that is watched opens nothing", extra={"alarm": alarm.name})
        return watched


def _is_past(alarm: Alarm, reading: AlarmReading | None) -> bool:
    past = reading is not None and reading.state != AlarmState.ALARM
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
        of_child = world.catalog.by_alarm(child.split(":", 6)[-1], alarm.region)
        if of_child is not None:
            return of_child
    return None, Severity.MEDIUM
