"""From an approved operation to its end: one effect a transition, then watching, then the soak."""

from __future__ import annotations

from bot.command import Progress, Run, Stage
from bot.domain import as_json
from bot.errors import ConflictError, UpstreamError
from bot.operation import Operation, State, card_key
from bot.ports import World
from bot.posts import post
from bot.rows import Row, Step, Store
from bot.sayings import At, Sayings
from bot.settings.models import Timings
from bot.views import operation as view

SHOW_EVERY = 5.0
"""Seconds after which a card is refreshed though nothing but the clock moved."""
BLIND_POLL = 10.0
SETTLE_LIMIT = 3 * 3600.0


class Settling:
    """The transitions of the states running, settling and soaking."""

    def __init__(self, store: Store, world: World, timings: Timings) -> None:
        self._store = store
        self._world = world
        self._timings = timings
        self._say = Sayings(world)

    def running(self, at: At) -> Step:
        """Have the next effect, or find that an earlier attempt had it."""
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
        late = self._say.late_cancels(at)
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

    def settling(self, at: At) -> Step:
        """Look once; the lock is held until it has ended."""
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
            new = self._say.late_cancels(at)
            if self._worth_showing(at, progress):
                new += (self._say.card(at.row.id, watched, State.SETTLING, at.now),)
            due = at.now + poll
            return Step(State.SETTLING, due, as_json(watched), lock=at.row.lock, consumed=at.consumed, new=new)
        ended = watched.model_copy(update={"ended_at": at.now})
        if progress.stage is Stage.FAILED:
            return self.ended(at.row, ended, State.FAILED, at.consumed, at.now)
        return self.ended(at.row, ended, State.SOAKING, at.consumed, at.now)

    def _worth_showing(self, at: At, progress: Progress) -> bool:
        moved = progress != at.operation.progress
        return moved or (at.now - at.operation.started_at) % SHOW_EVERY < self._timings.settle_poll

    def soaking(self, at: At) -> Step:
        """Wait, holding no lock; then it was good unless an alarm went off."""
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

    def ended(self, row: Row, operation: Operation, state: State, consumed: tuple[int, ...], now: float) -> Step:
        """What every ending has in common: the card, and a reply that reaches the asker."""
        due = now + self._timings.soak if state is State.SOAKING else None
        new = self._say.ending(row.id, operation, state, now)
        return Step(state, due, as_json(operation), consumed=consumed, new=new)
