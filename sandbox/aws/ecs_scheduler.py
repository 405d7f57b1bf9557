"""How the service scheduler starts and stops tasks, one look after another."""

from __future__ import annotations

import math

from sandbox.aws import ecs_stages, ecs_tasks
from sandbox.aws.ecs_model import Deployment, Service, Task
from sandbox.aws.ecs_records import WELL, hexadecimal
from sandbox.aws.ecs_rollout import prefix, wake_at

STUCK_EVERY = 30.0

_NO_CAPACITY = (
    "was unable to place a task. Reason: Capacity is unavailable at this time. "
    "Please try again later or in a different availability zone."
)
_NO_INSTANCE = "was unable to place a task because no container instance met all of its requirements."


def reconcile(service: Service, now: float) -> None:
    """One look of the scheduler: start and stop tasks, drop what is gone, tell when it is done."""
    service.reconcile_at = None
    if service.status != "ACTIVE":
        _drain(service, now)
        return
    if not service.deployments:
        return
    primary = service.primary
    for deployment in _kept_up(service):
        _launch(service, deployment, now)
    _retire(service, primary, now)
    _drop_gone(service)
    if primary.rollout_state == "IN_PROGRESS":
        ecs_stages.advance(service, primary, now)
    _settle(service, now)


def _kept_up(service: Service) -> list[Deployment]:
    """The deployments that shall have as many tasks as are desired: with two colours, the old one as well."""
    primary, record = service.primary, service.primary.record
    found = [] if primary.halted or not ecs_stages.starts_tasks(record) else [primary]
    return found + [each for each in service.deployments[1:] if each.revision is record.kept]


def _launch(service: Service, deployment: Deployment, now: float) -> None:
    mine = service.of(deployment)
    wanted = min(service.desired - len(mine), _room(service, deployment))
    if wanted <= 0:
        return
    if now < deployment.launch_from:
        wake_at(service, deployment.launch_from)
        return
    if deployment.revision.fate.word == "stuck":
        service.say(now, _NO_CAPACITY if service.settings.get("launchType") == "FARGATE" else _NO_INSTANCE)
        deployment.launch_from = now + STUCK_EVERY
        wake_at(service, deployment.launch_from)
        return
    started = [_start(service, deployment, now) for _ in range(wanted)]
    service.steady = False
    service.say(now, f"has started {len(started)} tasks: {_listed(started)}.")


def _room(service: Service, deployment: Deployment) -> int:
    """How many more tasks may run at once; the two colours of a blue/green deployment have each their own room."""
    if deployment.record.shifts or service.primary.record.shifts:
        return service.desired
    percent = service.settings["deploymentConfiguration"]["maximumPercent"]
    most = max(service.desired * percent // 100, 1) if len(service.deployments) > 1 else service.desired
    return int(most - sum(task.alive for task in service.tasks))


def _start(service: Service, deployment: Deployment, now: float) -> Task:
    revision = deployment.revision
    identity = hexadecimal(service.arn, "task", service.number(), now)
    low = int(identity[:4], 16)
    task = Task(
        id=identity,
        arn=f"{prefix(service, 'task', of_service=False)}/{identity}",
        cluster_arn=service.cluster_arn,
        definition=revision.definition,
        images=revision.images,
        group=f"service:{service.name}",
        created_at=now,
        ip=f"172.31.{low % 64}.{4 + (low >> 8) % 250}",
        started_by=deployment.id,
        launch_type=service.settings.get("launchType") or "FARGATE",
        fate=deployment.sick if deployment.sick.word else revision.fate,
        network=service.settings.get("networkConfiguration") or {},
        deployment=deployment,
        tags=list(service.tags) if service.settings.get("propagateTags") == "SERVICE" else [],
        target_groups=service.groups_of(revision.turn),
    )
    ecs_tasks.prepare(task, sick=deployment.sick != WELL)
    service.tasks.append(task)
    return task


def _retire(service: Service, primary: Deployment, now: float) -> None:
    """Stop old tasks as far as enough healthy ones stay, and those that are too many; what is protected stays."""
    goes = _surplus(service, service.of(primary), now)
    old = [task for task in service.tasks if task.alive and task.deployment is not primary]
    if primary.record.shifts:
        leaving = not primary.halted and ecs_stages.stops_old_tasks(primary.record)
        goes += old if leaving else [task for task in old if _in_nobodys_way(service, primary, task)]
    elif not primary.halted and ecs_stages.stops_old_tasks(primary.record):
        goes += _spared(service, old, now)
    for task in goes:
        if task.protected(now):
            wake_at(service, task.protected_until)
    goes = [task for task in goes if not task.protected(now)]
    if not goes:
        return
    for task in goes:
        ecs_tasks.stop(task, now, f"Scaling activity initiated by (deployment {primary.id})")
    service.steady = False
    for group in sorted({group for task in goes for group in task.target_groups}):
        service.say(now, f"deregistered {len(goes)} targets in (target-group {group})")
        service.say(now, f"has begun draining connections on {len(goes)} tasks.")
    service.say(now, f"has stopped {len(goes)} running tasks: {_listed(goes)}.")


def _spared(service: Service, old: list[Task], now: float) -> list[Task]:
    percent = service.settings["deploymentConfiguration"]["minimumHealthyPercent"]
    least = math.ceil(service.desired * percent / 100)
    healthy = sum(task.healthy(now) for task in service.tasks)
    well = [task for task in old if task.healthy(now) and not task.protected(now)]
    kept = [task for task in old if task.healthy(now) and task.protected(now)]
    unwell = [task for task in old if not task.healthy(now)]
    return [*unwell, *well[: max(0, healthy - least)], *kept]


def _in_nobodys_way(service: Service, primary: Deployment, task: Task) -> bool:
    """Tasks of a third revision go first, when a deployment begins while another has not ended."""
    if primary.record.stage != "RECONCILE_SERVICE" or task.deployment is None:
        return False
    return task.deployment.revision is not service.serving


def _surplus(service: Service, mine: list[Task], now: float) -> list[Task]:
    extra = len(mine) - service.desired
    free = [task for task in mine if not task.protected(now)]
    return sorted(free, key=lambda task: (task.healthy(now), -task.created_at))[:extra] if extra > 0 else []


def _drop_gone(service: Service) -> None:
    held = {id(task.deployment) for task in service.tasks}
    service.deployments[1:] = [each for each in service.deployments[1:] if id(each) in held]


def _settle(service: Service, now: float) -> None:
    primary = service.primary
    mine = service.of(primary)
    settled = len(mine) == service.desired and all(task.healthy(now) for task in mine)
    if not settled or len(service.deployments) > 1 or not all(task.alive for task in service.tasks):
        return
    if not service.steady and primary.rollout_state == "COMPLETED":
        service.steady = True
        service.say(now, "has reached a steady state.")


def _drain(service: Service, now: float) -> None:
    for task in service.tasks:
        if task.alive:
            ecs_tasks.stop(task, now, f"Scaling activity initiated by (deployment {task.started_by})")
    if not service.tasks:
        service.status = "INACTIVE"
        service.deployments.clear()


def _listed(tasks: list[Task]) -> str:
    return " ".join(f"(task {task.id})" for task in tasks)
