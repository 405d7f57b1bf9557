"""From an approved operation to its end: one effect a transition, then watching, then the soak."""

from __future__ import annotations

from collections.abc import Callable

from bot import authz
from bot.changes import change
from bot.command import Effect, Progress, Run, Stage, Strategy
from bot.domain import as_json
from bot.ending import Ending, run_of
from bot.errors import BotError, ConflictError, UpstreamError
from bot.operation import Operation, State, card_key
from bot.planning import right
from bot.ports import World
from bot.rows import NewRow, Received, Step, Store
from bot.sayings import ANSWER, CANCEL, TAKE_OVER, WITHDRAW, At, Sayings
from bot.settings.models import AccessConfig, Timings
from bot.views import operation as view

SHOW_EVERY = 5.0
"""Seconds after which a card is refreshed though nothing but the clock moved."""
CALM_POLL = 10.0
"""Seconds between two looks at what waits for a person, for hours, or for AWS to answer again."""
LAST_LOOK = 0.1
"""Seconds by which the look that sees the end may take longer than others: it asks the health address besides."""
CHANGING = ("deploy", "rollback", "scale")
"""Actions that PagerDuty is told of, as change events."""


def strategy_of(at: At) -> Strategy:
    """The strategy of the plan that was confirmed."""
    plan = at.operation.plan
    if plan is None:
        raise TypeError(f"operation {at.row.id} runs without a plan")
    return at.command.strategies[plan.strategy]


class Settling:
    """The transitions of the states running and settling."""

    def __init__(self, store: Store, world: World, access: AccessConfig, timings: Timings) -> None:
        self._world = world
        self._access = access
        self._timings = timings
        self._say = Sayings(world)
        self._ending = Ending(store, world, timings)

    def running(self, at: At) -> Step:
        """Have the next effect, or find that an earlier attempt had it; or look whether it has come to its end."""
        taken = _taken_over(at)
        if taken is not None:
            return self._ending.taken_over(at, taken)
        stopped = self._stopped(at)
        if stopped is not None:
            return stopped
        operation = at.operation
        effects = strategy_of(at).effects(run_of(at, self._world).plan)
        if operation.effect >= len(effects):
            return self._next(at, operation, at.operation.effect, len(effects))
        effect = effects[operation.effect]
        if effect.name not in operation.results:
            return self._do(at, effect, len(effects))
        if effect.wait is None:
            return self._next(at, operation, operation.effect + 1, len(effects))
        return self._wait(at, effect, len(effects))

    def _stopped(self, at: At) -> Step | None:
        """Somebody has ended what can be ended at any time; None when nobody did."""
        stop = strategy_of(at).stop
        said = next((each for each in at.signals if each.name in (WITHDRAW, CANCEL)), None) if stop else None
        if stop is None or said is None:
            return None
        user = str(said.payload.get("user", ""))
        if said.name == CANCEL and user != at.operation.actor.user:
            return None
        at.lease.before_effect()
        left = stop(run_of(at, self._world), self._world)
        note = f"{self._world.chat.person(user).name} cancelled it. {left}".strip()
        over = at.operation.model_copy(update={"note": note, "ended_at": at.now, "progress": None})
        return self._ending.ended(at.row, over, State.CANCELLED, at.consumed, at.now)

    def _do(self, at: At, effect: Effect, many: int) -> Step:
        operation, run = at.operation, run_of(at, self._world)
        result = effect.find(run, self._world) if at.row.attempts > 1 else None
        if result is None:
            at.lease.before_effect()
            result = effect.do(run, self._world)
        moved = operation.model_copy(update={"results": {**operation.results, effect.name: result}})
        if effect.wait is not None:
            return Step(
                *(State.RUNNING, 0.0, as_json(moved)), lock=at.row.lock, consumed=at.consumed, new=self._late(at)
            )
        return self._next(at, moved, operation.effect + 1, many)

    def _wait(self, at: At, effect: Effect, many: int) -> Step:
        """Some effects only begin something: it is looked at until it has ended."""
        operation, progress = at.operation, self._look(at, effect.wait or strategy_of(at).watch)
        watched = operation.model_copy(update={"progress": progress})
        if progress.stage is Stage.ROLLING:
            new = self._late(at)
            if self._worth_showing(at, progress):
                new += (self._say.card(at.row.id, watched, State.RUNNING, at.now),)
            due = at.now + self._poll(at, progress)
            return Step(State.RUNNING, due, as_json(watched), lock=at.row.lock, consumed=at.consumed, new=new)
        if progress.stage is Stage.FAILED:
            return self._ending.failed(at, watched)
        result = {**operation.results[effect.name], **progress.facts}
        results = {**operation.results, effect.name: result}
        moved = operation.model_copy(update={"results": results, "progress": None})
        return self._next(at, moved, operation.effect + 1, many)

    def _next(self, at: At, operation: Operation, effect: int, many: int) -> Step:
        """On to the next effect; after the last one it only settles, and PagerDuty is told of the change."""
        moved = operation.model_copy(update={"effect": effect})
        new = self._late(at)
        if effect < many:
            return Step(State.RUNNING, 0.0, as_json(moved), lock=at.row.lock, consumed=at.consumed, new=new)
        new += self._told_pagerduty(at, moved)
        return Step(State.SETTLING, 0.0, as_json(moved), lock=at.row.lock, consumed=at.consumed, new=new)

    def _told_pagerduty(self, at: At, operation: Operation) -> tuple[NewRow, ...]:
        target = self._world.catalog.target(operation.target)
        system = self._world.catalog.system(target.system) if target else None
        if system is None or operation.plan is None or at.command.action not in CHANGING:
            return ()
        details = {each.what: f"{each.before} → {each.after}" for each in operation.plan.changes}
        details |= {"asked by": self._world.chat.person(operation.actor.user).name, "operation": at.row.id}
        variable = system.pagerduty_routing_key_env
        key = card_key(at.row.id)
        return (change(f"op:{at.row.id}:change", variable, operation.plan.title, details, key, at.now),)

    def settling(self, at: At) -> Step:
        """Look once; the lock is held until it has ended, or somebody takes over."""
        taken = _taken_over(at)
        if taken is not None:
            return self._ending.taken_over(at, taken)
        stopped = self._stopped(at)
        if stopped is not None:
            return stopped
        operation, told = self._answered(at)
        progress = _unasked(self._look(at, strategy_of(at).watch), operation.answered)
        watched = operation.model_copy(update={"progress": progress})
        if progress.stage is Stage.FAILED or self._ending.gives_up(at, watched):
            return self._ending.failed(at, watched, told)
        if progress.stage is Stage.SUCCEEDED:
            return self._ending.succeeded(at, watched, strategy_of(at), told)
        watched, warned = self._warned(at, watched)
        new = (*told, *self._late(at), *self._asks(at, watched), *warned)
        if self._worth_showing(at, progress) or told:
            new += (self._say.card(at.row.id, watched, State.SETTLING, at.now),)
        due = at.now + (CALM_POLL if watched.overdue else self._poll(at, progress))
        return Step(State.SETTLING, due, as_json(watched), lock=at.row.lock, consumed=at.consumed, new=new)

    def _warned(self, at: At, operation: Operation) -> tuple[Operation, tuple[NewRow, ...]]:
        """Say once that it takes long, and once that it keeps failing."""
        new: tuple[NewRow, ...] = ()
        took = at.now - operation.started_at
        if not operation.overdue and took > self._timings.overdue:
            operation = operation.model_copy(update={"overdue": True})
            new += (self._say.reply(at.row.id, operation, "overdue", view.overdue(operation, took)),)
        if not operation.offered and operation.progress is not None and operation.progress.failing:
            operation = operation.model_copy(update={"offered": True})
            new += self._ending.offer(at, operation)
        return operation, new

    def _look(self, at: At, watch: Callable[[Run, World], Progress]) -> Progress:
        """One look; while AWS does not answer the last one stands, and says so."""
        try:
            return watch(run_of(at, self._world), self._world)
        except UpstreamError as error:
            known = at.operation.progress
            if known is None:
                known = Progress(stage=Stage.ROLLING, headline="")
            lines = (str(error), *(line for line in known.lines if line != str(error)))
            blind = {"headline": "I cannot see how it is going", "lines": lines, "calm": True, "buttons": ()}
            return known.model_copy(update={"stage": Stage.ROLLING, **blind})

    def _asks(self, at: At, operation: Operation) -> tuple[NewRow, ...]:
        """Whoever asked is called, once, when the change itself waits for somebody."""
        progress = operation.progress
        before = at.operation.progress.buttons if at.operation.progress else ()
        if progress is None or not progress.buttons or progress.buttons == before:
            return ()
        mark = f"asks:{progress.buttons[0].value}"
        return (self._say.reply(at.row.id, operation, mark, view.asks(operation, progress)),)

    def _poll(self, at: At, progress: Progress) -> float:
        """Seconds from this look to the next, so that what was so ``settle_poll`` ago is known by now."""
        poll = self._timings.settle_poll
        if progress.calm:
            return max(poll, CALM_POLL)
        took = self._world.clock.now() - at.now
        return max(poll / 2, poll - took - LAST_LOOK)

    def _answered(self, at: At) -> tuple[Operation, tuple[NewRow, ...]]:
        """Answer what the change itself asked, as far as people may."""
        operation = at.operation
        told: list[NewRow] = []
        for signal in at.signals:
            if signal.name != ANSWER or str(signal.payload.get("value", "")) in operation.answered:
                continue
            try:
                operation, said = self._give_answer(at, operation, signal)
                told.append(said)
            except UpstreamError as error:
                if error.retryable:
                    raise
                told.append(self._say.answer(at, signal, error))
            except BotError as error:
                told.append(self._say.answer(at, signal, error))
        return operation, tuple(told)

    def _give_answer(self, at: At, operation: Operation, signal: Received) -> tuple[Operation, NewRow]:
        user, value = str(signal.payload.get("user", "")), str(signal.payload.get("value", ""))
        target = self._world.catalog.target(operation.target)
        authz.require(self._access, self._world.chat.person(user), right(at.command, operation), target)
        answer = strategy_of(at).answers.get(str(signal.payload.get("answer", "")))
        if answer is None:
            raise ConflictError("This button is of another version of the bot.")
        at.lease.before_effect()
        sentence = answer(run_of(at, self._world), self._world, value)
        answered = operation.model_copy(update={"answered": (*operation.answered, value)})
        said = view.answered(user, sentence)
        return answered, self._say.reply(at.row.id, operation, f"answer:{signal.number}", said)

    def _worth_showing(self, at: At, progress: Progress) -> bool:
        moved = progress != at.operation.progress
        return moved or (at.now - at.operation.started_at) % SHOW_EVERY < self._timings.settle_poll

    def _late(self, at: At) -> tuple[NewRow, ...]:
        return self._say.late_cancels(at)


def _taken_over(at: At) -> Received | None:
    return next((signal for signal in at.signals if signal.name == TAKE_OVER), None)


def _unasked(progress: Progress, answered: tuple[str, ...]) -> Progress:
    """A question that was answered is not asked again while AWS acts on it, and nobody is waited for."""
    if not progress.buttons or any(each.value not in answered for each in progress.buttons):
        return progress
    return progress.model_copy(update={"buttons": (), "calm": False})
