"""The states of an operation: received → proposed → running → settling → soaking → done.

Every change takes this one road; no command performs its steps, so none can skip one. Each transition has at
most one effect on the world, looked up by its key when an earlier attempt may have had it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from bot import authz
from bot.command import Command, Plan
from bot.domain import Actor, Target, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError, ConflictError, UpstreamError
from bot.operation import Operation, State, card_key
from bot.ports import Message, World
from bot.posts import whisper
from bot.rows import LockHeldError, NewRow, Received, Row, Step, Store
from bot.sayings import CANCEL, CONFIRM, At, Sayings
from bot.settings.models import AccessConfig, Timings
from bot.settling import Settling
from bot.views import operation as view

KIND = "operation"
PLAN_SECONDS = 12.0
"""The longest a plan may take with all its reads; then the asker is told rather than kept waiting."""
PATIENCE_OF_PEOPLE = 3
"""Attempts at what a person waits for; then they are told, and may press again."""


class Operations(Machine):
    """The machine of operations."""

    kind = KIND

    def __init__(self, store: Store, world: World, access: AccessConfig, timings: Timings) -> None:
        self._store = store
        self._world = world
        self._access = access
        self._timings = timings
        self._say = Sayings(world)
        self._settling = Settling(store, world, timings)
        self._states: dict[State, Callable[[At], Step]] = {
            State.RECEIVED: self._received,
            State.PROPOSED: self._proposed,
            State.RUNNING: self._settling.running,
            State.SETTLING: self._settling.settling,
            State.SOAKING: self._settling.soaking,
        }

    def patience(self, row: Row) -> int:
        """Short while somebody waits for a plan or a confirmation, long once the world is being changed."""
        return PATIENCE_OF_PEOPLE if row.state in (State.RECEIVED, State.PROPOSED) else super().patience(row)

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Run the transition of the row's state; signals to an operation that has ended are told so."""
        operation = Operation.model_validate(row.body)
        command = self._world.commands[operation.command]
        at = At(row, operation, tuple(signals), lease, command, self._world.clock.now())
        transition = self._states.get(State(row.state))
        return transition(at) if transition else self._too_late(at)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Before anything changed the asker alone is told; afterwards the card and the thread say it."""
        operation = Operation.model_validate(row.body)
        now = self._world.clock.now()
        consumed = tuple(signal.number for signal in signals)
        if row.state in (State.RECEIVED, State.PROPOSED):
            if isinstance(error, UpstreamError) and not error.hint:
                error = BotError(error.message, hint="Nothing was changed; try again.")
            said = self._say.whisper(row.id, operation, operation.actor.user, str(row.epoch), error)
            if operation.plan is None:
                return Step(State.REFUSED, None, as_json(operation), consumed=consumed, new=(said,))
            noted = operation.model_copy(update={"note": str(error)})
            shown = self._say.card(row.id, noted, State.PROPOSED, now)
            return Step(State.PROPOSED, self._expiry(row), as_json(noted), consumed=consumed, new=(said, shown))
        if row.state == State.SOAKING:
            return Step(State.DONE, None, as_json(operation), consumed=consumed)
        left = operation.results.get("register", {}).get("task_definition")
        note = f"{error}" + (f" The revision {_short(left)} was registered and is left unused." if left else "")
        failed = operation.model_copy(update={"note": note, "ended_at": now, "progress": None})
        return self._settling.ended(row, failed, State.FAILED, consumed, now)

    def meanwhile(self, row: Row, error: UpstreamError) -> tuple[NewRow, ...]:
        """A change that is held up says why in its message, and for how long already."""
        if row.state != State.RUNNING:
            return ()
        operation = Operation.model_validate(row.body)
        held = operation.model_copy(update={"note": f"{error.message} Trying again; nothing is lost."})
        return (self._say.card(row.id, held, State.RUNNING, self._world.clock.now()),)

    # received → proposed, or done when there is nothing to change

    def _received(self, at: At) -> Step:
        operation = at.operation
        target = self._world.catalog.target(operation.target) if operation.target else None
        plan = self._plan(at.command, operation, target)
        operation = operation.model_copy(update={"plan": plan})
        if not plan.changes_anything or target is None:
            answer = Message(text=plan.answer_text or plan.title, blocks=tuple(plan.answer))
            said = whisper(
                *(f"op:{at.row.id}:answer", operation.actor.channel, operation.actor.user, answer),
                response_url=operation.response_url,
            )
            return Step(State.DONE, None, as_json(operation), new=(said,))
        operation = operation.model_copy(update={"channel": target.channel})
        posts = [self._say.card(at.row.id, operation, State.PROPOSED, at.now)]
        if self._world.chat.channel_id(target.channel) != operation.actor.channel:
            posts.append(self._elsewhere(at.row.id, operation))
        return Step(State.PROPOSED, self._expiry(at.row), as_json(operation), new=tuple(posts))

    def _plan(self, command: Command, operation: Operation, target: Target | None) -> Plan:
        person = self._world.chat.person(operation.actor.user)
        authz.require(self._access, person, command.action, target.environment if target else "")
        asker = replace(person, channel=operation.actor.channel)
        args = command.args.model_validate(operation.args)
        planned = self._world.gather({"plan": partial(command.plan, args, self._world, asker)}, seconds=PLAN_SECONDS)
        plan = planned["plan"]
        if isinstance(plan, TimeoutError):
            raise UpstreamError(f"AWS did not answer within {PLAN_SECONDS:.0f} s.")
        if isinstance(plan, Exception):
            raise plan
        return plan

    def _elsewhere(self, row_id: str, operation: Operation) -> NewRow:
        message = Message(text=f"The plan is in {operation.channel}:")
        return whisper(
            *(f"op:{row_id}:link", operation.actor.channel, operation.actor.user, message),
            response_url=operation.response_url,
            link=card_key(row_id),
        )

    # proposed → running, cancelled or expired

    def _proposed(self, at: At) -> Step:
        mine = [signal for signal in at.signals if signal.payload.get("user") == at.operation.actor.user]
        others = [signal for signal in at.signals if signal not in mine]
        told = tuple(self._not_yours(at, signal) for signal in others)
        if any(signal.name == CANCEL for signal in mine):
            cancelled = at.operation.model_copy(update={"ended_at": at.now})
            shown = self._say.card(at.row.id, cancelled, State.CANCELLED, at.now)
            return Step(State.CANCELLED, None, as_json(cancelled), consumed=at.consumed, new=(*told, shown))
        confirms = [signal for signal in mine if signal.name == CONFIRM]
        if confirms:
            return self._confirmed(at, confirms[-1], told)
        if at.now >= self._expiry(at.row):
            expired = at.operation.model_copy(update={"ended_at": at.now})
            shown = self._say.card(at.row.id, expired, State.EXPIRED, at.now)
            return Step(State.EXPIRED, None, as_json(expired), consumed=at.consumed, new=(*told, shown))
        return Step(State.PROPOSED, self._expiry(at.row), as_json(at.operation), consumed=at.consumed, new=told)

    def _confirmed(self, at: At, signal: Received, told: tuple[NewRow, ...]) -> Step:
        operation, seen = at.operation, at.operation.plan
        target = self._world.catalog.target(operation.target)
        if target is None or seen is None:
            raise ConflictError("This service is no longer configured.", hint="Ask again with its new name.")
        if at.now >= self._expiry(at.row):
            raise ConflictError("This plan has expired.", hint="Ask for a fresh one.")
        holder = self._holder(target.key)
        if holder is not None:
            return self._ahead(at, holder, told)
        fresh = self._plan(at.command, operation, target)
        if not fresh.changes_anything:
            return self._nothing_left(at, fresh, told)
        pressed = str(signal.payload.get("plan", ""))
        if not fresh.fingerprint().startswith(pressed) or not pressed or fresh.blocked:
            note = _difference(seen, fresh)
            stale = operation.model_copy(update={"plan": fresh, "note": note})
            shown = self._say.card(at.row.id, stale, State.PROPOSED, at.now)
            return Step(State.PROPOSED, self._expiry(at.row), as_json(stale), consumed=at.consumed, new=(*told, shown))
        running = operation.model_copy(
            update={"plan": fresh, "note": "", "started_at": at.now, "confirmed_by": operation.actor.user}
        )
        shown = self._say.card(at.row.id, running, State.RUNNING, at.now)
        return Step(*(State.RUNNING, 0.0, as_json(running)), lock=target.key, consumed=at.consumed, new=(*told, shown))

    def _nothing_left(self, at: At, fresh: Plan, told: tuple[NewRow, ...]) -> Step:
        """Somebody else did it meanwhile: a plan without changes is never run."""
        note = f"{fresh.answer_text or fresh.title} Nothing is left to do."
        over = at.operation.model_copy(update={"note": note, "ended_at": at.now})
        shown = self._say.card(at.row.id, over, State.CANCELLED, at.now)
        return Step(State.CANCELLED, None, as_json(over), consumed=at.consumed, new=(*told, shown))

    def _holder(self, lock: str) -> Row | None:
        active = self._store.rows(KIND, group=lock, states=(State.RUNNING, State.SETTLING), limit=1)
        return active[0] if active else None

    def _ahead(self, at: At, holder: Row, told: tuple[NewRow, ...]) -> Step:
        other = Operation.model_validate(holder.body)
        person = self._world.chat.person(other.actor.user)
        title = other.plan.title if other.plan else other.command
        note = f"{person.name} is ahead: {title} is still {holder.state}. Wait for it to end, then confirm again."
        waiting = at.operation.model_copy(update={"note": note})
        shown = self._say.card(at.row.id, waiting, State.PROPOSED, at.now)
        return Step(State.PROPOSED, self._expiry(at.row), as_json(waiting), consumed=at.consumed, new=(*told, shown))

    def lost_race(self, row: Row, signals: list[Received], error: LockHeldError) -> Step:
        """Somebody else's operation took the lock between our look and our save."""
        holder = self._store.get(error.holder)
        operation = Operation.model_validate(row.body)
        at = At(
            *(row, operation, tuple(signals), Lease(self._store, self._world.clock, row)),
            *(self._world.commands[operation.command], self._world.clock.now()),
        )
        return self._ahead(at, holder or row, ())

    def _too_late(self, at: At) -> Step:
        words = view.STATE_WORDS[State(at.row.state)].split(":")[-1].strip()
        late = ConflictError(f"Too late, this operation is over: {words}.", hint="Ask for a fresh plan.")
        told = tuple(
            self._say.whisper(at.row.id, at.operation, str(signal.payload.get("user", "")), str(signal.number), late)
            for signal in at.signals
        )
        return Step(at.row.state, None, as_json(at.operation), consumed=at.consumed, new=told)

    def _not_yours(self, at: At, signal: Received) -> NewRow:
        asker = self._world.chat.person(at.operation.actor.user).name
        said = ConflictError(f"Only {asker}, who asked, may press this.", hint="Type the command to get your own plan.")
        return self._say.whisper(at.row.id, at.operation, str(signal.payload.get("user", "")), str(signal.number), said)

    def _expiry(self, row: Row) -> float:
        return row.created_at + self._timings.plan_expires


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _difference(seen: Plan, fresh: Plan) -> str:
    if fresh.blocked and not seen.blocked:
        return "A check that passed before now forbids this; nothing was done."
    moved = [
        f"{name}: {seen.basis.get(name)} → {fresh.basis.get(name)}"
        for name in sorted({*seen.basis, *fresh.basis})
        if seen.basis.get(name) != fresh.basis.get(name)
    ]
    what = "; ".join(moved) or "its changes are different now"
    return (
        f"The plan you saw is stale and nothing was done ({what}). This is the plan as of now: confirm it, or cancel."
    )


def request(command: Command, args: dict[str, Any], actor: Actor, target: Target | None, **more: Any) -> Operation:
    """A new operation as its row starts out."""
    return Operation(command=command.name, args=args, actor=actor, target=target.key if target else "", **more)
