"""A silence from its beginning to its report: it is told, counts what fires, ends by itself, and loses nothing.

What is still in ALARM when it ends goes to triage as if it had fired then. An alarm that CloudWatch itself had muted
is asked about, since no notification of it may ever come.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from alerts.intake import accept
from alerts.silenced import SILENCE, SILENCE_OVER
from alerts.standing import ACTIVE, END, HELD, KIND, OVER, UNMUTING, held_by, silence_of
from alerts.triage import TRANSITION, TRIAGE_ID, triage_row
from bot.catalog import alarm_accounts
from bot.cloud import AlarmReading
from bot.domain import Account, Alarm, AlarmState, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.incident import ALARM, LIVE, Incident, Phase
from bot.incident import KIND as INCIDENT
from bot.ports import World
from bot.posts import post
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.silence import Held, Silence, StillRed
from bot.views import silences as view

log = logging.getLogger("alerts.silences")

READ_SECONDS = 10.0
MOST_INCIDENTS = 500


@dataclass(frozen=True)
class _Report:
    """What stands at the end: what is red, what triage is told, and why CloudWatch could not be asked."""

    red: tuple[StillRed, ...]
    signals: tuple[tuple[str, Signal], ...]
    unread: str


class Silences(Machine):
    """The machine of silences."""

    kind = KIND

    def __init__(self, store: Store, world: World, default_channel: str) -> None:
        self._store = store
        self._world = world
        self._default_channel = default_channel

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Count what fired; tell that it began; end it, at its time or because somebody said so."""
        silence, now = silence_of(row), self._world.clock.now()
        if row.state != ACTIVE:
            return self._after(row, silence, signals, lease)
        body = {**row.body, "held": _counted(row.body["held"], signals)}
        consumed = tuple(signal.number for signal in signals)
        ends = [signal for signal in signals if signal.name == END]
        if ends or silence.until <= now:
            return self._end(row, silence, body, consumed, ends[0].payload if ends else {})
        if now < silence.since:
            return Step(ACTIVE, silence.since, body, consumed=consumed)
        new: tuple[NewRow, ...] = ()
        told: tuple[tuple[str, Signal], ...] = ()
        if not body["told"]:
            new = self._posts(silence, "begun", view.begun(silence), besides=silence.channel)
            told = self._to_incidents(silence, SILENCE)
        return Step(ACTIVE, silence.until, {**body, "told": True}, consumed=consumed, new=new, signals=told)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """A rule that cannot be deleted is told of; anything else that fails must not keep alarms silent."""
        silence, now = silence_of(row), self._world.clock.now()
        log.error("a silence could not be moved on", extra={"row": row.id, "error": str(error)})
        consumed = tuple(signal.number for signal in signals)
        late = self._late(silence, signals)
        if row.state != ACTIVE:
            new = self._posts(silence, "muted", view.not_unmuted(silence, error.message))
            return Step(OVER, None, row.body, consumed=consumed, new=(*new, triage_row()), signals=late)
        body = {**row.body, "held": _counted(row.body["held"], signals), "told": True}
        if now < silence.until and not any(signal.name == END for signal in signals):
            return Step(ACTIVE, silence.until, body, consumed=consumed)
        held = [Held.model_validate(each) for each in body["held"].values()]
        passed = tuple(each for known in held for each in self._passed(silence, known))
        state, due = (UNMUTING, 0.0) if silence.account else (OVER, None)
        return Step(state, due, body, consumed=consumed, new=(triage_row(),), signals=passed)

    def _after(self, row: Row, silence: Silence, signals: list[Received], lease: Lease) -> Step:
        """It is over: what triage still sent here goes back, and the mute rule goes."""
        consumed = tuple(signal.number for signal in signals)
        late = self._late(silence, signals)
        if row.state == UNMUTING and silence.account is not None:
            lease.before_effect()
            self._world.mutes.delete(silence.account, silence.rule)
        return Step(OVER, None, row.body, consumed=consumed, new=(triage_row(),) if late else (), signals=late)

    @staticmethod
    def _late(silence: Silence, signals: list[Received]) -> tuple[tuple[str, Signal], ...]:
        return tuple(
            (TRIAGE_ID, Signal(TRANSITION, signal.payload, key=f"late:{silence.id}:{signal.number}"))
            for signal in signals
            if signal.name == HELD
        )

    def _end(
        self, row: Row, silence: Silence, body: dict[str, Any], consumed: tuple[int, ...], ended: Mapping[str, Any]
    ) -> Step:
        held = held_by(replace(row, body=body))
        report = self._report(silence, held)
        by, besides = str(ended.get("by", "")), str(ended.get("channel", ""))
        said = view.over(silence, held, report.red, lifted_by=by, unread=report.unread)
        new = self._posts(silence, "over", said, also=(silence.channel, besides))
        body |= {"ended_by": by, "ended_at": self._world.clock.now()}
        signals = (*report.signals, *self._to_incidents(silence, SILENCE_OVER))
        state, due = (UNMUTING, 0.0) if silence.account else (OVER, None)
        return Step(state, due, body, consumed=consumed, new=(*new, triage_row()), signals=signals)

    def _report(self, silence: Silence, held: tuple[Held, ...]) -> _Report:
        """What is in ALARM now, by CloudWatch's own word where it can be had."""
        readings, unread = self._readings(silence, held)
        of_incidents = self._red_in_incidents()
        red: dict[str, StillRed] = {}
        red_arns: set[str] = set()
        signals: list[tuple[str, Signal]] = []
        for each in held:
            reading, passed = readings.get(each.arn), self._passed(silence, each)
            if passed and (reading is None or reading.state == AlarmState.ALARM):
                signals += passed
                red[each.key] = StillRed(name=each.name, since=each.last_at, opens=True)
                red_arns.add(each.arn)
        for reading in readings.values():
            if reading.state != AlarmState.ALARM or reading.arn in red_arns:
                continue
            has_incident = reading.arn in of_incidents
            opens = not has_incident and self._take_in(silence, reading)
            still = StillRed(name=reading.name, since=reading.updated_at, opens=opens, has_incident=has_incident)
            red[reading.arn] = still
        return _Report(tuple(red.values()), tuple(signals), unread)

    def _passed(self, silence: Silence, held: Held) -> tuple[tuple[str, Signal], ...]:
        """An alarm that was held, as triage is told of it now; nothing where it has left ALARM since."""
        known = self._store.by_key(ALARM, held.key)
        last = known.body.get("last") if known else None
        if known is None or last is None or known.body.get("state") != AlarmState.ALARM:
            return ()
        payload = {"key": held.key, "alarm": last, "target": held.target, "severity": held.severity.value}
        return ((TRIAGE_ID, Signal(TRANSITION, payload, key=f"silence:{silence.id}:{held.key}")),)

    def _take_in(self, silence: Silence, reading: AlarmReading) -> bool:
        """An alarm in ALARM of which no notification came: it is taken in as if one had. False when it is known.

        Keyed by the silence, so that it is taken in once however often this is tried.
        """
        known = self._store.rows(ALARM, group=reading.name)
        if any(row.key.startswith(f"{reading.arn}#") and row.body.get("state") == AlarmState.ALARM for row in known):
            return False
        parts, now = [*reading.arn.split(":", 6), *[""] * 7], self._world.clock.now()
        alarm = Alarm(
            arn=reading.arn,
            name=reading.name,
            state=AlarmState.ALARM,
            reason=reading.reason,
            at=reading.updated_at or now,
            region=parts[3],
            account=parts[4],
        )
        accept(self._store, alarm, f"silence:{silence.id}:{reading.arn}", self._default_channel, now)
        return True

    def _readings(self, silence: Silence, held: Iterable[Held]) -> tuple[dict[str, AlarmReading], str]:
        """The alarms of a silence as DescribeAlarms shows them, by ARN, and why some could not be read."""
        names: dict[Account, set[str]] = {}
        for target in self._world.catalog.targets:
            mine = {alarm.name for alarm in target.service.alarms if silence.covers(alarm.name, "", target.key)}
            for account in alarm_accounts(target) if mine else ():
                names.setdefault(account, set()).update(mine)
        by_arn = {alarm.arn: alarm.target for alarm in silence.alarms} | {each.arn: each.target for each in held}
        for arn, key in by_arn.items():
            if arn.startswith("arn:"):
                owner, region = self._world.catalog.target(key), arn.split(":")[3]
                account = replace(owner.account, region=region) if owner else Account(region=region)
                names.setdefault(account, set()).add(arn.split(":", 6)[-1])
        reads = {
            f"{number}": partial(self._world.metrics.alarms, account, sorted(mine))
            for number, (account, mine) in enumerate(names.items())
        }
        found: Mapping[str, Any] = self._world.gather(reads, seconds=READ_SECONDS)
        failed = [each for each in found.values() if isinstance(each, Exception)]
        unread = ""
        if failed:
            unread = str(failed[0]) if isinstance(failed[0], BotError) else f"no answer within {READ_SECONDS:.0f} s"
        read = [each for each in found.values() if not isinstance(each, Exception)]
        return {reading.arn: reading for each in read for reading in each}, unread

    def _red_in_incidents(self) -> frozenset[str]:
        rows = self._store.rows(INCIDENT, states=LIVE, limit=MOST_INCIDENTS)
        return frozenset(member.arn for row in rows for member in Incident.model_validate(row.body).red)

    def _to_incidents(self, silence: Silence, name: str) -> tuple[tuple[str, Signal], ...]:
        """Open incidents of its alarms are told. A maintenance is nobody's decision about what is open already."""
        if silence.is_maintenance and name == SILENCE:
            return ()
        told: list[tuple[str, Signal]] = []
        for row in self._store.rows(INCIDENT, states=(Phase.OPENING, Phase.OPEN), limit=MOST_INCIDENTS):
            members = Incident.model_validate(row.body).red
            if any(silence.covers(member.alarm_name, member.arn, member.target) for member in members):
                told.append((row.id, Signal(name, {"silence": silence.id}, key=f"{name}:{silence.id}")))
        return tuple(told)

    def _posts(
        self, silence: Silence, mark: str, said: Any, *, besides: str = "", also: tuple[str, ...] = ()
    ) -> tuple[NewRow, ...]:
        """One message in each channel that it concerns, but not where it is known already."""
        targets = [target for place in silence.places for target in self._world.catalog.inside(place)]
        named = [self._world.catalog.target(each.target) for each in silence.alarms if each.target]
        channels = [*(target.channel for target in targets), *(target.channel for target in named if target), *also]
        known = {self._id(besides)} if besides else set()
        new: list[NewRow] = []
        for channel in channels if any(channels) else [silence.channel or self._default_channel]:
            if channel and self._id(channel) not in known:
                known.add(self._id(channel))
                new.append(post(f"silence:{silence.id}:{mark}:{channel}", channel, said))
        return tuple(new)

    def _id(self, channel: str) -> str:
        try:
            return self._world.chat.channel_id(channel)
        except (NotFoundError, UpstreamError):
            return channel


def _counted(held: Mapping[str, Any], signals: list[Received]) -> dict[str, Any]:
    counted = dict(held)
    for signal in signals:
        if signal.name != HELD:
            continue
        key, alarm = str(signal.payload["key"]), signal.payload["alarm"]
        known, at = counted.get(key), float(alarm["at"])
        if known is not None:
            counted[key] = as_json(Held.model_validate(known).again(at))
            continue
        name = Alarm.model_validate(alarm).label
        told = {"target": str(signal.payload["target"]), "severity": signal.payload["severity"]}
        counted[key] = as_json(Held(key=key, name=name, first_at=at, last_at=at, **told))
    return counted
