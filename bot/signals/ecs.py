"""The golden signals of an ECS service: RED from its load balancer, USE from its tasks.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
"""

from __future__ import annotations

from bot.domain import Target
from bot.ports import World
from bot.signal import Line, Signal
from bot.signals import balancers
from bot.signals.lines import Dimensions, line

_INSIGHTS = "ECS/ContainerInsights"


def dimensions(target: Target) -> Dimensions:
    """What the metrics of its tasks are filed under."""
    service = target.service
    return {"ClusterName": service.cluster or "default", "ServiceName": service.service or target.name}


def fronts(target: Target, world: World) -> tuple[Dimensions, ...]:
    """TargetGroup and LoadBalancer of each of its target groups behind an application load balancer."""
    found: list[Dimensions] = []
    for group in world.ecs.service(target).target_groups:
        names = [arn.partition(":loadbalancer/")[2] for arn in world.balancers.of(target.account, group)]
        found += [
            {"TargetGroup": group.rpartition(":")[2], "LoadBalancer": name} for name in names if name.startswith("app/")
        ]
    return tuple(found)


def signals(target: Target, world: World) -> tuple[Signal, ...]:
    """Requests, errors and latency where there is a load balancer. Raises as ``World.ecs`` does."""
    return (*balancers.signals(fronts(target, world)), *of_tasks(target))


def of_tasks(target: Target) -> tuple[Signal, ...]:
    """What needs no load balancer, and nothing to be asked for."""
    where = dimensions(target)
    return (
        Signal("cpu", "CPU", _used("CPUUtilization", where), "%"),
        Signal("memory", "Memory", _used("MemoryUtilization", where), "%"),
        Signal(
            "tasks",
            "Tasks",
            (
                line("running", _INSIGHTS, "RunningTaskCount", where, "Average"),
                line("desired", _INSIGHTS, "DesiredTaskCount", where, "Average"),
            ),
        ),
    )


def _used(name: str, where: Dimensions) -> tuple[Line, ...]:
    return tuple(
        line(word, "AWS/ECS", name, where, stat) for word, stat in (("average", "Average"), ("highest task", "Maximum"))
    )
