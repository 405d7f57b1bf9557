"""The pretend ECS's state at an instant, computed when somebody looks: no threads, only the clock.

Every event (a task runs, is healthy, dies; the scheduler looks) happens at its own time, however late it is
computed, so that the same calls at the same instants give the same history.
"""

from __future__ import annotations

import threading
from typing import Any, cast

from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends

from sandbox.aws import ecs_alarms, ecs_events, ecs_logs, ecs_rollout, ecs_scheduler, ecs_tasks
from sandbox.aws.ecs_model import STOPPED_KEPT, Service, Task
from sandbox.aws.world import current

simulating = threading.RLock()
"""Held while the state is read or moved: ECS, the load balancers and the logs all look."""


def now() -> float:
    """The sandbox's time in seconds since the epoch."""
    return current().clock.now()


def services_of(backend: EC2ContainerServiceBackend) -> dict[str, Service]:
    """The services of a region by "cluster:name"; moto's own dictionary, which a reset empties."""
    services: Any = backend.services
    return cast("dict[str, Service]", services)


def jobs_of(backend: EC2ContainerServiceBackend) -> list[Task]:
    """The tasks of a region that belong to no service."""
    jobs: list[Task] = backend.__dict__.setdefault("sandbox_jobs", [])
    return jobs


def tasks_of(backend: EC2ContainerServiceBackend) -> list[Task]:
    """All tasks of a region that can be described."""
    services = services_of(backend).values()
    return [task for each in services for task in (*each.tasks, *each.stopped)] + jobs_of(backend)


def bring_up(backend: EC2ContainerServiceBackend) -> None:
    """Let everything happen in a region that should have happened by now."""
    at = now()
    with simulating:
        for service in services_of(backend).values():
            _advance(service, at)
        jobs = jobs_of(backend)
        for task in jobs:
            while task.plan and task.plan[0][0] <= at:
                moment, kind = task.plan.pop(0)
                _happen(None, task, moment, kind)
        jobs[:] = _kept(jobs, at)
        ecs_events.tell(backend.region_name, services_of(backend).values(), tasks_of(backend), at)


def bring_up_everywhere() -> None:
    """The same for every region that was used."""
    account = current().account
    for backend in list(ecs_backends[account].values()):
        bring_up(backend)


def _advance(service: Service, until: float) -> None:
    while True:
        task = min((each for each in service.tasks if each.plan), key=lambda each: each.plan[0][0], default=None)
        task_at = task.plan[0][0] if task else None
        look_at, red_at = service.reconcile_at, ecs_alarms.red_at(service)
        earliest = min((at for at in (task_at, look_at) if at is not None), default=until)
        if red_at is not None and red_at <= min(earliest, until):
            ecs_rollout.turned_red(service, red_at)
        elif look_at is not None and look_at <= until and (task_at is None or look_at <= task_at):
            ecs_scheduler.reconcile(service, look_at)
        elif task is not None and task_at is not None and task_at <= until:
            moment, kind = task.plan.pop(0)
            _happen(service, task, moment, kind)
            _forget(service, moment)
            ecs_rollout.wake(service, moment)
        else:
            break
    _forget(service, until)


def _forget(service: Service, at: float) -> None:
    while service.stopped and (service.stopped[0].stopped_at or 0) + STOPPED_KEPT <= at:
        service.stopped.popleft()


def _kept(tasks: list[Task], at: float) -> list[Task]:
    return [task for task in tasks if task.stopped_at is None or task.stopped_at + STOPPED_KEPT > at]


def _happen(service: Service | None, task: Task, at: float, kind: str) -> None:
    if kind == "running":
        ecs_logs.write_start(task, at)
    if kind not in ("running", "healthy", "sick", "stopped"):
        counts = ecs_tasks.end(task, at, kind)
        if service is not None and counts:
            _lose(service, task, at, kind)
    elif service is not None:
        _follow(service, task, at, kind)


def _follow(service: Service, task: Task, at: float, kind: str) -> None:
    if kind == "running":
        for group in task.target_groups:
            service.say(at, f"registered 1 targets in (target-group {group})")
    elif kind == "healthy":
        ecs_rollout.recovered(service, task)
    elif kind == "sick":
        _say_unhealthy(service, task, at)
    else:
        service.tasks.remove(task)
        service.stopped.append(task)


def _lose(service: Service, task: Task, at: float, kind: str) -> None:
    if kind == "unhealthy":
        service.say(at, f"has stopped 1 running tasks: (task {task.id}).")
    service.steady = False
    ecs_rollout.failed(service, task, at)


def _say_unhealthy(service: Service, task: Task, at: float) -> None:
    for balancer in service.settings.get("loadBalancers") or []:
        if balancer.get("targetGroupArn"):
            service.say(
                at,
                f"(port {balancer.get('containerPort', 80)}) is unhealthy in (target-group "
                f"{balancer['targetGroupArn']}) due to (reason Health checks failed with these codes: [502])",
            )
