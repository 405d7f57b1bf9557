"""Carrying out a change of an ECS service's number of tasks, and watching it."""

from __future__ import annotations

from typing import Any

from bot.command import Effect, Plan, Progress, Run, Stage
from bot.errors import BotError
from bot.ports import World
from bot.shipping.bounds import read


def effects(plan: Plan) -> tuple[Effect, ...]:
    """Bounds are widened before the number moves, and narrowed after it has."""
    count, after, before = plan.facts.get("count"), read(plan.facts.get("after")), read(plan.facts.get("before"))
    number = (Effect(name="desired", find=_find_desired, do=_set_desired),) if count is not None else ()
    if after is None or before is None:
        return number
    bounds = Effect(name="bounds", find=_find_bounds, do=_set_bounds)
    inside = isinstance(count, int) and before.minimum <= count <= before.maximum
    return (*number, bounds) if inside else (bounds, *number)


def _find_desired(run: Run, world: World) -> dict[str, Any] | None:
    count = run.plan.facts["count"]
    return {"count": count} if world.ecs.service(run.target).desired == count else None


def _set_desired(run: Run, world: World) -> dict[str, Any]:
    count = int(str(run.plan.facts["count"]))
    world.ecs.set_desired(run.target, count)
    return {"count": count}


def _find_bounds(run: Run, world: World) -> dict[str, Any] | None:
    after = read(run.plan.facts["after"])
    return {"bounds": "set"} if world.scaling.scaling(run.target).bounds == after else None


def _set_bounds(run: Run, world: World) -> dict[str, Any]:
    after, before = read(run.plan.facts["after"]), read(run.plan.facts["before"])
    if after is None or before is None:
        raise TypeError("there are no bounds to set")
    if (after.minimum, after.maximum) != (before.minimum, before.maximum):
        world.scaling.set_bounds(run.target, after.minimum, after.maximum)
    switches = (after.suspended_in, after.suspended_out, after.suspended_scheduled)
    if switches != (before.suspended_in, before.suspended_out, before.suspended_scheduled):
        world.scaling.suspend(run.target, scale_in=switches[0], scale_out=switches[1], scheduled=switches[2])
    return {"bounds": "set"}


def watch(run: Run, world: World) -> Progress:
    """One look whether the number is reached. Raises UpstreamError when ECS cannot be asked."""
    service = world.ecs.service(run.target)
    count = run.plan.facts.get("count")
    if not isinstance(count, int):
        return Progress(stage=Stage.SUCCEEDED, headline=f"Autoscaling decides again; {service.desired} tasks now")
    if service.desired != count:
        why = _moved(run, world)
        headline = f"Something moved the number to {service.desired}{why}"
        return Progress(stage=Stage.FAILED, headline=headline, unchanged=True)
    done = {"done": service.running, "total": count}
    if service.running == count and not service.pending:
        return Progress(stage=Stage.SUCCEEDED, headline=f"{count} of {count} tasks run", **done)
    stuck = next((e.message for e in service.events if e.at >= run.started_at and "unable" in e.message.lower()), "")
    lines = (f"ECS says: {stuck}",) if stuck else ()
    headline = "Starting tasks" if service.running < count else "Stopping tasks"
    return Progress(stage=Stage.ROLLING, headline=headline, lines=lines, **done)


def _moved(run: Run, world: World) -> str:
    try:
        log = world.scaling.activities(run.target, since=run.started_at)
    except BotError:
        return ""
    return f": {log[0].cause or log[0].description}" if log else ""
