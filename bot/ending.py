"""How operations end: settled, soaked, failed, or taken over by somebody who goes back."""

from __future__ import annotations

from dataclasses import replace

from bot.cloud import AlarmReading
from bot.command import Run, Strategy
from bot.domain import Target, as_json
from bot.errors import BotError, ConflictError, UpstreamError
from bot.holds import Hold, HoldKind
from bot.operation import Operation, State, unattended
from bot.ports import Message, World
from bot.rows import NewRow, Received, Row, Step, Store
from bot.sayings import TAKE_OVER, At, Sayings
from bot.settings.models import Timings
from bot.views import operation as view
from bot.views import soak

SOAK_POLL = 15.0
"""Seconds between two looks at the alarms of a service that is being proved."""


def left_behind(operation: Operation) -> str:
    """What an operation that stops halfway leaves in AWS, as a sentence; empty when it changed nothing."""
    made = str(operation.results.get("register", {}).get("task_definition", ""))
    if made and {"update", "create"} & operation.results.keys():
        return f"The revision {made.rsplit('/', 1)[-1]} had begun to roll out."
    if made:
        return f"The revision {made.rsplit('/', 1)[-1]} was registered and is left unused."
    # What only waited for something has no result.
    done = [name for name, result in operation.results.items() if result]
    return f"Done so far: {', '.join(done)}." if done else ""


def _back(target: Target) -> str:
    return f"rollback {target.system}/{target.name} {target.environment}"


def run_of(at: At, world: World) -> Run:
    """What effects and looks are given. Raises ConflictError when its service is no longer configured."""
    operation = at.operation
    if operation.plan is None:
        raise TypeError(f"operation {at.row.id} runs without a plan")
    target: Target | None = None
    if operation.target:
        target = world.catalog.target(operation.target)
        if target is None:
            raise ConflictError("This service is no longer configured.", hint="Put it back to see this to its end.")
    return Run(
        *(at.row.id, operation.actor, target, operation.plan, operation.started_at),
        *(operation.results, operation.progress),
    )


class Ending:
    """The ends of operations, and the transition of the state soaking."""

    def __init__(self, store: Store, world: World, timings: Timings) -> None:
        self._store = store
        self._world = world
        self._timings = timings
        self._say = Sayings(world)

    def succeeded(self, at: At, operation: Operation, strategy: Strategy, told: tuple[NewRow, ...]) -> Step:
        """It has settled; what was shipped must now prove itself."""
        ended = operation.model_copy(update={"ended_at": at.now})
        self._lock_after_rollback(at, ended)
        if strategy.soaks:
            return self.ended(at.row, ended, State.SOAKING, at.consumed, at.now, told)
        return self.ended(at.row, ended, State.DONE, at.consumed, at.now, told)

    def failed(self, at: At, operation: Operation, told: tuple[NewRow, ...] = ()) -> Step:
        """It did not work; as configured a rollback is offered, or begun."""
        ended = operation.model_copy(update={"ended_at": at.now, "good": False})
        step = self.ended(at.row, ended, State.FAILED, at.consumed, at.now, told)
        return replace(step, new=(*step.new, *self._way_back(at, ended)))

    def _way_back(self, at: At, operation: Operation) -> tuple[NewRow, ...]:
        target = self._target(operation)
        progress = operation.progress
        if target is None or at.command.action != "deploy" or (progress and progress.unchanged):
            return ()
        if "rollback" not in self._world.commands:
            return ()
        if target.on_failure == "rollback":
            return (self._rollback(at, operation, target),)
        return (self._say.reply(at.row.id, operation, "back", view.offers_rollback(_back(target))),)

    def gives_up(self, at: At, operation: Operation) -> bool:
        """Whether a deployment that keeps failing is ended by the bot, which then goes back by itself."""
        target = self._target(operation)
        by_itself = target is not None and target.on_failure == "rollback" and at.command.action == "deploy"
        return by_itself and operation.progress is not None and operation.progress.failing

    def offer(self, at: At, operation: Operation) -> tuple[NewRow, ...]:
        """A way back for whoever asked, while what they asked for keeps failing; going back takes it over."""
        target = self._target(operation)
        if target is None or at.command.action != "deploy" or "rollback" not in self._world.commands:
            return ()
        said = view.offers_rollback(_back(target), operation)
        return (self._say.reply(at.row.id, operation, "failing", said),)

    def _rollback(self, at: At, operation: Operation, target: Target) -> NewRow:
        named = {"service": f"{target.system}/{target.name}", "environment": target.environment}
        return unattended(self._world.commands["rollback"], named, f"auto:{at.row.id}", operation, target, 0.0)

    def taken_over(self, at: At, signal: Received) -> Step:
        """Somebody goes back or stops it: this operation lets go, and says what it left."""
        user = str(signal.payload.get("user", ""))
        name = self._world.chat.person(user).name
        note = f"{name} took over. {left_behind(at.operation)}".strip()
        # What was seen last is true no more: whoever took over shows how it goes on.
        over = at.operation.model_copy(update={"note": note, "ended_at": at.now, "good": False, "progress": None})
        return self.ended(at.row, over, State.TAKEN_OVER, at.consumed, at.now)

    def soaking(self, at: At) -> Step:
        """Look whether it still runs and at the alarms, holding no lock; good once they were quiet for long enough."""
        operation = at.operation
        over = next((signal for signal in at.signals if signal.name == TAKE_OVER), None)
        if over is not None:
            said = soak.not_proved(operation, self._world.chat.person(str(over.payload.get("user", ""))).name)
            return self._proved(at, said, good=False, over=True)
        gone = self._gone(at)
        if gone:
            # What others shipped is theirs to undo, and alarms speak of theirs from now on.
            return self._proved(at, soak.not_counted(operation, gone), good=None)
        readings = self._readings(operation)
        red = self._red(operation, readings)
        until = operation.ended_at + self._timings.soak
        if red:
            said = soak.soaked(operation, red, at.now - operation.ended_at)
            return self._proved(at, said, good=False)
        if at.now < until:
            due = min(until, at.now + SOAK_POLL)
            late = self._say.late_cancels(at)
            return Step(State.SOAKING, due, as_json(operation), consumed=at.consumed, new=late)
        return self._quiet(at, readings)

    def _quiet(self, at: At, readings: tuple[AlarmReading, ...]) -> Step:
        """No alarm went off until the end, which proves something unless one was red all along."""
        red = tuple(sorted(each.name for each in readings if each.state == "ALARM"))
        if red:
            return self._proved(at, soak.nobody_can_tell(at.operation, red), good=None)
        self._unlock(at.operation)
        target = self._target(at.operation)
        if target is not None and not target.service.alarms:
            return self._proved(at, soak.ran_without_alarms(self._timings.soak), good=True)
        return self._proved(at, soak.soaked(at.operation, (), self._timings.soak), good=True)

    def _proved(self, at: At, said: Message, *, good: bool | None, over: bool = False) -> Step:
        proved = at.operation.model_copy(update={"good": good})
        new = [self._say.reply(at.row.id, proved, "soak", said)]
        if good is False and not over:
            new += self._way_back(at, proved)
        return Step(State.DONE, None, as_json(proved), consumed=at.consumed, new=tuple(new))

    def unproved(self, row: Row, operation: Operation, consumed: tuple[int, ...], error: BotError) -> Step:
        """The end of a soak that could not be looked at."""
        said = soak.not_counted(operation, f"it could not be proved. {error}")
        new = (self._say.reply(row.id, operation, "soak", said),)
        return Step(State.DONE, None, as_json(operation), consumed=consumed, new=new)

    def _gone(self, at: At) -> str:
        """What took the place of what was shipped; nothing while it runs, or where that cannot be seen just now."""
        run = run_of(at, self._world)
        try:
            return at.command.strategies[run.plan.strategy].still(run, self._world)
        except UpstreamError:
            return ""

    def _readings(self, operation: Operation) -> tuple[AlarmReading, ...]:
        target = self._target(operation)
        names = [alarm.name for alarm in target.service.alarms] if target else []
        return tuple(self._world.metrics.alarms(target.account, names)) if target and names else ()

    def _red(self, operation: Operation, readings: tuple[AlarmReading, ...]) -> tuple[str, ...]:
        """Alarms that went off since it began; one that was red before proves nothing."""
        since = operation.started_at
        red = {each.name for each in readings if each.state == "ALARM" and each.updated_at >= since}
        fired = self._store.rows("incident", group=operation.target, since=operation.ended_at)
        return tuple(sorted(red | {str(row.body["alarm"]["name"]) for row in fired}))

    def _lock_after_rollback(self, at: At, operation: Operation) -> None:
        """After a rollback during an incident nobody ships the same thing again by habit."""
        alarm = self._world.recent.incident(operation.target) if at.command.action == "rollback" else None
        if alarm is None or operation.plan is None:
            return
        reason = f"Locked after a rollback while {alarm} was open: {operation.plan.title}."
        lock = Hold(
            id=f"lock:{at.row.id}",
            kind=HoldKind.LOCK,
            place=operation.target,
            reason=reason,
            since=at.now,
            by=operation.actor.user,
        )
        self._world.holds.add(lock)

    def _unlock(self, operation: Operation) -> None:
        """A good deployment that somebody approved ends the lock that a rollback left."""
        target, now = self._target(operation), self._world.clock.now()
        if target is None or not operation.approvals:
            return
        for hold in self._world.holds.by_hand(now):
            if hold.kind is HoldKind.LOCK and hold.place == target.key:
                self._world.holds.lift(hold.id, operation.approvals[-1].user, now)

    def _target(self, operation: Operation) -> Target | None:
        return self._world.catalog.target(operation.target) if operation.target else None

    def ended(
        self,
        row: Row,
        operation: Operation,
        state: State,
        consumed: tuple[int, ...],
        now: float,
        told: tuple[NewRow, ...] = (),
    ) -> Step:
        """What every ending has in common: the card, and a reply that reaches the asker."""
        due = now + min(SOAK_POLL, self._timings.soak) if state is State.SOAKING else None
        new = (*told, *self._say.ending(row.id, operation, state, now))
        return Step(state, due, as_json(operation), consumed=consumed, new=new)
