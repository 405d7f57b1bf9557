"""Where every decision leads: the change begins, waits for its moment, goes back to be confirmed anew, or is over.

Everything is bound to the very plan that was seen: a plan that came out differently goes back, and what was said about
the old one no longer counts.
"""

from __future__ import annotations

from bot.command import Plan
from bot.domain import Target, as_json
from bot.errors import ConflictError
from bot.operation import ACTIVE, KIND, Operation, State, unattended
from bot.planning import Planner, difference, short, worse, worsened
from bot.ports import World
from bot.rows import LockHeldError, NewRow, Received, Row, Signal, Step, Store
from bot.sayings import TAKE_OVER, WITHDRAW, At, Sayings
from bot.settings.models import AccessConfig, Timings
from bot.views import operation as view

GIVE_WAY_SECONDS = 0.5
"""Between two looks whether an operation that is taken over has let go."""
PATIENT_SECONDS = 10.0
"""Between two looks of an operation that the bot began by itself and that waits for people's."""


class Beginning:
    """What the transitions before a change have in common."""

    def __init__(
        self, store: Store, world: World, access: AccessConfig, timings: Timings, planner: Planner, say: Sayings
    ) -> None:
        self._store = store
        self._world = world
        self._access = access
        self._timings = timings
        self._planner = planner
        self._say = say

    def go(self, at: At, operation: Operation, told: tuple[NewRow, ...], *, planned: bool = True) -> Step:
        """Begin, or wait for the right moment; ``planned`` says that the plan was made just now."""
        target = self._target(operation)
        if at.now < operation.starts_at:
            new = (*told, self._say.card(at.row.id, operation, State.APPROVED, at.now), self._say.notice(at, operation))
            return Step(*(State.APPROVED, operation.starts_at, as_json(operation)), consumed=at.consumed, new=new)
        holder = self._holder(target, operation)
        if holder is not None and not takes_over(at, holder):
            return self._ahead(at, operation, holder, told)
        # Who takes over has seen what is under way; that it lets go makes no other plan of it.
        if not planned and not operation.takes_over:
            fresh = self._planner.plan(at.command, operation, target)
            if not fresh.changes_anything:
                return self._nothing_left(at, operation, fresh, told)
            seen = operation.plan
            if operation.confirmed_plan and short(fresh) != operation.confirmed_plan:
                return self._stale(at, operation, fresh, difference(seen or fresh, fresh), told)
            operation = operation.model_copy(update={"plan": fresh})
            news = worse(seen, fresh)
            if operation.forbidden_by(fresh) or (news and not operation.unattended):
                return self._stale(at, operation, fresh, worsened(news) or difference(seen or fresh, fresh), told)
        if holder is not None:
            return self._ahead(at, operation, holder, told)
        running = operation.model_copy(update={"note": "", "started_at": at.now})
        begun = [self._say.card(at.row.id, running, State.RUNNING, at.now), *self._follow_up(at, running, target)]
        if any(each.emergency for each in running.overrides):
            begun.append(self._say.emergency(at, running))
        lock = target.key if target and not _is_beside(operation) else None
        signals = tuple(
            (row.id, Signal(TAKE_OVER, {"by": at.row.id, "user": operation.actor.user}, key=at.row.id))
            for row in self._soaking(at, running, target)
        )
        body = as_json(running)
        return Step(State.RUNNING, 0.0, body, lock=lock, consumed=at.consumed, new=(*told, *begun), signals=signals)

    def _follow_up(self, at: At, operation: Operation, target: Target | None) -> list[NewRow]:
        """What must happen later is owed from the moment the change begins, whatever becomes of it."""
        later = operation.plan.follow_up if operation.plan else None
        if later is None or target is None:
            return []
        command = self._world.commands[later.command]
        return [unattended(command, later.args, f"later:{at.row.id}", operation, target, at.now + later.seconds)]

    def _soaking(self, at: At, operation: Operation, target: Target | None) -> list[Row]:
        """Operations on a service that is still being proved, when something else is shipped over it."""
        plan = operation.plan
        if target is None or plan is None or not at.command.strategies[plan.strategy].soaks:
            return []
        return self._store.rows(KIND, group=target.key, states=(State.SOAKING,), limit=20)

    def lost_race(self, at: At, error: LockHeldError) -> Step:
        """Somebody else's operation took the lock between our look and our save."""
        holder = self._store.get(error.holder)
        return self._ahead(at, at.operation, holder or at.row, ())

    def _ahead(self, at: At, operation: Operation, holder: Row, told: tuple[NewRow, ...]) -> Step:
        other = Operation.model_validate(holder.body)
        person = self._world.chat.person(other.actor.user)
        title = other.plan.title if other.plan else other.command
        if takes_over(at, holder):
            note = f"Taking over from {person.name}: {title}."
            waiting = operation.model_copy(update={"note": note, "takes_over": True})
            new = list(told)
            if note != operation.note:
                new.append(self._say.card(at.row.id, waiting, State.APPROVED, at.now))
            signal = Signal(TAKE_OVER, {"by": at.row.id, "user": operation.actor.user}, key=at.row.id)
            return Step(
                *(State.APPROVED, at.now + GIVE_WAY_SECONDS, as_json(waiting)),
                consumed=at.consumed,
                new=tuple(new),
                signals=((holder.id, signal),),
            )
        if operation.unattended:
            return Step(*(State.APPROVED, at.now + PATIENT_SECONDS, as_json(operation)), consumed=at.consumed, new=told)
        note = f"{person.name} is ahead: {title} is still {holder.state}. Wait for it to end, then confirm again."
        waiting = undecided(operation, note)
        shown = self._say.card(at.row.id, waiting, State.PROPOSED, at.now)
        return self._back(at, waiting, (*told, shown))

    def _back(self, at: At, operation: Operation, new: tuple[NewRow, ...]) -> Step:
        return Step(State.PROPOSED, self.expiry(at.row, operation), as_json(operation), consumed=at.consumed, new=new)

    def _stale(self, at: At, operation: Operation, fresh: Plan, note: str, told: tuple[NewRow, ...]) -> Step:
        stale = undecided(operation.model_copy(update={"plan": fresh, "planned_at": at.now}), note)
        if operation.unattended:
            return self._over(at, stale, State.REFUSED, told)
        return self._back(at, stale, (*told, self._say.card(at.row.id, stale, State.PROPOSED, at.now)))

    def _over(self, at: At, operation: Operation, state: State, told: tuple[NewRow, ...]) -> Step:
        """It ends before anything was changed; whoever asked is called unless they ended it themselves."""
        over = operation.model_copy(update={"ended_at": at.now})
        new = [*told, self._say.card(at.row.id, over, state, at.now)]
        if over.confirmed_at or state is State.REFUSED:
            new.append(self._say.reply(at.row.id, over, "outcome", view.outcome(over, state)))
        return Step(state, None, as_json(over), consumed=at.consumed, new=tuple(new))

    def _withdrawn(self, at: At, operation: Operation, told: tuple[NewRow, ...]) -> Step | None:
        """Somebody who may has cancelled it with the command; None when nobody did."""
        said = next((signal for signal in at.signals if signal.name == WITHDRAW), None)
        if said is None:
            return None
        name = self._world.chat.person(str(said.payload.get("user", ""))).name
        return self._over(at, operation.model_copy(update={"note": f"{name} cancelled it."}), State.CANCELLED, told)

    def _nothing_left(self, at: At, operation: Operation, fresh: Plan, told: tuple[NewRow, ...]) -> Step:
        """Somebody else did it meanwhile: a plan without changes is never run."""
        note = f"{fresh.answer_text or fresh.title} Nothing is left to do."
        return self._over(at, operation.model_copy(update={"note": note}), State.CANCELLED, told)

    def _holder(self, target: Target | None, operation: Operation) -> Row | None:
        """What is under way and keeps this operation from beginning."""
        if target is None or _is_beside(operation):
            return None
        return next((row for row in self._store.rows(KIND, group=target.key, states=ACTIVE) if row.lock), None)

    def _target(self, operation: Operation) -> Target | None:
        if not operation.target:
            return None
        target = self._world.catalog.target(operation.target)
        if target is None:
            raise ConflictError("This service is no longer configured.", hint="Ask again with its new name.")
        return target

    def _checklist(self, at: At, target: Target | None) -> tuple[str, ...]:
        return target.checklist if target is not None and at.command.action == "deploy" else ()

    def _not_yours(self, at: At, signal: Received) -> NewRow:
        asker = self._world.chat.person(at.operation.actor.user).name
        said = ConflictError(f"Only {asker}, who asked, may press this.", hint="Type the command to get your own plan.")
        return self._say.answer(at, signal, said)

    def expiry(self, row: Row, operation: Operation) -> float:
        """When a plan that nobody confirmed must be asked for again."""
        return (operation.planned_at or row.created_at) + self._timings.plan_expires


def _is_beside(operation: Operation) -> bool:
    return operation.plan is not None and operation.plan.beside


def takes_over(at: At, holder: Row) -> bool:
    """Going back takes over what is under way, and a newer number an older one; what the bot began by itself waits."""
    if holder.id == at.row.id or at.operation.unattended:
        return False
    same = holder.body.get("command") == at.command.name
    return at.command.renews if same else at.command.urgent


def undecided(operation: Operation, note: str) -> Operation:
    """Whatever was said about a plan that is no longer true does not count for the next one."""
    changes = {"note": note, "overrides": (), "approvals": (), "confirmed_plan": "", "confirmed_by": ""}
    return operation.model_copy(update={**changes, "confirmed_at": 0.0, "starts_at": 0.0, "takes_over": False})
