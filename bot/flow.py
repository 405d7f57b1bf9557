"""The one road's entrance: parse what was typed, find what it names, store it, and only then say yes.

Nothing here waits for Slack or AWS, so that an acknowledgement takes well under Slack's three seconds; who may
do what is decided on the road, where groups can be looked up.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel

from bot import arguments
from bot.arguments import HELP
from bot.catalog import Catalog
from bot.command import Command
from bot.domain import Actor, Target, as_json
from bot.engine import Engine
from bot.errors import BotError, UsageError
from bot.examples import examples, fits, likely, sample
from bot.forms import asking
from bot.nearby import filled, told_apart
from bot.operation import KIND, State, request
from bot.ports import Message
from bot.rows import NewRow, Signal
from bot.sayings import ANSWER, APPROVE, CANCEL, CONFIRM, DECLINE, TICK
from bot.views import operation as view

UMBRELLA = "ops"


class Flow:
    """Takes typed commands and pressed buttons in."""

    def __init__(
        self,
        engine: Engine,
        catalog: Catalog,
        commands: Mapping[str, Command],
        slash: Mapping[str, str],
        lately: Callable[[str], Sequence[str]] = lambda user: (),
        is_here: Callable[[Target, str], bool] = lambda target, channel: target.channel == channel,
    ):
        self._engine = engine
        self._lately = lately
        self._is_here = is_here
        self._catalog = catalog
        self._commands = commands
        self._slash = slash
        self._by_slash = {registered: name for name, registered in slash.items()}

    def receive(
        self,
        slash: str,
        text: str,
        actor: Actor,
        *,
        response_url: str = "",
        key: str = "",
        trigger_id: str = "",
        asks: bool = False,
        near: str = "",
    ) -> Message | None:
        """Store a typed command; None means it is on its way, a message says at once what is wrong with it.

        Where nothing was typed that it cannot do without, and there is a trigger to open one with, a form asks for it;
        with ``asks`` also for what else is missing, since nobody types after a button. ``near`` is the key of the
        service whose incident the talk is about.
        """
        key = key or secrets.token_hex(8)
        try:
            command, typed, shown_as = self._command(slash, arguments.words(text))
            here = self._catalog.target(near) if near else None
            typed = filled(command, typed, here, self._catalog) if here is not None else typed
            typed = told_apart(command, typed, self._catalog, lambda target: self._is_here(target, actor.channel))
            if trigger_id and (asks or not typed) and arguments.lacking(command, typed):
                given = dict(zip(command.args.model_fields, typed, strict=False))
                form = asking(command, shown_as, actor, trigger_id, response_url=response_url, key=key, given=given)
                self._engine.add(form, safe=False)
                return None
            args = self._parsed(command, shown_as, typed, actor, here)
            self._take(command, args, actor, response_url=response_url, key=key)
        except BotError as error:
            return view.sentence(error.message, error.hint)
        return None

    def fill_in(self, name: str, actor: Actor, *, response_url: str, key: str, trigger_id: str) -> Message | None:
        """Open the form of a command, also of one that could do without; a message where there is none to open."""
        command = self._commands.get(name)
        if command is None or not command.args.model_fields:
            return view.sentence("This button is of another version of the bot.", "Type the command instead.")
        slash = self._slash.get(name) or f"{self._slash[UMBRELLA]} {name}"
        form = asking(command, slash, actor, trigger_id, response_url=response_url, key=key)
        self._engine.add(form, safe=False)
        return None

    def _parsed(self, command: Command, slash: str, typed: list[str], actor: Actor, near: Target | None) -> BaseModel:
        """The arguments that were typed. Raises UsageError with an example that would work for whoever typed them."""
        try:
            return arguments.parse(command, slash, typed)
        except UsageError as error:
            order = likely(self._catalog, self._lately(actor.user), lambda target: self._is_here(target, actor.channel))
            where = near if near is not None and fits(command, near) else sample(command, order)
            example = next(iter(examples(command, where, self._catalog)), "")
            raise UsageError(error.message, hint=arguments.hint(command, slash, example)) from error

    @property
    def names(self) -> list[str]:
        """The names of all commands."""
        return sorted(self._commands)

    def knows(self, text: str) -> bool:
        """Whether a text begins with a command."""
        word = next(iter(arguments.words(text)), "").lower().lstrip("/")
        return self._by_slash.get(word, word) in self._commands

    def command(self, name: str) -> Command:
        """The command of that name."""
        return self._commands[name]

    def submit(self, command: Command, given: Mapping[str, str], actor: Actor, *, response_url: str, key: str) -> None:
        """Store a command whose arguments a form collected; they are known to fit. Raises BotError."""
        args = command.args.model_validate(dict(given))
        self._take(command, args, actor, response_url=response_url, key=key)

    def _take(self, command: Command, args: BaseModel, actor: Actor, *, response_url: str, key: str) -> None:
        target = command.target(args, self._catalog) if command.target else None
        operation = request(command, as_json(args), actor, target, response_url=response_url)
        row = NewRow(
            kind=KIND,
            key=key,
            state=State.RECEIVED,
            body=as_json(operation),
            group=target.key if target else "",
        )
        self._engine.add(row, safe=False)

    def _command(self, slash: str, typed: list[str]) -> tuple[Command, list[str], str]:
        name = self._by_slash.get(slash, "")
        if name and name != UMBRELLA:
            return self._commands[name], typed, slash
        if not typed:
            return self._commands[HELP], [], f"{slash} {HELP}"
        word = typed[0].lower().lstrip("/")
        name = self._by_slash.get(word, word)
        if name not in self._commands:
            known = sorted(self._commands)
            raise UsageError(
                f"There is no command “{typed[0]}”.{arguments.nearest(word, known)}",
                hint=f"I know: {', '.join(known)}.",
            )
        return self._commands[name], typed[1:], f"{slash} {word}"

    def press(self, action_id: str, value: str, actor: Actor, *, key: str) -> Message | None:
        """A button of an operation's card was pressed; a message when there is no such operation any more.

        ``value`` is what the button carries: the operation, and for most the plan, the tick marks or the answer.
        """
        operation_id, _, carried = value.partition(":")
        said = action_id.removeprefix(view.PREFIX).partition(":")[0]
        payload: dict[str, object] = {"user": actor.user}
        if said in (CONFIRM, APPROVE):
            payload["plan"] = carried
        elif said == TICK:
            payload["ticked"] = [int(number) for number in carried.split(",") if number.isdecimal()]
        elif said == ANSWER:
            payload["answer"], _, payload["value"] = carried.partition(":")
        elif said not in (CANCEL, DECLINE):
            return view.sentence("This button is of another version of the bot.", "Ask for a fresh plan.")
        if self._engine.signal(operation_id, Signal(said, payload, key=key)) or self._engine.knows(operation_id):
            return None
        return view.sentence("I no longer have this operation.", "It is too old; ask for a fresh plan.")
