"""The life of one task: how long each stage takes, and how its fate ends it. All times in seconds."""

from __future__ import annotations

from sandbox.aws import ecs_logs
from sandbox.aws.ecs_model import Deployment, Service, Task
from sandbox.aws.ecs_records import Fate, hexadecimal

RUNNING_AFTER = 3.2
RUNNING_SPREAD = 1.6
HEALTHY_AFTER = 2.0
CRASH_AFTER = 1.9
OOM_AFTER = 4.0
PULL_FAILS_AFTER = 3.0
CHECKS_FAIL_AFTER = 3.0
CHECKS_END_AFTER = 8.0
SLOW_PACE = 4.0
JOB_SECONDS = 10.0
DRAIN_SECONDS = 1.5
STOP_SECONDS = 1.0
DEPROVISION_SECONDS = 0.5
SICK_FIRST = 3.0
SICK_EVERY = 4.0
SICK_LIFE = 12.0
"""How long a replacement in a sick service runs until it dies as well."""

EXITED = "Essential container in task exited"
OOM_REASON = "OutOfMemoryError: Container killed due to memory usage"


def prepare(task: Task, *, sick: bool = False, job: bool = False) -> None:
    """Lay out what comes next for a task that was just created; a sick one lives a while before its fate."""
    chance = int(hexadecimal(task.id, "pace", size=4), 16) / 0xFFFF
    task.pace = SLOW_PACE if task.fate.word == "slow" else 1.0
    if task.fate.word == "nopull":
        task.plan = [(task.created_at + PULL_FAILS_AFTER, "nopull")]
        return
    running = task.created_at + (RUNNING_AFTER + RUNNING_SPREAD * chance) * task.pace
    task.running_at = running
    task.plan = [(running, "running")]
    ends = {"crash": CRASH_AFTER, "oom": OOM_AFTER}.get(task.fate.word)
    if task.fate.word == "unhealthy":
        task.plan += [(running + CHECKS_FAIL_AFTER, "sick"), (running + CHECKS_END_AFTER, "unhealthy")]
        task.unhealthy_at = running + CHECKS_FAIL_AFTER
        return
    if ends is not None and not sick:
        task.plan.append((running + ends, task.fate.word))
        return
    task.healthy_at = running + HEALTHY_AFTER * task.pace
    task.plan.append((task.healthy_at, "healthy"))
    if ends is not None:
        task.plan.append((running + SICK_LIFE + 2 * chance, task.fate.word))
    elif job:
        task.plan.append((running + JOB_SECONDS, "done"))


def sicken(service: Service, deployment: Deployment, fate: Fate, now: float) -> None:
    """From now on the tasks of a deployment die one after another; ``WELL`` lets those live that still do."""
    deployment.sick = fate
    for number, task in enumerate(service.of(deployment)):
        was_sick = task.fate.word != deployment.revision.fate.word
        task.plan = [(at, kind) for at, kind in task.plan if kind in ("running", "healthy")]
        task.unhealthy_at = None
        if not fate.word:
            task.fate = deployment.revision.fate
            if was_sick and task.healthy_at is None and task.running_at is not None:
                task.healthy_at = max(now, task.running_at) + HEALTHY_AFTER
                task.plan.append((task.healthy_at, "healthy"))
                task.plan.sort()
            continue
        task.fate = fate
        dies = max(now, task.running_at or now) + SICK_FIRST + SICK_EVERY * number
        if fate.word == "unhealthy":
            task.unhealthy_at = dies - SICK_FIRST + 1
            task.plan.append((task.unhealthy_at, "sick"))
        task.plan = sorted([*task.plan, (dies, fate.word)])


def end(task: Task, at: float, kind: str) -> bool:
    """A fate comes true. Returns whether that counts as a failed task."""
    container = task.fate.container or _essential(task)
    task.exits = {each["containerName"]: (143, "") for each in task.images}
    if kind == "nopull":
        image = next((each["image"] for each in task.images if each["containerName"] == container), "")
        text = (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
            f"failed to resolve ref {image}: {image}: not found"
        )
        task.exits = {each["containerName"]: (None, "") for each in task.images}
        task.exits[container] = (None, text)
        _stopped(task, at, "TaskFailedToStart", text)
    elif kind == "unhealthy":
        groups = "".join(f" (target-group {arn})" for arn in task.target_groups[:1])
        checks = f"Task failed ELB health checks in{groups}" if groups else "Task failed container health checks"
        stop(task, at, f"{checks}")
    else:
        code, reason = {"crash": (1, ""), "oom": (137, OOM_REASON)}.get(kind, (0, ""))
        task.exits[container] = (code, reason)
        _stopped(task, at, "EssentialContainerExited", EXITED)
    if kind not in ("done", "nopull"):
        ecs_logs.write_end(task, container, kind, at)
    return kind != "done"


def stop(task: Task, at: float, reason: str, code: str = "ServiceSchedulerInitiated", exit_code: int = 143) -> None:
    """Stop a task as the scheduler or a person does: its target drains, it gets SIGTERM, it goes."""
    ran = task.running_at is not None and task.running_at <= at
    drain = DRAIN_SECONDS if ran and task.target_groups else 0.0
    task.stopping_at = at
    task.drained_at = at + drain
    task.exited_at = at + drain + (STOP_SECONDS if ran else 0.0)
    task.stopped_at = task.exited_at + DEPROVISION_SECONDS
    task.stop_code, task.stopped_reason = code, reason
    task.exits = {each["containerName"]: (exit_code if ran else None, "") for each in task.images}
    if not ran:
        task.running_at = None
    task.plan = [(task.stopped_at, "stopped")]


def _stopped(task: Task, at: float, code: str, reason: str) -> None:
    task.stopping_at = task.drained_at = task.exited_at = at
    task.stopped_at = at + DEPROVISION_SECONDS
    task.stop_code, task.stopped_reason = code, reason
    task.plan = [(task.stopped_at, "stopped")]


def _essential(task: Task) -> str:
    containers = task.definition.container_definitions
    return str(next((each["name"] for each in containers if each.get("essential", True)), containers[0]["name"]))
