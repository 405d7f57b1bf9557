"""Teaches moto target health: the targets of ECS services are as well as their tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from moto.ecs.models import ecs_backends
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from sandbox.aws.ecs_model import Task
from sandbox.aws.ecs_simulation import bring_up, now, services_of, simulating

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_describe = ELBv2Backend.describe_target_health

_NOT_IN_USE = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
_UNKNOWN = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
_STATES = {
    "initial": ("initial", "Elb.RegistrationInProgress", "Target registration is in progress"),
    "healthy": ("healthy", None, None),
    "unhealthy": ("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [502]"),
    "draining": ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"),
}


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(ELBv2Backend, "describe_target_health", describe_target_health)  # noqa: B010


def describe_target_health(
    self: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
) -> list[FakeHealthStatus]:
    """DescribeTargetHealth; what a script registered itself is as moto says."""
    group = self.target_groups.get(target_group_arn)
    if group is None:
        found: list[FakeHealthStatus] = _describe(self, target_group_arn, targets)
        return found
    of_tasks = dict(_of_tasks(self, group))
    asked = [each["Id"] for each in targets] or [*of_tasks, *(each for each in group.targets if each not in of_tasks)]
    shown = []
    for target in asked:
        if target in of_tasks:
            port, state = of_tasks[target]
            shown.append(_status(group, target, port, _STATES[state]))
        elif target in group.targets:
            shown += _describe(self, target_group_arn, [{"Id": target}])
        else:
            shown.append(_status(group, target, group.port, _UNKNOWN))
    if not group.load_balancer_arns:
        shown = [_status(group, each.instance_id, each.port, _NOT_IN_USE) for each in shown]
    return shown


def _status(
    group: FakeTargetGroup, target: str, port: Any, state: tuple[str, str | None, str | None]
) -> FakeHealthStatus:
    return FakeHealthStatus(target, port, group.health_check_port, *state)


def _of_tasks(backend: ELBv2Backend, group: FakeTargetGroup) -> Iterator[tuple[str, tuple[int, str]]]:
    ecs = ecs_backends[backend.account_id][backend.region_name]
    with simulating:
        bring_up(ecs)
        at = now()
        for service in services_of(ecs).values():
            for balancer in service.settings.get("loadBalancers") or []:
                if group.arn not in (balancer.get("targetGroupArn"), service.alternate_of(balancer)):
                    continue
                for task in service.tasks:
                    state = _state(task, at)
                    if state and group.arn in task.target_groups:
                        yield task.ip, (int(balancer.get("containerPort") or group.port), state)


def _state(task: Task, at: float) -> str:
    """How the load balancer sees a task; empty while, or when, it is not registered."""
    if task.running_at is None or task.running_at > at:
        return ""
    if not task.alive:
        return "draining" if task.status(at) in ("DEACTIVATING", "STOPPING") else ""
    if task.unhealthy_at is not None and task.unhealthy_at <= at:
        return "unhealthy"
    return "healthy" if task.healthy(at) else "initial"
