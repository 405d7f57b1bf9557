"""``/cancel``: stop what the bot has in hand for a service.

What AWS was not told of yet simply does not happen. A rollout that is under way is stopped with a rollback where its
kind can go back; what that leaves behind is said.
"""

from __future__ import annotations

from typing import Any

from bot.command import Change, Command, Effect, Plan, Progress, Run, Stage, Strategy
from bot.domain import Person, Target
from bot.errors import BotError, ConflictError
from bot.operation import ACTIVE, WAITING
from bot.ports import Past, World
from bot.shipping.kinds import STRATEGIES, kind_of
from bot.target_args import TargetArgs, target

RECENT_SECONDS = 7 * 86400.0
WITHDRAW = "withdraw"
SERVES = ("update", "create", "shift:", "alias", "assets:", "other", "html")
"""What the names of effects begin with that change what people get; before them letting go is enough."""
GOES_BACK = ("deploy", "rollback", "restart", "cancel")
"""Commands whose rollout can be stopped by going back."""


class CancelArgs(TargetArgs):
    """What ``/cancel`` takes."""


def plan(args: CancelArgs, world: World, person: Person) -> Plan:
    """What waits and what is under way, and what stopping it means. Only reads."""
    aim = target(args, world.catalog)
    found = world.recent.every(aim.key, since=world.clock.now() - RECENT_SECONDS, limit=50)
    waiting = [past for past in found if past.state in WAITING and not past.due_at and past.command != "cancel"]
    active = next((past for past in found if past.state in ACTIVE and not past.beside), None)
    if active is None:
        # What goes on beside the service ends when it is told to; nobody who stops a rollout means it.
        waiting += [past for past in found if past.state in ACTIVE]
    withdrawn = [_withdrawn(past) for past in waiting]
    if active is None:
        return _waiting(aim, waiting, withdrawn)
    try:
        back = _back(aim, active, world, person)
    except ConflictError as error:
        if not waiting:
            raise
        return _waiting(aim, waiting, withdrawn).model_copy(update={"warnings": (str(error),)})
    return back.model_copy(
        update={
            "title": f"Cancel: {active.title}",
            "changes": (*withdrawn, *back.changes),
            "facts": {**back.facts, "waiting": [past.id for past in waiting]},
        }
    )


def _withdrawn(past: Past) -> Change:
    if past.state in ACTIVE:
        return Change(what=past.title, before="under way in AWS", after="ended there")
    return Change(what=past.title, before="waits, AWS knows nothing of it", after="does not happen")


def _waiting(aim: Target, waiting: list[Past], withdrawn: list[Change]) -> Plan:
    if not waiting:
        text = f"Nothing of mine waits or is under way for {aim.label}. A rollback also stops what others began."
        return Plan(title=text, answer_text=text)
    return Plan(
        title=f"Cancel what I have in hand for {aim.label}",
        strategy=WITHDRAW,
        changes=tuple(withdrawn),
        facts={"waiting": [past.id for past in waiting]},
        basis={"waiting": ", ".join(sorted(past.id for past in waiting))},
    )


def _back(aim: Target, active: Past, world: World, person: Person) -> Plan:
    """How what is under way is stopped. Before AWS was told of anything letting go is enough."""
    if active.command in GOES_BACK and not any(name.startswith(SERVES) for name in active.results):
        done = f"so far: {', '.join(active.results)}" if active.results else "AWS knows nothing of it"
        letting_go = Change(what=active.title, before=f"under way, {done}", after="goes no further")
        left = ("What was begun or made so far stays: a build, a revision, code that no alias names.",)
        details = left if active.results else ()
        return Plan(title="", strategy=WITHDRAW, changes=(letting_go,), details=details, basis={"under way": active.id})
    if active.command not in GOES_BACK:
        raise ConflictError(
            f"{active.title} was told to AWS in one call and cannot be stopped.", hint="Ask for what you want instead."
        )
    try:
        return kind_of(aim).rollback(aim, "", world, person)
    except BotError as error:
        raise ConflictError(f"{active.title} cannot be stopped: {error.message}", hint=error.hint) from error


def _withdrawals(plan: Plan) -> tuple[Effect, ...]:
    ids = plan.facts.get("waiting")
    return tuple(_withdrawal(str(each)) for each in ids) if isinstance(ids, list) else ()


def _withdrawal(operation: str) -> Effect:
    def tell(run: Run, world: World) -> dict[str, Any]:
        world.tell(operation, WITHDRAW, {"user": run.actor.user}, f"{WITHDRAW}:{run.operation}")
        return {"told": operation}

    return Effect(name=f"withdraw:{operation}", find=lambda run, world: None, do=tell)


def _over(run: Run, world: World) -> Progress:
    """One look whether those that waited have ended."""
    ids = run.plan.facts.get("waiting")
    past = [world.recent.operation(str(each)) for each in ids] if isinstance(ids, list) else []
    left = [each.title for each in past if each and (each.state in WAITING or (each.beside and each.state in ACTIVE))]
    if left:
        return Progress(stage=Stage.ROLLING, headline=f"Withdrawing {', '.join(left)}")
    late = [each.title for each in past if each is not None and each.state in ACTIVE]
    if late:
        headline = f"Too late for {', '.join(late)}: it has begun. Cancel it again."
        return Progress(stage=Stage.FAILED, headline=headline, unchanged=True)
    begun = any(each is not None and each.started_at for each in past)
    headline = "Ended in AWS" if begun else "Cancelled before AWS was told of anything"
    return Progress(stage=Stage.SUCCEEDED, headline=headline)


def _with_withdrawals(strategy: Strategy) -> Strategy:
    effects = strategy.effects
    return Strategy(
        effects=lambda plan: (*_withdrawals(plan), *effects(plan)),
        watch=strategy.watch,
        answers=strategy.answers,
        soaks=strategy.soaks,
        still=strategy.still,
    )


cancel = Command(
    name="cancel",
    summary="Stop what is waiting or under way for a service",
    action="cancel",
    args=CancelArgs,
    target=target,
    plan=plan,
    examples=("bi/api production",),
    strategies={
        WITHDRAW: Strategy(effects=_withdrawals, watch=_over, soaks=False),
        **{name: _with_withdrawals(strategy) for name, strategy in STRATEGIES.items()},
    },
    urgent=True,
)
