"""ECS's operations on the protection of tasks against deployments and scaling in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.responses import EC2ContainerServiceResponse

from sandbox.aws import ecs_rollout, ecs_values
from sandbox.aws.ecs_lookup import cluster_of, no_more_than
from sandbox.aws.ecs_model import Service, Task
from sandbox.aws.ecs_simulation import bring_up, now, services_of, simulating

MOST_UPDATED = 10
USUAL_MINUTES, MOST_MINUTES = 120, 2_880


def get_task_protection(self: EC2ContainerServiceResponse) -> ActionResult:
    """GetTaskProtection of some tasks, or of all that services of the cluster run."""
    params = self._get_params()
    asked = [each.rpartition("/")[2] for each in params.get("tasks") or []]
    with simulating:
        tasks = _tasks(self, params.get("cluster"))
        found = [task for task, _ in tasks.values() if not asked or task.id in asked]
        return _answer(self, found, asked, tasks)


def update_task_protection(self: EC2ContainerServiceResponse) -> ActionResult:
    """UpdateTaskProtection of at most ten tasks of services."""
    params, at = self._get_params(), now()
    asked = [each.rpartition("/")[2] for each in params.get("tasks") or []]
    no_more_than(MOST_UPDATED, asked, "Tasks")
    minutes = int(params.get("expiresInMinutes") or USUAL_MINUTES)
    if not 1 <= minutes <= MOST_MINUTES:
        raise InvalidParameterException(f"expiresInMinutes must be between 1 and {MOST_MINUTES}.")
    with simulating:
        tasks = _tasks(self, params.get("cluster"))
        found = [tasks[each] for each in asked if each in tasks]
        for task, service in found:
            task.protected_until = at + minutes * 60 if params.get("protectionEnabled") else 0.0
            ecs_rollout.wake(service, at)
        return _answer(self, [task for task, _ in found], asked, tasks)


def _tasks(self: EC2ContainerServiceResponse, cluster: str | None) -> dict[str, tuple[Task, Service]]:
    backend = self.ecs_backend
    where = cluster_of(backend, cluster)
    bring_up(backend)
    services = [each for each in services_of(backend).values() if each.cluster_arn == where.arn]
    return {task.id: (task, service) for service in services for task in service.tasks if task.alive}


def _answer(
    self: EC2ContainerServiceResponse, found: Iterable[Task], asked: list[str], tasks: dict[str, tuple[Task, Service]]
) -> ActionResult:
    at = now()
    shown: list[dict[str, Any]] = []
    for task in found:
        protected = task.protected(at)
        expires = {"expirationDate": ecs_values.moment(task.protected_until)} if protected else {}
        shown.append({"taskArn": task.arn, "protectionEnabled": protected, **expires})
    cluster = cluster_of(self.ecs_backend, self._get_params().get("cluster"))
    base = cluster.arn.replace(":cluster/", ":task/")
    missing = [{"arn": f"{base}/{each}", "reason": "MISSING"} for each in asked if each not in tasks]
    return ActionResult({"protectedTasks": shown, "failures": missing})


OPERATIONS = (get_task_protection, update_task_protection)
