"""Alarms as DescribeAlarms shows them, and services of every kind, for tests of signals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.cloud import AlarmReading, Datapoint
from bot.domain import Account, AlarmMetric, Service, Target
from tests.scene import Scene

FRONT = {"TargetGroup": "targetgroup/api/1", "LoadBalancer": "app/front/2"}
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/1"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/front/2"


def a_service(**fields: Any) -> Target:
    """``bi/api production``, on ECS unless the fields say otherwise."""
    service = Service.model_validate({"kind": "ecs", "cluster": "c"} | fields)
    return Target("bi", "production", "api", service, Account("eu-west-1"), "#bi", production=True)


def behind(scene: Scene, *groups: str, balancer: str = BALANCER) -> Target:
    """The service of the scene, with these target groups behind a load balancer."""
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], target_groups=groups)
    scene.balancers.found = dict.fromkeys(groups, (balancer,))
    return scene.api


def dimensions(where: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in where.items()]


def an_alarm(name: str, metric: str, where: dict[str, str], stat: str, limit: float, **more: Any) -> AlarmReading:
    """An alarm on one metric, ``AWS/ECS/CPUUtilization``."""
    namespace, _, called = metric.rpartition("/")
    spelt = {"ExtendedStatistic": stat} if stat.startswith("p") else {"Statistic": stat}
    found: dict[str, Any] = {
        "Namespace": namespace,
        "MetricName": called,
        "Dimensions": dimensions(where),
        "Period": 60,
        "Threshold": limit,
        "ComparisonOperator": "GreaterThanThreshold",
        **spelt,
        **more,
    }
    return AlarmReading(f"arn:{name}", name, "OK", "", 0.0, definition=found)


def a_ratio(name: str, over: tuple[str, str], where: dict[str, str], expression: str, limit: float) -> AlarmReading:
    """An alarm on metric math of two metrics of one namespace, ``a`` and ``b``."""
    parts = [
        {
            "Id": key,
            "MetricStat": {
                "Metric": {"Namespace": each.rpartition("/")[0], "MetricName": each.rpartition("/")[2]}
                | {"Dimensions": dimensions(where)},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for key, each in zip("ab", over, strict=True)
    ]
    found = {
        "Metrics": [*parts, {"Id": "e", "Expression": expression, "Label": "Bad of all"}],
        "Threshold": limit,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    return AlarmReading(f"arn:{name}", name, "OK", "", 0.0, definition=found)


def a_metric(name: str, stat: str = "Sum", **where: str) -> AlarmMetric:
    namespace, _, called = name.rpartition("/")
    return AlarmMetric(namespace=namespace, name=called, dimensions=where, statistic=stat)


def every_minute(start: float, *values: float) -> tuple[Datapoint, ...]:
    return tuple(Datapoint(start + 60 * number, value) for number, value in enumerate(values))
