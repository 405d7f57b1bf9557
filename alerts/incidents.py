"""The states of an incident: opening → gathering → open → recovered → closed, or resolved by a person.

The headline is posted once and then only updated; the thread gets the findings, and what people should not
miss. Who presses what is authorised here, where groups can be looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from alerts.alarms import FIRED, INCIDENT, OK, UNKNOWN
from alerts.pages import CALLED, page
from alerts.playbook import Playbook, gather, suspected
from bot import authz
from bot.domain import Actor, Alarm, ServiceKind, Target, as_json
from bot.engine import Engine, Lease, Machine
from bot.errors import BotError
from bot.incident import Incident, Phase, headline_key
from bot.ports import Message, World
from bot.posts import post, whisper
from bot.rows import NewRow, Received, Row, Signal, Step
from bot.settings.models import AccessConfig, BotConfig
from bot.steps.base import Scene
from bot.views import incident as view
from bot.views.operation import sentence

ACKNOWLEDGE, RESOLVE = "acknowledge", "resolve"
CLOSE_AFTER = 1800.0
"""Seconds after recovery in which a new ALARM re-opens the same thread."""
CALM_SECONDS = 60.0
"""How long an incident whose transition failed for good is left alone."""
UNDER_WAY = (Phase.GATHERING, Phase.OPEN)
POSTING_SECONDS = 1.2
"""What of the deadline is kept for telling Slack."""
REMEDIES = (("Roll back", "rollback"), ("Restart", "restart"), ("Scale", "scale"))
ONLY_ECS = ("restart", "scale")
"""Remedies for what runs as tasks: a function and a site have none."""


@dataclass
class _Scene:
    """An incident being moved on: what it becomes, and what it owes."""

    row: Row
    incident: Incident
    phase: Phase
    new: list[NewRow] = field(default_factory=list)

    def change(self, **changes: object) -> None:
        """Replace fields of the incident."""
        self.incident = self.incident.model_copy(update=changes)


class Incidents(Machine):
    """The machine of incidents."""

    kind = INCIDENT

    def __init__(self, world: World, playbook: Playbook, access: AccessConfig, settings: BotConfig) -> None:
        self._world = world
        self._playbook = playbook
        self._access = access
        self._settings = settings
        self._signals: dict[str, Callable[[_Scene, Received], None]] = {
            ACKNOWLEDGE: self._acknowledge,
            RESOLVE: self._resolve,
            FIRED: self._fired,
            OK: self._recovered,
            UNKNOWN: self._unknown,
            CALLED: self._called,
        }

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Run the transition of the row's state."""
        scene = _Scene(row, Incident.model_validate(row.body), Phase(row.state))
        if scene.phase is Phase.OPENING:
            return self._open(scene)
        if scene.phase is Phase.GATHERING:
            self._gather(scene)
        for signal in signals:
            self._signals[signal.name](scene, signal)
        now = self._world.clock.now()
        if scene.phase is Phase.OPEN and self._page_due(scene, now):
            self._page(scene, "trigger")
            scene.change(paged=True)
        if scene.phase is Phase.RECOVERED and now >= scene.incident.recovered_at + CLOSE_AFTER:
            scene.phase = Phase.CLOSED
            scene.change(ended_at=scene.incident.recovered_at)
        new = (*scene.new, self._headline(scene))
        consumed = tuple(signal.number for signal in signals)
        return Step(scene.phase, self._due(scene), as_json(scene.incident), consumed=consumed, new=new)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """A press that cannot be served is answered and a page that is due is sent; the incident stays as it is."""
        phase = Phase.OPEN if row.state in (Phase.OPENING, Phase.GATHERING) else Phase(row.state)
        scene = _Scene(row, Incident.model_validate(row.body), phase)
        now = self._world.clock.now()
        for signal in signals:
            if signal.payload.get("user"):
                scene.new.append(self._whisper(row, str(signal.payload["user"]), str(signal.number), error))
        if phase is Phase.OPEN and self._page_due(scene, now):
            self._page(scene, "trigger")
            scene.change(paged=True)
        due = self._due(scene)
        consumed = tuple(signal.number for signal in signals)
        later = None if due is None else max(due, now + CALM_SECONDS)
        return Step(phase, later, as_json(scene.incident), consumed=consumed, new=tuple(scene.new))

    def _open(self, scene: _Scene) -> Step:
        if self._page_due(scene, self._world.clock.now()):
            self._page(scene, "trigger")
            scene.change(paged=True)
        new = (self._headline(scene), *scene.new)
        return Step(Phase.GATHERING, 0.0, as_json(scene.incident), new=new)

    def _gather(self, scene: _Scene) -> None:
        now = self._world.clock.now()
        spent = min(2.0, max(0.0, now - scene.row.created_at))
        seconds = max(1.0, self._settings.timings.findings_deadline - POSTING_SECONDS - spent)
        target = self._target(scene)
        found = gather(self._playbook, Scene(scene.incident.alarm, target, now), self._world, seconds=seconds)
        took = self._world.clock.now() - now
        reply = view.findings(found, took)
        fired = scene.incident.fired
        scene.new.append(self._reply(scene, f"findings:{fired}" if fired > 1 else "findings", reply))
        scene.change(findings=found, suspected=suspected(found))
        scene.phase = Phase.OPEN

    def _acknowledge(self, scene: _Scene, signal: Received) -> None:
        user = self._allowed(scene, signal)
        if not user or scene.incident.acked_by or scene.phase not in (*UNDER_WAY, Phase.RECOVERED):
            return
        scene.change(acked_by=user, acked_at=signal.at)
        scene.new.append(self._reply(scene, f"ack:{signal.number}", view.acknowledged(scene.incident)))
        if scene.incident.paged:
            self._page(scene, "acknowledge")

    def _resolve(self, scene: _Scene, signal: Received) -> None:
        user = self._allowed(scene, signal)
        if not user or scene.phase in (Phase.RESOLVED, Phase.CLOSED):
            return
        scene.phase = Phase.RESOLVED
        scene.change(resolved_by=user, ended_at=signal.at)
        if scene.incident.paged:
            self._page(scene, "resolve")

    def _fired(self, scene: _Scene, signal: Received) -> None:
        alarm = Alarm.model_validate(signal.payload["alarm"])
        again = scene.phase not in UNDER_WAY
        scene.change(alarm=alarm, fired=scene.incident.fired + 1, unknown=False)
        if again:
            scene.phase = Phase.GATHERING
            # Whoever had it may be asleep by now: it is called out like a new one, in the old thread.
            wait = self._settings.timings.page_after.seconds(scene.incident.severity) if scene.incident.target else None
            page_at = None if wait is None else self._world.clock.now() + wait
            scene.change(recovered_at=0.0, ended_at=0.0, acked_by="", acked_at=0.0, page_at=page_at)
            scene.change(paged=False, called=False)
            scene.new.append(self._reply(scene, f"fired:{signal.number}", view.fired_again(scene.incident)))

    def _recovered(self, scene: _Scene, signal: Received) -> None:
        if scene.phase not in UNDER_WAY:
            return
        scene.phase = Phase.RECOVERED
        scene.change(recovered_at=max(float(signal.payload["at"]), scene.incident.opened_at), unknown=False)
        scene.new.append(self._reply(scene, f"ok:{signal.number}", view.recovered(scene.incident)))
        if scene.incident.paged:
            self._page(scene, "resolve")
            scene.change(paged=False)

    def _called(self, scene: _Scene, signal: Received) -> None:
        scene.change(called=True)

    def _unknown(self, scene: _Scene, signal: Received) -> None:
        if scene.phase in UNDER_WAY:
            scene.change(unknown=True)

    def _allowed(self, scene: _Scene, signal: Received) -> str:
        user = str(signal.payload.get("user", ""))
        target = self._target(scene)
        try:
            person = self._world.chat.person(user)
            authz.require(self._access, person, "incident", target)
        except BotError as error:  # not allowed, or Slack cannot say who this is: no reason to hold up the alarm
            scene.new.append(self._whisper(scene.row, user, str(signal.number), error))
            return ""
        return user

    def _page_due(self, scene: _Scene, now: float) -> bool:
        incident = scene.incident
        return incident.page_at is not None and not incident.paged and not incident.acked_by and now >= incident.page_at

    def _page(self, scene: _Scene, action: str) -> None:
        target = self._target(scene)
        system = self._world.catalog.system(target.system) if target else None
        env = system.pagerduty_routing_key_env if system else ""
        scene.new.append(page(scene.row.id, scene.incident, env, action))

    def _due(self, scene: _Scene) -> float | None:
        incident = scene.incident
        if scene.phase is Phase.GATHERING:
            return 0.0
        if scene.phase is Phase.RECOVERED:
            return incident.recovered_at + CLOSE_AFTER
        if scene.phase is Phase.OPEN and incident.page_at is not None and not incident.paged and not incident.acked_by:
            return incident.page_at
        return None

    def _target(self, scene: _Scene) -> Target | None:
        return self._world.catalog.target(scene.incident.target) if scene.incident.target else None

    def _headline(self, scene: _Scene) -> NewRow:
        target = self._target(scene)
        remedies = tuple(
            (label, f"{command} {target.system}/{target.name} {target.environment}")
            for label, command in REMEDIES
            if target is not None and command in self._world.commands and _helps(command, target)
        )
        shown = view.headline(scene.row.id, scene.incident, scene.phase, target, remedies)
        return post(headline_key(scene.row.id), scene.incident.channel, shown)

    @staticmethod
    def _reply(scene: _Scene, mark: str, message: Message) -> NewRow:
        key = f"inc:{scene.row.id}:{mark}"
        return post(key, scene.incident.channel, message, thread_key=headline_key(scene.row.id))

    @staticmethod
    def _whisper(row: Row, user: str, mark: str, error: BotError) -> NewRow:
        said = sentence(error.message, error.hint)
        key, channel = f"inc:{row.id}:whisper:{mark}", str(row.body["channel"])
        return whisper(key, channel, user, said, thread_key=headline_key(row.id))


def _helps(command: str, target: Target) -> bool:
    return target.service.kind is ServiceKind.ECS or command not in ONLY_ECS


def press(engine: Engine, action_id: str, value: str, actor: Actor, *, key: str) -> bool:
    """A button of a headline was pressed; False when there is no such incident any more."""
    name = {view.ACKNOWLEDGE: ACKNOWLEDGE, view.RESOLVE: RESOLVE}.get(action_id)
    if name is None:
        return False
    return engine.signal(value, Signal(name, {"user": actor.user}, key=key)) or engine.knows(value)
