"""What an operation says in Slack: its one card, the reply at its end, and whispers."""

from __future__ import annotations

from dataclasses import dataclass

from bot.command import Command
from bot.engine import Lease
from bot.errors import BotError, ConflictError
from bot.operation import Operation, State, card_key
from bot.ports import World
from bot.posts import post, whisper
from bot.rows import NewRow, Received, Row
from bot.views import operation as view

CONFIRM, CANCEL = "confirm", "cancel"


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

    def card(self, row_id: str, operation: Operation, state: State, now: float) -> NewRow:
        """The operation's one message as it stands now."""
        target = self._world.catalog.target(operation.target)
        shown = view.card(row_id, operation, state, now, production=bool(target and target.production))
        return post(card_key(row_id), operation.channel, shown)

    def ending(self, row_id: str, operation: Operation, state: State, now: float) -> tuple[NewRow, ...]:
        """The card, and the reply that mentions the asker."""
        reply = view.outcome(operation, state)
        said = post(f"op:{row_id}:outcome", operation.channel, reply, thread_key=card_key(row_id))
        return (self.card(row_id, operation, state, now), said)

    def whisper(self, row_id: str, operation: Operation, user: str, mark: str, error: BotError) -> NewRow:
        """A sentence for one person; ``mark`` tells whispers of one operation apart."""
        mine = user == operation.actor.user and operation.plan is None
        channel = operation.actor.channel if mine or not operation.channel else operation.channel
        return whisper(
            *(f"op:{row_id}:whisper:{mark}", channel, user, view.sentence(error.message, error.hint)),
            response_url=operation.response_url if mine else "",
        )

    def late_cancels(self, at: At) -> tuple[NewRow, ...]:
        """An answer to everybody who pressed Cancel when it was too late."""
        late = ConflictError("Too late to cancel: it is under way.", hint="Its message shows how it goes.")
        return tuple(
            self.whisper(at.row.id, at.operation, str(signal.payload.get("user", "")), str(signal.number), late)
            for signal in at.signals
            if signal.name == CANCEL
        )
