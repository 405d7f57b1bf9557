"""``/scale``: change the number of an ECS service's tasks, knowing what autoscaling will do about it.

A number outside autoscaling's bounds is undone within a minute by the next alarm or policy; so the bounds are widened,
pinned or suspended with it, for a stated time, and put back exactly as they were found unless somebody changed them
since. https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-suspend-resume-scaling.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.catalog import Catalog
from bot.cloud import EcsService
from bot.command import (
    Change,
    Check,
    CheckStatus,
    Choice,
    Command,
    FollowUp,
    Override,
    Plan,
    Strategy,
)
from bot.domain import Person, ServiceKind, Target
from bot.duration import parse_duration
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.form import choices
from bot.ports import Past, World
from bot.shipping.bounds import read, suspended, words
from bot.shipping.scaling import effects, watch
from bot.shipping_cloud import ScalableTarget, Scaling
from bot.target_args import TargetArgs
from bot.views.blocks import ago

READ_SECONDS = 10.0
BACK, DUE = "back", "due"
"""``back due`` is what the bot owes when a time is over; a later change for a time is not undone by it."""
WAYS = ("raise", "pin", "suspend")
DEFAULT_TIME = "2h"
LONGEST = 14 * 86400.0
MANY_TIMES, MANY = 4, 10
"""From so many times as many tasks, and so many tasks, on a slip of the finger is likely."""
TOO_MANY_TIMES = 20
"""From here on it takes the right to override, and a reason."""


def _count(word: str) -> str:
    if word != BACK and not re.fullmatch(r"[+-]?[0-9]{1,4}", word):
        raise ValueError("it is a number as 4, +2 or -1, or the word back")
    return word


def _way(word: str) -> str:
    if word and word not in (*WAYS, DUE):
        raise ValueError(f"it is one of {', '.join(WAYS)}")
    return word


def _time(word: str) -> str:
    if not 60 <= parse_duration(word) <= LONGEST:
        raise ValueError("it is between 1m and 14d")
    return word


class ScaleArgs(TargetArgs):
    """What ``/scale`` takes."""

    count: Annotated[str, AfterValidator(_count)] = Field(
        description="How many tasks: `6`, `+2`, `-1`; or `back`, which puts back the bounds that were found."
    )
    way: Annotated[str, AfterValidator(_way)] = Field(
        default="",
        description="Against autoscaling: `raise` its floor or ceiling, `pin` the number, or `suspend` it.",
        json_schema_extra=choices(*WAYS),
    )
    time: Annotated[str, AfterValidator(_time)] = Field(
        default=DEFAULT_TIME, description="How long that holds, as `2h`; then all is put back as it was found."
    )


def target(args: ScaleArgs, catalog: Catalog) -> Target:
    """The one ECS service that is meant. Raises NotFoundError or ConflictError with a sentence."""
    found = catalog.find(args.service, args.environment)
    if found.service.kind is ServiceKind.LAMBDA:
        raise ConflictError(f"{found.label} is a Lambda function: AWS runs as many as are called.")
    if found.service.kind is ServiceKind.STATIC_SITE:
        raise ConflictError(f"{found.label} is a static site: there is nothing to scale.")
    return found


def plan(args: ScaleArgs, world: World, person: Person) -> Plan:
    """What the number is, what it would be, and what autoscaling will make of it. Only reads."""
    aim = target(args, world.catalog)
    asked: dict[str, Callable[[], EcsService | Scaling]] = {
        "service": partial(world.ecs.service, aim),
        "scaling": partial(world.scaling.scaling, aim),
    }
    reads = world.gather(asked, seconds=READ_SECONDS)
    service, scaling = reads["service"], reads["scaling"]
    for found in (service, scaling):
        if isinstance(found, TimeoutError):
            raise UpstreamError("AWS did not answer in time.", hint="Try again.")
        if isinstance(found, Exception):
            # Without knowing what autoscaling does, nothing could be promised about the number.
            raise found
    if not isinstance(service, EcsService) or not isinstance(scaling, Scaling):
        raise TypeError("not what was asked for")
    if service.status != "ACTIVE":
        raise ConflictError(f"{aim.label} is being deleted in ECS.", hint="There is nothing to scale.")
    if service.scheduling == "DAEMON":
        raise ConflictError(
            f"{aim.label} runs one task on each instance (DAEMON): its number is that of the instances."
        )
    if args.count == BACK:
        return _back(aim, scaling, world, due=args.way == DUE)
    return _scaled(args, aim, service, scaling, world)


def _scaled(args: ScaleArgs, aim: Target, service: EcsService, scaling: Scaling, world: World) -> Plan:
    count = service.desired + int(args.count) if args.count[0] in "+-" else int(args.count)
    if count < 0:
        raise ConflictError(f"{aim.label} has {service.desired} tasks; it cannot have {count}.")
    before = scaling.bounds
    found = _found(aim, before, world)
    after = _bounds(args, count, before)
    outside = after is not None and not (suspended(after) or after.minimum <= count <= after.maximum)
    if count == service.desired and (after == before or not args.way):
        text = f"{aim.label} already has {count} tasks."
        return Plan(title=text, answer_text=text)
    changes = [Change(what="Tasks", before=str(service.desired), after=str(count))]
    held = f" for {ago(parse_duration(args.time))}"
    if after != before and before is not None and after is not None:
        changes.append(Change(what="Autoscaling", before=words(before), after=words(after) + held))
    return Plan(
        title=f"Scale {aim.label} to {count}",
        strategy="scale",
        changes=tuple(changes),
        details=tuple(_details(count, found, after, scaling, args)),
        checks=tuple(_checks(count, service, before, outside=outside)),
        choices=_ways(aim, count, before) if outside and before is not None else (),
        phrase=f"{aim.system}/{aim.name} 0" if count == 0 and aim.production else "",
        follow_up=_later(aim, args) if after != before else None,
        facts={
            "count": count,
            "before": asdict(before) if before else None,
            "after": asdict(after) if after and after != before else None,
            "found": asdict(found) if found else None,
            "seconds": parse_duration(args.time),
        },
        basis={"tasks": service.desired, "autoscaling": words(before) if before else "none"},
    )


def _bounds(args: ScaleArgs, count: int, before: ScalableTarget | None) -> ScalableTarget | None:
    if before is None or not args.way:
        return before
    if args.way == "pin":
        return replace(before, minimum=count, maximum=count)
    if args.way == "suspend":
        return replace(before, suspended_in=True, suspended_out=True, suspended_scheduled=True)
    return replace(before, minimum=min(before.minimum, count), maximum=max(before.maximum, count))


def _details(
    count: int, found: ScalableTarget | None, after: ScalableTarget | None, scaling: Scaling, args: ScaleArgs
) -> list[str]:
    before = scaling.bounds
    nobody = ["Nothing answers with zero tasks: expect its alarms."] if count == 0 else []
    if before is None:
        return ["Nothing scales it by itself: the number stays until somebody changes it.", *nobody]
    lines = []
    if after is not None and suspended(after):
        lines.append("Autoscaling is suspended: the number stays.")
    elif after is not None and after.minimum == after.maximum == count:
        lines.append("The number is pinned: no policy moves it.")
    else:
        lines += [f"Autoscaling may move it again: {policy.name} {policy.detail}." for policy in scaling.policies]
        lines = lines or ["Autoscaling keeps it within its bounds and has no policy that moves it."]
    lines += [
        f"Scheduled action {each.name} ({each.schedule}, {each.timezone}) sets {_range(each.minimum, each.maximum)}."
        for each in scaling.scheduled
    ]
    if after != before:
        lines.append(
            f"After {ago(parse_duration(args.time))} I put back {words(found or before)}, if nobody changed it since."
        )
    return [*lines, *nobody]


def _range(minimum: int | None, maximum: int | None) -> str:
    parts = [
        f"a floor of {minimum}" if minimum is not None else "",
        f"a ceiling of {maximum}" if maximum is not None else "",
    ]
    return " and ".join(part for part in parts if part) or "nothing"


def _checks(count: int, service: EcsService, before: ScalableTarget | None, *, outside: bool) -> list[Check]:
    checks = [Check(name="autoscaling bounds", status=CheckStatus.PASSED, detail=words(before) if before else "none")]
    if outside and before is not None:
        side = (
            f"above the ceiling of {before.maximum}"
            if count > before.maximum
            else f"below the floor of {before.minimum}"
        )
        detail = f"{count} is {side}: autoscaling would undo it"
        checks = [Check(name="autoscaling bounds", status=CheckStatus.BLOCKING, detail=detail, override=Override.NEVER)]
    if service.in_flight:
        shifting = service.strategy != "ROLLING" or service.controller == "CODE_DEPLOY"
        status = CheckStatus.BLOCKING if shifting else CheckStatus.WARNED
        checks.append(Check(name="deployments in flight", status=status, detail="a deployment is under way"))
    if count >= MANY and count >= MANY_TIMES * max(1, service.desired):
        times = count // max(1, service.desired)
        status = CheckStatus.BLOCKING if times >= TOO_MANY_TIMES else CheckStatus.WARNED
        checks.append(Check(name="number", status=status, detail=f"that is {times} times as many as now"))
    return checks


def _ways(aim: Target, count: int, before: ScalableTarget) -> tuple[Choice, ...]:
    start = f"scale {aim.system}/{aim.name} {aim.environment} {count}"
    side = "ceiling" if count > before.maximum else "floor"
    verb = "Raise" if count > before.maximum else "Lower"
    return (
        Choice(label=f"{verb} the {side} for {DEFAULT_TIME}", text=f"{start} raise {DEFAULT_TIME}"),
        Choice(label=f"Pin {count} for {DEFAULT_TIME}", text=f"{start} pin {DEFAULT_TIME}"),
        Choice(label=f"Suspend autoscaling for {DEFAULT_TIME}", text=f"{start} suspend {DEFAULT_TIME}"),
    )


def _later(aim: Target, args: ScaleArgs) -> FollowUp:
    named = {"service": f"{aim.system}/{aim.name}", "environment": aim.environment, "count": BACK, "way": DUE}
    return FollowUp(command="scale", args=dict(named), seconds=parse_duration(args.time))


def _back(aim: Target, scaling: Scaling, world: World, *, due: bool) -> Plan:
    """Back to the bounds that were found first. Raises ConflictError when somebody changed them since."""
    past = _last(aim, world)
    before, after = read(past.facts.get("found") or past.facts.get("before")), read(past.facts.get("after"))
    now = scaling.bounds
    until = past.started_at + float(past.facts.get("seconds") or 0.0)
    if due and now == after and world.clock.now() < until - 1:
        text = (
            f"{past.title} holds for {ago(until - world.clock.now())} more; then the bounds go back to what was found."
        )
        return Plan(title=text, answer_text=text)
    if now is None or before is None or now == before:
        text = f"Autoscaling of {aim.label} is as it was before {past.title}."
        return Plan(title=text, answer_text=text)
    if now != after:
        set_to = words(after) if after else "nothing"
        raise ConflictError(
            f"Somebody changed the autoscaling of {aim.label} since: it is {words(now)} now, I had set {set_to}.",
            hint=f"Before that it was {words(before)}. I leave it as it is.",
        )
    return Plan(
        title=f"Put the autoscaling of {aim.label} back",
        strategy="scale",
        changes=(Change(what="Autoscaling", before=words(now), after=words(before)),),
        details=("Then autoscaling decides the number again; it is moved inside these bounds at once.",),
        facts={"count": None, "before": asdict(now), "after": asdict(before)},
        basis={"autoscaling": words(now)},
    )


def _found(aim: Target, now: ScalableTarget | None, world: World) -> ScalableTarget | None:
    """The bounds to put back: those that an earlier change for a time found, while what it set still holds."""
    try:
        past = _last(aim, world)
    except NotFoundError:
        return now
    still = now is not None and read(past.facts.get("after")) == now
    return read(past.facts.get("found") or past.facts.get("before")) if still else now


def _last(aim: Target, world: World) -> Past:
    for past in world.recent.operations(aim.key, since=world.clock.now() - 2 * LONGEST, limit=50):
        if past.command == "scale" and past.facts.get("after") and past.facts.get("count") is not None:
            return past
    raise NotFoundError(f"I did not change the autoscaling of {aim.label}.", hint="There is nothing to put back.")


scale = Command(
    name="scale",
    summary="Change how many tasks a service has",
    action="scale",
    args=ScaleArgs,
    target=target,
    plan=plan,
    examples=("bi/api production 4", "bi/api production +2", "bi/api production 12 raise 2h", "bi/api production back"),
    strategies={"scale": Strategy(effects=effects, watch=watch, soaks=False)},
    renews=True,
    kinds=(ServiceKind.ECS,),
)
