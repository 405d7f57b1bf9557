"""Values that every answer of the pretend ECS is made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.ecs_model import STARTING, Task

PLATFORM = "1.4.0"


def moment(at: float | None) -> datetime | None:
    """Seconds since the epoch as an aware datetime."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


def counts(tasks: Iterable[Task], now: float) -> tuple[int, int]:
    """How many tasks are pending and how many run."""
    states = [task.status(now) for task in tasks]
    return sum(state in STARTING for state in states), states.count("RUNNING")


def platform(settings: dict[str, Any]) -> str | None:
    """The platform version that tasks with these settings run on; None for those on instances."""
    return settings.get("platformVersion") or (PLATFORM if settings.get("launchType") == "FARGATE" else None)


def given(shown: dict[str, Any]) -> dict[str, Any]:
    """Without what is None: AWS leaves such keys out."""
    return {key: value for key, value in shown.items() if value is not None}
