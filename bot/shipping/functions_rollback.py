"""What ``/rollback`` would do to a Lambda function: the alias back at a version that is known to be good."""

from __future__ import annotations

from functools import partial
from typing import Any

from bot.command import Change, Check, Choice, Plan
from bot.domain import Person, Target
from bot.errors import NotFoundError
from bot.ports import World
from bot.shipping import functions_checks as checks
from bot.shipping import functions_past as past
from bot.shipping import images
from bot.shipping.functions_good import Candidate, candidates, choose
from bot.shipping.functions_plan import short
from bot.shipping.reads import value
from bot.shipping.verdicts import blocking, passed, unknown, warned
from bot.shipping_cloud import Function, FunctionAlias

STRATEGY = "lambda_rollback"
FIRST_SECONDS = 5.0
NEXT_SECONDS = 4.0
OFFERED = 3


def plan(target: Target, to: str, world: World, person: Person) -> Plan:
    """Plan to go back. Only reads, in three round trips: the versions, the chosen one, its image. Raises BotErrors.

    While calls are shared, going back ends that: the main version gets all of them again.
    """
    functions = world.functions
    found: dict[str, Any] = world.gather(
        {
            "alias": partial(functions.alias, target),
            "live": partial(functions.function, target, target.service.alias),
            "versions": partial(functions.versions, target),
        },
        seconds=FIRST_SECONDS,
    )
    alias: FunctionAlias = value(found, "alias")
    live: Function = value(found, "live")
    if alias.weights and not to:
        chosen = Candidate(live, "it has the other calls already", soaked=True)
    else:
        chosen = choose(target, to, value(found, "versions"), alias.version, world)
    if chosen.version.version == alias.version and not alias.weights:
        text = f"All calls of {target.label} go to {past.called(live, past.of(target, world))} already."
        return Plan(title=text, answer_text=text)
    number = chosen.version.version
    read = world.gather({"version": partial(functions.function, target, number)}, seconds=NEXT_SECONDS)
    return _plan(target, alias, live, chosen, read["version"], world, value(found, "versions"))


def _plan(
    target: Target,
    alias: FunctionAlias,
    live: Function,
    chosen: Candidate,
    looked_at: Any,
    world: World,
    versions: tuple[Function, ...],
) -> Plan:
    pasts, version = past.of(target, world), chosen.version
    name = past.name(looked_at if isinstance(looked_at, Function) else version, pasts)
    shown = past.called(version, pasts)
    return Plan(
        title=f"Roll back {target.label} → {name or f'version {version.version}'}",
        strategy=STRATEGY,
        changes=_changes(alias, live, version, name, pasts),
        details=(
            f"Why {shown}: {chosen.why}",
            f"Now: {past.called(live, pasts)}, {past.shipped(live, pasts, world)}",
            f"Then: {shown}, {past.shipped(version, pasts, world)}",
            *(f"Differs: {line}" for line in past.differences(live, version)),
        ),
        checks=(
            checks.usable(looked_at),
            *_image(target, looked_at, world),
            checks.weights(alias, pasts),
            _proof(chosen),
        ),
        warnings=(f"Whoever calls {target.service.function} without :{alias.name} is not moved.",),
        choices=_choices(target, alias, version, pasts, world, versions),
        facts={
            "version": name,
            "to_version": version.version,
            "from_version": _leaves(alias),
            "from_name": past.name(live, pasts),
            "alias_revision": alias.revision,
        },
        basis={"alias": alias.version, "alias revision": alias.revision, "to": version.version},
    )


def _leaves(alias: FunctionAlias) -> str:
    """The version that is gone back from: that of the canary where there is one."""
    return next(iter(alias.weights), alias.version)


def _changes(
    alias: FunctionAlias, live: Function, version: Function, name: str, pasts: past.Pasts
) -> tuple[Change, ...]:
    shares = tuple(
        Change(what=f"Calls of version {other}", before=f"{share:.0%}", after="none")
        for other, share in alias.weights.items()
    )
    if version.version == alias.version:
        return shares
    return (
        Change(what="Version", before=past.name(live, pasts) or "unknown", after=name or "unknown"),
        Change(what="Function version", before=alias.version, after=version.version),
        Change(what="Code", before=short(live.sha256), after=short(version.sha256)),
        *shares,
    )


def _image(target: Target, looked_at: Any, world: World) -> tuple[Check, ...]:
    """Lambda keeps zips itself; an image that somebody deleted from ECR makes a version fail sooner or later."""
    name = "image"
    if not isinstance(looked_at, Function) or looked_at.package != "Image":
        return ()
    _, at, digest = looked_at.image.partition("@")
    address = f"{images.repository(looked_at.image)}{at}{digest}" if digest else looked_at.image
    found = world.gather({name: partial(world.ecs.image, target.account, address)}, seconds=NEXT_SECONDS)[name]
    if isinstance(found, NotFoundError):
        return (blocking(name, found.message),)
    if isinstance(found, Exception):
        return (unknown(name, found),)
    return (passed(name, "still in ECR"),)


def _proof(chosen: Candidate) -> Check:
    name = "known good"
    if chosen.soaked:
        return passed(name, chosen.why)
    return warned(name, "it has not proved good in a soak")


def _choices(
    target: Target,
    alias: FunctionAlias,
    version: Function,
    pasts: past.Pasts,
    world: World,
    versions: tuple[Function, ...],
) -> tuple[Choice, ...]:
    others = [
        each.version
        for each in candidates(versions, pasts, alias.version, world.clock.now())
        if each.version.version != version.version
    ]
    where = f"{target.system}/{target.name} {target.environment}"
    return tuple(
        Choice(label=past.called(each, pasts), text=f"rollback {where} to {each.version}") for each in others[:OFFERED]
    )
