"""What a step looks at: an alarm of the pretend service, now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain import Alarm, AlarmMetric, AlarmState, Target
from bot.steps.base import Scene as Look
from tests.scene import Scene


def look(scene: Scene, target: Target | None = None, **alarm: Any) -> Look:
    """An alarm of ``bi/api production``, or of another target."""
    fields: dict[str, Any] = {
        "arn": "a",
        "name": "api-errors",
        "state": AlarmState.ALARM,
        "reason": "Threshold Crossed",
        "at": scene.clock.now(),
        "region": "eu-west-1",
    }
    return Look(Alarm(**(fields | alarm)), target or scene.api, scene.clock.now())


def nowhere(scene: Scene, **alarm: Any) -> Look:
    """An alarm that belongs to no service."""
    known = look(scene, **alarm)
    return Look(known.alarm, None, known.at)


def service_has(scene: Scene, **changes: Any) -> None:
    """The pretend service of ``bi/api production``, with some fields changed."""
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], **changes)


def metric(**changes: Any) -> AlarmMetric:
    """Errors, above five."""
    fields: dict[str, Any] = {
        "namespace": "App",
        "name": "Errors",
        "statistic": "SUM",
        "period": 60,
        "threshold": 5.0,
        "comparison": "GreaterThanThreshold",
    }
    return AlarmMetric(**(fields | changes))
