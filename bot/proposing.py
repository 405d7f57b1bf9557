"""The state proposed: whoever asked ticks, confirms or cancels; a blocking check may be decided against."""

from __future__ import annotations

from bot import authz
from bot.beginning import Beginning, takes_over
from bot.command import Override
from bot.domain import as_json
from bot.errors import BotError, ConflictError, UpstreamError
from bot.operation import Operation, Overridden, State
from bot.planning import difference, right, short, worse, worsened
from bot.rows import NewRow, Received, Step
from bot.sayings import CANCEL, CONFIRM, EMERGENCY, OVERRIDE, TICK, At


class Proposing(Beginning):
    """The transition of the state proposed."""

    def proposed(self, at: At) -> Step:
        """Take in ticks, overrides and the asker's word; expire."""
        operation = at.operation
        told: list[NewRow] = []
        withdrawn = self._withdrawn(at, operation, ())
        if withdrawn is not None:
            return withdrawn
        confirms: list[Received] = []
        for signal in at.signals:
            user = str(signal.payload.get("user", ""))
            if signal.name in (TICK, OVERRIDE, EMERGENCY):
                operation = self._decided(at, operation, signal, told)
            elif user != at.operation.actor.user:
                told.append(self._not_yours(at, signal))
            elif signal.name == CANCEL:
                return self._over(at, operation, State.CANCELLED, tuple(told))
            elif signal.name == CONFIRM:
                confirms.append(signal)
        if confirms:
            return self._tried(at, operation, confirms[-1], tuple(told))
        if at.now >= self.expiry(at.row, operation):
            return self._over(at, operation, State.EXPIRED, tuple(told))
        moved = operation != at.operation
        shown = (self._say.card(at.row.id, operation, State.PROPOSED, at.now),) if moved else ()
        return self._back(at, operation, (*told, *shown))

    def _tried(self, at: At, operation: Operation, signal: Received, told: tuple[NewRow, ...]) -> Step:
        """What was ticked and decided stays, whatever speaks against the confirmation."""
        try:
            return self._confirmed(at, operation, signal, told)
        except UpstreamError:
            raise
        except BotError as error:
            noted = operation.model_copy(update={"note": str(error)})
            shown = self._say.card(at.row.id, noted, State.PROPOSED, at.now)
            return self._back(at, noted, (*told, self._say.answer(at, signal, error), shown))

    def _decided(self, at: At, operation: Operation, signal: Received, told: list[NewRow]) -> Operation:
        """Ticks and overrides; whoever may not is told. Raises UpstreamError, to be tried again."""
        decide = self._tick if signal.name == TICK else self._override
        try:
            return decide(at, operation, signal)
        except UpstreamError:
            raise
        except BotError as error:
            told.append(self._say.answer(at, signal, error))
            return operation

    def _tick(self, at: At, operation: Operation, signal: Received) -> Operation:
        if str(signal.payload.get("user", "")) != operation.actor.user:
            raise ConflictError("Only whoever asked ticks the list.", hint="Type the command to get your own plan.")
        ticked = sorted({int(number) for number in signal.payload.get("ticked", ())})
        return operation.model_copy(update={"ticked": tuple(ticked)})

    def _override(self, at: At, operation: Operation, signal: Received) -> Operation:
        """A blocking check that somebody wants to go on in spite of, with a typed reason."""
        plan, name = operation.plan, str(signal.payload.get("check", ""))
        reason, user = str(signal.payload.get("reason", "")).strip(), str(signal.payload.get("user", ""))
        check = next((each for each in plan.overridable if each.name == name), None) if plan else None
        wanted = Override.EMERGENCY if signal.name == EMERGENCY else Override.REASON
        seen = str(signal.payload.get("plan", ""))
        if plan is None or check is None or check.override is not wanted:
            raise ConflictError("This check no longer stands in the way.", hint="Look at the plan as it is now.")
        if not seen or not plan.fingerprint().startswith(seen):
            raise ConflictError("The plan has changed since you wrote that.", hint="Look at it as it is now.")
        if not reason:
            raise ConflictError("A reason is needed.", hint="It is recorded and shown.")
        action = "override" if wanted is Override.REASON else right(at.command, operation)
        target = self._world.catalog.target(operation.target)
        authz.require(self._access, self._world.chat.person(user), action, target)
        decided = Overridden(
            check=name,
            detail=check.detail,
            user=user,
            reason=reason,
            at=at.now,
            emergency=wanted is Override.EMERGENCY,
        )
        kept = tuple(each for each in operation.overrides if each.check != name)
        return operation.model_copy(update={"overrides": (*kept, decided)})

    def _confirmed(self, at: At, operation: Operation, signal: Received, told: tuple[NewRow, ...]) -> Step:
        seen = operation.plan
        target = self._target(operation)
        if seen is None:
            raise ConflictError("This operation has no plan any more.", hint="Ask again.")
        if at.now >= self.expiry(at.row, operation):
            raise ConflictError("This plan has expired.", hint="Ask for a fresh one.")
        if seen.phrase and str(signal.payload.get("typed", "")).strip() != seen.phrase:
            raise ConflictError(f"To confirm, type exactly: {seen.phrase}", hint="Nothing was changed.")
        left = len(self._checklist(at, target)) - len(operation.ticked)
        if left > 0:
            some = f"{left} of them is" if left == 1 else f"{left} of them are"
            raise ConflictError(f"The checklist comes first: {some} not ticked.", hint="Then confirm again.")
        holder = self._holder(target, operation)
        if holder is not None and not takes_over(at, holder):
            return self._ahead(at, operation, holder, told)
        pressed = str(signal.payload.get("plan", ""))
        fresh = self._planner.plan(at.command, operation, target)
        if not fresh.changes_anything:
            return self._nothing_left(at, operation, fresh, told)
        if not pressed or not fresh.fingerprint().startswith(pressed):
            return self._stale(at, operation, fresh, difference(seen, fresh), told)
        news = worse(seen, fresh)
        operation = operation.model_copy(update={"plan": fresh})
        if operation.forbidden_by(fresh) or news:
            return self._stale(at, operation, fresh, worsened(news) or difference(seen, fresh), told)
        starts_at = self._planner.begins_at(at.command, operation, target)
        operation = operation.model_copy(
            update={
                "note": "",
                "confirmed_by": operation.actor.user,
                "confirmed_plan": short(fresh),
                "confirmed_at": at.now,
                "starts_at": starts_at,
            }
        )
        rule = self._planner.approvals(at.command, operation, target)
        if rule.people:
            asked = self._say.asks_for_approval(
                at, operation, rule, self._planner.groups(at.command, operation, rule, target)
            )
            shown = self._say.card(at.row.id, operation, State.APPROVING, at.now, approvals=rule)
            due = at.now + rule.expires
            return Step(State.APPROVING, due, as_json(operation), consumed=at.consumed, new=(*told, shown, asked))
        return self.go(at, operation, told)
