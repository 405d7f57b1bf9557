"""The states of a form: opening → open → done.

Slack takes a trigger for three seconds, so the form is opened at once with what the configuration knows; what has to be
read from AWS is filled in when a target is chosen. A form is cheap: its submission carries everything, so that one
whose row has gone astray still works.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from bot import arguments, authz
from bot.command import Command, Suggestion
from bot.domain import Actor, Target, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError, ConflictError
from bot.examples import examples, likely, sample
from bot.form import OTHER, Form, FormState, Offer, blanks, target
from bot.live_alarms import is_here
from bot.ports import World
from bot.posts import whisper
from bot.rows import NewRow, Received, Row, Step, Store
from bot.views import forms as view
from bot.views.operation import sentence

log = logging.getLogger("bot.forms")

KIND = "form"
CHOSEN, CLOSED, SUBMITTED = "chosen", "closed", "submitted"
"""Names of signals to a form."""
TRIGGER_SECONDS = 3.0
"""How long Slack lets a form be opened after somebody typed or pressed."""
SUGGEST_SECONDS = 8.0
HERE_SECONDS = 0.5
"""Whose channel it is may have to be asked of Slack, and the form must not wait for that."""
PATIENCE_OF_PEOPLE = 3
MOST_LATELY = 8
"""Services of their own that somebody is offered first."""


def asking(
    command: Command,
    slash: str,
    actor: Actor,
    trigger_id: str,
    *,
    response_url: str,
    key: str,
    given: Mapping[str, str] = MappingProxyType({}),
) -> NewRow:
    """A form for somebody who named the command without its arguments; ``given`` are those that are known already."""
    known = {"given": dict(given), "values": dict(given)}
    asked = {"command": command.name, "slash": slash, "actor": actor, "trigger_id": trigger_id}
    form = Form.model_validate({**asked, "response_url": response_url, **known})
    return NewRow(kind=KIND, key=key, state=FormState.OPENING, body=as_json(form), group=actor.user)


def open_in_time(world: World, row: Row, lease: Lease, trigger_id: str, shown: view.View) -> str:
    """Open a modal; its id. Raises ConflictError when its three seconds are over, UpstreamError."""
    if world.clock.now() - row.created_at > TRIGGER_SECONDS:
        raise ConflictError("Slack gives three seconds to open a form, and I was too late.")
    lease.before_effect()
    return world.chat.open_view(trigger_id, shown)


def open_once(world: World, row: Row, lease: Lease, trigger_id: str, shown: view.View) -> str:
    """Open a modal that nobody looks after; what to tell the person where an attempt before may have opened it.

    Raises ConflictError when the first attempt came too late, UpstreamError.
    """
    try:
        open_in_time(world, row, lease, trigger_id, shown)
    except ConflictError as error:
        if row.attempts == 1:
            raise
        return f"{error.message} If no form is in front of you,"
    return ""


class Forms(Machine):
    """The machine of forms."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def patience(self, row: Row) -> int:
        """Short, since somebody sits before it."""
        return PATIENCE_OF_PEOPLE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Open the form, or bring what it offers up to date with what was chosen."""
        form = Form.model_validate(row.body)
        consumed = tuple(signal.number for signal in signals)
        over = any(signal.name in (CLOSED, SUBMITTED) for signal in signals)
        if row.state == FormState.DONE or over:
            return Step(FormState.DONE, None, as_json(form), consumed=consumed)
        if row.state == FormState.OPENING:
            return self._open(row, form, lease)
        chosen = [signal for signal in signals if signal.name == CHOSEN]
        if chosen:
            return self._choose(row, form, chosen[-1].payload, consumed)
        return self._read(row, form) if form.reads else Step(FormState.OPEN, None, as_json(form), consumed=consumed)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Whoever wanted the form is told how to type the command instead."""
        form = Form.model_validate(row.body)
        consumed = tuple(signal.number for signal in signals)
        log.warning("a form could not be shown", extra={"row": row.id, "error": error.message})
        after = FormState.DONE if row.state == FormState.OPENING else FormState(row.state)
        # Without a target the next choice tries again.
        stopped = form.model_copy(update={"target": "", "reads": False})
        return Step(after, None, as_json(stopped), consumed=consumed, new=(self._instead(row, form, error.message),))

    def _instead(self, row: Row, form: Form, said: str) -> NewRow:
        command = self._world.commands[form.command]
        catalog = self._world.catalog
        order = likely(catalog, self._world.recent.lately(form.actor.user), lambda aim: aim.system in form.here)
        where = target(form, command, catalog) or sample(command, order)
        example = next(iter(examples(command, where, catalog)), "")
        told = sentence(said, f"Type it in one line. {arguments.hint(command, form.slash, example)}")
        key, actor = f"form:{row.id}:{row.epoch}", form.actor
        return whisper(
            *(key, actor.channel, actor.user, told), response_url=form.response_url, thread_ts=actor.thread_ts
        )

    def _open(self, row: Row, form: Form, lease: Lease) -> Step:
        form = self._first(form)
        try:
            view_id = open_in_time(self._world, row, lease, form.trigger_id, self._view(row, form))
        except ConflictError as error:
            if row.attempts == 1:
                raise
            # The attempt before may have opened it and died: then it is used as it is and tells its id by itself.
            said = self._instead(row, form, f"{error.message} If no form is in front of you:")
            return Step(FormState.OPEN, None, as_json(form), new=(said,))
        return self._aimed(form.model_copy(update={"view_id": view_id}))

    def _first(self, form: Form) -> Form:
        """What comes first in its menus stays as it is while it is open: a menu that changed would be another one."""
        catalog, actor = self._world.catalog, form.actor
        keys = self._world.recent.lately(actor.user)
        mine = [aim for aim in map(catalog.target, keys) if aim is not None][:MOST_LATELY]
        lately = tuple(dict.fromkeys(f"{aim.system}/{aim.name}" for aim in mine))
        reads = {"here": lambda: tuple({aim.system: aim for aim in catalog.targets if self._is_here(aim, actor)})}
        here = self._world.gather(reads, seconds=HERE_SECONDS)["here"]
        return form.model_copy(update={"lately": lately, "here": () if isinstance(here, Exception) else here})

    def _is_here(self, aim: Target, actor: Actor) -> bool:
        return is_here(aim, actor.channel, self._world)

    def _aimed(self, form: Form) -> Step:
        """What was given may name the target already: then its suggestions are read at once."""
        command = self._world.commands[form.command]
        aim = target(form, command, self._world.catalog) if command.suggest else None
        aimed = form.model_copy(update={"target": aim.key, "reads": True}) if aim else form
        return Step(FormState.OPEN, 0.0 if aim else None, as_json(aimed))

    def _choose(self, row: Row, form: Form, payload: Mapping[str, Any], consumed: tuple[int, ...]) -> Step:
        command = self._world.commands[form.command]
        values = {str(name): str(value) for name, value in payload["values"].items()}
        others = (name for name, value in values.items() if value == OTHER)
        now = form.model_copy(update={"view_id": str(payload["view_id"]), "values": values})
        aim = target(now, command, self._world.catalog) if command.suggest else None
        key = aim.key if aim else ""
        if key != form.target:
            now = now.model_copy(update={"target": key, "offers": {}, "reads": bool(key), "typed": ()})
        else:
            now = now.model_copy(update={"typed": tuple(dict.fromkeys((*form.typed, *others)))})
        return self._show(row, form, now, consumed)

    def _show(self, row: Row, before: Form, form: Form, consumed: tuple[int, ...]) -> Step:
        shown = self._view(row, form)
        if shown != self._view(row, before) and not self._world.chat.update_view(form.view_id, shown):
            return Step(FormState.DONE, None, as_json(form), consumed=consumed)
        return Step(FormState.OPEN, 0.0 if form.reads else None, as_json(form), consumed=consumed)

    def _read(self, row: Row, form: Form) -> Step:
        command, aim = self._world.commands[form.command], self._world.catalog.target(form.target)
        offers = self._offers(form, command, aim) if aim else {}
        if self._store.pending(row.id):
            # Something else was chosen meanwhile; showing what was read for the choice before would undo it.
            return Step(FormState.OPEN, 0.0, as_json(form))
        return self._show(row, form, form.model_copy(update={"offers": offers, "reads": False}), ())

    def _offers(self, form: Form, command: Command, aim: Target) -> dict[str, Offer]:
        person = replace(self._world.chat.person(form.actor.user), channel=form.actor.channel)
        if not self._world.may(person, command.action, aim):
            what = authz.IN_WORDS.get(command.action, command.action)
            reason = f"You may not {what} in {aim.system} {aim.environment}."
            return dict.fromkeys(command.suggest, Offer(reason=reason))
        reads: dict[str, Callable[[], tuple[Suggestion, ...]]] = {
            name: partial(suggest, aim, self._world) for name, suggest in command.suggest.items()
        }
        found = self._world.gather(reads, seconds=SUGGEST_SECONDS)
        return {name: _offer(value) for name, value in found.items()}

    def _view(self, row: Row, form: Form) -> view.View:
        command = self._world.commands[form.command]
        metadata = {
            "form": row.id,
            "command": form.command,
            "slash": form.slash,
            "channel": form.actor.channel,
            "thread": form.actor.thread_ts,
            "about": str(form.actor.about),
            "url": form.response_url,
        }
        changes = not command.may_ask
        calm = " Nothing happens before you confirm the plan." if changes else ""
        return view.form(
            *(command.name.capitalize(), f"{command.summary}.{calm}", blanks(form, command, self._world.catalog)),
            metadata,
            submit="Show the plan" if changes else "Go ahead",
        )


def _offer(found: tuple[Suggestion, ...] | Exception) -> Offer:
    if isinstance(found, tuple):
        return Offer(suggestions=found)
    if isinstance(found, TimeoutError):
        return Offer(reason="AWS did not answer in time.")
    if isinstance(found, BotError):
        return Offer(reason=str(found))
    log.error("suggestions could not be read", exc_info=found)
    return Offer(reason="Looking went wrong inside the bot; it is in the log.")
