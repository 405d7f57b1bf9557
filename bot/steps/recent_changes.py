"""What was deployed or scaled in the last hours, and by whom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.domain import Fact, Finding, Target
from bot.errors import BotError
from bot.ports import Past, World
from bot.rollouts import ServiceDeployment
from bot.steps.base import ReadingStep, Scene, ecs_target, minutes, yes
from bot.steps.shipped import is_of, shipped_at, version_of

__all__ = ["RecentChangesStep", "is_of"]

SUSPICIOUS_SECONDS = 3600.0
MOST_OPERATIONS = 20
"""Enough that a few of scaling do not hide the deployment before them."""


class RecentChangesStep(ReadingStep):
    """Our own operations, and ECS's record of rollouts, whoever started them."""

    do: Literal["recent_changes"]
    hours: int = Field(default=6, ge=1, le=168, description="How far back.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the alarm belongs to no service."""
        if scene.target is None:
            return None
        since = scene.at - self.hours * 3600
        known = world.recent.operations(scene.target.key, since=since, limit=MOST_OPERATIONS)
        changes = [(each.started_at, f"{each.title} by {_name(world, each.actor)}: {_ended(each)}") for each in known]
        failed: tuple[str, ...] = ()
        records: tuple[ServiceDeployment, ...] = ()
        target = ecs_target(scene)
        if target is not None:
            try:
                records = world.ecs.service_deployments(target, since=since)
            except BotError as error:
                failed = (f"ECS's own record could not be read: {error}",)
        theirs = [each for each in records if not any(is_of(each, past) for past in known)]
        changes += [(each.created_at, _rollout(each, scene.target, world)) for each in theirs]
        version = version_of(scene.target, world)
        if version is not None and version.made_at >= since and not any(_made(version.made_at, each) for each in known):
            changes.append((version.made_at, f"version {version.number}, which {version.alias} names, was made"))
        shipped = _shipping(shipped_at(known, records, version), scene.at, scene.alarm.at)
        if not changes:
            return self._nothing(scene, failed)
        changes.sort(reverse=True)
        age = scene.at - changes[0][0]
        lines = tuple(f"{minutes(scene.at - at)} ago: {what}" for at, what in changes[1:5])
        return Finding(
            step=self.do,
            title="Changes",
            summary=f"Last change {minutes(age)} ago: {changes[0][1]}",
            lines=lines + failed,
            facts=(_count(len(changes)), Fact(name="changes.age", value=age), *shipped),
            weight=65 if age < SUSPICIOUS_SECONDS else 15,
        )

    def _nothing(self, scene: Scene, failed: tuple[str, ...]) -> Finding:
        """What is not known is not said: only for ECS is there a record of what others did."""
        span = f"in the last {self.hours} h"
        if failed:
            summary = f"I changed nothing {span}; {failed[0]}"
            return Finding(step=self.do, title="Changes", summary=summary, failed=True)
        summary = f"No rollout {span}, by anybody."
        if ecs_target(scene) is None:
            summary = f"I changed nothing {span}; what others did to it I cannot see."
        return Finding(step=self.do, title="Changes", summary=summary, facts=(_count(0),))


def _made(at: float, past: Past) -> bool:
    """Whether a version was made by an operation of ours, which may run still."""
    return past.started_at <= at <= (past.ended_at or at) + 60


ENDINGS = {
    "SUCCESSFUL": "successful",
    "ROLLBACK_SUCCESSFUL": "ECS rolled it back",
    "ROLLBACK_IN_PROGRESS": "ECS is rolling it back",
    "ROLLBACK_REQUESTED": "ECS is rolling it back",
    "ROLLBACK_FAILED": "the rollback failed",
    "STOPPED": "stopped",
    "IN_PROGRESS": "under way",
    "PENDING": "under way",
}


def _rollout(record: ServiceDeployment, target: Target | None, world: World) -> str:
    """A rollout that somebody else started, with who registered its revision where AWS says so."""
    name = record.task_definition.rsplit("/", 1)[-1]
    ending = ENDINGS.get(record.status, record.status.replace("_", " ").lower())
    who = ""
    if target is not None:
        try:
            raw = world.ecs.task_definition(target.account, record.task_definition).raw
            who = str(raw.get("registeredBy", "")).rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        except BotError:
            pass
    return f"rollout of {name}{f' (registered by {who})' if who else ''}: {ending}"


def _ended(change: Past) -> str:
    return {"failed": "failed", "running": "under way", "settling": "under way"}.get(change.state, "settled")


def _name(world: World, user: str) -> str:
    """What a person is called; their id while Slack cannot be asked."""
    try:
        return world.chat.person(user).name
    except BotError:
        return user


def _count(number: int) -> Fact:
    return Fact(name="changes.count", value=float(number))


def _shipping(at: float | None, now: float, alarm_at: float) -> tuple[Fact, ...]:
    """How long ago code was shipped, in seconds, and whether the alarm went off after it; nothing when it was not."""
    if at is None:
        return ()
    return (
        Fact(name="shipped.age", value=max(0.0, now - at)),
        Fact(name="shipped.before_alarm", value=yes(at <= alarm_at)),
    )
