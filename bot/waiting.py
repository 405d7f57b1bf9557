"""What somebody reads who asked, where there is no answer yet: a question of AWS may take ten seconds.

Slack lets nobody bring what a command's response_url showed up to date
(https://github.com/slackapi/bolt-js/issues/2287), so that a quick answer comes without it, and a slow one below it.
"""

from __future__ import annotations

from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.operation import Operation, State
from bot.ports import Message, World
from bot.posts import whisper
from bot.rows import NewRow, Received, Row, Step, Store
from bot.views import blocks as b

KIND = "waiting"
OWED, OVER = "owed", "over"
PATIENCE = 1.5
"""Seconds that somebody waits without a word."""


def waiting(asked: Row) -> NewRow:
    """A word that is owed to whoever asked, unless there is an answer by then."""
    due = asked.created_at + PATIENCE
    return NewRow(kind=KIND, key=asked.id, state=OWED, body={}, due_at=due, group=asked.group)


class Waiting(Machine):
    """The machine of such words."""

    kind = KIND
    is_urgent = True

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Say it while nothing else was said."""
        asked = self._store.get(row.key)
        if row.state != OWED or asked is None or asked.state != State.RECEIVED:
            return Step(OVER, None, {})
        return Step(OVER, None, {}, new=(self._said(asked.id, Operation.model_validate(asked.body)),))

    def _said(self, operation_id: str, operation: Operation) -> NewRow:
        target = self._world.catalog.target(operation.target) if operation.target else None
        what = f"{operation.command} of {b.esc(target.label)}" if target is not None else operation.command
        actor, said = operation.actor, Message(text=f":hourglass_flowing_sand: Looking: {what} …")
        return whisper(
            *(f"op:{operation_id}:looking", actor.channel, actor.user, said),
            response_url=operation.response_url,
            thread_ts=actor.thread_ts,
        )

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """The answer comes all the same."""
        return Step(OVER, None, {})
