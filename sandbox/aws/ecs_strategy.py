"""What a deployment strategy makes ECS do: the steps of a rollout. Seconds where AWS takes minutes by itself.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html has the stages. Times that
people configure, such as bake times, are kept as configured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.aws.ecs_records import Step

STAGE_SECONDS = 1.0
SHIFT_SECONDS = 2.0
"""How long it takes until traffic that is sent elsewhere has gone there."""

_MINUTE = 60.0
_ALL = 100.0
_CANARY = {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10}
_LINEAR = {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6}


def steps_of(
    configuration: dict[str, Any], *, first: bool, crowded: bool, bake: float = 0.0, longest: float = 0.0
) -> list[Step]:
    """The steps of a rollout. ``first`` when nothing ran before, ``crowded`` when more than one revision still runs.

    ``bake`` is how many seconds alarms are watched at the end, at least; ``longest`` how many the new tasks may take
    to become healthy, 0 for any time.
    """
    scale_up = Step("SCALE_UP", longest)
    if first:
        return [scale_up]
    bake = max(bake, float(configuration.get("bakeTimeInMinutes") or 0) * _MINUTE)
    if configuration.get("strategy", "ROLLING") == "ROLLING":
        return _rolling(configuration, scale_up, crowded, bake)
    return [
        *([Step("RECONCILE_SERVICE", STAGE_SECONDS, hook="RECONCILE_SERVICE")] if crowded else []),
        Step("PRE_SCALE_UP", STAGE_SECONDS, hook="PRE_SCALE_UP"),
        scale_up,
        Step("POST_SCALE_UP", STAGE_SECONDS, hook="POST_SCALE_UP"),
        Step("TEST_TRAFFIC_SHIFT", SHIFT_SECONDS, test=_ALL, hook="TEST_TRAFFIC_SHIFT"),
        Step("POST_TEST_TRAFFIC_SHIFT", STAGE_SECONDS, hook="POST_TEST_TRAFFIC_SHIFT"),
        *_shifts(configuration),
        Step("POST_PRODUCTION_TRAFFIC_SHIFT", STAGE_SECONDS, hook="POST_PRODUCTION_TRAFFIC_SHIFT"),
        Step("BAKE_TIME", bake),
        Step("CLEAN_UP"),
    ]


def steps_back(*, shifts: bool, shifted: bool) -> list[Step]:
    """The steps of going back to what runs still, or runs again; ``shifted`` when traffic had been moved."""
    if not shifts:
        return [Step("SCALE_UP")]
    back = [Step("PRODUCTION_TRAFFIC_SHIFT", SHIFT_SECONDS, production=0.0, test=0.0)] if shifted else []
    return [Step("SCALE_UP"), *back, Step("CLEAN_UP")]


def _rolling(configuration: dict[str, Any], scale_up: Step, crowded: bool, bake: float) -> list[Step]:
    """A rolling deployment moves no traffic: of the stages with hooks it has those around the new tasks' start."""
    hooks = configuration.get("lifecycleHooks") or []
    hooked = {stage for hook in hooks for stage in hook.get("lifecycleStages") or []}
    if not crowded:
        hooked.discard("RECONCILE_SERVICE")
    before = [Step(stage, hook=stage) for stage in ("RECONCILE_SERVICE", "PRE_SCALE_UP") if stage in hooked]
    after = [Step("POST_SCALE_UP", hook="POST_SCALE_UP")] if "POST_SCALE_UP" in hooked else []
    return [*before, scale_up, *after, *([Step("BAKE_TIME", bake)] if bake else [])]


def _shifts(configuration: dict[str, Any]) -> Iterator[Step]:
    for percent, wait in _percents(configuration):
        # The model has no lifecycleStage of the name PRE_PRODUCTION_TRAFFIC_SHIFT, only hooks.
        stage = "PRODUCTION_TRAFFIC_SHIFT"
        yield Step(stage, hook="PRE_PRODUCTION_TRAFFIC_SHIFT")
        yield Step(stage, SHIFT_SECONDS + wait, production=percent, hook=stage)


def _percents(configuration: dict[str, Any]) -> Iterator[tuple[float, float]]:
    """How much traffic the new revision has after each shift, and how many seconds until the next."""
    if configuration["strategy"] == "CANARY":
        canary = _CANARY | (configuration.get("canaryConfiguration") or {})
        yield float(canary["canaryPercent"]), float(canary["canaryBakeTimeInMinutes"]) * _MINUTE
    if configuration["strategy"] == "LINEAR":
        linear = _LINEAR | (configuration.get("linearConfiguration") or {})
        percent = step = float(linear["stepPercent"])
        while percent < _ALL:
            yield percent, float(linear["stepBakeTimeInMinutes"]) * _MINUTE
            percent = round(percent + step, 1)
    yield _ALL, 0.0
