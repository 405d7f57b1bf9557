"""Carrying an export out: a task in AWS for each log group, one after the other, since an account runs one at a time.

A task's name carries the operation's id, by which an earlier attempt is recognised.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateExportTask.html
"""

from __future__ import annotations

from functools import partial
from typing import Any

from bot.command import Effect, Plan, Progress, Run, Stage, Strategy
from bot.console import bucket_address
from bot.ports import World
from bot.telemetry import EXPORT_ACTIVE, ExportTask

NAME = "runbook-bot-"
"""What the names of our tasks begin with; the operation's id follows."""
COMPLETED, FAILED, CANCELLED = "COMPLETED", "FAILED", "CANCELLED"


def effects(plan: Plan) -> tuple[Effect, ...]:
    """For each log group: wait until no other task is active, then begin one and wait for its end."""
    return tuple(each for group in _groups(plan) for each in _of_group(group))


def _of_group(group: str) -> tuple[Effect, Effect]:
    room = Effect(f"room:{group}", lambda run, world: None, lambda run, world: {}, wait=partial(_room, group))
    task = Effect(f"export:{group}", partial(_find, group), partial(_begin, group), wait=partial(_look, group))
    return room, task


def _groups(plan: Plan) -> list[str]:
    groups = plan.facts["groups"]
    return [str(each) for each in groups] if isinstance(groups, list) else []


def _room(group: str, run: Run, world: World) -> Progress:
    active = world.log_exports.active(run.target.account)
    if not active:
        return Progress(stage=Stage.SUCCEEDED, headline="No other export is under way")
    lines = tuple(f"{each.group}: {each.status}" for each in active)
    headline = f"Waiting for another export: AWS runs one at a time in an account. {group} comes next"
    return Progress(stage=Stage.ROLLING, headline=headline, lines=lines, calm=True, **_count(group, run))


def _find(group: str, run: Run, world: World) -> dict[str, Any] | None:
    found = world.log_exports.named(run.target.account, f"{NAME}{run.operation}")
    return next(({"task": each.id} for each in found if each.group == group), None)


def _begin(group: str, run: Run, world: World) -> dict[str, Any]:
    facts = run.plan.facts
    task = world.log_exports.begin(
        *(run.target.account, f"{NAME}{run.operation}", group),
        start=float(str(facts["start"])),
        end=float(str(facts["end"])),
        bucket=str(facts["bucket"]),
        prefix=str(facts["prefix"]),
    )
    return {"task": task}


def _look(group: str, run: Run, world: World) -> Progress:
    task = world.log_exports.task(run.target.account, str(run.results[f"export:{group}"]["task"]))
    if task is None:
        return Progress(stage=Stage.FAILED, headline=f"AWS knows the export of {group} no more", unchanged=True)
    if task.status == COMPLETED:
        return Progress(stage=Stage.SUCCEEDED, headline=f"{group} is exported", facts={"folder": task.folder})
    if task.status == FAILED:
        return Progress(stage=Stage.FAILED, headline=f"AWS could not export {group}: {task.message}", unchanged=True)
    if task.status == CANCELLED:
        headline = f"Somebody cancelled the export of {group} in AWS: {task.message}"
        return Progress(stage=Stage.FAILED, headline=headline, unchanged=True)
    return Progress(
        stage=Stage.ROLLING,
        headline=f"Exporting {group}: {task.status}",
        lines=(f"Everything logged in {run.plan.facts['window']}", f"AWS says: {task.message}", f"To {task.folder}"),
        calm=True,
        link=_link(run),
        **_count(group, run),
    )


def _count(group: str, run: Run) -> dict[str, int]:
    groups = _groups(run.plan)
    return {"done": groups.index(group), "total": len(groups)}


def _link(run: Run) -> str:
    facts = run.plan.facts
    return bucket_address(str(facts["region"]), str(facts["bucket"]), f"{facts['prefix']}/")


def _watch(run: Run, world: World) -> Progress:
    """All tasks have come to their end: where it lies."""
    facts, groups = run.plan.facts, _groups(run.plan)
    many = "1 log group is" if len(groups) == 1 else f"{len(groups)} log groups are"
    folders = [f"{group}: {run.results[f'export:{group}'].get('folder', '')}" for group in groups]
    return Progress(
        stage=Stage.SUCCEEDED,
        headline=f"{many} exported to s3://{facts['bucket']}/{facts['prefix']}/",
        lines=(f"Everything logged in {facts['window']}", *folders),
        link=_link(run),
    )


def _stop(run: Run, world: World) -> str:
    """Cancel what is active in AWS, that of an attempt whose answer was lost included."""
    ours = world.log_exports.named(run.target.account, f"{NAME}{run.operation}")
    for task in ours:
        if task.status in EXPORT_ACTIVE:
            world.log_exports.cancel(run.target.account, task.id)
    return _left(run, ours)


def _left(run: Run, tasks: tuple[ExportTask, ...]) -> str:
    whole = [f"{each.group} was exported to {each.folder}." for each in tasks if each.status == COMPLETED]
    begun = [f"Of {each.group} there may be a part in {each.folder}." for each in tasks if each.status in EXPORT_ACTIVE]
    named = {each.group for each in tasks}
    left = [group for group in _groups(run.plan) if group not in named]
    never = [f"Not begun: {', '.join(left)}."] if left else []
    return " ".join((*whole, *begun, *never))


EXPORT = Strategy(effects=effects, watch=_watch, soaks=False, stop=_stop, action="export")
