"""The metrics that a service in trouble, or one that is well again, would send to CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.scenarios.stage import STAR, STAR_CHANNEL, Message, Stage
from sandbox.seed.alarms import dimensions, ecs_dimensions

ALARM = "delivery-standard-prod-high-error-rate"
GREEN = ":large_green_circle:"
_MINUTES = 4


def put_weather(stage: Stage, *, memory: float, errors: int, since: int = _MINUTES) -> None:
    """Put the last minutes' metrics: memory in percent, failed requests of 400 in each minute."""
    cloudwatch = stage.aws("cloudwatch", STAR.region)
    balanced = target_dimensions(stage)
    newest = datetime.fromtimestamp(stage.now(), UTC)
    ecs: list[dict[str, Any]] = []
    balancer: list[dict[str, Any]] = []
    for minute in range(since):
        at = newest - timedelta(minutes=minute)
        used = memory - minute * 2
        ecs.append(_datum("MemoryUtilization", ecs_dimensions(STAR), at, used, "Percent"))
        balancer.append(_datum("RequestCount", balanced, at, 400, "Count"))
        balancer.append(_datum("HTTPCode_Target_5XX_Count", balanced, at, errors, "Count"))
    cloudwatch.put_metric_data(Namespace="AWS/ECS", MetricData=ecs)
    cloudwatch.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=balancer)


def target_dimensions(stage: Stage) -> list[dict[str, str]]:
    """What the load balancer's metrics of the stories' service are filed under."""
    elbv2 = stage.aws("elbv2", STAR.region)
    group = elbv2.describe_target_groups(Names=[STAR.load_balancer])["TargetGroups"][0]
    return dimensions(
        TargetGroup=group["TargetGroupArn"].rsplit(":", 1)[1],
        LoadBalancer=group["LoadBalancerArns"][0].split(":loadbalancer/", 1)[1],
    )


def headline(stage: Stage, *, green: bool) -> Message | None:
    """The incident of the alarm, if there is one that is over (green), or one that is not."""
    for message in stage.messages(STAR_CHANNEL):
        if ALARM in message["text"] and message["text"].startswith(GREEN) == green:
            return message
    return None


def alarm_state(stage: Stage) -> str:
    """OK, ALARM or INSUFFICIENT_DATA."""
    found = stage.aws("cloudwatch", STAR.region).describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
    return str(found[0]["StateValue"])


def _datum(name: str, where: list[dict[str, str]], at: datetime, value: float, unit: str) -> dict[str, Any]:
    return {"MetricName": name, "Dimensions": where, "Timestamp": at, "Value": value, "Unit": unit}
