"""``/deploy``: ship a version of a service and see it through.

ECS: registers a copy of the running task definition with the one image changed (pinned by digest), updates
the service with nothing but that, and watches *that* deployment: a circuit breaker that went back to the old
revision is a failure, whatever ``services-stable`` says.
"""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.catalog import Catalog
from bot.cloud import AlarmReading, EcsService, Image
from bot.command import Change, Check, CheckStatus, Command, Effect, Plan, Run, Strategy
from bot.domain import Person, ServiceKind, Target
from bot.errors import BotError, ConflictError, NotFoundError, UpstreamError
from bot.ports import World
from bot.shipping import images
from bot.shipping.ecs_watch import watch

PLAN_SECONDS = 20.0
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}")
NOT_YET = {
    ServiceKind.LAMBDA: "{} is a Lambda function; I cannot deploy those yet.",
    ServiceKind.STATIC_SITE: "{} is a static site; I cannot deploy those yet.",
}


def _version(word: str) -> str:
    if not _TAG.fullmatch(word):
        raise ValueError("an image tag has letters, digits, dots, dashes and underscores only")
    return word


class DeployArgs(BaseModel):
    """What ``/deploy`` takes."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(description="The service, as `api` or `bi/api`.")
    environment: str = Field(description="The environment; its beginning is enough.")
    version: Annotated[str, AfterValidator(_version)] = Field(description="The image tag, as `v1.4.2`.")


def target(args: DeployArgs, catalog: Catalog) -> Target:
    """The one target that is meant. Raises NotFoundError with the candidates, or a sentence about its kind."""
    found = catalog.find(args.service, args.environment)
    if found.service.kind in NOT_YET:
        raise ConflictError(NOT_YET[found.service.kind].format(found.label), hint="Ship it the way you did so far.")
    return found


def plan(args: DeployArgs, world: World, person: Person) -> Plan:
    """What runs now, what would run, and what speaks against it. Only reads."""
    aim = target(args, world.catalog)
    reads = world.gather(
        {
            "service": lambda: world.ecs.service(aim),
            "alarms": lambda: world.metrics.alarms(aim.account, [alarm.name for alarm in aim.service.alarms]),
        },
        seconds=PLAN_SECONDS,
    )
    service = reads["service"]
    if isinstance(service, Exception):
        raise _said(service)
    if not isinstance(service, EcsService) or service.status != "ACTIVE":
        raise ConflictError(f"{aim.label} is being deleted in ECS.", hint="There is nothing to deploy to.")
    return _ecs_plan(args, world, aim, service, reads["alarms"])


def _said(error: Exception) -> Exception:
    if isinstance(error, TimeoutError):
        return UpstreamError("AWS did not answer in time.", hint="Try again.")
    return error


def _ecs_plan(args: DeployArgs, world: World, aim: Target, service: EcsService, alarms: object) -> Plan:
    running = service.primary.task_definition if service.primary else service.task_definition
    definition = world.ecs.task_definition(aim.account, running)
    container = images.shipped(definition, aim.service.container, aim.label)
    repository = images.repository(container.image)
    joint = "@" if args.version.startswith("sha256:") else ":"
    title = f"Deploy {aim.label} → {args.version}"
    was = images.version(definition, container)
    try:
        image = world.ecs.image(aim.account, f"{repository}{joint}{args.version}")
    except NotFoundError as error:
        raise _no_image(args.version, error, _newest(world, aim, repository)) from error
    pinned = f"{repository}@{image.digest}"
    digest = _digest_now(world, aim, container.image)
    if digest == image.digest and service.in_flight is False:
        text = f"{aim.label} already runs {args.version} ({images.short_digest(image.digest)})."
        return Plan(title=text, answer_text=text)
    return Plan(
        title=title,
        changes=(
            Change(what="Version", before=was, after=args.version),
            Change(
                what="Digest", before=images.short_digest(digest) or "unknown", after=images.short_digest(image.digest)
            ),
            Change(what="Revision", before=images.revision(running), after="a new revision"),
        ),
        checks=tuple(_checks(args, world, aim, service, image, definition.architecture, alarms)),
        facts={
            "task_definition": running,
            "family": definition.family,
            "container": container.name,
            "image": pinned,
            "version": args.version,
        },
        basis={
            "revision": images.revision(running),
            "deployment": service.primary.id if service.primary else "",
            "digest": images.short_digest(image.digest),
        },
    )


def _digest_now(world: World, aim: Target, image: str) -> str:
    _, _, digest = image.partition("@")
    if digest:
        return digest
    try:
        return world.ecs.image(aim.account, image).digest
    except BotError:
        return ""


def _newest(world: World, aim: Target, repository: str) -> list[str]:
    try:
        newest = world.ecs.newest_images(aim.account, repository, 20)
    except BotError:
        return []
    return [image.tags[0] for image in newest if image.tags]


def _no_image(version: str, error: NotFoundError, tags: list[str]) -> NotFoundError:
    near = difflib.get_close_matches(version, tags, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]}? " if near else ""
    newest = f"The newest are {', '.join(tags[:5])}." if tags else "Nothing in that repository has a tag."
    return NotFoundError(error.message, hint=hint + newest)


def _checks(
    args: DeployArgs, world: World, aim: Target, service: EcsService, image: Image, architecture: str, alarms: object
) -> list[Check]:
    pushed = max(0.0, world.clock.now() - image.pushed_at)
    days = f"{pushed / 86400:.0f} days ago" if pushed > 2 * 86400 else f"{pushed / 3600:.0f} h ago"
    return [
        Check(name="image", status=CheckStatus.PASSED, detail=f"{args.version} exists, pushed {days}"),
        _architecture(world, aim, image, architecture),
        _in_flight(service),
        _alarms(alarms, len(aim.service.alarms)),
        _controller(service),
        _room(service),
    ]


def _architecture(world: World, aim: Target, image: Image, wanted: str) -> Check:
    name = "architecture"
    try:
        found = world.ecs.architectures(aim.account, image)
    except BotError as error:
        return Check(name=name, status=CheckStatus.UNKNOWN, detail=str(error))
    if not found:
        return Check(name=name, status=CheckStatus.UNKNOWN, detail="its manifest does not say")
    if wanted in found:
        return Check(name=name, status=CheckStatus.PASSED, detail=wanted)
    return Check(
        name=name, status=CheckStatus.BLOCKING, detail=f"tasks run on {wanted}, the image is for {', '.join(found)}"
    )


def _in_flight(service: EcsService) -> Check:
    name = "deployments in flight"
    if not service.in_flight or service.primary is None:
        return Check(name=name, status=CheckStatus.PASSED, detail="none")
    detail = f"{images.revision(service.primary.task_definition)} is still rolling out; this would supersede it"
    return Check(name=name, status=CheckStatus.WARNED, detail=detail)


def _alarms(alarms: object, configured: int) -> Check:
    name = "alarms"
    if not configured:
        return Check(name=name, status=CheckStatus.UNKNOWN, detail="none are configured for this service")
    if not isinstance(alarms, tuple):
        return Check(name=name, status=CheckStatus.UNKNOWN, detail=str(_said_of(alarms)))
    red = [reading.name for reading in alarms if isinstance(reading, AlarmReading) and reading.state == "ALARM"]
    if red:
        detail = f"{', '.join(red)} is red already, so ECS would not roll back on it"
        return Check(name=name, status=CheckStatus.WARNED, detail=detail)
    return Check(name=name, status=CheckStatus.PASSED, detail=f"{len(alarms)} looked at, all quiet")


def _said_of(error: object) -> object:
    return "AWS did not answer in time" if isinstance(error, TimeoutError) else error


def _controller(service: EcsService) -> Check:
    name = "rollout"
    if service.controller == "ECS":
        breaker = "circuit breaker goes back by itself" if service.breaker_rollback else "no automatic rollback"
        return Check(name=name, status=CheckStatus.PASSED, detail=breaker)
    return Check(
        name=name, status=CheckStatus.BLOCKING, detail=f"the {service.controller} controller is not supported yet"
    )


def _room(service: EcsService) -> Check:
    """ECS can neither start nor stop a task when both limits come to the same number of tasks."""
    name = "room to roll"
    least = -(-service.desired * service.minimum_healthy_percent // 100)
    most = service.desired * service.maximum_percent // 100
    if service.desired and most <= least:
        detail = f"with {service.desired} tasks at least {least} and at most {most} may run: it would never move"
        return Check(name=name, status=CheckStatus.BLOCKING, detail=detail)
    return Check(name=name, status=CheckStatus.PASSED, detail=f"{least} to {most} tasks while it rolls")


def _find_registered(run: Run, world: World) -> dict[str, Any] | None:
    family = str(run.plan.facts["family"])
    found = world.ecs.find_registered(run.target.account, family, images.OPERATION_TAG, run.operation)
    return None if found is None else {"task_definition": found}


def _register(run: Run, world: World) -> dict[str, Any]:
    facts = run.plan.facts
    base = world.ecs.task_definition(run.target.account, str(facts["task_definition"]))
    tags = {
        images.OPERATION_TAG: run.operation,
        images.VERSION_TAG: str(facts["version"]),
        images.BY_TAG: run.actor.user,
    }
    arn = world.ecs.register(run.target.account, base, {str(facts["container"]): str(facts["image"])}, tags)
    return {"task_definition": arn}


def _find_updated(run: Run, world: World) -> dict[str, Any] | None:
    """Whatever came after it: a deployment of our revision that is still there, or ECS's own record of one."""
    ours = run.results["register"]["task_definition"]
    service = world.ecs.service(run.target)
    for deployment in service.deployments:
        if deployment.task_definition == ours:
            return {"deployment": deployment.id}
    recorded = world.ecs.service_deployments(run.target, since=run.started_at - 5)
    return {"deployment": ""} if any(record.task_definition == ours for record in recorded) else None


def _update(run: Run, world: World) -> dict[str, Any]:
    return {"deployment": world.ecs.update_service(run.target, run.results["register"]["task_definition"])}


deploy = Command(
    name="deploy",
    summary="Ship a version of a service and see it through",
    action="deploy",
    args=DeployArgs,
    target=target,
    plan=plan,
    examples=("bi/api production v1.4.2", "delivery-standard prod v2.0.0"),
    strategies={
        "ecs": Strategy(
            effects=lambda plan: (
                Effect(name="register", find=_find_registered, do=_register),
                Effect(name="update", find=_find_updated, do=_update),
            ),
            watch=watch,
        )
    },
)
