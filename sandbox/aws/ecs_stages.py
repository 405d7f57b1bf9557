"""How a rollout goes from one lifecycle stage to the next, and the hooks at which it waits."""

from __future__ import annotations

from typing import Any

from sandbox.aws import ecs_rollout
from sandbox.aws.ecs_model import Deployment, Service
from sandbox.aws.ecs_records import Hook, ServiceDeployment, Step, hexadecimal

HOOK_MINUTES = 1440
"""How long a PAUSE hook waits where nothing is configured."""

_LAMBDA_SECONDS = 2.0
_WAITING = ("AWAITING_ACTION", "IN_PROGRESS")

TIMED_OUT = "Service deployment rolled back because a lifecycle hook timed out."
TOO_SLOW = "Service deployment rolled back because its tasks did not become healthy in time."


def advance(service: Service, primary: Deployment, now: float) -> None:
    """Go as far as the rollout may go now, and complete it after the last step."""
    record = primary.record
    while record.steps:
        step = record.steps[0]
        if not record.entered:
            _enter(service, record, step, now)
        if _held_by_hook(service, primary, now):
            return
        if not _done(service, primary, step, now):
            return
        record.steps.pop(0)
        record.entered = False
        if record.steps:
            # What tasks a stage wants started or stopped, the scheduler sees at its next look.
            ecs_rollout.wake(service, now)
    ecs_rollout.complete(service, primary, now)


def starts_tasks(record: ServiceDeployment) -> bool:
    """Whether new tasks may be started by now."""
    return "SCALE_UP" not in [step.stage for step in record.steps[1:]]


def stops_old_tasks(record: ServiceDeployment) -> bool:
    """Whether tasks of older revisions make way by now."""
    return (starts_tasks(record) and not record.shifts) or not record.steps or record.stage == "CLEAN_UP"


def answer(service: Service, primary: Deployment, hook: Hook, action: str, now: float) -> None:
    """A person, or time, decides what becomes of a rollout that waits at a hook."""
    if action == "CONTINUE":
        hook.status = "SUCCEEDED"
        ecs_rollout.wake(service, now)
    else:
        hook.status = "FAILED"
        ecs_rollout.go_back(service, primary, "Service deployment rolled back by a lifecycle hook.", now)


def _enter(service: Service, record: ServiceDeployment, step: Step, now: float) -> None:
    record.entered, record.stage, record.updated_at = True, step.stage, now
    record.step_ends = now + step.seconds
    record.hooks = [
        _run(record, hook, service.number(), now)
        for hook in record.configuration.get("lifecycleHooks") or []
        if step.hook and step.hook in (hook.get("lifecycleStages") or [])
    ]
    if record.hooks:
        return
    _shift(service, record, step)


def _run(record: ServiceDeployment, configured: dict[str, Any], number: int, now: float) -> Hook:
    timeout = configured.get("timeoutConfiguration") or {}
    pauses = configured.get("targetType") == "PAUSE"
    minutes = float(timeout.get("timeoutInMinutes") or HOOK_MINUTES)
    return Hook(
        id=f"ecs-{'pause' if pauses else 'lambda'}-{hexadecimal(record.arn, 'hook', number, size=43)}",
        kind="PAUSE" if pauses else "AWS_LAMBDA",
        target=str(configured.get("hookTargetArn") or ""),
        status="AWAITING_ACTION" if pauses else "IN_PROGRESS",
        expires_at=now + (minutes * 60 if pauses else _LAMBDA_SECONDS),
        action=str(timeout.get("action") or "ROLLBACK") if pauses else "CONTINUE",
    )


def _held_by_hook(service: Service, primary: Deployment, now: float) -> bool:
    """Whether a hook still waits, or has just ended the rollout; when the last is done, the step itself begins."""
    record = primary.record
    if not record.hooks:
        return False
    for hook in record.hooks:
        if hook.status in _WAITING and now >= hook.expires_at:
            hook.status = "TIMED_OUT" if hook.kind == "PAUSE" else "SUCCEEDED"
            if hook.action == "ROLLBACK":
                _give_up(service, primary, TIMED_OUT, now)
                return True
    waiting = [hook.expires_at for hook in record.hooks if hook.status in _WAITING]
    if waiting:
        ecs_rollout.wake_at(service, min(waiting))
        return True
    record.hooks = []
    step = record.steps[0]
    record.step_ends = now + step.seconds
    _shift(service, record, step)
    return False


def _give_up(service: Service, primary: Deployment, reason: str, now: float) -> None:
    if primary.record.goes_back:
        ecs_rollout.go_back(service, primary, reason, now)
    else:
        ecs_rollout.stop(primary, reason, now)


def _shift(service: Service, record: ServiceDeployment, step: Step) -> None:
    record.test = record.test if step.test is None else step.test
    if step.production is None:
        return
    record.production = step.production
    if step.production in (0.0, 100.0):
        service.serving = record.target if step.production else service.completed


def _done(service: Service, primary: Deployment, step: Step, now: float) -> bool:
    record = primary.record
    if step.stage == "SCALE_UP":
        if _settled(service, primary, now):
            return True
        if step.seconds and now >= record.step_ends:
            _give_up(service, primary, TOO_SLOW, now)
        elif step.seconds:
            ecs_rollout.wake_at(service, record.step_ends)
        return False
    if step.stage == "CLEAN_UP":
        return len(service.deployments) == 1
    if now < record.step_ends:
        ecs_rollout.wake_at(service, record.step_ends)
        return False
    return True


def _settled(service: Service, primary: Deployment, now: float) -> bool:
    """Whether the new tasks are all there and well, and, where they replace the old one by one, those are gone."""
    mine = service.of(primary)
    settled = len(mine) == service.desired and all(task.healthy(now) for task in mine)
    if primary.record.shifts:
        return settled
    return settled and len(service.deployments) == 1 and all(task.alive for task in service.tasks)
