"""What every reading step has in common."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Alarm, Frozen, Target


@dataclass(frozen=True)
class Scene:
    """What a step looks at: the alarm, the service it belongs to (None when unknown), and the moment."""

    alarm: Alarm
    target: Target | None
    at: float


class ReadingStep(Frozen):
    """A step that only reads: ``run(scene, world)`` is called in parallel with others.

    It answers None when it does not apply, and may raise: not being able to look is evidence too.
    """


def ecs_target(scene: Scene) -> Target | None:
    """The target when it is an ECS service."""
    target = scene.target
    return target if target is not None and target.service.cluster else None


def minutes(seconds: float) -> str:
    """``40 s`` or ``12 min``; what another clock puts into the future was just now."""
    seconds = max(0.0, seconds)
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
