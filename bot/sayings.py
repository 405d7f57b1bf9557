"""What an operation says in Slack: its one card, the reply at its end, and whispers."""

from __future__ import annotations

from dataclasses import dataclass

from bot.command import Command
from bot.engine import Lease
from bot.errors import BotError, ConflictError
from bot.masks import masked, masker
from bot.operation import Operation, State, card_key
from bot.ports import Message, World
from bot.posts import post, whisper
from bot.rows import NewRow, Received, Row
from bot.settings.models import Approvals
from bot.views import blocks as b
from bot.views import operation as view

CONFIRM, CANCEL, APPROVE, DECLINE = "confirm", "cancel", "approve", "decline"
TICK, OVERRIDE, EMERGENCY, ANSWER = "tick", "override", "emergency", "answer"
TAKE_OVER, WITHDRAW = "take_over", "withdraw"
"""Names of signals to an operation; those that buttons give are also the last part of the buttons' action ids."""


@dataclass(frozen=True)
class At:
    """One claimed operation: its row, its body, the signals, the lease and the command it runs."""

    row: Row
    operation: Operation
    signals: tuple[Received, ...]
    lease: Lease
    command: Command
    now: float

    @property
    def consumed(self) -> tuple[int, ...]:
        """Numbers of all signals at hand."""
        return tuple(signal.number for signal in self.signals)


class Sayings:
    """Turns operations into posts; owes nothing by itself."""

    def __init__(self, world: World) -> None:
        self._world = world

    def card(
        self, row_id: str, operation: Operation, state: State, now: float, *, approvals: Approvals | None = None
    ) -> NewRow:
        """The operation's one message as it stands now; ``approvals`` is the rule it waits for."""
        target = self._world.catalog.target(operation.target) if operation.target else None
        shown = view.card(row_id, operation, state, now, target=target, approvals=approvals)
        return post(card_key(row_id), operation.channel, shown)

    def reply(self, row_id: str, operation: Operation, mark: str, message: Message) -> NewRow:
        """A message in the thread of the card; ``mark`` tells replies of one operation apart."""
        return post(f"op:{row_id}:{mark}", operation.channel, message, thread_key=card_key(row_id))

    def alone(self, row_id: str, operation: Operation, text: str) -> NewRow:
        """A message in the channel about what the bot was to do by itself and did not."""
        return post(f"op:{row_id}:alone", operation.channel, view.alone(operation, text))

    def asks_for_approval(self, at: At, operation: Operation, rule: Approvals, groups: tuple[str, ...]) -> NewRow:
        """The reply that calls those who may approve."""
        mark = f"approve:{at.row.epoch}"
        return self.reply(at.row.id, operation, mark, view.asks_for_approval(operation, rule, groups))

    def notice(self, at: At, operation: Operation) -> NewRow:
        """The announcement, in the channel itself, of a change that begins later."""
        return post(f"op:{at.row.id}:notice", operation.channel, view.notice(operation))

    def emergency(self, at: At, operation: Operation) -> NewRow:
        """The announcement, in the channel itself, that a freeze or window is not kept."""
        return post(f"op:{at.row.id}:emergency", operation.channel, view.emergency(operation))

    def ending(self, row_id: str, operation: Operation, state: State, now: float) -> tuple[NewRow, ...]:
        """The card, and the reply that mentions the asker."""
        reply = view.outcome(operation, state)
        said = post(f"op:{row_id}:outcome", operation.channel, reply, thread_key=card_key(row_id))
        return (self.card(row_id, operation, state, now), said)

    def whisper(self, row_id: str, operation: Operation, user: str, mark: str, error: BotError) -> NewRow:
        """A sentence for one person; ``mark`` tells whispers of one operation apart.

        What changes something has its card in the service's channel; whoever only asked is told where they asked.
        """
        has_card = operation.plan is not None and operation.plan.changes_anything
        mine = user == operation.actor.user and not has_card
        channel = operation.actor.channel if mine or not operation.channel else operation.channel
        about = self.asked(operation) if mine else ""
        return whisper(
            *(f"op:{row_id}:whisper:{mark}", channel, user, view.sentence(error.message, error.hint, about=about)),
            response_url=operation.response_url if mine else "",
            thread_ts=operation.actor.thread_ts if mine else "",
        )

    def asked(self, operation: Operation) -> str:
        """What was typed, as code, for answers that Slack shows without it: ``/logs bi/api production timeout``."""
        name, slash = operation.command, self._world.slash
        words = [slash[name]] if name in slash else [slash["ops"], name]
        words += [str(each) for each in operation.args.values() if each not in (None, "", False)]
        target = self._world.catalog.target(operation.target) if operation.target else None
        system = self._world.catalog.system(target.system) if target else None
        return b.code("/" + masked(" ".join(words), masker(system.logs.masked if system else ())))

    def answer(self, at: At, signal: Received, error: BotError) -> NewRow:
        """A sentence for whoever pressed what could not be done."""
        user = str(signal.payload.get("user", ""))
        return self.whisper(at.row.id, at.operation, user, str(signal.number), error)

    def late_cancels(self, at: At) -> tuple[NewRow, ...]:
        """An answer to everybody who pressed a button of the plan when it was too late."""
        late = ConflictError(
            "Too late for that: it is under way.", hint=f"/{self._world.slash['ops']} cancel stops it."
        )
        return tuple(
            self.answer(at, signal, late) for signal in at.signals if signal.name not in (TAKE_OVER, WITHDRAW, ANSWER)
        )
