"""The plan of going back to a version that ran before, as a deployment like any other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.cloud import Container, Image, TaskDefinition
from bot.command import Change, Check, Override, Plan
from bot.domain import Target
from bot.errors import BotError, NotFoundError
from bot.ports import World
from bot.shipping import ecs_checks as checks
from bot.shipping import ecs_ledger, images
from bot.shipping.authors import shipper
from bot.shipping.differences import differences, with_images
from bot.shipping.ecs_choice import Chosen, choices
from bot.shipping.ecs_deploy import verified
from bot.shipping.ecs_history import History
from bot.shipping.ecs_reads import LAST_SECONDS, Reads, digest_of, needs, running
from bot.shipping.reads import value
from bot.shipping.verdicts import blocking, passed, unknown, warned
from bot.views.blocks import ago

NAMELESS = ("", "latest")
"""Tags that say nothing about what they name."""


def plan_return(target: Target, history: History, chosen: Chosen, world: World, group: tuple[str, str] | None) -> Plan:
    """Plan to put a chosen version into service again. Raises BotErrors."""
    container = images.shipped(chosen.definition, target.service.container, target.label)
    pins = _pins(chosen)
    image = pins.get(container.name, container.image)
    reads: Reads = {
        "current": partial(world.ecs.task_definition, target.account, running(history.service)),
        "scaling": partial(world.scaling.scaling, target),
        **needs(chosen.definition).reads(target.account, world),
    }
    if images.in_ecr(image):
        reads["image"] = partial(world.ecs.image, target.account, image)
    found: dict[str, Any] = world.gather(reads, seconds=LAST_SECONDS)
    current: TaskDefinition = value(found, "current")
    stands = not pins and chosen.definition.status == "ACTIVE"
    version = images.version(chosen.definition, container)
    revision = images.revision(chosen.definition.arn)
    now_container = _container(current, target)
    return Plan(
        title=f"Roll back {target.label} → {version}",
        strategy="code_deploy" if group else "ecs",
        changes=(
            Change(what="Version", before=images.version(current, now_container), after=version),
            Change(
                what="Digest",
                before=_digest(now_container, history) or "unknown",
                after=images.short_digest(images.digest(image)) or "unknown",
            ),
            Change(
                what="Revision",
                before=images.revision(current.arn),
                after=revision if stands else f"a copy of {revision}",
            ),
        ),
        details=_details(target, history, chosen, current, pins, world),
        checks=_checks(history, chosen, found, image, world, current),
        warnings=_warnings(history, chosen),
        choices=choices(target, chosen, current.arn),
        facts={
            "from_definition": current.arn,
            "from_raw": current.raw,
            "from_version": images.version(current, now_container),
            "to_definition": chosen.definition.arn,
            "task_definition": chosen.definition.arn,
            "copy_of": "" if stands else chosen.definition.arn,
            "stands": stands,
            "saved": _saved(history, chosen),
            "family": chosen.definition.family,
            "images": dict(pins),
            "version": version,
            "group": list(group or ()),
        },
        basis={
            "revision": images.revision(current.arn),
            "deployment": history.service.primary.id if history.service.primary else "",
            "going back to": revision,
            "digest": images.short_digest(images.digest(image)),
        },
    )


def _container(current: TaskDefinition, target: Target) -> Container:
    return images.shipped(current, target.service.container, target.label)


def _digest(container: Container, history: History) -> str:
    known = images.digest(container.image) or digest_of(container.name, history.current)
    return images.short_digest(known)


def _pins(chosen: Chosen) -> dict[str, str]:
    """Images to pin by the digest that ran: a tag may name another image by now."""
    pins = {}
    for container in chosen.definition.containers:
        digest = digest_of(container.name, chosen.candidate.revision)
        if digest and not images.digest(container.image):
            pins[container.name] = f"{images.repository(container.image)}@{digest}"
    return pins


def _saved(history: History, chosen: Chosen) -> Any:
    """The ledger's copy of a revision that AWS has forgotten; AWS always says when one was registered."""
    forgotten = not chosen.definition.registered_at
    return ecs_ledger.saved(history.past, chosen.definition.arn) if forgotten else None


def _details(
    target: Target, history: History, chosen: Chosen, current: TaskDefinition, pins: Mapping[str, str], world: World
) -> tuple[str, ...]:
    service = history.service
    began = service.primary.created_at if service.primary else current.registered_at
    lines = [
        f"Chosen: {chosen.why}",
        f"Now: {images.revision(current.arn)}, for {ago(history.now - began)}, shipped by {shipper(current, world)}",
        f"Then: {images.revision(chosen.definition.arn)}, made by {shipper(chosen.definition, world)}"
        + (f", in service until {ago(history.now - chosen.candidate.at)} ago" if chosen.candidate.at else ""),
    ]
    differing = differences(current.raw, with_images(chosen.definition.raw, pins))
    lines += [f"Differs: {line}" for line in differing] or ["Differs: nothing but the image behind the tag"]
    if any("image:" in line for line in differing) or not differing:
        lines.append("If the newer version migrated a database, going back does not undo that.")
    if service.breaker_enabled and service.breaker_rollback and service.controller == "ECS":
        lines.append(f"If it fails, ECS returns to {images.revision(current.arn)}, which you are leaving.")
    if service.strategy != "ROLLING":
        how = service.strategy.lower().replace("_", "/")
        lines.append(f"It is a new {how} deployment, with all its stages; it does not flip back at once.")
    return (*lines, *verified(target, service))


def _warnings(history: History, chosen: Chosen) -> tuple[str, ...]:
    found = []
    candidate = chosen.candidate
    if history.unread:
        found.append(history.unread)
    newest = history.records[0] if history.records else None
    if newest is not None and newest.status == "ROLLBACK_SUCCESSFUL":
        failed = images.revision(newest.task_definition)
        found.append(f"ECS has already gone back from {failed}, the newest deployment; this goes back further.")
    if candidate.bad:
        found.append(f"It is known to be bad: {candidate.bad}.")
    if candidate.red:
        found.append(f"{', '.join(candidate.red)} went off when it was first in service.")
    elif not candidate.soaked:
        found.append("It never proved itself: it did not run for ten minutes that I know of.")
    found += _surroundings(history, chosen)
    return tuple(found)


def _surroundings(history: History, chosen: Chosen) -> list[str]:
    """What a task definition does not carry, and a rollback therefore does not restore."""
    was, now = chosen.candidate.revision.surroundings, history.current.surroundings
    if not was or not now:
        return []
    names = sorted(name for name in {*was, *now} if was.get(name, "") != now.get(name, ""))
    return [
        f"{name.capitalize()} of the service is different now, and going back does not restore it." for name in names
    ]


def _checks(
    history: History, chosen: Chosen, found: dict[str, Any], image: str, world: World, current: TaskDefinition
) -> tuple[Check, ...]:
    service = history.service
    newest = history.records[0] if history.records else None
    return (
        _ran_here(history, chosen),
        _image(found, image, chosen),
        _pinned(image),
        *checks.needed(found),
        checks.in_flight(service, newest, shipper(current, world), history.now),
        checks.active_deployments(service),
        checks.autoscaling(found["scaling"], service),
        checks.room_to_roll(service),
    )


def _ran_here(history: History, chosen: Chosen) -> Check:
    """A way back is no way around freezes and approvals: what never ran is shipped by a deployment."""
    name = "ran here"
    if chosen.ran_here:
        return passed(name, "it was in service before")
    revision = images.revision(chosen.definition.arn)
    override = Override.REASON if history.unread else Override.EMERGENCY
    return blocking(
        name, f"{revision} is not known to have run in this service, so shipping it is a deployment", override
    )


def _image(found: Mapping[str, Any], image: str, chosen: Chosen) -> Check:
    name = "image"
    if "image" not in found:
        return unknown(name, f"{image} is not in ECR and cannot be looked up")
    answer = found["image"]
    if isinstance(answer, Image):
        return passed(name, "still in the registry")
    if isinstance(answer, NotFoundError):
        return blocking(name, f"{answer.message} Tasks of {images.revision(chosen.definition.arn)} could not start.")
    return unknown(name, answer if isinstance(answer, BotError | TimeoutError) else "it could not be read")


def _pinned(image: str) -> Check:
    """A task definition that names a tag runs whatever the tag names when a task starts."""
    name = "digest"
    if images.digest(image):
        return passed(name, "pinned to what ran")
    tag = images.tag(image)
    detail = f"it says “{tag or 'latest'}”, and which digest ran is not known"
    if tag in NAMELESS:
        return blocking(name, f"{detail}: this would run whatever the tag names now")
    return warned(name, f"{detail}; the tag may have moved")
