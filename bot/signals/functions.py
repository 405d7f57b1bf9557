"""The golden signals of a Lambda function: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""

from __future__ import annotations

from bot.domain import Target
from bot.signal import Signal
from bot.signals.lines import Dimensions, count, line, percentiles, share

NAMESPACE = "AWS/Lambda"


def dimensions(target: Target) -> Dimensions:
    """The function, or the alias that callers use, which covers both versions while traffic moves."""
    service = target.service
    function = {"FunctionName": service.function}
    return {**function, "Resource": f"{service.function}:{service.alias}"} if service.alias else function


def signals(target: Target) -> tuple[Signal, ...]:
    """Requests are invocations here, latency is duration."""
    where = dimensions(target)
    return (
        Signal("requests", "Invocations", (count("per minute", NAMESPACE, "Invocations", (where,)),), "/min"),
        Signal("errors", "Errors", (share("of all invocations", NAMESPACE, "Errors", (where,), "Invocations"),), "%"),
        Signal("latency", "Duration", percentiles(NAMESPACE, "Duration", where), "ms"),
        Signal(
            "throttles", "Throttles", (count("per minute", NAMESPACE, "Throttles", (where,), "Invocations"),), "/min"
        ),
        Signal(
            "concurrency",
            "Concurrent executions",
            (line("highest", NAMESPACE, "ConcurrentExecutions", where, "Maximum"),),
        ),
    )
