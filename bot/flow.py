"""The one road's entrance: parse what was typed, find what it names, store it, and only then say yes.

Nothing here waits for Slack or AWS, so that an acknowledgement takes well under Slack's three seconds; who may
do what is decided on the road, where groups can be looked up.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from bot import arguments
from bot.catalog import Catalog
from bot.command import Command
from bot.domain import Actor, as_json
from bot.engine import Engine
from bot.errors import BotError, UsageError
from bot.operation import KIND, State, request
from bot.ports import Message
from bot.rows import NewRow, Signal
from bot.sayings import ANSWER, APPROVE, CANCEL, CONFIRM, DECLINE, TICK
from bot.views import operation as view

UMBRELLA = "ops"
HELP = "help"


class Flow:
    """Takes typed commands and pressed buttons in."""

    def __init__(self, engine: Engine, catalog: Catalog, commands: Mapping[str, Command], slash: Mapping[str, str]):
        self._engine = engine
        self._catalog = catalog
        self._commands = commands
        self._slash = slash
        self._by_slash = {registered: name for name, registered in slash.items()}

    def receive(self, slash: str, text: str, actor: Actor, *, response_url: str = "", key: str = "") -> Message | None:
        """Store a typed command; None means it is on its way, a message says at once what is wrong with it."""
        try:
            command, typed, shown_as = self._command(slash, arguments.words(text))
            args = arguments.parse(command, shown_as, typed)
            target = command.target(args, self._catalog) if command.target else None
        except BotError as error:
            return view.sentence(error.message, error.hint)
        operation = request(command, as_json(args), actor, target, response_url=response_url)
        row = NewRow(
            kind=KIND,
            key=key or secrets.token_hex(8),
            state=State.RECEIVED,
            body=as_json(operation),
            group=target.key if target else "",
        )
        self._engine.add(row, safe=False)
        return None

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
