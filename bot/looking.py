"""Answers of commands that only read: whoever asked is told, and nobody else until they share it.

An answer that takes several looks is told as far as it is known, at moments that Slack and people can bear. What is
live is one message in the asker's conversation with the bot, since Slack lets nobody bring a whisper up to date.
"""

from __future__ import annotations

from bot.command import Plan
from bot.domain import as_json
from bot.errors import BotError, ConflictError, UpstreamError
from bot.operation import Operation, State
from bot.pictures import picture
from bot.planning import Planner
from bot.ports import Message, World
from bot.posts import post, whisper
from bot.rows import NewRow, Row, Step
from bot.sayings import ANSWER, CANCEL, At, Sayings
from bot.views import answer as view
from bot.views.blocks import esc

TOLD_AFTER = (1.5, 15.0, 45.0, 120.0, 300.0)
"""Seconds after which somebody who waits for an answer is told how far it is."""
MISSED_SECONDS, MOST_MISSED = 2.0, 8
"""Between two looks when one did not succeed, and how many may fail one after the other."""


def live_key(operation_id: str) -> str:
    """Key of the one message of an answer that is live."""
    return f"op:{operation_id}:live"


class Looking:
    """The transition of the state looking, and what leads there."""

    def __init__(self, world: World, planner: Planner, say: Sayings) -> None:
        self._world = world
        self._planner = planner
        self._say = say

    def answered(self, at: At, operation: Operation, plan: Plan) -> Step:
        """Nothing is to be changed: whoever asked is told, now or when the answer is finished."""
        if operation.unattended:
            note = f"What I was to do by myself, {operation.command}, is not needed: {plan.answer_text or plan.title}"
            return self._done(at, operation, (self._say.alone(at.row.id, operation, note),))
        if plan.goes_on:
            return self._on(at, operation, plan)
        if plan.live:
            told: list[NewRow] = [self._shown(at.row.id, operation, view.answer(at.row.id, plan))]
        else:
            told = [self._whisper(at.row.id, operation, "answer", view.answer(at.row.id, plan))]
        if plan.picture is not None:
            told.append(picture(at.row.id, operation.actor, plan.picture))
        return self._done(at, operation, tuple(told))

    def looking(self, at: At) -> Step:
        """Look again, with what was pressed meanwhile; whoever asked may end it."""
        operation, plan = at.operation, at.operation.plan
        if plan is None or any(signal.name == CANCEL for signal in at.signals):
            return self._stopped(at, operation)
        pressed = tuple(
            f"{signal.payload.get('answer', '')}:{signal.payload.get('value', '')}"
            for signal in at.signals
            if signal.name == ANSWER
        )
        try:
            fresh = self._planner.more(at.command, operation, plan.model_copy(update={"pressed": pressed}))
        except UpstreamError as error:
            # What goes on in AWS goes on whether or not one look at it succeeds.
            if not error.retryable or operation.missed >= MOST_MISSED:
                raise
            missed = operation.model_copy(update={"missed": operation.missed + 1})
            return Step(State.LOOKING, at.now + MISSED_SECONDS, as_json(missed))
        fresh = fresh.model_copy(update={"pressed": ()})
        return self.answered(at, operation.model_copy(update={"plan": fresh, "missed": 0}), fresh)

    def given_up(self, row: Row, operation: Operation, error: BotError, consumed: tuple[int, ...]) -> Step:
        """What was begun in AWS is ended there, and whoever waits is told."""
        left = self._stop(operation)
        told = BotError(error.message, hint=f"{error.hint} {left}".strip())
        said = self._say.whisper(row.id, operation, operation.actor.user, str(row.epoch), told)
        if operation.plan is not None and operation.plan.live:
            operation, said = self._ended(row.id, operation, f"It has ended: {error}")
        return Step(State.REFUSED, None, as_json(operation), consumed=consumed, new=(said,))

    def _on(self, at: At, operation: Operation, plan: Plan) -> Step:
        told: tuple[NewRow, ...] = ()
        message = view.unfinished(at.row.id, plan)
        if plan.live:
            told = (self._shown(at.row.id, operation, message), *self._where(at.row.id, operation))
        else:
            due = sum(1 for after in TOLD_AFTER if at.now - at.row.created_at >= after)
            if due > operation.told:
                told = (self._whisper(at.row.id, operation, f"so-far:{due}", message),)
                operation = operation.model_copy(update={"told": due})
        body = as_json(operation)
        return Step(State.LOOKING, at.now + plan.goes_on, body, consumed=at.consumed, new=told)

    def _stopped(self, at: At, operation: Operation) -> Step:
        """What was found until then stays with whoever asked."""
        left = self._stop(operation)
        operation = operation.model_copy(update={"ended_at": at.now})
        if operation.plan is None or not operation.plan.live:
            text = f"I look no more. {esc(left)}" if left else "stopped; nothing goes on in AWS."
            said = Message(text=f"{self._say.asked(operation)}: {text}")
            told = self._whisper(at.row.id, operation, "stopped", said)
        else:
            operation, told = self._ended(at.row.id, operation)
        return Step(State.CANCELLED, None, as_json(operation), consumed=at.consumed, new=(told,))

    def _ended(self, row_id: str, operation: Operation, why: str = "") -> tuple[Operation, NewRow]:
        """What was live, without what could be pressed while it was."""
        plan = operation.plan
        if plan is None:
            raise ConflictError("This operation has no plan any more.", hint="Ask again.")
        told = self._shown(row_id, operation, view.ended(row_id, plan, why))
        kept = plan.model_copy(update={"answer": plan.at_end or plan.answer})
        return operation.model_copy(update={"plan": kept}), told

    def _stop(self, operation: Operation) -> str:
        command = self._world.commands[operation.command]
        if command.stop is None or operation.plan is None:
            return ""
        return command.stop(operation.plan, self._world)

    def _done(self, at: At, operation: Operation, told: tuple[NewRow, ...]) -> Step:
        return Step(State.DONE, None, as_json(operation), consumed=at.consumed, new=told)

    def _shown(self, row_id: str, operation: Operation, message: Message) -> NewRow:
        return post(live_key(row_id), operation.actor.user, message)

    def _where(self, row_id: str, operation: Operation) -> tuple[NewRow, ...]:
        """Where it is to be seen, for somebody who asked elsewhere."""
        if operation.actor.channel == operation.actor.user:
            return ()
        said = Message(text="It is in your conversation with me:")
        return (self._whisper(row_id, operation, "where", said, link=live_key(row_id)),)

    def _whisper(self, row_id: str, operation: Operation, mark: str, message: Message, *, link: str = "") -> NewRow:
        actor = operation.actor
        # A response_url takes five answers in half an hour: the last is worth one.
        url = operation.response_url if mark == "answer" else ""
        key = f"op:{row_id}:{mark}"
        return whisper(
            *(key, actor.channel, actor.user, message), response_url=url, thread_ts=actor.thread_ts, link=link
        )
