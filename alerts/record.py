"""The record of an incident: what it kept itself, what people pinned, and the operations on its services, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from alerts.pins import Pin, pinned
from alerts.scene import Scene
from alerts.timeline import Moment, moments
from bot import authz
from bot.chat_ports import SharedFile
from bot.domain import AlarmState
from bot.errors import BotError
from bot.files import file
from bot.incident import KIND, Incident, Phase, headline_key
from bot.operation import State
from bot.ports import Past, Recent
from bot.posts import whisper
from bot.record import Line
from bot.rows import NewRow, Received, Store
from bot.views import timeline as view

TIMELINE, REPORT = "timeline", "report"
"""Signals: somebody wants to see the timeline; somebody wants the report as of now. REPORT is a maker of files too."""
BEFORE = 86_400.0
"""How far before an incident changes are looked for."""
MOST = 200
CALM = 10.0
"""Seconds that a report waits for what is on its way: a finding, the last pin."""
SUCCEEDED = (State.SOAKING, State.DONE)
_MERGED_DEPTH = 5
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")


@dataclass(frozen=True)
class Record:
    """All that is known of an incident. ``past`` are operations on its services, oldest first, since a day before.

    ``red`` is how long each alarm was in ALARM, in seconds by the key of its row, where that is known.
    """

    id: str
    incident: Incident
    phase: Phase
    lines: tuple[Line, ...]
    past: tuple[Past, ...]
    red: Mapping[str, float] = field(default_factory=dict)

    @property
    def users(self) -> frozenset[str]:
        """Ids of all Slack users in it."""
        incident = self.incident
        named = [incident.acked_by, incident.resolved_by, *(line.by for line in self.lines)]
        named += [user for past in self.past for user in (past.actor, *past.approved_by)]
        return frozenset(each for each in named if _USER.fullmatch(each))


def read(store: Store, recent: Recent, incident_id: str, soak: float, now: float) -> Record | None:
    """The record as it stands; ``soak`` seconds after its end operations still belong to it. None when it is gone."""
    row = store.get(incident_id)
    if row is None or row.kind != KIND:
        return None
    incident, phase = Incident.model_validate(row.body), Phase(row.state)
    merged = _merged(store, incident_id, incident.opened_at, _MERGED_DEPTH)
    known = [each for source in (incident_id, *merged) for each in moments(store, source)]
    begins = min([incident.opened_at, *(each.at for each in known)])
    pins = pinned(store, frozenset((incident_id, *merged)), begins - BEFORE)
    until = incident.ended_at + soak if incident.ended_at else now
    past = operations(recent, incident, until)
    end = incident.ended_at or now
    return Record(
        incident_id, incident, phase, lines(known, pins, past, begins, until), past, red(known, max(end, begins))
    )


def _merged(store: Store, incident_id: str, since: float, depth: int) -> tuple[str, ...]:
    """Incidents that were merged into this one, and what was merged into those."""
    if not depth:
        return ()
    rows = store.rows(KIND, states=(Phase.MERGED,), since=since - BEFORE, limit=MOST)
    into = [row.id for row in rows if row.body.get("merged_into") == incident_id]
    return tuple(dict.fromkeys([*into, *(each for one in into for each in _merged(store, one, since, depth - 1))]))


def operations(recent: Recent, incident: Incident, until: float) -> tuple[Past, ...]:
    """Operations on the incident's services from a day before it on, oldest first, with the one that it followed."""
    since = incident.opened_at - BEFORE
    found = {past.id: past for target in incident.targets for past in recent.every(target, since=since, limit=MOST)}
    followed = recent.operation(incident.deployment) if incident.deployment else None
    if followed is not None:
        found.setdefault(followed.id, followed)
    return tuple(sorted((past for past in found.values() if past.asked_at <= until), key=lambda past: past.asked_at))


def lines(
    kept: Iterable[Moment], pins: Iterable[Pin], past: Iterable[Past], since: float, until: float
) -> tuple[Line, ...]:
    """Everything in the order in which it happened; of operations what happened between two times."""
    found = [Line(each.at, each.kind, each.text, each.by, each.link) for each in kept]
    found += [_pin(each) for each in pins]
    found += [line for each in past for line in _operation(each) if since <= line.at <= until]
    return tuple(sorted(found, key=lambda line: line.at))


def _pin(pin: Pin) -> Line:
    files = tuple(SharedFile(each.name, each.link) for each in pin.files)
    return Line(pin.at, "pin", pin.text, pin.author, pin.link, files)


def _operation(past: Past) -> Iterable[Line]:
    for user, at in zip(past.approved_by, past.approved_at, strict=False):
        yield Line(at, "operation", f"{past.title}: approved", user)
    if not past.started_at:
        yield Line(past.asked_at, "operation", f"{past.title}: {_waiting(past)}", past.actor)
        return
    yield Line(past.started_at, "operation", f"{past.title}: began", past.actor)
    if past.ended_at:
        yield Line(past.ended_at, "operation", f"{past.title}: {outcome(past)}", past.actor)


def _waiting(past: Past) -> str:
    over = {State.CANCELLED: "was cancelled", State.EXPIRED: "was not confirmed in time", State.REFUSED: "was refused"}
    return f"was asked for, and {over[State(past.state)]}" if past.state in over else "was asked for"


def outcome(past: Past) -> str:
    """How an operation stands, in a word or two."""
    if past.state == State.FAILED:
        return f"failed. {past.said}".strip()
    if past.state == State.TAKEN_OVER:
        return "was taken over by another"
    if past.state not in SUCCEEDED:
        return "is under way" if past.started_at else _waiting(past)
    soaked = {True: ", and stayed quiet", False: ", but alarms were red afterwards", None: ""}
    return f"succeeded{soaked[past.good]}"


def red(kept: Iterable[Moment], end: float) -> dict[str, float]:
    """Seconds that each alarm was in ALARM until then; no data counts as neither well nor red."""
    total: dict[str, float] = {}
    since: dict[str, float] = {}
    for each in sorted((each for each in kept if each.alarm), key=lambda each: each.at):
        total.setdefault(each.alarm, 0.0)
        if each.state == AlarmState.ALARM:
            since.setdefault(each.alarm, each.at)
        elif each.alarm in since:
            total[each.alarm] += each.at - since.pop(each.alarm)
    for alarm, began in since.items():
        total[alarm] += max(0.0, end - began)
    return total


# what people ask for


def show_timeline(scene: Scene, signal: Received) -> None:
    """Somebody wants to see it, and nobody else is bothered with it."""
    if not _may_look(scene, signal):
        return
    found = _read(scene)
    shown = view.timeline(found.lines if found else ())
    key, user = f"inc:{scene.row.id}:timeline:{signal.number}", str(signal.payload["user"])
    scene.new.append(whisper(key, scene.incident.channel, user, shown, thread_key=headline_key(scene.row.id)))


def ask_report(scene: Scene, signal: Received) -> None:
    """Somebody wants the report as it would be now."""
    if _may_look(scene, signal):
        scene.new.append(_report(scene, f"asked:{signal.number}", scene.now))


def owe_report(scene: Scene) -> None:
    """The incident is over: the draft is owed to its thread; another one each time that it is over again."""
    scene.new.append(_report(scene, f"{scene.incident.ended_at}", scene.now + CALM))


def _report(scene: Scene, mark: str, due_at: float) -> NewRow:
    incident = scene.incident
    day = f"{datetime.fromtimestamp(incident.opened_at, UTC):%Y-%m-%d}"
    alarm = re.sub(r"[^a-z0-9]+", "-", incident.alarm.name.lower()).strip("-")[:40] or "alarm"
    owed = file(
        f"inc:{scene.row.id}:report:{mark}",
        incident.channel,
        REPORT,
        {"incident": scene.row.id},
        name=f"incident-{day}-{alarm}.md",
        title=f"Post-incident report (draft): {incident.alarm.name}, {day}",
        thread_key=headline_key(scene.row.id),
        snippet_type="markdown",
    )
    return replace(owed, due_at=due_at)


def _read(scene: Scene) -> Record | None:
    return read(scene.store, scene.world.recent, scene.row.id, scene.settings.timings.soak, scene.now)


def _may_look(scene: Scene, signal: Received) -> bool:
    payload: Mapping[str, Any] = signal.payload
    try:
        authz.require(scene.access, scene.world.chat.person(str(payload.get("user", ""))), authz.READ, scene.target)
    except BotError as error:
        scene.whisper(signal, error)
        return False
    return True
