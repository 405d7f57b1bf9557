"""How the service scheduler moves a service to its primary deployment, and when it gives up."""

from __future__ import annotations

import math
from typing import Any

from sandbox.aws import ecs_tasks
from sandbox.aws.ecs_images import resolve
from sandbox.aws.ecs_model import WELL, Deployment, Revision, Service, ServiceDeployment, Task, decimal, hexadecimal

REACTION = 0.5
"""Seconds until the scheduler acts on what happened."""
FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
STUCK_EVERY = 30.0
BREAKER_LEAST, BREAKER_MOST = 3, 200

BREAKER_REASON = "Service deployment rolled back because the circuit breaker threshold was exceeded."
_NO_CAPACITY = (
    "was unable to place a task. Reason: Capacity is unavailable at this time. "
    "Please try again later or in a different availability zone."
)
_NO_INSTANCE = "was unable to place a task because no container instance met all of its requirements."
_TROUBLE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."


def begin(service: Service, revision: Revision, now: float, *, record: ServiceDeployment | None = None) -> Deployment:
    """Start a deployment of a revision; ``record`` is given where it belongs to a rollout that goes back."""
    for other in service.deployments:
        other.status = "ACTIVE"
        if record is None:
            _supersede(other.record, now)
    number = decimal(service.arn, "deployment", service.number(), now)
    identity = f"ecs-svc/{number}"
    rolls_back = record is not None
    if record is None:
        record = ServiceDeployment(
            arn=f"{_prefix(service, 'service-deployment')}/{hexadecimal(identity, size=20)}",
            target=revision,
            sources=[service.completed] if service.completed else [],
            configuration=service.settings["deploymentConfiguration"],
            created_at=now,
            updated_at=now,
        )
        record.breaker = "MONITORING" if breaker_of(service)["enable"] else "DISABLED"
        record.threshold = threshold_of(service)
        service.records.insert(0, record)
    deployment = Deployment(identity, revision, record, now, now, rolls_back=rolls_back)
    deployment.reason = f"ECS deployment {identity} in progress."
    if rolls_back:
        cause = " circuit breaker" if record.breaker == "TRIGGERED" else ""
        deployment.reason = f"ECS deployment{cause}: rolling back to deploymentId {identity}."
    service.deployments.insert(0, deployment)
    service.settings["taskDefinition"] = revision.definition.arn
    service.steady = False
    wake(service, now)
    return deployment


def revise(service: Service, definition: Any, now: float) -> Revision:
    """A new revision of the service as it is configured now."""
    images, fate = resolve(definition.container_definitions)
    number = decimal(service.arn, "revision", service.number(), now)
    settings = dict(service.settings)
    revision = Revision(f"{_prefix(service, 'service-revision')}/{number}", definition, images, settings, fate, now)
    service.revisions.append(revision)
    return revision


def wake(service: Service, now: float) -> None:
    """Let the scheduler look soon."""
    at = now + REACTION
    service.reconcile_at = at if service.reconcile_at is None else min(service.reconcile_at, at)


def breaker_of(service: Service) -> dict[str, bool]:
    """The deployment circuit breaker's settings."""
    configured = service.settings["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}
    return {"enable": bool(configured.get("enable")), "rollback": bool(configured.get("rollback"))}


def threshold_of(service: Service) -> int:
    """How many tasks must fail one after another for the breaker to act: half the desired count, 3 to 200."""
    return min(max(math.ceil(service.desired / 2), BREAKER_LEAST), BREAKER_MOST)


def reconcile(service: Service, now: float) -> None:
    """One look of the scheduler: start and stop tasks, drop what is gone, tell when it is done."""
    service.reconcile_at = None
    if service.status != "ACTIVE":
        _drain(service, now)
        return
    primary = service.primary
    if not primary.halted:
        _launch(service, primary, now)
    _retire(service, primary, now)
    _drop_gone(service)
    _settle(service, primary, now)


def failed(service: Service, task: Task, now: float) -> None:
    """A task of the service failed; in a deployment that is not done that counts."""
    deployment = task.deployment
    if deployment is None or deployment.rollout_state != "IN_PROGRESS":
        return
    deployment.failed += 1
    deployment.updated_at = now
    record = deployment.record
    record.failures = deployment.failed
    threshold = threshold_of(service)
    if deployment.failed > 2 * threshold:
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(12, (deployment.failed - 2 * threshold) // 2))
        if now + delay > deployment.launch_from:
            deployment.launch_from = now + delay
            service.say(now, f"is unable to consistently start tasks successfully. {_TROUBLE}")
    if deployment is service.primary and breaker_of(service)["enable"] and deployment.failed >= threshold:
        _trip(service, deployment, now)


def recovered(task: Task) -> None:
    """A task is healthy: the count of consecutive failures begins anew."""
    if task.deployment is not None and task.deployment.rollout_state == "IN_PROGRESS":
        task.deployment.failed = 0
        task.deployment.record.failures = 0


def go_back(service: Service, deployment: Deployment, reason: str, status: str, now: float) -> None:
    """Return to the revision that was completed last; without one nothing more is started."""
    record = deployment.record
    record.status_reason = reason
    record.updated_at = now
    good = service.completed
    deployment.rollout_state, deployment.updated_at, deployment.halted = "FAILED", now, True
    if good is None or deployment.rolls_back:
        record.status = "ROLLBACK_FAILED" if deployment.rolls_back else "STOPPED"
        record.finished_at = record.stopped_at = now
        return
    record.status = status
    record.rollback = {"reason": reason, "startedAt": now, "serviceRevisionArn": good.arn}
    back = begin(service, good, now, record=record)
    service.say(now, f"rolling back to deployment {back.id}.")
    for task in service.tasks:
        if task.alive and task.deployment is not None and task.deployment.revision is good:
            task.deployment = back


def _trip(service: Service, deployment: Deployment, now: float) -> None:
    deployment.reason = "ECS deployment circuit breaker: tasks failed to start."
    deployment.record.breaker = "TRIGGERED"
    service.say(now, f"(deployment {deployment.id}) deployment failed: tasks failed to start.")
    if breaker_of(service)["rollback"]:
        go_back(service, deployment, BREAKER_REASON, "ROLLBACK_IN_PROGRESS", now)
        return
    record = deployment.record
    deployment.rollout_state, deployment.updated_at, deployment.halted = "FAILED", now, True
    record.status, record.finished_at, record.stopped_at, record.updated_at = "STOPPED", now, now, now
    record.status_reason = "Service deployment stopped because the circuit breaker threshold was exceeded."


def _launch(service: Service, primary: Deployment, now: float) -> None:
    mine = service.of(primary)
    alive = sum(task.alive for task in service.tasks)
    percent = service.settings["deploymentConfiguration"]["maximumPercent"]
    most = max(service.desired * percent // 100, 1) if len(service.deployments) > 1 else service.desired
    wanted = min(service.desired - len(mine), most - alive)
    if wanted <= 0:
        return
    if now < primary.launch_from:
        _wake_at(service, primary.launch_from)
        return
    if primary.revision.fate.word == "stuck":
        service.say(now, _NO_CAPACITY if service.settings.get("launchType") == "FARGATE" else _NO_INSTANCE)
        primary.launch_from = now + STUCK_EVERY
        _wake_at(service, primary.launch_from)
        return
    started = [_start(service, primary, now) for _ in range(wanted)]
    service.steady = False
    service.say(now, f"has started {len(started)} tasks: {_listed(started)}.")


def _start(service: Service, deployment: Deployment, now: float) -> Task:
    revision = deployment.revision
    identity = hexadecimal(service.arn, "task", service.number(), now)
    low = int(identity[:4], 16)
    task = Task(
        id=identity,
        arn=f"{_prefix(service, 'task', of_service=False)}/{identity}",
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
        target_groups=service.target_groups,
    )
    ecs_tasks.prepare(task, sick=deployment.sick != WELL)
    service.tasks.append(task)
    return task


def _retire(service: Service, primary: Deployment, now: float) -> None:
    """Stop old tasks as far as enough healthy ones stay, and those that are too many."""
    mine = service.of(primary)
    old = [task for task in service.tasks if task.alive and task.deployment is not primary]
    goes = _surplus(service, mine, now)
    percent = service.settings["deploymentConfiguration"]["minimumHealthyPercent"]
    least = math.ceil(service.desired * percent / 100)
    healthy = sum(task.healthy(now) for task in service.tasks)
    unwell = [task for task in old if not task.healthy(now)]
    spare = max(0, healthy - least)
    well = [task for task in old if task.healthy(now)]
    stopped_deployment = primary.halted
    goes += [] if stopped_deployment else [*unwell, *well[:spare]]
    if not goes:
        return
    for task in goes:
        ecs_tasks.stop(task, now, f"Scaling activity initiated by (deployment {primary.id})")
    service.steady = False
    for group in service.target_groups:
        service.say(now, f"deregistered {len(goes)} targets in (target-group {group})")
        service.say(now, f"has begun draining connections on {len(goes)} tasks.")
    service.say(now, f"has stopped {len(goes)} running tasks: {_listed(goes)}.")


def _surplus(service: Service, mine: list[Task], now: float) -> list[Task]:
    extra = len(mine) - service.desired
    return sorted(mine, key=lambda task: (task.healthy(now), -task.created_at))[:extra] if extra > 0 else []


def _drop_gone(service: Service) -> None:
    held = {id(task.deployment) for task in service.tasks}
    service.deployments[1:] = [each for each in service.deployments[1:] if id(each) in held]


def _settle(service: Service, primary: Deployment, now: float) -> None:
    mine = service.of(primary)
    settled = len(mine) == service.desired and all(task.healthy(now) for task in mine)
    if not settled or len(service.deployments) > 1 or not all(task.alive for task in service.tasks):
        return
    if primary.rollout_state == "IN_PROGRESS":
        _complete(service, primary, now)
    if not service.steady:
        service.steady = True
        service.say(now, "has reached a steady state.")


def _complete(service: Service, primary: Deployment, now: float) -> None:
    record = primary.record
    primary.rollout_state, primary.updated_at, primary.failed = "COMPLETED", now, 0
    primary.reason = f"ECS deployment {primary.id} completed."
    service.completed = primary.revision
    record.status = "ROLLBACK_SUCCESSFUL" if primary.rolls_back else "SUCCESSFUL"
    record.finished_at = record.updated_at = now
    if record.breaker == "MONITORING":
        record.breaker = "MONITORING_COMPLETE"
    service.say(now, f"(deployment {primary.id}) deployment completed.")


def _drain(service: Service, now: float) -> None:
    for task in service.tasks:
        if task.alive:
            ecs_tasks.stop(task, now, f"Scaling activity initiated by (deployment {service.primary.id})")
    if not service.tasks:
        service.status = "INACTIVE"
        service.deployments.clear()


def _supersede(record: ServiceDeployment, now: float) -> None:
    if record.finished_at is None:
        record.status, record.finished_at, record.stopped_at, record.updated_at = "STOPPED", now, now, now
        record.status_reason = "Service deployment stopped because a newer service deployment was started."


def _wake_at(service: Service, at: float) -> None:
    service.reconcile_at = at if service.reconcile_at is None else min(service.reconcile_at, at)


def _listed(tasks: list[Task]) -> str:
    return " ".join(f"(task {task.id})" for task in tasks)


def _prefix(service: Service, kind: str, *, of_service: bool = True) -> str:
    parts = service.arn.split(":service/")[0]
    end = f"{service.cluster_name}/{service.name}" if of_service else service.cluster_name
    return f"{parts}:{kind}/{end}"
