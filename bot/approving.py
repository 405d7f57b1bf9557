"""The states approving and approved: other people say yes, and then the change waits for its moment."""

from __future__ import annotations

from bot import authz
from bot.beginning import Beginning
from bot.domain import Target, as_json
from bot.errors import BotError, ConflictError, DeniedError, UpstreamError
from bot.operation import Approval, Operation, State
from bot.planning import right
from bot.rows import NewRow, Received, Step
from bot.sayings import APPROVE, CANCEL, DECLINE, At


class Approving(Beginning):
    """The transitions of the states approving and approved."""

    def approving(self, at: At) -> Step:
        """Count those who say yes; one no, the asker's cancel or the end of patience ends it."""
        operation = at.operation
        told: list[NewRow] = []
        withdrawn = self._withdrawn(at, operation, ())
        if withdrawn is not None:
            return withdrawn
        target = self._target(operation)
        rule = self._planner.approvals(at.command, operation, target)
        for signal in at.signals:
            try:
                if signal.name == APPROVE:
                    operation = self._approve(operation, signal, target, rule.people, at)
                elif signal.name == DECLINE:
                    return self._declined(at, operation, signal, target, tuple(told))
                elif signal.name == CANCEL and signal.payload.get("user") == operation.actor.user:
                    return self._over(at, operation, State.CANCELLED, tuple(told))
                else:
                    told.append(self._not_yours(at, signal))
            except UpstreamError:
                # What somebody said counts when it can be looked at again, or everything goes back to be confirmed.
                raise
            except BotError as error:
                told.append(self._say.answer(at, signal, error))
        if len(operation.approvals) >= rule.people:
            return self.go(at, operation, tuple(told), planned=False)
        if at.now >= operation.confirmed_at + rule.expires:
            return self._over(at, operation, State.EXPIRED, tuple(told))
        shown = self._say.card(at.row.id, operation, State.APPROVING, at.now, approvals=rule)
        due = operation.confirmed_at + rule.expires
        return Step(State.APPROVING, due, as_json(operation), consumed=at.consumed, new=(*told, shown))

    def _approve(self, operation: Operation, signal: Received, target: Target | None, people: int, at: At) -> Operation:
        user = str(signal.payload.get("user", ""))
        self._require_approver(operation, user, target, at)
        rule = self._planner.approvals(at.command, operation, target)
        if signal.at >= operation.confirmed_at + rule.expires:
            raise ConflictError("The time for approvals is over.", hint="Ask for a fresh plan.")
        if str(signal.payload.get("plan", "")) != operation.confirmed_plan:
            raise ConflictError("This is not the plan that you saw.", hint="Look at the plan as it is now.")
        if any(each.user == user for each in operation.approvals) or len(operation.approvals) >= people:
            return operation
        return operation.model_copy(update={"approvals": (*operation.approvals, Approval(user=user, at=at.now))})

    def _require_approver(self, operation: Operation, user: str, target: Target | None, at: At) -> None:
        if user == operation.actor.user or any(each.user == user for each in operation.overrides):
            raise DeniedError("Nobody approves what they asked for themselves.", hint="Somebody else has to.")
        rule = self._planner.approvals(at.command, operation, target)
        person = self._world.chat.person(user)
        action = right(at.command, operation)
        if target is None or not authz.may_approve(self._access, person, action, target, rule):
            who = ", ".join(rule.roles or self._access.allowed_roles(action, target))
            raise DeniedError("You may not approve this.", hint=f"Who may: {who} (config/access.yaml).")

    def _declined(
        self, at: At, operation: Operation, signal: Received, target: Target | None, told: tuple[NewRow, ...]
    ) -> Step:
        user = str(signal.payload.get("user", ""))
        self._require_approver(operation, user, target, at)
        name = self._world.chat.person(user).name
        return self._over(at, operation.model_copy(update={"note": f"{name} declined."}), State.CANCELLED, told)

    def approved(self, at: At) -> Step:
        """Everybody who must has said yes; wait for the announced moment, and for who is ahead to let go."""
        operation = at.operation
        told: list[NewRow] = []
        withdrawn = self._withdrawn(at, operation, ())
        if withdrawn is not None:
            return withdrawn
        for signal in at.signals:
            if signal.name == CANCEL and signal.payload.get("user") == operation.actor.user:
                return self._over(at, operation, State.CANCELLED, tuple(told))
            told.append(self._not_yours(at, signal))
        return self.go(at, operation, tuple(told), planned=False)
