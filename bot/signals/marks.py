"""What happened to a service, as marks of a graph: deployments, changes of the size, alarms, incidents."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from bot.domain import Account, ServiceKind, Target
from bot.graph import Mark, MarkKind
from bot.ports import Past, World
from bot.rollouts import ServiceDeployment
from bot.shipping_cloud import ScalingActivity
from bot.steps.recent_changes import is_of

MOST = 20
WAITED = 6 * 3600.0
"""Seconds that an operation may wait for approval; it is found by when it was asked for, and marked when it began."""
_SHIPPING = ("deploy", "rollback", "restart")
_COUNT = re.compile(r"desired count to (\d{1,6})")
_VERSION = 14

Reads = dict[str, Callable[[], tuple[Mark, ...]]]


def change_reads(target: Target, since: float, world: World) -> Reads:
    """Reads of what was changed since then, to be gathered: by the bot, and on ECS by others and by autoscaling."""
    reads: Reads = {"ours": partial(_ours, target, since, world)}
    if target.service.kind is ServiceKind.ECS:
        reads["rollouts"] = partial(_rollouts, target, since, world)
        reads["scaled"] = partial(_scaled, target, since, world)
    return reads


def state_marks(alarm: str, account: Account, since: float, world: World) -> tuple[Mark, ...]:
    """When an alarm went to ALARM and back to OK since then, oldest first; not when it began or had data again."""
    marks: list[Mark] = []
    is_red: bool | None = None
    for each in reversed(world.metrics.transitions(account, alarm, since=since)):
        if each.state == "ALARM":
            marks.append(Mark(each.at, each.state, MarkKind.ALARM))
            is_red = True
        elif each.state == "OK":
            if is_red or (is_red is None and each.previous != "INSUFFICIENT_DATA"):
                marks.append(Mark(each.at, each.state, MarkKind.OK))
            is_red = False
    return tuple(marks)


def incident_marks(target: Target, since: float, world: World) -> tuple[Mark, ...]:
    """When incidents of a service opened since then."""
    opened = world.recent.opened(target.key, since=since)
    return tuple(Mark(each.opened_at, f"incident {each.alarm}", MarkKind.INCIDENT) for each in opened[:MOST])


def _ours(target: Target, since: float, world: World) -> tuple[Mark, ...]:
    known = world.recent.operations(target.key, since=since - WAITED, limit=MOST)
    return tuple(mark for mark in map(_operation, known) if mark is not None)


def _operation(past: Past) -> Mark | None:
    if not past.started_at:
        return None
    if past.command in _SHIPPING:
        return Mark(past.started_at, f"{past.command} {past.version[:_VERSION]}".strip(), MarkKind.DEPLOYMENT)
    if past.command == "scale":
        count = past.facts.get("count")
        return Mark(past.started_at, "scale" if count is None else f"scale to {count}", MarkKind.SCALING)
    return None


def _rollouts(target: Target, since: float, world: World) -> tuple[Mark, ...]:
    """What ECS knows of and the bot did not do."""
    ours = world.recent.operations(target.key, since=since, limit=MOST)
    records = world.ecs.service_deployments(target, since=since)
    others = [record for record in records if not any(is_of(record, each) for each in ours)]
    return tuple(Mark(record.created_at, _revision(record, target), MarkKind.DEPLOYMENT) for record in others[:MOST])


def _revision(record: ServiceDeployment, target: Target) -> str:
    """``api:9`` of the task definition ``bi-production-api:9``: a picture of the service says its place anyway."""
    family, _, number = record.task_definition.rsplit("/", 1)[-1].rpartition(":")
    if not family:
        return "rollout"
    return f"{target.name if family.endswith(f'-{target.name}') else family}:{number}"


def _scaled(target: Target, since: float, world: World) -> tuple[Mark, ...]:
    done = [each for each in world.scaling.activities(target, since=since) if each.status == "Successful"]
    return tuple(Mark(each.at, _size(each), MarkKind.SCALING) for each in done[:MOST])


def _size(activity: ScalingActivity) -> str:
    """Application Auto Scaling's words are "Setting desired count to 4."."""
    count = _COUNT.search(activity.description)
    return f"auto: {count[1]} tasks" if count else "autoscaling"
