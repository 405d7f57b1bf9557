"""The states of an operation: received → proposed → running → settling → soaking → done.

Every change takes this one road; no command performs its steps, so none can skip one. Each transition has at
most one effect on the world, looked up by its key when an earlier attempt may have had it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot import authz
from bot.command import Command, Plan, Progress, Run, Stage
from bot.domain import Actor, Target, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError, ConflictError, UpstreamError
from bot.operation import Operation, State, card_key
from bot.ports import Message, World
from bot.posts import post, whisper
from bot.rows import LockHeldError, NewRow, Received, Row, Step, Store
from bot.settings.models import AccessConfig, Timings
from bot.views import operation as view

KIND = "operation"
CONFIRM, CANCEL = "confirm", "cancel"
SHOW_EVERY = 5.0
"""Seconds after which a card is refreshed though nothing but the clock moved."""
BLIND_POLL = 10.0
PATIENCE_OF_PEOPLE = 3
"""Attempts at what a person waits for; then they are told, and may press again."""
SETTLE_LIMIT = 3 * 3600.0


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


class Operations(Machine):
    """The machine of operations."""

    kind = KIND

    def __init__(self, store: Store, world: World, access: AccessConfig, timings: Timings) -> None:
        self._store = store
        self._world = world
        self._access = access
        self._timings = timings
        self._states: dict[State, Callable[[At], Step]] = {
            State.RECEIVED: self._received,
            State.PROPOSED: self._proposed,
            State.RUNNING: self._running,
            State.SETTLING: self._settling,
            State.SOAKING: self._soaking,
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
            said = self._whisper(row.id, operation, operation.actor.user, str(row.epoch), error)
            if operation.plan is None:
                return Step(State.REFUSED, None, as_json(operation), consumed=consumed, new=(said,))
            kept = self._body(operation, note=str(error))
            due = self._expiry(row)
            return Step(State.PROPOSED, due, kept, consumed=consumed, new=(said,))
        if row.state == State.SOAKING:
            return Step(State.DONE, None, as_json(operation), consumed=consumed)
        left = operation.results.get("register", {}).get("task_definition")
        note = f"{error}" + (f" The revision {_short(left)} was registered and is left unused." if left else "")
        failed = operation.model_copy(update={"note": note, "ended_at": now, "progress": None})
        return self._ended(row, failed, State.FAILED, consumed, now)

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
        posts = [self._card(at.row.id, operation, State.PROPOSED, at.now)]
        if self._world.chat.channel_id(target.channel) != operation.actor.channel:
            posts.append(self._elsewhere(at.row.id, operation))
        return Step(State.PROPOSED, self._expiry(at.row), as_json(operation), new=tuple(posts))

    def _plan(self, command: Command, operation: Operation, target: Target | None) -> Plan:
        person = self._world.chat.person(operation.actor.user)
        authz.require(self._access, person, command.action, target.environment if target else "")
        return command.plan(command.args.model_validate(operation.args), self._world, person)

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
            shown = self._card(at.row.id, cancelled, State.CANCELLED, at.now)
            return Step(State.CANCELLED, None, as_json(cancelled), consumed=at.consumed, new=(*told, shown))
        confirms = [signal for signal in mine if signal.name == CONFIRM]
        if confirms:
            return self._confirmed(at, confirms[-1], told)
        if at.now >= self._expiry(at.row):
            expired = at.operation.model_copy(update={"ended_at": at.now})
            shown = self._card(at.row.id, expired, State.EXPIRED, at.now)
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
            shown = self._card(at.row.id, stale, State.PROPOSED, at.now)
            return Step(State.PROPOSED, self._expiry(at.row), as_json(stale), consumed=at.consumed, new=(*told, shown))
        running = operation.model_copy(
            update={"plan": fresh, "note": "", "started_at": at.now, "confirmed_by": operation.actor.user}
        )
        shown = self._card(at.row.id, running, State.RUNNING, at.now)
        return Step(*(State.RUNNING, 0.0, as_json(running)), lock=target.key, consumed=at.consumed, new=(*told, shown))

    def _nothing_left(self, at: At, fresh: Plan, told: tuple[NewRow, ...]) -> Step:
        """Somebody else did it meanwhile: a plan without changes is never run."""
        note = f"{fresh.answer_text or fresh.title} Nothing is left to do."
        over = at.operation.model_copy(update={"note": note, "ended_at": at.now})
        shown = self._card(at.row.id, over, State.CANCELLED, at.now)
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
        shown = self._card(at.row.id, waiting, State.PROPOSED, at.now)
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

    # running → settling: one effect per transition

    def _running(self, at: At) -> Step:
        operation = at.operation
        effect = at.command.effects[operation.effect]
        run = self._run(at)
        result = effect.find(run, self._world) if at.row.attempts > 1 else None
        if result is None:
            at.lease.before_effect()
            result = effect.do(run, self._world)
        moved = operation.model_copy(
            update={"results": {**operation.results, effect.name: result}, "effect": operation.effect + 1}
        )
        last = moved.effect >= len(at.command.effects)
        state = State.SETTLING if last else State.RUNNING
        late = self._late_cancels(at)
        return Step(state, 0.0, as_json(moved), lock=at.row.lock, consumed=at.consumed, new=late)

    def _run(self, at: At) -> Run:
        operation = at.operation
        target = self._world.catalog.target(operation.target)
        if target is None or operation.plan is None:
            raise ConflictError("This service is no longer configured.", hint="Put it back to see this to its end.")
        return Run(
            *(at.row.id, operation.actor, target, operation.plan, operation.started_at),
            *(operation.results, operation.progress),
        )

    # settling → soaking or failed: only watching

    def _settling(self, at: At) -> Step:
        operation = at.operation
        if at.command.watch is None:
            raise TypeError(f"{at.command.name} has effects and nothing to watch them")
        poll = self._timings.settle_poll
        try:
            progress = at.command.watch(self._run(at), self._world)
        except UpstreamError as error:
            poll = max(poll, error.retry_after, BLIND_POLL)
            known = operation.progress.facts if operation.progress else {}
            blind = "I cannot see how it is going"
            progress = Progress(stage=Stage.ROLLING, headline=blind, lines=(str(error),), facts=known)
        if progress.stage is Stage.ROLLING and at.now - operation.started_at > SETTLE_LIMIT:
            progress = progress.model_copy(
                update={"stage": Stage.FAILED, "headline": f"Given up watching: {progress.headline}"}
            )
        watched = operation.model_copy(update={"progress": progress})
        if progress.stage is Stage.ROLLING:
            new = self._late_cancels(at)
            if self._worth_showing(at, progress):
                new += (self._card(at.row.id, watched, State.SETTLING, at.now),)
            due = at.now + poll
            return Step(State.SETTLING, due, as_json(watched), lock=at.row.lock, consumed=at.consumed, new=new)
        ended = watched.model_copy(update={"ended_at": at.now})
        if progress.stage is Stage.FAILED:
            return self._ended(at.row, ended, State.FAILED, at.consumed, at.now)
        return self._ended(at.row, ended, State.SOAKING, at.consumed, at.now)

    def _worth_showing(self, at: At, progress: Progress) -> bool:
        moved = progress != at.operation.progress
        return moved or (at.now - at.operation.started_at) % SHOW_EVERY < self._timings.settle_poll

    def _soaking(self, at: At) -> Step:
        target = self._world.catalog.target(at.operation.target)
        until = at.operation.ended_at + self._timings.soak
        if at.now < until:
            return Step(State.SOAKING, until, as_json(at.operation), consumed=at.consumed)
        names = [alarm.name for alarm in target.service.alarms] if target else []
        readings = self._world.metrics.alarms(target.account, names) if target and names else ()
        fired = self._store.rows("incident", group=at.operation.target, since=at.operation.ended_at)
        red = {reading.name for reading in readings if reading.state == "ALARM"}
        red |= {str(row.body["alarm"]["name"]) for row in fired}
        quiet = at.operation.model_copy(update={"good": not red})
        said = view.soaked(at.operation, tuple(sorted(red)), self._timings.soak)
        key = f"op:{at.row.id}:soak"
        new = (post(key, at.operation.channel, said, thread_key=card_key(at.row.id)),)
        return Step(State.DONE, None, as_json(quiet), consumed=at.consumed, new=new)

    # what every ending has in common

    def _ended(self, row: Row, operation: Operation, state: State, consumed: tuple[int, ...], now: float) -> Step:
        due = now + self._timings.soak if state is State.SOAKING else None
        reply = view.outcome(operation, state)
        new = (
            self._card(row.id, operation, state, now),
            post(f"op:{row.id}:outcome", operation.channel, reply, thread_key=card_key(row.id)),
        )
        return Step(state, due, as_json(operation), consumed=consumed, new=new)

    def _late_cancels(self, at: At) -> tuple[NewRow, ...]:
        late = ConflictError("Too late to cancel: it is under way.", hint="Its message shows how it goes.")
        return tuple(
            self._whisper(at.row.id, at.operation, str(signal.payload.get("user", "")), str(signal.number), late)
            for signal in at.signals
            if signal.name == CANCEL
        )

    def _too_late(self, at: At) -> Step:
        words = view.STATE_WORDS[State(at.row.state)].split(":")[-1].strip()
        late = ConflictError(f"Too late, this operation is over: {words}.", hint="Ask for a fresh plan.")
        told = tuple(
            self._whisper(at.row.id, at.operation, str(signal.payload.get("user", "")), str(signal.number), late)
            for signal in at.signals
        )
        return Step(at.row.state, None, as_json(at.operation), consumed=at.consumed, new=told)

    def _not_yours(self, at: At, signal: Received) -> NewRow:
        asker = self._world.chat.person(at.operation.actor.user).name
        said = ConflictError(f"Only {asker}, who asked, may press this.", hint="Type the command to get your own plan.")
        return self._whisper(at.row.id, at.operation, str(signal.payload.get("user", "")), str(signal.number), said)

    def _whisper(self, row_id: str, operation: Operation, user: str, mark: str, error: BotError) -> NewRow:
        mine = user == operation.actor.user and operation.plan is None
        channel = operation.actor.channel if mine or not operation.channel else operation.channel
        return whisper(
            *(f"op:{row_id}:whisper:{mark}", channel, user, view.sentence(error.message, error.hint)),
            response_url=operation.response_url if mine else "",
        )

    def _card(self, row_id: str, operation: Operation, state: State, now: float) -> NewRow:
        target = self._world.catalog.target(operation.target)
        shown = view.card(row_id, operation, state, now, production=bool(target and target.production))
        return post(card_key(row_id), operation.channel, shown)

    def _expiry(self, row: Row) -> float:
        return row.created_at + self._timings.plan_expires

    @staticmethod
    def _body(operation: Operation, **changes: Any) -> dict[str, Any]:
        return as_json(operation.model_copy(update=changes))


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
