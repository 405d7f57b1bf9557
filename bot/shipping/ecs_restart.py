"""Restarting ECS services and single tasks: new tasks of the very same code.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html (forceNewDeployment)
"""

from __future__ import annotations

from typing import Any

from bot.command import Effect, Plan, Progress, Run, Stage
from bot.errors import NotFoundError
from bot.ports import World
from bot.shipping.ecs_effects import find_updated

REASON = "Restarted by a person through runbook-bot, operation {}"
"""StopTask takes at most 255 characters."""


def effects(plan: Plan) -> tuple[Effect, ...]:
    """One forced deployment of the revision that runs."""
    return (FORCE,)


def _force(run: Run, world: World) -> dict[str, Any]:
    return {"deployment": world.ecs.restart_service(run.target)}


FORCE = Effect(name="update", find=find_updated, do=_force)


def _find_stopped(run: Run, world: World) -> dict[str, Any] | None:
    task = str(run.plan.facts["task"])
    still = any(each.id == task for each in world.ecs.running_tasks(run.target))
    return None if still else {"task": task}


def _stop_task(run: Run, world: World) -> dict[str, Any]:
    task = str(run.plan.facts["task"])
    world.ecs.stop_task(run.target, task, REASON.format(run.operation))
    return {"task": task}


STOP_TASK = Effect(name="stop", find=_find_stopped, do=_stop_task)


def watch_task(run: Run, world: World) -> Progress:
    """One look whether another task runs in its place. Raises UpstreamError when ECS cannot be asked."""
    try:
        service = world.ecs.service(run.target)
    except NotFoundError as error:
        return Progress(stage=Stage.FAILED, headline=f"The service was deleted meanwhile: {error}", unchanged=True)
    tasks = world.ecs.running_tasks(run.target)
    task = str(run.plan.facts["task"])
    done = {"done": len(tasks), "total": service.desired}
    if any(each.id == task for each in tasks):
        return Progress(stage=Stage.ROLLING, headline=f"Task {task[:8]} is stopping", **done)
    if len(tasks) >= service.desired:
        return Progress(
            stage=Stage.SUCCEEDED, headline=f"Another task runs in its place: {len(tasks)} of {service.desired}"
        )
    slow = next((e.message for e in service.events if e.at >= run.started_at and "unable" in e.message.lower()), "")
    lines = (f"ECS says: {slow}",) if slow else ()
    return Progress(stage=Stage.ROLLING, headline="Another task is starting", lines=lines, **done)
