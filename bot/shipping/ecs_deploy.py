"""The plan of a deployment to ECS: what runs, what would run, what differs, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.cloud import Container, EcsService, Image, TaskDefinition
from bot.command import Change, Check, Choice, Plan
from bot.domain import Person, Target
from bot.errors import BotError, NotFoundError
from bot.ports import World
from bot.rollouts import ServiceDeployment
from bot.shipping import builds, images
from bot.shipping import ecs_checks as checks
from bot.shipping.alarms import afterwards, quiet_before
from bot.shipping.authors import shipper
from bot.shipping.differences import differences, with_images
from bot.shipping.ecs_reads import (
    FIRST_SECONDS,
    LAST_SECONDS,
    NEXT_SECONDS,
    Reads,
    digest_of,
    needs,
    newest_record,
    revision_now,
    running,
    standing,
)
from bot.shipping.missing import not_found
from bot.shipping.reads import value
from bot.views.blocks import ago

RECENT_SECONDS = 7 * 86400.0


@dataclass(frozen=True)
class Aim:
    """What is to be shipped where; without an ``image`` it has to be built first."""

    target: Target
    version: str
    repository: str
    image: Image | None

    @property
    def pinned(self) -> str:
        """The image by its digest, so that what was approved is what runs; empty until it is built."""
        return f"{self.repository}@{self.image.digest}" if self.image else ""


@dataclass(frozen=True)
class Now:
    """What runs: the service, its task definition, the container that is shipped, and the digest it runs."""

    service: EcsService
    definition: TaskDefinition
    container: Container
    digest: str
    record: ServiceDeployment | Exception | None

    @property
    def version(self) -> str:
        """What people call it."""
        return images.version(self.definition, self.container)


def plan(target: Target, version: str, world: World, person: Person) -> Plan:
    """Plan to deploy a version. Only reads; raises BotErrors.

    Three round trips: the service; its task definition and all that hangs on the service; the image and what tasks of
    it need.
    """
    configured = [alarm.name for alarm in target.service.alarms]
    first: dict[str, Any] = world.gather(
        {
            "service": partial(world.ecs.service, target),
            "alarms": partial(world.metrics.alarms, target.account, configured),
        },
        seconds=FIRST_SECONDS,
    )
    service = standing(first, target)
    group = world.code_deploy.group(target, service) if service.controller == "CODE_DEPLOY" else None
    reads: Reads = {
        "shipped": partial(_read_shipped, target, version, world, running(service)),
        "record": partial(newest_record, target, world, service),
        "health": partial(world.ecs.target_health, target, service.target_groups),
        "rollback alarms": partial(world.metrics.alarms, target.account, service.alarms),
        "scaling": partial(world.scaling.scaling, target),
    }
    if group:
        since = world.clock.now() - RECENT_SECONDS
        reads["code deployments"] = partial(world.code_deploy.recent, target.account, group, since=since)
    found: dict[str, Any] = first | world.gather(reads, seconds=NEXT_SECONDS)
    definition, container, shipped = value(found, "shipped")
    now = _now(service, definition, container, found["record"], shipped)
    repository = images.repository(container.image)
    aim = Aim(target, version, repository, _image(target, version, world, shipped, repository))
    if aim.image and now.digest == aim.image.digest and not service.in_flight:
        return _nothing_to_do(aim, aim.image, world)
    return _plan(aim, now, world, found | shipped, group)


def _read_shipped(
    target: Target, version: str, world: World, arn: str
) -> tuple[TaskDefinition, Container, dict[str, Any]]:
    definition = world.ecs.task_definition(target.account, arn)
    container = images.shipped(definition, target.service.container, target.label)
    repository = images.repository(container.image)
    is_digest = version.startswith("sha256:")
    named = Image(repository, version if is_digest else "", () if is_digest else (version,), 0.0)
    reads: Reads = {
        "image": partial(world.ecs.image, target.account, f"{repository}{'@' if is_digest else ':'}{version}"),
        "architectures": partial(world.ecs.architectures, target.account, named),
        **needs(definition).reads(target.account, world),
    }
    if not images.digest(container.image):
        reads["tag now"] = partial(world.ecs.image, target.account, container.image)
    return definition, container, world.gather(reads, seconds=LAST_SECONDS)


def _now(
    service: EcsService, definition: TaskDefinition, container: Container, record: Any, shipped: Mapping[str, Any]
) -> Now:
    """What runs. A tag may have moved since: ECS's own record goes before what the registry says of it now."""
    known = record if isinstance(record, ServiceDeployment) else None
    digest = images.digest(container.image) or digest_of(container.name, revision_now(service, known))
    moved = shipped.get("tag now")
    if not digest and isinstance(moved, Image):
        digest = moved.digest
    return Now(service, definition, container, digest, record)


def _image(target: Target, version: str, world: World, shipped: Mapping[str, Any], repository: str) -> Image | None:
    """The image; None for one that the service says how to build. Raises NotFoundError with what there is."""
    try:
        found: Image = value(shipped, "image")
    except NotFoundError as error:
        if target.service.build is not None and not version.startswith("sha256:"):
            return None
        tags = [image.tags[0] for image in _newest(target, world, repository) if image.tags]
        raise not_found(error, version, tags, "Nothing in that repository has a tag.") from error
    return found


def _newest(target: Target, world: World, repository: str) -> tuple[Image, ...]:
    try:
        return world.ecs.newest_images(target.account, repository, 20)
    except BotError:
        return ()


def _nothing_to_do(aim: Aim, image: Image, world: World) -> Plan:
    where = f"{aim.target.system}/{aim.target.name} {aim.target.environment}"
    text = f"{aim.target.label} already runs {aim.version} ({images.short_digest(image.digest)})."
    restart = f"{world.slash.get('restart', 'restart')} {where}"
    return Plan(
        title=text,
        answer_text=f"{text} To start its tasks anew: /{restart}",
        choices=(Choice(label="Restart it", text=f"restart {where}"),),
    )


def _plan(aim: Aim, now: Now, world: World, found: dict[str, Any], group: tuple[str, str] | None) -> Plan:
    build = aim.target.service.build if aim.image is None else None
    digest = images.short_digest(aim.image.digest) if aim.image else "to be built"
    revision = images.revision(now.definition.arn)
    primary = now.service.primary
    return Plan(
        title=f"Deploy {aim.target.label} → {aim.version}",
        strategy="code_deploy" if group else "ecs",
        changes=(
            *([builds.change(build, aim.version)] if build else []),
            Change(what="Version", before=now.version, after=aim.version),
            Change(what="Digest", before=images.short_digest(now.digest) or "unknown", after=digest),
            Change(what="Revision", before=revision, after="a new revision"),
        ),
        details=(*_from_to(aim, now, world), *_differs(aim, now), *verified(aim.target, now.service)),
        checks=_checks(aim, now, world, found, group),
        warnings=() if now.service.desired else ("It is asked to run no task, so nothing will prove the version.",),
        facts={
            "from_definition": now.definition.arn,
            "from_raw": now.definition.raw,
            "from_version": now.version,
            "task_definition": now.definition.arn,
            "family": now.definition.family,
            "container": now.container.name,
            "repository": aim.repository,
            "image": aim.pinned,
            "version": aim.version,
            "group": list(group or ()),
            **(builds.facts(build) if build else {}),
        },
        basis={"revision": revision, "deployment": primary.id if primary else "", "digest": digest},
    )


def _from_to(aim: Aim, now: Now, world: World) -> tuple[str, ...]:
    at = world.clock.now()
    began = now.service.primary.created_at if now.service.primary else now.definition.registered_at
    who = shipper(now.definition, world)
    then = f"pushed {ago(at - aim.image.pushed_at)} ago" if aim.image else "which is built first"
    return (
        f"Now: {now.version}, for {ago(at - began)}, shipped by {who}",
        f"Then: {aim.version}, {then}",
    )


def _differs(aim: Aim, now: Now) -> tuple[str, ...]:
    """A deployment copies what runs, so only the image differs; still it is compared and not assumed."""
    lines = differences(
        now.definition.raw, with_images(now.definition.raw, {now.container.name: aim.pinned or aim.version})
    )
    others = [line for line in lines if not line.startswith(f"{now.container.name} image:")]
    whole = f"Differs from {images.revision(now.definition.arn)}: the image of {now.container.name}"
    return (f"{whole}, and nothing else" if not others else f"{whole}; {'; '.join(others)}",)


def verified(target: Target, service: EcsService) -> tuple[str, ...]:
    """What will be looked at before the change counts as good."""
    health = target.service.health
    answers = f", {health.url} answers {health.code}" if health else ""
    return (f"Verified: {service.desired} new tasks run{answers}{afterwards(target)}",)


def _checks(
    aim: Aim, now: Now, world: World, found: dict[str, Any], group: tuple[str, str] | None
) -> tuple[Check, ...]:
    at = world.clock.now()
    flying = (
        checks.code_deploy_in_flight(found["code deployments"])
        if group
        else checks.in_flight(now.service, now.record, shipper(now.definition, world), at)
    )
    build = aim.target.service.build
    return (
        *([builds.check(build, aim.version)] if build and not aim.image else []),
        *([checks.image_exists(aim.version, aim.image, at)] if aim.image else []),
        *([checks.architecture(found["architectures"], now.definition.architecture)] if aim.image else []),
        *checks.needed(found),
        checks.target_groups(found["health"], now.service.target_groups),
        flying,
        checks.active_deployments(now.service),
        quiet_before(found["alarms"], aim.target),
        *checks.rollback_alarms(found["rollback alarms"], now.service),
        checks.autoscaling(found["scaling"], now.service),
        checks.rollout(now.service),
        checks.room_to_roll(now.service),
    )
