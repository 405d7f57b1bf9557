"""The states of an incident: opening → open → recovered → closed; resolved by a person, or merged into another.

The headline is posted once and then only updated; the thread gets the findings, and what people should not
miss. Who presses what is authorised here, where groups can be looked up. Nothing here waits for AWS.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from alerts import findings, members, people, record, regrouping
from alerts.diagnosis import FOUND, looks
from alerts.escalation import Due, due, set_back
from alerts.opening import call, open_for_people, remind, silence_over, wake
from alerts.page_events import PAGERDUTY
from alerts.pages import CALLED
from alerts.playbooks import Playbooks
from alerts.scene import Scene
from alerts.silenced import SILENCE, SILENCE_OVER, silence
from alerts.triage import FIRED, JOINED, QUIET, returned
from bot.domain import AlarmState, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.incident import KIND, LIVE, Incident, Phase, headline_key
from bot.ports import World
from bot.posts import post
from bot.rows import NewRow, Received, Row, Step, Store
from bot.settings.calendar import CalendarConfig
from bot.settings.models import AccessConfig, BotConfig
from bot.views import incident as view
from bot.views import incident_replies as replies

log = logging.getLogger("alerts.incidents")

REFRESH_SECONDS = 300.0
"""How old the duration in a headline may be."""
CALM_SECONDS = 60.0
"""How long an incident whose transition failed for good is left alone."""
AT_ANY_TIME = (FOUND, CALLED, record.TIMELINE, record.REPORT)
"""Signals that an incident takes in when it is over, too."""


class Incidents(Machine):
    """The machine of incidents."""

    kind = KIND
    is_urgent = True

    def __init__(
        self,
        store: Store,
        world: World,
        access: AccessConfig,
        settings: BotConfig,
        calendar: CalendarConfig,
        playbooks: Playbooks,
    ) -> None:
        self._store = store
        self._calendar = calendar
        self._playbooks = playbooks
        self._world = world
        self._access = access
        self._settings = settings
        self._signals: dict[str, Callable[[Scene, Received], None]] = {
            FIRED: members.fired,
            JOINED: members.joined,
            QUIET: members.quiet,
            FOUND: lambda scene, signal: findings.found(scene, signal, playbooks),
            CALLED: _called,
            people.ACKNOWLEDGE: people.acknowledge,
            people.TAKE_OVER: people.take_over,
            people.HAND_OVER: people.hand_over,
            people.ESCALATE: people.escalate,
            people.SNOOZE: people.snooze,
            people.RESOLVE: people.resolve,
            people.SPLIT: regrouping.split,
            people.MERGE: lambda scene, signal: regrouping.merge(scene, signal, store),
            people.ABSORB: regrouping.absorb,
            people.NOTE: people.note,
            PAGERDUTY: people.pagerduty,
            record.TIMELINE: record.show_timeline,
            record.REPORT: record.ask_report,
            SILENCE: silence,
            SILENCE_OVER: silence_over,
        }

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Run the transition of the row's state."""
        scene = self._scene(row)
        if scene.phase is Phase.OPENING:
            return self._open(scene, waiting=bool(signals))
        for signal in signals:
            self._take(scene, signal)
        self._pass_time(scene)
        if scene.phase in (Phase.CLOSED, Phase.RESOLVED) and row.state in LIVE:
            record.owe_report(scene)
        return self._step(scene, signals)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """A press that cannot be served is answered and a level that is due is called; the incident stays as it is.

        What alarms and others told stays, to be taken in later: only what fails by itself, too, is given up.
        """
        scene = self._scene(row)
        if scene.phase is Phase.OPENING:
            scene.phase = Phase.OPEN
        dropped = [signal for signal in signals if _is_press(signal) or self._fails(row, scene.phase, signal)]
        for signal in dropped:
            scene.whisper(signal, error)
        what = due(scene.incident, scene.phase, scene.levels, scene.response, scene.now)
        if what.level:
            call(scene, what.level)
        calm = scene.now + CALM_SECONDS
        later = _next_at(scene)
        if later is not None:
            later = max(later, calm)
            scene.change(next_at=later)
        if len(dropped) < len(signals):
            later = calm
        consumed = tuple(signal.number for signal in dropped)
        return Step(scene.phase, later, as_json(scene.incident), consumed=consumed, new=scene.owed)

    def _take(self, scene: Scene, signal: Received) -> None:
        if scene.phase in LIVE or signal.name in AT_ANY_TIME:
            self._signals[signal.name](scene, signal)
        else:
            _too_late(scene, signal)

    def _fails(self, row: Row, phase: Phase, signal: Received) -> bool:
        """Whether a signal cannot be taken in even alone; what it would owe is thrown away."""
        try:
            self._take(replace(self._scene(row), phase=phase), signal)
        except Exception:
            log.exception("a signal is given up", extra={"row": row.id, "signal": signal.name})
            return True
        return False

    def _scene(self, row: Row) -> Scene:
        incident, phase = Incident.model_validate(row.body), Phase(row.state)
        now = self._world.clock.now()
        incident = set_back(incident, row.updated_at - now)
        return Scene(self._store, self._world, self._access, self._settings, self._calendar, row, incident, phase, now)

    def _open(self, scene: Scene, *, waiting: bool) -> Step:
        """The headline first; the look and the call are rows of their own."""
        alarm = scene.incident.alarm
        scene.phase = Phase.OPEN
        alarms = scene.incident.members
        recovered = bool(alarms) and all(member.state is AlarmState.OK for member in alarms)
        if recovered:
            # It was split off after it had recovered, and nobody need be called.
            members.recover(scene, alarm.at)
        else:
            open_for_people(scene)
        said, key = f"{alarm.label}: {alarm.reason}", alarms[0].key if alarms else ""
        state = AlarmState.OK if recovered else AlarmState.ALARM
        scene.note("opened", alarm.at, "alarm", said, alarm=key, state=state)
        scene.new[:0] = looks(scene.row.id, alarm, scene.target, "look", self._playbooks)
        step = self._step(scene, [], first=True)
        return replace(step, due_at=0.0) if waiting else step

    def _pass_time(self, scene: Scene) -> None:
        what: Due = due(scene.incident, scene.phase, scene.levels, scene.response, scene.now)
        if what.nothing:
            return
        if what.closes and scene.incident.paged:
            members.calm(scene)
        elif what.closes:
            scene.phase = Phase.CLOSED
            scene.change(ended_at=scene.incident.recovered_at)
            scene.note("closed", scene.now, "incident", "it stayed calm and was closed")
        elif what.looks_again:
            members.look_again(scene)
        elif what.wakes:
            wake(scene)
        elif what.level:
            call(scene, what.level)
        else:
            remind(scene)

    def _step(self, scene: Scene, signals: list[Received], *, first: bool = False) -> Step:
        shown = self._headline(scene)
        if scene.lists_alarms:
            scene.reply("alarms", replies.alarms(scene.row.id, scene.incident))
        new = (shown, *scene.owed) if first else (*scene.owed, shown)
        next_at = _next_at(scene)
        if scene.phase is Phase.OPEN and next_at is not None:
            # How long it has lasted is part of the headline.
            next_at = min(next_at, scene.now + REFRESH_SECONDS)
        return Step(
            scene.phase,
            next_at,
            as_json(scene.incident),
            consumed=tuple(signal.number for signal in signals),
            new=new,
            signals=tuple(scene.signals),
        )

    def _headline(self, scene: Scene) -> NewRow:
        shown = view.headline(
            scene.row.id,
            scene.incident,
            scene.phase,
            scene.target,
            findings.buttons(scene, self._playbooks),
            view.Answer(scene.response, scene.levels, scene.mentions, scene.now),
        )
        return post(headline_key(scene.row.id), scene.incident.channel, shown, thread_of=scene.row.id)


def _next_at(scene: Scene) -> float | None:
    """When something happens by itself; None when nothing will any more."""
    if scene.phase is Phase.RESOLVED:
        return scene.incident.next_at or None
    return scene.incident.next_at if scene.phase in LIVE else None


def _called(scene: Scene, signal: Received) -> None:
    scene.change(called=True)
    scene.note(f"called:{signal.number}", signal.at, "page", "PagerDuty took the call")


def _is_press(signal: Received) -> bool:
    """True for what a person asked of this very incident; what they merged into it brings alarms."""
    return bool(signal.payload.get("user")) and signal.name != people.ABSORB


def _too_late(scene: Scene, signal: Received) -> None:
    """An incident that is over takes nothing in; whoever pressed is told where it stands, and an alarm is not lost."""
    if _is_press(signal):
        scene.whisper(signal, BotError(f"This incident is over ({scene.phase.value})."))
    elif signal.name in (FIRED, JOINED):
        scene.signals.append(returned(scene.row.id, signal.number, signal.payload))
    elif signal.name == QUIET and scene.phase is Phase.MERGED:
        members.gone_quiet(scene, signal)
    elif signal.name == people.ABSORB and not regrouping.crossed(scene, signal):
        for told in signal.payload["members"]:
            alarm = scene.last_alarm(str(told["key"]))
            if alarm is not None and alarm.state is AlarmState.ALARM:
                payload = {**told, "alarm": as_json(alarm)}
                scene.signals.append(returned(scene.row.id, signal.number, payload))
