"""The app's home tab: published for whoever opens it, and brought up to date for as long as they may be looking.

One row for each person. Everybody sees only what they may read.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from typing import Any

from bot import arguments
from bot.domain import Person, Target
from bot.engine import Lease, Machine
from bot.errors import BotError, ConflictError
from bot.forms import PATIENCE_OF_PEOPLE
from bot.holds import Hold, HoldKind
from bot.incident import KIND as INCIDENT
from bot.incident import LIVE, Incident, Phase, headline_key
from bot.operation import ACTIVE, WAITING, Operation, State, card_key
from bot.operation import KIND as OPERATION
from bot.ports import World
from bot.posts import address, posted
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.views import home as view

log = logging.getLogger("bot.home")

KIND = "home"
OWED, SHOWN = "owed", "shown"
OPENED = "opened"
EVERY, FOR = 15.0, 900.0
"""Seconds between two looks whether something has changed, and for how long after it was opened: Slack does not tell
when somebody looks away."""
MOST = 200
LINKED = 40
"""Addresses that are asked for; each is a call to Slack, made once."""


def opened(user: str, now: float, *, seen: str, key: str) -> NewRow:
    """Somebody opened the tab; ``seen`` is the hash of what is shown there, ``key`` the event's id."""
    body = {"user": user, "opened_at": now, "seen": seen}
    return NewRow(
        kind=KIND, key=user, state=OWED, body=body, group=user, else_signal=Signal(OPENED, {"seen": seen}, key)
    )


class Home(Machine):
    """The machine of home tabs."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def patience(self, row: Row) -> int:
        """Short, since somebody sits before it."""
        return PATIENCE_OF_PEOPLE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Publish it when it says something else than what is shown."""
        body, now = dict(row.body), self._world.clock.now()
        consumed = tuple(signal.number for signal in signals)
        for signal in signals:
            body |= {"opened_at": signal.at, "seen": str(signal.payload.get("seen", ""))}
        shown = self._view(body)
        mark = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
        if mark != body.get("shown") or (body["seen"] and body["seen"] != body.get("hash")):
            lease.before_effect()
            try:
                body["hash"] = self._world.chat.publish_home(str(body["user"]), shown, seen=str(body["seen"]))
            except ConflictError:
                # What is there is newer than what the event told of: it is overwritten with what is known now.
                return Step(OWED, now, body | {"seen": "", "shown": ""}, consumed=consumed)
            body |= {"shown": mark, "seen": body["hash"]}
        later = now + EVERY if now - float(body["opened_at"]) < FOR else None
        return Step(SHOWN, later, body, consumed=consumed)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """They see what was there before; opening it again tries again."""
        log.warning("a home tab was not published", extra={"row": row.id, "error": error.message})
        consumed = tuple(signal.number for signal in signals)
        return Step(SHOWN, None, {**row.body, "shown": ""}, consumed=consumed)

    def _view(self, body: dict[str, Any]) -> view.View:
        person = self._world.chat.person(str(body["user"]))
        targets = [target for target in self._world.catalog.targets if self._world.may(person, "read", target)]
        if person.is_stranger or person.is_bot or not targets:
            return view.nothing()
        links: dict[str, str] = body.setdefault("links", {})
        shown = view.home(
            incidents=self._incidents(person, links),
            operations=self._operations(person, links),
            holds=self._holds(targets),
            on_call=self._on_call(targets),
            commands=self._commands(person),
        )
        # What is shown no more need not be remembered.
        known = json.dumps(shown)
        body["links"] = {key: link for key, link in links.items() if link in known}
        return shown

    def _readable(self, person: Person, key: str) -> bool:
        return self._world.may(person, "read", self._world.catalog.target(key) if key else None)

    def _incidents(self, person: Person, links: dict[str, str]) -> list[view.OpenIncident]:
        found = []
        for row in self._store.rows(INCIDENT, states=LIVE, limit=MOST):
            incident = Incident.model_validate(row.body)
            if not self._readable(person, incident.target):
                continue
            target = self._world.catalog.target(incident.target) if incident.target else None
            link = self._link(headline_key(row.id), links)
            found.append(view.OpenIncident(incident, Phase(row.state), target.label if target else "", link))
        return found

    def _operations(self, person: Person, links: dict[str, str]) -> list[view.OpenOperation]:
        states = (*ACTIVE, *WAITING, State.SOAKING)
        found = []
        for row in self._store.rows(OPERATION, states=states, limit=MOST):
            operation = Operation.model_validate(row.body)
            changes = operation.plan is not None and operation.plan.changes_anything
            if changes and self._readable(person, operation.target):
                link = self._link(card_key(row.id), links)
                found.append(view.OpenOperation(operation, State(row.state), link, row.created_at))
        return found

    def _link(self, key: str, links: dict[str, str]) -> str:
        if key not in links and len(links) < LINKED:
            found = address(self._world.chat, posted(self._store, key))
            if found:
                links[key] = found
        return links.get(key, "")

    def _holds(self, targets: Iterable[Target]) -> list[Hold]:
        now = self._world.clock.now()
        found = {hold.id: hold for target in targets for hold in self._world.holds.on(target, now)}
        return [hold for hold in found.values() if hold.kind in (HoldKind.FREEZE, HoldKind.LOCK)]

    def _on_call(self, targets: Iterable[Target]) -> list[view.OnCall]:
        titles: dict[tuple[str, ...], list[str]] = {}
        for name in dict.fromkeys(target.system for target in targets):
            system = self._world.catalog.system(name)
            if system is not None and system.on_call:
                titles.setdefault(system.on_call, []).append(system.title or name)
        return [view.OnCall(tuple(systems), named, self._people(named)) for named, systems in titles.items()]

    def _people(self, named: Iterable[str]) -> tuple[str, ...]:
        groups = [each for each in named if each.startswith("S")]
        return tuple(dict.fromkeys(user for group in groups for user in self._members(group)))

    def _members(self, group: str) -> tuple[str, ...]:
        try:
            return self._world.chat.group_members(group)
        except BotError:
            return ()

    def _commands(self, person: Person) -> list[tuple[str, str]]:
        """Commands that have a form to open and that the person may use somewhere."""
        return [
            (command.name, command.summary)
            for command in self._world.commands.values()
            if arguments.has_form(command) and self._world.may(person, command.action, None)
        ]
