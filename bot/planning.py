"""Plans as the road needs them: authorised, with what holds changes up, and compared with what was seen before."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from bot import authz
from bot.calendar import hold_checks
from bot.command import BEGUN, CheckStatus, Command, Plan
from bot.domain import Person, Target
from bot.errors import ConflictError, UpstreamError
from bot.holds import HoldKind
from bot.operation import Operation
from bot.ports import World
from bot.settings.models import AccessConfig, Approvals

log = logging.getLogger("bot.planning")

PLAN_SECONDS = 12.0
"""The longest a plan may take with all its reads; then the asker is told rather than kept waiting."""
LEAST_SECONDS = 4.0
"""What is left of that for a last attempt, at the least; with less left there is none."""
NARROWER = "Ask again, or for less at once: of one service, or a shorter time."
FINGERPRINT = 16
"""Characters of a plan's fingerprint that buttons carry."""


def right(command: Command, operation: Operation) -> str:
    """The word of ``config/access.yaml`` that governs an operation."""
    return _right(command, operation.plan) if operation.plan else command.action


def _right(command: Command, plan: Plan) -> str:
    strategy = command.strategies.get(plan.strategy)
    return (strategy.action if strategy else "") or command.action


def short(plan: Plan) -> str:
    """The plan's fingerprint as buttons carry it."""
    return plan.fingerprint()[:FINGERPRINT]


class _Reading:
    """A plan on its way in another thread: somebody takes it, or that thread drops it when it has made it."""

    def __init__(self, read: Callable[[], Plan], drop: Callable[[Plan], None]) -> None:
        self._read = read
        self._drop = drop
        self._lock = threading.Lock()
        self._made: Plan | None = None
        self._is_given_up = False

    def __call__(self) -> Plan:
        plan = self._read()
        with self._lock:
            self._made = plan
            late = self._is_given_up
        if late:
            self._drop(plan)
        return plan

    def give_up(self) -> Plan | None:
        """Wait no more; the plan, where it was made in the very last moment."""
        with self._lock:
            self._is_given_up = self._made is None
            return self._made


class Planner:
    """Makes plans, for people and again right before they run."""

    def __init__(self, world: World, access: AccessConfig) -> None:
        self._world = world
        self._access = access

    def plan(
        self, command: Command, operation: Operation, target: Target | None, *, seconds: float = PLAN_SECONDS
    ) -> Plan:
        """What the command would do now. Raises BotErrors: not allowed, not found, not reached in time.

        What the bot started by itself is allowed by the configuration that told it to.
        """
        person = self._world.chat.person(operation.actor.user)
        if not operation.unattended:
            authz.require(self._access, person, command.action, target)
        asker = self._asker(operation, person)
        args = command.args.model_validate(operation.args)
        plan = self._in_time(command, partial(command.plan, args, self._world, asker), seconds)
        if plan.changes_anything and not operation.unattended:
            authz.require(self._access, person, _right(command, plan), target)
        if target is None or not plan.changes_anything or plan.beside or _goes_anyway(command, operation):
            return plan
        now = self._world.clock.now()
        holds = self._world.holds.on(target, now)
        checks = (*plan.checks, *hold_checks(holds, now))
        return plan.model_copy(update={"checks": checks})

    def more(self, command: Command, operation: Operation, plan: Plan) -> Plan:
        """What is known by now of an answer that was not finished. Raises BotErrors as ``plan`` does.

        Whoever may not ask any more is told no more; what Slack says of people and groups is remembered for minutes.
        """
        if command.look is None:
            raise ConflictError(f"{command.name} has no more to say.", hint="Ask again.")
        person = self._world.chat.person(operation.actor.user)
        if not operation.unattended:
            target = self._world.catalog.target(operation.target) if operation.target else None
            authz.require(self._access, person, command.action, target)
        asker = self._asker(operation, person)
        args = command.args.model_validate(operation.args)
        return self._in_time(command, partial(command.look, args, plan, self._world, asker), PLAN_SECONDS, plan)

    @staticmethod
    def _asker(operation: Operation, person: Person) -> Person:
        return replace(person, channel=operation.actor.channel, about=operation.actor.about)

    def _in_time(self, command: Command, read: Callable[[], Plan], seconds: float, so_far: Plan | None = None) -> Plan:
        reading = _Reading(read, partial(self._drop, command, so_far))
        plan = self._world.gather({"plan": reading}, seconds=seconds)["plan"]
        if isinstance(plan, TimeoutError):
            plan = reading.give_up() or plan
        if isinstance(plan, TimeoutError):
            text, hint = f"AWS did not answer within {PLAN_SECONDS:.0f} s.", NARROWER if command.may_ask else ""
            raise UpstreamError(text, hint=hint, retryable=so_far is not None)
        if isinstance(plan, Exception):
            raise plan
        return plan

    def _drop(self, command: Command, so_far: Plan | None, late: Plan) -> None:
        """End what a plan began that came when nobody waited for it any more."""
        begun = late.facts.get(BEGUN)
        if command.stop is None or not begun or (so_far is not None and so_far.facts.get(BEGUN) == begun):
            return
        left = command.stop(late, self._world)
        log.warning("what began too late was ended", extra={"command": command.name, "left": left})

    def begins_at(self, command: Command, operation: Operation, target: Target | None) -> float:
        """When a change confirmed now may begin, where it must be announced; else 0."""
        if target is None or _goes_anyway(command, operation) or (operation.plan and operation.plan.beside):
            return 0.0
        if any(each.check == HoldKind.NOTICE for each in operation.overrides):
            return 0.0
        holds = self._world.holds.on(target, self._world.clock.now())
        return max((hold.until for hold in holds if hold.kind is HoldKind.NOTICE), default=0.0)

    def approvals(self, command: Command, operation: Operation, target: Target | None) -> Approvals:
        """The rule of approvals for this operation; an emergency needs at least one."""
        rule = authz.approval(self._access, right(command, operation), target)
        if rule.people == 0 and any(each.emergency for each in operation.overrides):
            return rule.model_copy(update={"people": 1})
        return rule

    def groups(self, command: Command, operation: Operation, rule: Approvals, target: Target | None) -> tuple[str, ...]:
        """Slack user groups of those who may approve, for a mention."""
        names = rule.roles or self._access.allowed_roles(right(command, operation), target)
        groups = [group for name in names if name in self._access.roles for group in self._access.roles[name].groups]
        return tuple(dict.fromkeys(groups))


def _goes_anyway(command: Command, operation: Operation) -> bool:
    """Nothing holds up what goes back, nor what the bot owes, such as bounds to be put back."""
    return command.urgent or operation.unattended


def worse(seen: Plan | None, fresh: Plan) -> tuple[str, ...]:
    """Names of checks that warn or forbid by now and did not when the plan was seen."""
    before = {(check.name, check.status) for check in seen.checks} if seen else set()
    spoken = (CheckStatus.WARNED, CheckStatus.BLOCKING)
    return tuple(c.name for c in fresh.checks if c.status in spoken and (c.name, c.status) not in before)


def worsened(names: tuple[str, ...]) -> str:
    """A sentence about what speaks against a plan only since it was seen; nothing when nothing does."""
    if not names:
        return ""
    return f"New since you saw it: {', '.join(names)}. Nothing was done: look at it, then confirm again, or cancel."


def difference(seen: Plan, fresh: Plan) -> str:
    """A sentence for whoever confirmed a plan that is no longer true."""
    if fresh.blocking and not seen.blocking:
        return "A check that passed before now forbids this; nothing was done."
    moved = [
        f"{name}: {seen.basis[name]} → {fresh.basis[name]}"
        for name in sorted({*seen.basis} & {*fresh.basis})
        if seen.basis[name] != fresh.basis[name] and _shows(seen, name) and _shows(fresh, name)
    ]
    what = "; ".join(moved) or "meanwhile something else was begun, or came to its end"
    return (
        f"The plan you saw is stale and nothing was done ({what}). This is the plan as of now: confirm it, or cancel."
    )


def _shows(plan: Plan, name: str) -> bool:
    """Whether people saw this part of the basis; ids of deployments say nothing to them."""
    return any(str(plan.basis[name]) in (change.before, change.after) for change in plan.changes)
