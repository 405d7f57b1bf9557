"""Why tasks stopped: exit codes and ECS's reasons in words."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field

from bot.cloud import StoppedTask
from bot.domain import Fact, Finding
from bot.ports import World
from bot.steps.base import ReadingStep, Scene, ecs_target, minutes
from bot.stop_reasons import cause, explain, is_failure

WEIGHTS = {"oom": 95, "pull": 92, "secrets": 92, "arch": 92, "crash": 88, "unhealthy": 75, "killed": 70}


class StoppedTasksStep(ReadingStep):
    """Tasks of the service that stopped, other than by scaling or a normal deployment."""

    do: Literal["stopped_tasks"]
    minutes: int = Field(default=60, ge=1, le=60, description="How far back; ECS remembers about an hour.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the service is not on ECS."""
        target = ecs_target(scene)
        if target is None:
            return None
        since = scene.at - self.minutes * 60
        stopped = [task for task in world.ecs.stopped_tasks(target, since=since) if is_failure(task)]
        if not stopped:
            summary = f"No task failed in the last {self.minutes} min."
            return Finding(step=self.do, title="Stopped tasks", summary=summary, facts=(_count(0),))
        return self._found(stopped, scene.at)

    def _found(self, stopped: list[StoppedTask], now: float) -> Finding:
        reasons = Counter(explain(task) for task in stopped)
        causes = Counter(cause(task) for task in stopped)
        worst, _ = causes.most_common(1)[0]
        first, last = min(task.stopped_at for task in stopped), max(task.stopped_at for task in stopped)
        lines = [f"{count} × {reason}" for reason, count in reasons.most_common(4)]
        lines.append(f"first {minutes(now - first)} ago, last {minutes(now - last)} ago")
        top = reasons.most_common(1)[0][0]
        return Finding(
            step=self.do,
            title="Stopped tasks",
            summary=f"{len(stopped)} task{'s' if len(stopped) > 1 else ''} failed: {top}",
            lines=tuple(lines),
            facts=(_count(len(stopped)), Fact(name="tasks.cause", value=worst)),
            weight=WEIGHTS.get(worst, 60),
        )


def _count(number: int) -> Fact:
    return Fact(name="tasks.failed", value=float(number))
