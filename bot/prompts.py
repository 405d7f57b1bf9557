"""The small questions of an operation's card, asked in a modal: a reason, or a phrase to be typed.

A prompt is opened and forgotten; what is entered goes to the operation as a signal, which decides by itself who may.
"""

from __future__ import annotations

import logging
from enum import StrEnum

from bot.command import Plan
from bot.domain import Actor, Frozen, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError, ConflictError
from bot.form import FormState
from bot.forms import PATIENCE_OF_PEOPLE, open_once
from bot.operation import Operation
from bot.ports import World
from bot.posts import whisper
from bot.rows import NewRow, Received, Row, Step, Store
from bot.views import blocks as b
from bot.views import forms as view
from bot.views.operation import PREFIX, sentence

log = logging.getLogger("bot.prompts")

KIND = "prompt"


class Asks(StrEnum):
    """What a prompt asks for: the end of the action id of its button."""

    OVERRIDE = "override"
    EMERGENCY = "emergency"
    TYPED = "typed"


REASON, PHRASE = "reason", "phrase"
"""The one field of a prompt."""


class Prompt(Frozen):
    """The body of a prompt's row. ``plan`` is the beginning of the fingerprint of the plan the person saw."""

    asks: Asks
    operation: str
    plan: str
    check: str
    actor: Actor
    trigger_id: str
    response_url: str = ""


def asks(action_id: str) -> bool:
    """True for the buttons that open a prompt."""
    return action_id.startswith(PREFIX) and action_id.removeprefix(PREFIX).partition(":")[0] in list(Asks)


def prompting(action_id: str, value: str, actor: Actor, trigger_id: str, *, response_url: str, key: str) -> NewRow:
    """A prompt that is to be opened for whoever pressed; ``value`` is the operation, the plan and the check if any."""
    operation, _, rest = value.partition(":")
    plan, _, check = rest.partition(":")
    asked = Asks(action_id.removeprefix(PREFIX).partition(":")[0])
    prompt = Prompt(
        asks=asked,
        operation=operation,
        plan=plan,
        check=check,
        actor=actor,
        trigger_id=trigger_id,
        response_url=response_url,
    )
    return NewRow(kind=KIND, key=key, state=FormState.OPENING, body=as_json(prompt), group=operation)


class Prompts(Machine):
    """The machine of prompts."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def patience(self, row: Row) -> int:
        """Short, since somebody sits before it."""
        return PATIENCE_OF_PEOPLE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Open it."""
        prompt = Prompt.model_validate(row.body)
        operation = self._store.get(prompt.operation)
        plan = Operation.model_validate(operation.body).plan if operation else None
        if plan is None:
            raise ConflictError("I no longer have this operation.", hint="It is too old; ask for a fresh plan.")
        unsure = open_once(self._world, row, lease, prompt.trigger_id, shown(prompt, plan))
        said = (self._told(row, prompt, f"{unsure} press the button again."),) if unsure else ()
        return Step(FormState.DONE, None, as_json(prompt), new=said)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Whoever pressed is told, and may press again."""
        prompt = Prompt.model_validate(row.body)
        said = self._told(row, prompt, error.message, error.hint or "Press the button again.")
        return Step(FormState.DONE, None, as_json(prompt), new=(said,))

    def _told(self, row: Row, prompt: Prompt, said: str, hint: str = "") -> NewRow:
        actor = prompt.actor
        told = sentence(said, hint)
        return whisper(
            *(f"prompt:{row.id}", actor.channel, actor.user, told),
            response_url=prompt.response_url,
            thread_ts=actor.thread_ts,
        )


def shown(prompt: Prompt, plan: Plan) -> view.View:
    """The view of a prompt."""
    metadata = {
        "asks": prompt.asks.value,
        "operation": prompt.operation,
        "plan": prompt.plan,
        "check": prompt.check,
        "phrase": plan.phrase if prompt.asks is Asks.TYPED else "",
    }
    if prompt.asks is Asks.TYPED:
        lines = [f"*{b.esc(plan.title)}*", f"To confirm, type exactly {b.code(plan.phrase)}"]
        return view.prompt("Confirm", lines, PHRASE, "What I am to do", metadata, submit="Confirm", long=False)
    check = next((each for each in plan.checks if each.name == prompt.check), None)
    lines = [f"*{b.esc(plan.title)}*"]
    if check is not None:
        lines.append(f":no_entry: {b.esc(check.name)}: {b.esc(check.detail, 1000)}")
    if prompt.asks is Asks.OVERRIDE:
        lines.append("It is recorded that you went on in spite of this, and why.")
        return view.prompt("Override", lines, REASON, REASON, metadata, submit="Override", long=True)
    lines.append("A second person has to agree, and it is announced in the channel with your reason.")
    return view.prompt("Emergency", lines, REASON, REASON, metadata, submit="Declare it", long=True)
