"""Why tasks stopped: exit codes and ECS's reasons in words."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field

from bot.cloud import StoppedTask
from bot.domain import Fact, Finding, Target
from bot.errors import BotError
from bot.ports import World
from bot.steps.base import ReadingStep, Scene, ecs_target, minutes
from bot.steps.places import deployed_at
from bot.stop_reasons import cause, explain, is_failure

WEIGHTS = {"oom": 95, "pull": 92, "secrets": 92, "arch": 92, "crash": 88, "unhealthy": 75, "killed": 70}

FRESH_SECONDS = 900.0
"""Failures of a revision that was abandoned this recently still explain an alarm better than the rollout itself."""


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
            return Finding(step=self.do, title="Stopped tasks", summary=summary, facts=_counts(0, 0, 0))
        return self._found(stopped, _running(target, world), deployed_at(target, world, scene.at), scene.at)

    def _found(self, stopped: list[StoppedTask], running: str, deployed: float | None, now: float) -> Finding:
        """Tasks of the revision that runs now come first: those of an abandoned one no longer hurt anybody."""
        current = [task for task in stopped if task.task_definition == running]
        pointed = current or stopped
        since = None if deployed is None or not running else sum(task.stopped_at >= deployed for task in current)
        reasons = Counter(explain(task) for task in pointed)
        worst, _ = Counter(cause(task) for task in pointed).most_common(1)[0]
        top, _ = reasons.most_common(1)[0]
        lines = [f"{count} × {reason}" for reason, count in reasons.most_common(4)] if len(reasons) > 1 else []
        lines.append(_span(pointed, now))
        fresh = now - max(task.stopped_at for task in pointed) < FRESH_SECONDS
        older_weight = 68 if fresh else 45
        older = len(stopped) - len(pointed)
        if older:
            lines.append(f"{older} more of a revision that no longer runs")
        return Finding(
            step=self.do,
            title="Stopped tasks",
            summary=f"{len(pointed)} task{'s' if len(pointed) > 1 else ''} failed: {top}",
            lines=tuple(lines),
            facts=(
                *_counts(len(pointed), len(current) if running else None, since),
                Fact(name="tasks.cause", value=worst),
            ),
            weight=WEIGHTS.get(worst, 60) if current or not running else older_weight,
        )


def _running(target: Target, world: World) -> str:
    """The task definition that runs now; nothing when it cannot be read, since why tasks stopped says more."""
    try:
        return world.ecs.service(target).task_definition
    except BotError:
        return ""


def _span(tasks: list[StoppedTask], now: float) -> str:
    last = max(task.stopped_at for task in tasks)
    if len(tasks) == 1:
        return f"it stopped {minutes(now - last)} ago"
    return f"first {minutes(now - min(task.stopped_at for task in tasks))} ago, last {minutes(now - last)} ago"


def _counts(failed: int, current: int | None, after_shipping: int | None) -> tuple[Fact, ...]:
    """All that failed, those of the revision that runs now, and those of them since it was shipped; None: unknown."""
    counts = {"failed": failed, "failed_current": current, "failed_after_shipping": after_shipping}
    return tuple(Fact(name=f"tasks.{name}", value=float(each)) for name, each in counts.items() if each is not None)
