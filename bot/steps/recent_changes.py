"""What was deployed or scaled in the last hours, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from bot.cloud import ServiceDeployment
from bot.domain import Fact, Finding, Target
from bot.errors import BotError
from bot.ports import Past, World
from bot.steps.base import ReadingStep, Scene, ecs_target, minutes

SUSPICIOUS_SECONDS = 3600.0


class RecentChangesStep(ReadingStep):
    """Our own operations, and ECS's record of rollouts, whoever started them."""

    do: Literal["recent_changes"]
    hours: int = Field(default=6, ge=1, le=168, description="How far back.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the alarm belongs to no service."""
        if scene.target is None:
            return None
        since = scene.at - self.hours * 3600
        known = world.recent.operations(scene.target.key, since=since)
        changes = [(each.started_at, f"{each.title} by {_name(world, each.actor)}: {_ended(each)}") for each in known]
        failed: tuple[str, ...] = ()
        if ecs_target(scene) is not None:
            try:
                changes += self._rollouts(scene, world, since, known)
            except BotError as error:
                failed = (f"ECS's own record could not be read: {error}",)
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
            facts=(_count(len(changes)), Fact(name="changes.age", value=age)),
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

    @staticmethod
    def _rollouts(scene: Scene, world: World, since: float, known: Sequence[Past]) -> list[tuple[float, str]]:
        target = ecs_target(scene)
        if target is None:
            return []
        records = world.ecs.service_deployments(target, since=since)
        return [
            (record.created_at, _rollout(record, scene.target, world))
            for record in records
            if not any(is_of(record, each) for each in known)
        ]


def is_of(record: ServiceDeployment, past: Past) -> bool:
    """Whether ECS's record is of an operation of ours; one that built first told ECS long after it began."""
    if abs(record.created_at - past.started_at) < 60:
        return True
    meanwhile = past.started_at < record.created_at and (not past.ended_at or record.created_at < past.ended_at)
    return meanwhile and record.task_definition == past.task_definition


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
