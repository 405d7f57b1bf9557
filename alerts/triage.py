"""Decides which incident an alarm belongs to: one row for all alarms, so that two of them never decide at once.

It reads nothing but the store, so that five hundred alarms in ten seconds are a matter of some batches.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alerts.correlation import Arrival, Choice, choose
from alerts.placement import Placement, whole_key
from alerts.standing import HELD
from bot.domain import Alarm, AlarmState, Severity, Target, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.incident import KIND as INCIDENT
from bot.incident import Incident, Member, Phase
from bot.ports import World
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.settings.models import BotConfig
from bot.silence import Silence, covering

log = logging.getLogger("alerts.triage")

KIND = "triage"
TRIAGE_ID = "triage"
TRANSITION, MOVED = "transition", "moved"
"""Signals to triage: an alarm changed its state; an alarm was put into another incident by a person."""
FIRED, JOINED, QUIET = "fired", "joined", "quiet"
"""Signals to an incident: an alarm of its own fired again, another one joins, one left ALARM."""
BATCH = 200
REASON = 300
ASKED = "asked"
"""The source of what no notification told, and was found by asking CloudWatch."""
SHIPPING = ("deploy", "rollback")


def triage_row() -> NewRow:
    """The one row; adding it again changes nothing."""
    return NewRow(kind=KIND, key=TRIAGE_ID, id=TRIAGE_ID, state="waiting", body={}, due_at=None)


def passed_on(key: str, alarm: Alarm, target: Target | None, severity: Severity) -> Signal:
    """What the row of an alarm tells triage; the same transition told twice is one."""
    payload = {"key": key, "alarm": as_json(alarm), "target": target.key if target else "", "severity": severity.value}
    return Signal(TRANSITION, payload, key=f"{key}@{alarm.at}@{alarm.state}")


def returned(incident: str, number: int, payload: Mapping[str, Any]) -> tuple[str, Signal]:
    """An alarm that came to an incident which was over, or which it had left, by then: triage decides anew."""
    told = {name: payload[name] for name in ("key", "alarm", "target", "severity")} | {"sought": number}
    return TRIAGE_ID, Signal(TRANSITION, told, key=f"returned:{incident}:{number}:{payload['key']}")


def incident_id(key: str) -> str:
    """The id of the incident that an alarm's transition opens: the same, however often it is worked out."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


@dataclass
class _Course:
    """What a batch leads to; ``silences`` are in force."""

    placed: Placement
    silences: tuple[Silence, ...] = ()
    new: list[NewRow] = field(default_factory=list)
    signals: list[tuple[str, Signal]] = field(default_factory=list)


class Triage(Machine):
    """The machine of triage."""

    kind = KIND
    is_urgent = True

    def __init__(self, store: Store, world: World, settings: BotConfig) -> None:
        self._store = store
        self._world = world
        self._settings = settings

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Place every alarm at hand, in order of arrival."""
        course = _Course(Placement.read(row.body, self._store), self._world.silences.standing())
        taken = signals[:BATCH]
        for signal in taken:
            if signal.name == MOVED:
                self._moved(course, signal.payload)
                continue
            try:
                self._place(course, signal.payload)
            except Exception:
                # One alarm that cannot be placed must not hold up all others.
                log.exception("an alarm could not be placed", extra={"alarm": signal.payload.get("key")})
                self._open(course, signal.payload, "")
        left = len(signals) > len(taken)
        consumed = tuple(signal.number for signal in taken)
        return Step(
            "waiting",
            0.0 if left else None,
            course.placed.body(),
            consumed=consumed,
            new=tuple(course.new),
            signals=tuple(course.signals),
        )

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Every alarm gets an incident of its own rather than none."""
        log.error("triage failed", extra={"error": str(error)})
        course = _Course(Placement.read(row.body, self._store))
        for signal in signals:
            if signal.name == TRANSITION and signal.payload["alarm"]["state"] == AlarmState.ALARM:
                self._open(course, signal.payload, "")
        consumed = tuple(signal.number for signal in signals)
        return Step("waiting", None, course.placed.body(), consumed=consumed, new=tuple(course.new))

    def _place(self, course: _Course, payload: Mapping[str, Any]) -> None:
        alarm, key = Alarm.model_validate(payload["alarm"]), str(payload["key"])
        known = course.placed.of(key)
        if alarm.state is not AlarmState.ALARM:
            if known:
                told = {"key": key, "state": alarm.state, "at": alarm.at, "reason": alarm.reason[:REASON]}
                told |= {"asked": alarm.source == ASKED, "sought": payload.get("sought", 0)}
                course.signals.append((known, Signal(QUIET, told)))
            return
        silence = covering(course.silences, alarm.name, alarm.arn, str(payload["target"]))
        if silence is not None and (not known or self._is_calm(known)):
            course.signals.append((silence.row, Signal(HELD, dict(payload))))
            return
        if known:
            course.signals.append((known, Signal(FIRED, dict(payload))))
            return
        if not alarm.contributor and course.placed.knows_series_of(alarm.arn):
            return
        whole = whole_key(alarm.arn)
        if alarm.contributor and course.placed.of(whole):
            there = Choice(course.placed.take_out(whole), "it is the series that the alarm fired for")
            self._join(course, there, alarm, {**payload, "instead": whole})
            return
        target = self._world.catalog.target(str(payload["target"])) if payload["target"] else None
        deployment = self._deployment(alarm, target)
        choice = choose(self._settings.correlation, Arrival(alarm, target, deployment), course.placed.with_room())
        if choice is None:
            self._open(course, payload, deployment)
        else:
            self._join(course, choice, alarm, payload)

    def _is_calm(self, incident: str) -> bool:
        row = self._store.get(incident)
        return row is not None and row.state == Phase.RECOVERED

    def _join(self, course: _Course, choice: Choice, alarm: Alarm, payload: Mapping[str, Any]) -> None:
        key, target = str(payload["key"]), str(payload["target"])
        now = self._world.clock.now()
        member = member_of(alarm, payload, now).model_copy(update={"why": choice.why})
        course.placed.join(key, choice.incident, alarm, target)
        told = {**payload, "member": as_json(member)}
        course.signals.append((choice.incident, Signal(JOINED, told)))

    def _open(self, course: _Course, payload: Mapping[str, Any], deployment: str) -> None:
        alarm = Alarm.model_validate(payload["alarm"])
        target = self._world.catalog.target(str(payload["target"])) if payload["target"] else None
        where, now = self._settings.default_channel, self._world.clock.now()
        # Without a mark of its own it would be the incident that this transition opened before, which is over.
        new = opened(alarm, payload, target, where, deployment, now, again=int(payload.get("sought", 0)))
        course.new.append(new)
        course.placed.open(str(payload["key"]), new.id, Arrival(alarm, target, deployment))

    def _moved(self, course: _Course, payload: Mapping[str, Any]) -> None:
        """A person split an alarm off: it stays in the incident that was opened for it."""
        key, incident = str(payload["key"]), str(payload["incident"])
        row = self._store.get(incident)
        if row is None:
            return
        known = Incident.model_validate(row.body)
        target = self._world.catalog.target(known.target) if known.target else None
        course.placed.set_apart(key, incident, Arrival(known.alarm, target), known.opened_at)

    def _deployment(self, alarm: Alarm, target: Target | None) -> str:
        """The operation of the alarm's environment that shipped something shortly before; the newest of several."""
        window = self._settings.correlation.after_deployment
        if window is None or target is None:
            return ""
        place = f"{target.system}/{target.environment}/"
        for past in self._world.recent.every("", since=alarm.at - window, limit=50):
            shipped = past.command in SHIPPING and past.target.startswith(place)
            if shipped and alarm.at - window <= past.started_at <= alarm.at:
                return past.id
        return ""


def opened(
    alarm: Alarm,
    payload: Mapping[str, Any],
    target: Target | None,
    default_channel: str,
    deployment: str,
    now: float,
    *,
    again: int = 0,
) -> NewRow:
    """The row of a new incident with one alarm in it; ``again`` tells another one of the same transition."""
    severity = Severity(payload["severity"])
    incident = Incident(
        alarm=alarm,
        members=(member_of(alarm, payload, now),),
        target=target.key if target else "",
        severity=severity,
        channel=target.channel if target else default_channel,
        opened_at=min(alarm.at, now),
        heard_at=now,
        deployment=deployment,
        targets=(target.key,) if target else (),
    )
    key = f"{payload['key']}@{alarm.at}" + (f"@{again}" if again else "")
    group = target.key if target else ""
    return NewRow(kind=INCIDENT, key=key, state=Phase.OPENING, body=as_json(incident), group=group, id=incident_id(key))


def member_of(alarm: Alarm, payload: Mapping[str, Any], now: float) -> Member:
    """An alarm as an incident keeps it."""
    return Member(
        key=str(payload["key"]),
        name=alarm.label,
        target=str(payload["target"]),
        severity=Severity(payload["severity"]),
        state=alarm.state or AlarmState.ALARM,
        reason=alarm.reason[:REASON],
        at=alarm.at,
        joined_at=now,
    )
