"""Rollouts: how one begins, what makes it fail, and how a service goes back."""

from __future__ import annotations

import math
from typing import Any

from sandbox.aws import ecs_alarms
from sandbox.aws.ecs_images import resolve
from sandbox.aws.ecs_model import Deployment, Service, Task
from sandbox.aws.ecs_records import Revision, ServiceDeployment, decimal, hexadecimal
from sandbox.aws.ecs_strategy import steps_back, steps_of

REACTION = 0.5
"""Seconds until the scheduler acts on what happened."""
FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
BREAKER_LEAST, BREAKER_MOST = 3, 200

BREAKER_REASON = "Service deployment rolled back because the circuit breaker threshold was exceeded."
_TROUBLE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."


def begin(
    service: Service, revision: Revision, now: float, *, configuration: dict[str, Any] | None = None, longest: float = 0
) -> Deployment:
    """Start a deployment of a revision. What CodeDeploy starts has a ``configuration`` of its own, written as ECS's.

    ``longest`` is how many seconds the new tasks may take to become healthy, 0 for any time.
    """
    running = _running(service)
    for other in service.deployments:
        other.status = "ACTIVE"
        stop_record(other.record, "Service deployment stopped because a newer service deployment was started.", now)
    identity = _identity(service, now)
    before = service.serving or service.completed
    record = ServiceDeployment(
        arn=f"{prefix(service, 'service-deployment')}/{hexadecimal(identity, size=20)}",
        target=revision,
        sources=list(dict.fromkeys([*([before] if before else []), *running])),
        configuration=service.settings["deploymentConfiguration"] if configuration is None else configuration,
        created_at=now,
        updated_at=now,
    )
    record.breaker = "MONITORING" if breaker_of(service)["enable"] else "DISABLED"
    record.threshold = threshold_of(service)
    alarms = record.configuration.get("alarms") or {}
    bake = 0.0
    if alarms.get("enable"):
        by_others = configuration is not None
        bake = ecs_alarms.watch(service, record, alarms["alarmNames"], whatever_their_state=by_others)
    crowded, first = len(running) > 1, before is None
    record.steps = steps_of(record.configuration, first=first, crowded=crowded, bake=bake, longest=longest)
    record.stage = record.steps[0].stage
    if service.controller == "ECS":
        service.records.insert(0, record)
    if before is not None:
        revision.turn = (before.turn + record.shifts) % 2
    deployment = Deployment(identity, revision, record, now, now)
    deployment.reason = f"ECS deployment {identity} in progress."
    _make_primary(service, deployment, now)
    return deployment


def revise(service: Service, definition: Any, now: float) -> Revision:
    """A new revision of the service as it is configured now; tags are resolved to what the registry has now."""
    images, fate = resolve(definition.container_definitions)
    number = decimal(service.arn, "revision", service.number(), now)
    settings = dict(service.settings)
    revision = Revision(f"{prefix(service, 'service-revision')}/{number}", definition, images, settings, fate, now)
    service.revisions.append(revision)
    return revision


def wake(service: Service, now: float) -> None:
    """Let the scheduler look soon."""
    wake_at(service, now + REACTION)


def wake_at(service: Service, at: float) -> None:
    """Let the scheduler look at an instant, if it does not before."""
    service.reconcile_at = at if service.reconcile_at is None else min(service.reconcile_at, at)


def breaker_of(service: Service) -> dict[str, bool]:
    """The deployment circuit breaker's settings."""
    configured = _breaker(service)
    return {"enable": bool(configured.get("enable")), "rollback": bool(configured.get("rollback"))}


def _breaker(service: Service) -> dict[str, Any]:
    configured: dict[str, Any] = service.settings["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}
    return configured


def threshold_of(service: Service) -> int:
    """How many tasks must fail for the breaker to act: usually half the desired count, 3 to 200."""
    configured = _breaker(service).get("thresholdConfiguration") or {}
    kind, value = configured.get("type") or "BOUNDED_PERCENT", int(configured.get("value") or 50)
    if kind == "COUNT":
        return value
    share = math.ceil(service.desired * value / 100)
    return share if kind == "UNBOUNDED_PERCENT" else min(max(share, BREAKER_LEAST), BREAKER_MOST)


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


def recovered(service: Service, task: Task) -> None:
    """A task is healthy: the count of failures begins anew, unless ``resetOnHealthyTask`` is off."""
    if _breaker(service).get("resetOnHealthyTask") is False:
        return
    if task.deployment is not None and task.deployment.rollout_state == "IN_PROGRESS":
        task.deployment.failed = 0
        task.deployment.record.failures = 0


def complete(service: Service, primary: Deployment, now: float) -> None:
    """The service has arrived where its primary deployment leads."""
    record = primary.record
    primary.rollout_state, primary.updated_at, primary.failed = "COMPLETED", now, 0
    primary.reason = f"ECS deployment {primary.id} completed."
    service.completed = service.serving = primary.revision
    record.status = "ROLLBACK_SUCCESSFUL" if primary.rolls_back else "SUCCESSFUL"
    record.finished_at = record.updated_at = now
    if record.breaker == "MONITORING":
        record.breaker = "MONITORING_COMPLETE"
    if record.watching == "MONITORING":
        record.watching = "MONITORING_COMPLETE"
    service.say(now, f"(deployment {primary.id}) deployment completed.")


def go_back(service: Service, deployment: Deployment, reason: str, now: float) -> None:
    """Return to the revision that was completed last; without one nothing more is started."""
    record = deployment.record
    good = service.completed
    _halt(deployment, now)
    record.status_reason, record.updated_at = reason, now
    _nobody_waits(record)
    if good is None or deployment.rolls_back:
        record.status = "ROLLBACK_FAILED" if deployment.rolls_back else "STOPPED"
        record.finished_at = record.stopped_at = now
        return
    record.status = "ROLLBACK_IN_PROGRESS"
    record.rollback = {"reason": reason, "startedAt": now, "serviceRevisionArn": good.arn}
    record.steps = steps_back(shifts=record.shifts, shifted=record.production > 0 or record.test > 0)
    record.entered, record.stage = False, record.steps[0].stage
    back = _back_to(service, good, record, now)
    service.say(now, f"rolling back to deployment {back.id}.")
    for task in service.tasks:
        if task.alive and task.deployment is not None and task.deployment.revision is good:
            task.deployment = back


def stop(deployment: Deployment, reason: str, now: float) -> None:
    """Leave everything as it is now: nothing more is started, nothing is put back."""
    _halt(deployment, now)
    stop_record(deployment.record, reason, now)


def turned_red(service: Service, now: float) -> None:
    """A watched alarm went off: the deployment has failed."""
    deployment = service.primary
    record = deployment.record
    record.watching = "TRIGGERED"
    deployment.reason = f"ECS deployment failed: alarm(s) {', '.join(record.red)} detected."
    service.say(now, f"(deployment {deployment.id}) deployment failed: alarm detected.")
    if (record.configuration.get("alarms") or {}).get("rollback"):
        names = ", ".join(record.red)
        go_back(service, deployment, f"Service deployment rolled back because of CloudWatch alarm(s): {names}.", now)
    else:
        stop(deployment, "Service deployment stopped because of a CloudWatch alarm.", now)


def stop_record(record: ServiceDeployment, reason: str, now: float) -> None:
    """A rollout that has not ended ends here."""
    if record.finished_at is None:
        record.status, record.finished_at, record.stopped_at, record.updated_at = "STOPPED", now, now, now
        record.status_reason = reason
        _nobody_waits(record)


def _nobody_waits(record: ServiceDeployment) -> None:
    record.hooks = [hook for hook in record.hooks if hook.status not in ("AWAITING_ACTION", "IN_PROGRESS")]


def prefix(service: Service, kind: str, *, of_service: bool = True) -> str:
    """The beginning of the ARNs of what a service has."""
    parts = service.arn.split(":service/")[0]
    end = f"{service.cluster_name}/{service.name}" if of_service else service.cluster_name
    return f"{parts}:{kind}/{end}"


def _trip(service: Service, deployment: Deployment, now: float) -> None:
    deployment.reason = "ECS deployment circuit breaker: tasks failed to start."
    deployment.record.breaker = "TRIGGERED"
    service.say(now, f"(deployment {deployment.id}) deployment failed: tasks failed to start.")
    if breaker_of(service)["rollback"]:
        go_back(service, deployment, BREAKER_REASON, now)
    else:
        reason = "Service deployment stopped because the circuit breaker threshold was exceeded."
        stop(deployment, reason, now)


def _halt(deployment: Deployment, now: float) -> None:
    deployment.rollout_state, deployment.updated_at, deployment.halted = "FAILED", now, True
    if deployment.record.watching == "MONITORING":
        deployment.record.watching = "MONITORING_COMPLETE"


def _back_to(service: Service, good: Revision, record: ServiceDeployment, now: float) -> Deployment:
    """What ECS starts anew is, with CodeDeploy, the old task set itself, as long as it is there."""
    kept = next((each for each in service.deployments if each.revision is good), None)
    if service.controller == "CODE_DEPLOY" and kept is not None:
        service.deployments.remove(kept)
        back = kept
        back.record, back.rollout_state, back.status = record, "IN_PROGRESS", "PRIMARY"
    else:
        back = Deployment(_identity(service, now), good, record, now, now)
    back.rolls_back = True
    cause = " circuit breaker" if record.breaker == "TRIGGERED" else ""
    back.reason = f"ECS deployment{cause}: rolling back to deploymentId {back.id}."
    for other in service.deployments:
        other.status = "ACTIVE"
    _make_primary(service, back, now)
    return back


def _make_primary(service: Service, deployment: Deployment, now: float) -> None:
    service.deployments.insert(0, deployment)
    service.settings["taskDefinition"] = deployment.revision.definition.arn
    service.steady = False
    wake(service, now)


def _running(service: Service) -> list[Revision]:
    """The revisions that have tasks, each once."""
    alive = [task.deployment for task in service.tasks if task.alive and task.deployment is not None]
    return list(dict.fromkeys(each.revision for each in alive))


def _identity(service: Service, now: float) -> str:
    return f"ecs-svc/{decimal(service.arn, 'deployment', service.number(), now)}"
