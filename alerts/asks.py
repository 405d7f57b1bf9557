"""The small questions of an incident's menu, asked in a modal: how long, to whom, which alarm, into which incident.

A question is opened and forgotten; what is entered goes to the incident as a signal, which decides who may.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from alerts import people
from bot.command import Suggestion
from bot.domain import Actor, Frozen, as_json
from bot.duration import parse_duration
from bot.engine import Engine, Lease, Machine
from bot.errors import BotError, ConflictError, NotFoundError
from bot.form import FormState
from bot.forms import PATIENCE_OF_PEOPLE, open_once
from bot.incident import KIND as INCIDENT
from bot.incident import LIVE, Incident, Member
from bot.ports import World
from bot.posts import whisper
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.views import blocks as b
from bot.views import forms, incident_asks
from bot.views.operation import sentence

KIND = "ask"
OPTIONS = 100


class Ask(Frozen):
    """The body of a question's row; ``asks`` is the signal its answer becomes."""

    asks: str
    incident: str
    actor: Actor
    trigger_id: str
    response_url: str = ""


def asking(asks: str, incident: str, actor: Actor, trigger_id: str, *, response_url: str, key: str) -> NewRow:
    """A question to be put to whoever picked it from the menu."""
    ask = Ask(asks=asks, incident=incident, actor=actor, trigger_id=trigger_id, response_url=response_url)
    return NewRow(kind=KIND, key=key, state=FormState.OPENING, body=as_json(ask), group=incident)


class Asks(Machine):
    """The machine of questions."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def patience(self, row: Row) -> int:
        """Short, since somebody sits before it."""
        return PATIENCE_OF_PEOPLE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Open it."""
        ask = Ask.model_validate(row.body)
        found = self._store.get(ask.incident)
        if found is None or found.state not in LIVE:
            raise ConflictError("This incident is over.")
        incident = Incident.model_validate(found.body)
        shown = incident_asks.ask(ask.asks, ask.incident, incident, self._options(ask, incident))
        unsure = open_once(self._world, row, lease, ask.trigger_id, shown)
        said = (self._told(row, ask, f"{unsure} pick it again."),) if unsure else ()
        return Step(FormState.DONE, None, as_json(ask), new=said)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Whoever picked it is told what to say in the thread instead."""
        ask = Ask.model_validate(row.body)
        said = self._told(row, ask, error.message, error.hint or "You can also mention me in the thread.")
        return Step(FormState.DONE, None, as_json(ask), new=(said,))

    def _told(self, row: Row, ask: Ask, said: str, hint: str = "") -> NewRow:
        told, actor = sentence(said, hint), ask.actor
        return whisper(
            *(f"ask:{row.id}", actor.channel, actor.user, told),
            response_url=ask.response_url,
            thread_ts=actor.thread_ts,
        )

    def _options(self, ask: Ask, incident: Incident) -> tuple[Suggestion, ...]:
        if ask.asks == people.SPLIT:
            return tuple(Suggestion(word=_mark(member), label=member.name) for member in incident.members[:OPTIONS])
        if ask.asks != people.MERGE:
            return ()
        others = [row for row in self._store.rows(INCIDENT, states=LIVE, limit=OPTIONS + 1) if row.id != ask.incident]
        if not others:
            raise NotFoundError("There is no other open incident.")
        bodies = [(row.id, Incident.model_validate(row.body)) for row in others[:OPTIONS]]
        # Those of the same channel first: they are what is meant most of the time.
        bodies.sort(key=lambda each: each[1].channel != incident.channel)
        now = self._world.clock.now()
        return tuple(Suggestion(word=name, label=_label(each, now)) for name, each in bodies)


def _label(incident: Incident, now: float) -> str:
    return f"{incident.alarm.label}, {b.ago(now - incident.opened_at)} old"


def submitted(engine: Engine, store: Store, shown: Mapping[str, Any], actor: Actor) -> dict[str, str] | None:
    """A question was answered: None closes it, sentences by block id are shown in it."""
    held, entries = forms.carried(shown), forms.entered(shown)
    value = entries[incident_asks.ANSWER].value if incident_asks.ANSWER in entries else ""
    asks, incident = held.get("asks", ""), held.get("incident", "")
    payload: dict[str, Any] = {"user": actor.user}
    if asks == people.SNOOZE:
        try:
            payload["seconds"] = parse_duration(value.strip().lower())
        except ValueError as error:
            return forms.errors(shown, {incident_asks.ANSWER: f"This {error}."})
    elif asks == people.HAND_OVER:
        payload["to"] = value
    elif asks == people.SPLIT:
        payload["alarm"] = _member_key(store, incident, value)
        if not payload["alarm"]:
            return forms.errors(shown, {incident_asks.ANSWER: "This alarm is not in the incident any more."})
    elif asks == people.MERGE:
        payload["into"] = value
    else:
        return forms.errors(shown, {"": "This form is of another version of the bot. Close it and ask again."})
    told = engine.signal(incident, Signal(asks, payload, key=f"view:{shown.get('id', '')}"))
    if told or engine.knows(incident):
        return None
    return forms.errors(shown, {"": "I no longer have this incident; it is too old."})


def _mark(member: Member) -> str:
    """What stands for a member in a form: its key may be longer than the 150 characters of an option's value."""
    return hashlib.sha256(member.key.encode()).hexdigest()[:16]


def _member_key(store: Store, incident: str, mark: str) -> str:
    """The key of the member that was picked; empty when it is not there any more."""
    row = store.get(incident)
    members = Incident.model_validate(row.body).members if row is not None else ()
    return next((member.key for member in members if _mark(member) == mark), "")
