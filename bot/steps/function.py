"""What a Lambda function did in the last hour, against its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from pydantic import Field

from bot.cloud import Datapoint
from bot.domain import AlarmMetric, Fact, Finding, Target
from bot.errors import BotError
from bot.ports import World
from bot.shipping_cloud import Function
from bot.steps.base import ReadingStep, Scene, figure
from bot.telemetry import Concurrency

READ_SECONDS = 6.0
STATISTICS = {
    "Invocations": "Sum",
    "Errors": "Sum",
    "Throttles": "Sum",
    "ConcurrentExecutions": "Maximum",
    "Duration": "p95",
}
"""https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
NEAR = 0.9
"""Part of a limit from which on it is as good as reached."""


class FunctionStep(ReadingStep):
    """Calls, errors, throttles, concurrency and duration of the function."""

    do: Literal["function"]
    minutes: int = Field(default=60, ge=5, le=1440, description="How far back.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the service is no Lambda function."""
        target = scene.target
        if target is None or not target.service.function:
            return None
        reads: dict[str, Any] = {
            "metrics": partial(self._measured, target, world, scene.at),
            "limits": partial(world.functions.concurrency, target),
            "settings": partial(world.functions.function, target, target.service.alias or "$LATEST"),
        }
        found: dict[str, Any] = world.gather(reads, seconds=READ_SECONDS)
        if isinstance(found["metrics"], Exception):
            raise found["metrics"]
        return self._found(target.service.function, found)

    def _measured(self, target: Target, world: World, at: float) -> Mapping[str, Sequence[Datapoint]]:
        wanted = {
            name: AlarmMetric(
                namespace="AWS/Lambda",
                name=name,
                dimensions={"FunctionName": target.service.function},
                statistic=statistic,
                period=60,
            )
            for name, statistic in STATISTICS.items()
        }
        return world.metrics.several(target.account, wanted, start=at - self.minutes * 60, end=at + 60)

    def _found(self, name: str, found: Mapping[str, Any]) -> Finding:
        measured: Mapping[str, Sequence[Datapoint]] = found["metrics"]
        limits = found["limits"] if isinstance(found["limits"], Concurrency) else None
        settings = found["settings"] if isinstance(found["settings"], Function) else None
        failed = [_why(each) for each in found.values() if isinstance(each, Exception)]
        calls, errors, throttles = (_sum(measured[each]) for each in ("Invocations", "Errors", "Throttles"))
        at_once, duration = _max(measured["ConcurrentExecutions"]), _max(measured["Duration"])
        facts = [
            ("invocations", calls),
            ("errors", errors),
            ("error_rate", 100.0 * errors / calls if calls else 0.0),
            ("throttles", throttles),
            ("concurrency", at_once),
            ("duration_p95", duration),
        ]
        told = [f"{calls:,.0f} calls, {errors:,.0f} failed, {throttles:,.0f} throttled in {self.minutes} min"]
        if not any(measured.values()):
            told = [f"CloudWatch has no call of {name} in the last {self.minutes} min"]
        lines = [f"at most {at_once:,.0f} at once", f"95 of 100 calls within {figure(duration)} ms"]
        timeout = settings.timeout * 1000.0 if settings else 0.0
        told_limits: list[Fact] = []
        if limits is not None:
            lines[0] += f"; {_allowed(limits)}"
            reserved = "none" if limits.reserved is None else float(limits.reserved)
            told_limits += [_fact("reserved", reserved), _fact("account_limit", float(limits.account))]
        if timeout:
            lines[1] += f"; they are ended after {figure(timeout)} ms"
            told_limits.append(_fact("timeout", timeout))
        return Finding(
            step=self.do,
            title="Function",
            summary=f"{'; '.join([*told, *_trouble(throttles, duration, timeout)])}.",
            lines=(*lines, *failed),
            facts=(*(_fact(each, value) for each, value in facts), *told_limits),
            weight=75 if throttles else 60 if _near(duration, timeout) else 55 if errors else 10,
        )


def _trouble(throttles: float, duration: float, timeout: float) -> list[str]:
    said = ["calls are refused for want of concurrency"] if throttles else []
    return [*said, "calls take about as long as they may"] if _near(duration, timeout) else said


def _near(duration: float, timeout: float) -> bool:
    return bool(timeout) and duration >= NEAR * timeout


def _allowed(limits: Concurrency) -> str:
    if limits.reserved is not None:
        return f"{limits.reserved:,} are reserved for it"
    return f"nothing is reserved for it; {limits.unreserved:,} of the account's {limits.account:,} are shared"


def _fact(name: str, value: float | str) -> Fact:
    return Fact(name=f"function.{name}", value=value)


def _sum(points: Sequence[Datapoint]) -> float:
    return sum((point.value for point in points), 0.0)


def _max(points: Sequence[Datapoint]) -> float:
    return max((point.value for point in points), default=0.0)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "Its limits were not answered in time."
    return str(error) if isinstance(error, BotError) else "Its limits could not be read."
