"""An application load balancer's view of a service: requests, errors and latency of its target groups.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.signal import Line, Signal
from bot.signals.lines import Dimensions, count, percentiles, share

NAMESPACE = "AWS/ApplicationELB"


def signals(groups: Sequence[Dimensions]) -> tuple[Signal, ...]:
    """``groups`` are the dimensions TargetGroup and LoadBalancer of each; a blue/green service has two."""
    if not groups:
        return ()
    latency: list[Line] = []
    for number, group in enumerate(groups):
        latency += percentiles(NAMESPACE, "TargetResponseTime", group, f"group {number + 1}" if len(groups) > 1 else "")
    return (
        Signal("requests", "Requests", (count("per minute", NAMESPACE, "RequestCount", groups),), "/min"),
        Signal(
            "errors",
            "Errors",
            (share("5xx of all requests", NAMESPACE, "HTTPCode_Target_5XX_Count", groups, "RequestCount"),),
            "%",
        ),
        Signal("latency", "Latency", tuple(latency), "s"),
    )
