"""What people do in modals, taken in before Slack's three seconds are over: nothing here waits for Slack or AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import arguments, forms
from bot.command import Command
from bot.domain import Actor
from bot.engine import Engine
from bot.errors import BotError
from bot.flow import Flow
from bot.form import OTHER, SERVICE, joined
from bot.ports import Message
from bot.prompts import PHRASE, REASON, Asks, prompting
from bot.rows import Signal
from bot.sayings import CONFIRM
from bot.views import forms as view
from bot.views.operation import sentence

SHORTEST_REASON = 5
STALE = "This form is of another version of the bot. Close it and ask again."


class Submissions:
    """Hands forms to the road, and what prompts asked for to the operations."""

    def __init__(self, engine: Engine, flow: Flow, commands: Mapping[str, Command]) -> None:
        self._engine = engine
        self._flow = flow
        self._commands = commands

    def submit(self, shown: Mapping[str, Any], actor: Actor) -> dict[str, str] | None:
        """A modal was submitted; None closes it, sentences by block id are shown in it."""
        held = view.carried(shown)
        if shown.get("callback_id") == view.PROMPT:
            wrong = self._decide(shown, held, actor)
        elif held.get("command") in self._commands:
            wrong = self._run(shown, held, actor)
        else:
            wrong = {"": STALE}
        return view.errors(shown, wrong) if wrong else None

    def act(self, shown: Mapping[str, Any], actor: Actor, *, key: str) -> None:
        """Something was chosen in a form that is open."""
        values = {name: entry.value for name, entry in view.entered(shown).items()}
        signal = Signal(forms.CHOSEN, {"view_id": str(shown.get("id", "")), "values": values}, key=key)
        self._engine.signal(view.carried(shown).get("form", ""), signal)

    def close(self, shown: Mapping[str, Any]) -> None:
        """A form was closed without being submitted."""
        self._engine.signal(view.carried(shown).get("form", ""), Signal(forms.CLOSED))

    def prompt(
        self, action_id: str, value: str, actor: Actor, *, trigger_id: str, response_url: str, key: str
    ) -> Message | None:
        """A button that asks for a text was pressed; a message when there is nothing to ask about any more."""
        new = prompting(action_id, value, actor, trigger_id, response_url=response_url, key=key)
        if not self._engine.knows(new.group):
            return sentence("I no longer have this operation.", "It is too old; ask for a fresh plan.")
        self._engine.add(new, safe=False)
        return None

    def _run(self, shown: Mapping[str, Any], held: Mapping[str, str], actor: Actor) -> dict[str, str]:
        command = self._commands[held["command"]]
        values = {name: arguments.as_meant(entry.value) for name, entry in view.entered(shown).items()}
        given = {name: value for name, value in values.items() if value and value != OTHER}
        given = joined(command, given)
        wrong = arguments.mistakes(command, given)
        if wrong:
            return wrong
        there = {"channel": held.get("channel", ""), "thread_ts": held.get("thread", "")}
        asker = actor.model_copy(update={**there, "about": float(held.get("about") or 0.0)})
        try:
            self._flow.submit(
                command, given, asker, response_url=held.get("url", ""), key=f"view:{shown.get('id', '')}"
            )
        except BotError as error:
            return {SERVICE: str(error)}
        self._engine.signal(held.get("form", ""), Signal(forms.SUBMITTED))
        return {}

    def _decide(self, shown: Mapping[str, Any], held: Mapping[str, str], actor: Actor) -> dict[str, str]:
        if held.get("asks") not in list(Asks):
            return {"": STALE}
        asked = Asks(held["asks"])
        entries = view.entered(shown)
        field = PHRASE if asked is Asks.TYPED else REASON
        text = arguments.as_meant(entries[field].value) if field in entries else ""
        payload: dict[str, Any] = {"user": actor.user, "plan": held.get("plan", "")}
        if asked is Asks.TYPED:
            if text != held.get("phrase"):
                return {field: f"This is not it. Type exactly: {held.get('phrase', '')}"}
            signal = Signal(CONFIRM, payload | {"typed": text}, key=f"view:{shown.get('id', '')}")
        else:
            if len(text) < SHORTEST_REASON:
                return {field: "Say why, in a few words."}
            payload |= {"check": held.get("check", ""), "reason": text}
            signal = Signal(asked.value, payload, key=f"view:{shown.get('id', '')}")
        operation = held.get("operation", "")
        if self._engine.signal(operation, signal) or self._engine.knows(operation):
            return {}
        return {field: "I no longer have this operation; it is too old. Ask for a fresh plan."}
