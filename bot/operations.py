"""The states of an operation: received → proposed → approving → approved → running → settling → soaking → done.

Every change takes this one road; no command performs its steps, so none can skip one. Each transition has at
most one effect on the world, looked up by its key when an earlier attempt may have had it.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.approving import Approving
from bot.beginning import PATIENT_SECONDS, undecided
from bot.command import Plan
from bot.domain import as_json
from bot.ending import Ending, left_behind
from bot.engine import Lease, Machine
from bot.errors import BotError, ConflictError, UpstreamError
from bot.looking import Looking
from bot.operation import KIND, WAITING, Operation, State, card_key
from bot.planning import LEAST_SECONDS, PLAN_SECONDS, Planner, short
from bot.ports import Message, World
from bot.posts import whisper
from bot.proposing import Proposing
from bot.rows import LockHeldError, NewRow, Received, Row, Step, Store
from bot.sayings import At, Sayings
from bot.settings.models import AccessConfig, Timings
from bot.settling import Settling
from bot.views import answer as answers
from bot.views import operation as view
from bot.waiting import waiting

PATIENCE_OF_PEOPLE = 3
"""Attempts at what a person waits for; then they are told, and may press again."""
PATIENCE_OF_THE_BOT = 1500
"""Attempts at what the bot owes by itself: about a day. Throttling is likeliest in the very hour that it is for."""


class Operations(Machine):
    """The machine of operations."""

    kind = KIND

    def __init__(self, store: Store, world: World, access: AccessConfig, timings: Timings) -> None:
        self._store = store
        self._world = world
        self._access = access
        self._timings = timings
        self._say = Sayings(world)
        self._planner = Planner(world, access)
        self._looking = Looking(world, self._planner, self._say)
        self._settling = Settling(store, world, access, timings)
        self._ending = Ending(store, world, timings)
        self._proposing = Proposing(store, world, access, timings, self._planner, self._say)
        self._approving = Approving(store, world, access, timings, self._planner, self._say)
        self._states: dict[State, Callable[[At], Step]] = {
            State.RECEIVED: self._received,
            State.LOOKING: self._looking.looking,
            State.PROPOSED: self._proposing.proposed,
            State.APPROVING: self._approving.approving,
            State.APPROVED: self._approving.approved,
            State.RUNNING: self._settling.running,
            State.SETTLING: self._settling.settling,
            State.SOAKING: self._ending.soaking,
        }

    def patience(self, row: Row) -> int:
        """Short while somebody waits for a plan or a confirmation, long once the world is being changed."""
        if row.body.get("unattended"):
            return PATIENCE_OF_THE_BOT
        if row.state == State.RECEIVED and self._world.clock.now() - row.created_at > PLAN_SECONDS - LEAST_SECONDS:
            return 1
        return PATIENCE_OF_PEOPLE if row.state in (*WAITING, State.LOOKING) else super().patience(row)

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Run the transition of the row's state; signals to an operation that has ended are told so."""
        at = self._at(row, signals, lease)
        transition = self._states.get(State(row.state))
        return transition(at) if transition else self._too_late(at)

    def _at(self, row: Row, signals: list[Received], lease: Lease) -> At:
        operation = Operation.model_validate(row.body)
        command = self._world.commands[operation.command]
        return At(row, operation, tuple(signals), lease, command, self._world.clock.now())

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Before anything changed the asker alone is told; afterwards the card and the thread say it."""
        operation = Operation.model_validate(row.body)
        now = self._world.clock.now()
        consumed = tuple(signal.number for signal in signals)
        if row.state == State.LOOKING:
            return self._looking.given_up(row, operation, error, consumed)
        if row.state in WAITING:
            if isinstance(error, UpstreamError) and not error.hint:
                error = BotError(error.message, hint=self._calm(operation, error))
            said = self._say.whisper(row.id, operation, operation.actor.user, str(row.epoch), error)
            if operation.unattended:
                said = self._say.alone(
                    row.id, operation, f"What I was to do by myself, {operation.command}, did not work: {error}"
                )
            if operation.plan is None:
                return Step(State.REFUSED, None, as_json(operation), consumed=consumed, new=(said,))
            kept = operation if row.state == State.PROPOSED else undecided(operation, "")
            noted = kept.model_copy(update={"note": str(error)})
            shown = self._say.card(row.id, noted, State.PROPOSED, now)
            due = self._proposing.expiry(row, noted)
            return Step(State.PROPOSED, due, as_json(noted), consumed=consumed, new=(said, shown))
        if row.state == State.SOAKING:
            return self._ending.unproved(row, operation, consumed, error)
        note = f"{error} {left_behind(operation)}".strip()
        failed = operation.model_copy(update={"note": note, "ended_at": now, "progress": None})
        return self._ending.ended(row, failed, State.FAILED, consumed, now)

    def _calm(self, operation: Operation, error: UpstreamError) -> str:
        """What an asker may need to know besides the error; of a question nobody fears that it changed anything."""
        if operation.plan is None and self._world.commands[operation.command].may_ask:
            return "Try again." if error.retryable else ""
        return "Nothing was changed; try again." if error.retryable else "Nothing was changed."

    def meanwhile(self, row: Row, error: UpstreamError) -> tuple[NewRow, ...]:
        """A change that is held up says why in its message, and for how long already."""
        if row.state != State.RUNNING:
            return ()
        operation = Operation.model_validate(row.body)
        held = operation.model_copy(update={"note": f"{error.message} Trying again; nothing is lost."})
        return (self._say.card(row.id, held, State.RUNNING, self._world.clock.now()),)

    def _received(self, at: At) -> Step:
        operation = at.operation
        if operation.unattended and not at.command.urgent and self._is_changing(operation.target):
            # What it follows has not had all its effects yet, and a plan made now would not see them.
            return Step(State.RECEIVED, at.now + PATIENT_SECONDS, as_json(operation))
        if at.command.may_ask and not operation.unattended:
            # Stored now: the plan may take long, and what it leads to is stored after it.
            self._store.add(waiting(at.row), at.now, safe=False)
        target = self._world.catalog.target(operation.target) if operation.target else None
        operation = operation.model_copy(update={"channel": target.channel if target else operation.actor.channel})
        plan = self._planner.plan(at.command, operation, target, seconds=self._seconds_left(at))
        operation = operation.model_copy(update={"plan": plan})
        if not plan.changes_anything:
            return self._looking.answered(at, operation, plan)
        if operation.unattended:
            return self._unattended(at, operation, plan)
        posts = [self._say.card(at.row.id, operation, State.PROPOSED, at.now)]
        elsewhere = target is not None and self._world.chat.channel_id(target.channel) != operation.actor.channel
        if elsewhere or operation.actor.thread_ts:
            posts.append(self._elsewhere(at.row.id, operation))
        due = self._proposing.expiry(at.row, operation)
        return Step(State.PROPOSED, due, as_json(operation), new=tuple(posts))

    def _seconds_left(self, at: At) -> float:
        """All attempts together keep nobody waiting for longer than one may; what the bot owes has time."""
        if at.row.attempts <= 1 or at.operation.unattended:
            return PLAN_SECONDS
        return max(LEAST_SECONDS, PLAN_SECONDS - (at.now - at.row.created_at))

    def _is_changing(self, target: str) -> bool:
        return any(row.lock for row in self._store.rows(KIND, group=target, states=(State.RUNNING,)))

    def _unattended(self, at: At, operation: Operation, plan: Plan) -> Step:
        """The configuration told the bot to do this by itself; what a check forbids is left to people."""
        if plan.blocking:
            shown = self._say.card(at.row.id, operation, State.PROPOSED, at.now)
            due = self._proposing.expiry(at.row, operation)
            return Step(State.PROPOSED, due, as_json(operation), new=(shown,))
        decided = operation.model_copy(update={"confirmed_plan": short(plan), "confirmed_at": at.now})
        shown = self._say.card(at.row.id, decided, State.APPROVED, at.now)
        return Step(State.APPROVED, 0.0, as_json(decided), new=(shown,))

    def _elsewhere(self, row_id: str, operation: Operation) -> NewRow:
        message = Message(text=f"The plan is in {operation.channel}:")
        return whisper(
            *(f"op:{row_id}:link", operation.actor.channel, operation.actor.user, message),
            response_url=operation.response_url,
            thread_ts=operation.actor.thread_ts,
            link=card_key(row_id),
        )

    def lost_race(self, row: Row, signals: list[Received], error: LockHeldError) -> Step:
        """Somebody else's operation took the lock between our look and our save."""
        return self._proposing.lost_race(self._at(row, signals, Lease(self._store, self._world.clock, row)), error)

    def _too_late(self, at: At) -> Step:
        late = self._over(at)
        told = tuple(
            self._say.whisper(at.row.id, at.operation, str(signal.payload.get("user", "")), str(signal.number), late)
            for signal in at.signals
        )
        return Step(at.row.state, None, as_json(at.operation), consumed=at.consumed, new=told)

    def _over(self, at: At) -> ConflictError:
        state, plan = State(at.row.state), at.operation.plan
        if at.command.look is not None and plan is not None and not plan.changes_anything:
            return ConflictError(answers.over(state))
        words = view.STATE_WORDS[state].split(":")[-1].strip()
        return ConflictError(f"Too late, this operation is over: {words}.", hint="Ask for a fresh plan.")
