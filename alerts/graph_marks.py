"""What happened around an alarm, for its graph: its own changes of state, deployments, and changes of the size."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.domain import Account, Alarm, ServiceKind, Target
from bot.graph import Mark, MarkKind
from bot.ports import Past, World
from bot.rollouts import ServiceDeployment
from bot.shipping_cloud import ScalingActivity
from bot.steps.recent_changes import is_of

SECONDS = 12.0
"""How long the reads may take together; what is not back by then is not marked."""
NEAR = 120.0
"""Seconds within which an alarm's own history and its notification mean the same change."""
MOST = 20
_STATES = {"ALARM": MarkKind.ALARM, "OK": MarkKind.OK}
_SHIPPING = ("deploy", "rollback", "restart")
_COUNT = re.compile(r"desired count to (\d{1,6})")
_VERSION = 14


def marks_of(
    alarm: Alarm, target: Target | None, account: Account, around: tuple[float, float], world: World
) -> tuple[Mark, ...]:
    """The marks between two moments, oldest first. What cannot be read is left out."""
    start, end = around
    reads: dict[str, Callable[[], tuple[Mark, ...]]] = {
        "states": lambda: _states(alarm, account, start, world),
    }
    if target is not None:
        reads["ours"] = lambda: _ours(target, start, world)
        if target.service.kind is ServiceKind.ECS:
            reads["rollouts"] = lambda: _rollouts(target, start, world)
            reads["scaled"] = lambda: _scaled(target, start, world)
    found = world.gather(reads, seconds=SECONDS)
    marks = [mark for read in found.values() if not isinstance(read, Exception) for mark in read]
    if not any(mark.kind is MarkKind.ALARM and abs(mark.at - alarm.at) < NEAR for mark in marks):
        marks.append(Mark(alarm.at, "ALARM", MarkKind.ALARM))
    return tuple(sorted((mark for mark in marks if start <= mark.at <= end), key=lambda mark: mark.at))


def _states(alarm: Alarm, account: Account, since: float, world: World) -> tuple[Mark, ...]:
    changes = world.metrics.transitions(account, alarm.name, since=since)
    return tuple(Mark(each.at, each.state, _STATES[each.state]) for each in changes if each.state in _STATES)


def _ours(target: Target, since: float, world: World) -> tuple[Mark, ...]:
    known = world.recent.operations(target.key, since=since, limit=MOST)
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
    return tuple(Mark(record.created_at, _revision(record), MarkKind.DEPLOYMENT) for record in others[:MOST])


def _revision(record: ServiceDeployment) -> str:
    return record.task_definition.rsplit("/", 1)[-1] or "rollout"


def _scaled(target: Target, since: float, world: World) -> tuple[Mark, ...]:
    done = [each for each in world.scaling.activities(target, since=since) if each.status == "Successful"]
    return tuple(Mark(each.at, _size(each), MarkKind.SCALING) for each in done[:MOST])


def _size(activity: ScalingActivity) -> str:
    """Application Auto Scaling's words are "Setting desired count to 4."."""
    count = _COUNT.search(activity.description)
    return f"auto: {count[1]} tasks" if count else "autoscaling"
