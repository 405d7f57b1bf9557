"""``/restart``: new tasks of the same code; of a whole ECS service, or of one task.

A tag may mean another image by now than the one that runs: ECS resolves it anew at every deployment, and a restart
would then ship code that nobody asked for. Such a service is restarted as a copy of its revision, pinned to what runs.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rollback.html (version consistency)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from pydantic import Field

from bot.catalog import Catalog
from bot.cloud import Container, EcsService, Image, RunningTask, TaskDefinition
from bot.command import Change, Check, Choice, Command, Plan, Strategy
from bot.domain import Person, ServiceKind, Target
from bot.errors import ConflictError, NotFoundError, UsageError
from bot.ports import World
from bot.rollouts import ServiceDeployment
from bot.shipping import ecs_code_deploy, ecs_effects, ecs_restart, ecs_watch, images
from bot.shipping.ecs_checks import room_to_roll
from bot.shipping.ecs_reads import (
    FIRST_SECONDS,
    LAST_SECONDS,
    NEXT_SECONDS,
    digest_of,
    newest_record,
    revision_now,
    running,
    standing,
)
from bot.shipping.reads import value
from bot.shipping.verdicts import blocking, passed, unknown, unread, warned
from bot.target_args import TargetArgs
from bot.views.blocks import ago

_RECORD = "ECS's own record"
"""Among reads that are called as containers are, whose names have neither blanks nor apostrophes."""


class RestartArgs(TargetArgs):
    """What ``/restart`` takes."""

    only: Literal["", "task"] = Field(default="", description="The word `task`, to restart a single one.")
    task: str = Field(default="", description="Its id; the beginning is enough.")


def target(args: RestartArgs, catalog: Catalog) -> Target:
    """The one ECS service that is meant. Raises BotErrors in sentences."""
    found = catalog.find(args.service, args.environment)
    if found.service.kind is ServiceKind.LAMBDA:
        raise ConflictError(f"{found.label} is a Lambda function: each call may start anew.", hint="Deploy it again.")
    if found.service.kind is ServiceKind.STATIC_SITE:
        raise ConflictError(f"{found.label} is a static site: nothing runs that could be restarted.")
    if args.only and not args.task:
        raise UsageError(
            "Please say which task.", hint=f"For example: restart {found.name} {found.environment} task 0f3a"
        )
    return found


def plan(args: RestartArgs, world: World, person: Person) -> Plan:
    """What would be started anew, and whether anybody would notice. Only reads; in three round trips at most."""
    aim = target(args, world.catalog)
    reads: dict[str, Callable[[], Any]] = {"tasks": partial(world.ecs.running_tasks, aim)}
    if args.only:
        found = world.gather(reads | {"service": partial(world.ecs.service, aim)}, seconds=FIRST_SECONDS)
        return _one_task(args.task, aim, standing(found, aim), value(found, "tasks"), world)
    found = world.gather(reads | {"running": partial(_running, aim, world)}, seconds=NEXT_SECONDS)
    service, definition = value(found, "running")
    return _whole(aim, service, definition, found["tasks"], world)


def _running(aim: Target, world: World) -> tuple[EcsService, TaskDefinition]:
    service = standing({"service": world.ecs.service(aim)}, aim)
    if service.desired == 0:
        raise ConflictError(f"{aim.label} has no tasks that could be restarted.", hint="Scale it first.")
    return service, world.ecs.task_definition(aim.account, running(service))


def _whole(aim: Target, service: EcsService, definition: TaskDefinition, tasks: Any, world: World) -> Plan:
    container = images.shipped(definition, aim.service.container, aim.label)
    version = images.version(definition, container)
    drifted, check = _drift(aim, service, definition, tasks, world)
    revision = images.revision(definition.arn)
    after = f"a copy of {revision}, pinned to what runs" if drifted else revision
    group = world.code_deploy.group(aim, service) if service.controller == "CODE_DEPLOY" else None
    forced = "code_deploy" if group else "ecs_restart"
    facts: dict[str, Any] = {
        "task_definition": definition.arn,
        "from_definition": definition.arn,
        "to_definition": definition.arn,
        "family": definition.family,
        "version": version,
        "stands": not drifted,
        "images": drifted or None,
        "copy_of": definition.arn if drifted else None,
        "group": list(group) if group else None,
    }
    tag = images.tag(container.image)
    ship = Choice(label=f"Deploy what {tag} means now", text=f"deploy {aim.system}/{aim.name} {aim.environment} {tag}")
    return Plan(
        title=f"Restart {aim.label}",
        strategy="ecs" if drifted and not group else forced,
        changes=(
            Change(what="Tasks", before=f"{service.running} of {version}", after=f"{service.desired} new ones"),
            Change(what="Revision", before=revision, after=after),
        ),
        checks=(check, _in_flight(service), _outage(service), room_to_roll(service)),
        choices=(ship,) if drifted and tag else (),
        facts=facts,
        basis={
            "revision": revision,
            "deployment": service.primary.id if service.primary else "",
            "images": ", ".join(images.short_digest(images.digest(each)) for each in sorted(drifted.values())),
        },
    )


def _drift(
    aim: Target, service: EcsService, definition: TaskDefinition, tasks: Any, world: World
) -> tuple[dict[str, str], Check]:
    """Images to pin, by container, where a tag means something else by now; and the check that says so."""
    name = "same code"
    unpinned = [each for each in definition.containers if not images.digest(each.image)]
    loose = [each for each in unpinned if images.in_ecr(each.image)]
    outside = ", ".join(each.image for each in unpinned if each not in loose)
    outside = f"{outside} is not in ECR and cannot be compared" if outside else ""
    if not loose:
        return {}, unknown(name, outside) if outside else passed(name, "every image is pinned by its digest")
    if isinstance(tasks, Exception):
        return {}, unknown(name, tasks)
    ran, now, record = _compared(aim, service, loose, tasks, world)
    pinned = {
        each.name: f"{images.repository(each.image)}@{ran[each.name]}"
        for each in loose
        if ran[each.name] and isinstance(now[each.name], Image) and now[each.name].digest != ran[each.name]
    }
    lost = ", ".join(each.name for each in loose if not ran[each.name])
    if lost:
        why = f": {unread(record)}" if isinstance(record, Exception) else ""
        return pinned, blocking(name, f"which image ran is not known ({lost}){why}")
    if pinned:
        tags = ", ".join(images.tag(each.image) or "latest" for each in loose if each.name in pinned)
        moved = f"{tags} means another image by now; a plain restart would have deployed new code"
        return pinned, warned(name, f"{moved}; {outside}" if outside else moved)
    failed = next((each for each in now.values() if isinstance(each, Exception)), outside)
    return {}, unknown(name, failed) if failed else passed(name, "the tags mean what runs")


def _compared(
    aim: Target, service: EcsService, loose: list[Container], tasks: tuple[RunningTask, ...], world: World
) -> tuple[dict[str, str], dict[str, Any], Any]:
    """Digests that ran, empty where nobody knows; what the tags mean now; and ECS's record if it had to be asked.

    What most tasks run is what runs; where no task tells, it is what ECS's own revision says.
    """
    told = {each.name: Counter(task.images.get(each.name, "") for task in tasks) for each in loose}
    for digests in told.values():
        del digests[""]
    ran = {name: digests.most_common(1)[0][0] if digests else "" for name, digests in told.items()}
    reads: dict[str, Callable[[], Any]] = {
        each.name: partial(world.ecs.image, aim.account, each.image) for each in loose
    }
    if not all(ran.values()):
        reads[_RECORD] = partial(newest_record, aim, world, service)
    now: dict[str, Any] = dict(world.gather(reads, seconds=LAST_SECONDS))
    record = now.pop(_RECORD, None)
    if isinstance(record, ServiceDeployment):
        revision = revision_now(service, record)
        ran = {name: digest or digest_of(name, revision) for name, digest in ran.items()}
    return ran, now, record


def _in_flight(service: EcsService) -> Check:
    name = "deployments in flight"
    if not service.in_flight or service.primary is None:
        return passed(name, "none")
    return blocking(name, f"{images.revision(service.primary.task_definition)} is still rolling out")


def _outage(service: EcsService) -> Check:
    name = "outage"
    least = -(-service.desired * service.minimum_healthy_percent // 100)
    most = service.desired * service.maximum_percent // 100
    in_place = service.controller == "ECS" and service.strategy == "ROLLING"
    if service.desired == 1 and least == 0:
        return blocking(name, "its only task may be stopped before another one runs (minimum healthy percent 0)")
    if in_place and least == 0 and most <= service.desired:
        return blocking(
            name,
            f"all {service.desired} tasks may be stopped before others run (minimum healthy percent 0, maximum percent "
            f"{service.maximum_percent})",
        )
    return passed(name, f"at least {least} of {service.desired} tasks run all the time")


def _one_task(word: str, aim: Target, service: EcsService, tasks: tuple[RunningTask, ...], world: World) -> Plan:
    meant = [task for task in tasks if task.id.startswith(word.lower())]
    if len(meant) != 1:
        listed = ", ".join(task.id[:8] for task in tasks) or "none"
        several = (
            f"{len(meant)} tasks of {aim.label} begin with {word}." if meant else f"No task of {aim.label} is {word}."
        )
        raise NotFoundError(several, hint=f"Running are: {listed}.")
    task = meant[0]
    now = world.clock.now()
    checks = [passed("protection", "not protected from being stopped")]
    if task.protected_until > now:
        checks = [blocking("protection", f"protected from being stopped for {ago(task.protected_until - now)} more")]
    if len(tasks) <= 1:
        checks.append(blocking("outage", "it is the only task: nothing answers until another one runs"))
    else:
        checks.append(passed("outage", f"{len(tasks) - 1} other tasks go on"))
    running_for = f"up for {ago(now - task.started_at)}, {task.health.lower() or 'health unknown'}"
    return Plan(
        title=f"Restart a task of {aim.label}",
        strategy="task",
        changes=(Change(what=f"Task {task.id[:8]}", before=running_for, after="stopped; ECS starts another one"),),
        checks=tuple(checks),
        facts={"task": task.id},
        basis={"task": task.id},
    )


restart = Command(
    name="restart",
    summary="Replace the running tasks by new ones of the same code",
    action="restart",
    args=RestartArgs,
    target=target,
    plan=plan,
    examples=("bi/api production", "bi/api production task 0f3a91c2"),
    kinds=(ServiceKind.ECS,),
    strategies={
        "ecs_restart": Strategy(effects=ecs_restart.effects, watch=ecs_watch.watch, soaks=False),
        "ecs": Strategy(effects=ecs_effects.effects, watch=ecs_watch.watch, soaks=False),
        "code_deploy": Strategy(effects=ecs_code_deploy.effects, watch=ecs_code_deploy.watch, soaks=False),
        "task": Strategy(effects=lambda plan: (ecs_restart.STOP_TASK,), watch=ecs_restart.watch_task, soaks=False),
    },
)
