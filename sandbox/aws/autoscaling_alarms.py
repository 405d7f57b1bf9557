"""The CloudWatch alarms that Auto Scaling makes for a target tracking policy."""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.cloudwatch.models import cloudwatch_backends

from sandbox.aws.autoscaling_model import Policy
from sandbox.aws.cloudwatch_api import store_alarm
from sandbox.aws.cloudwatch_region import alarms_of
from sandbox.aws.ecs_records import hexadecimal

LOW_SHARE = 0.9
"""Below this share of its target value a metric calls for fewer tasks."""
PREDEFINED = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}


def make(backend: ApplicationAutoscalingBackend, policy: Policy, resource_id: str) -> tuple[str, ...]:
    """Make, or make over, the alarms of a target tracking policy; returns their names."""
    goal = float(policy.configuration["TargetValue"])
    metric = _metric(policy.configuration, resource_id)
    sides = [("High", "GreaterThanThreshold", goal, 3)]
    if not policy.configuration.get("DisableScaleIn"):
        sides.append(("Low", "LessThanThreshold", goal * LOW_SHARE, 15))
    names = []
    for side, operator, threshold, periods in sides:
        names.append(f"TargetTracking-{resource_id}-Alarm{side}-{_uuid(policy.arn, side)}")
        settings = {
            "AlarmName": names[-1],
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
            "ActionsEnabled": True,
            "AlarmActions": [policy.arn],
            "EvaluationPeriods": periods,
            "Period": 60,
            "ComparisonOperator": operator,
            "Threshold": threshold,
            **metric,
        }
        store_alarm(cloudwatch_backends[backend.account_id][backend.region_name], settings, [])
    delete(backend, [name for name in policy.alarms if name not in names])
    return tuple(names)


def delete(backend: ApplicationAutoscalingBackend, names: list[str]) -> None:
    """Delete alarms that were made for a policy."""
    alarms = alarms_of(cloudwatch_backends[backend.account_id][backend.region_name])
    for name in names:
        alarms.pop(name, None)


def _metric(configuration: dict[str, Any], resource_id: str) -> dict[str, Any]:
    custom = configuration.get("CustomizedMetricSpecification")
    if custom:
        keys = ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit")
        return {key: custom[key] for key in keys if custom.get(key)}
    name = configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]
    _, cluster, service = resource_id.split("/")
    dimensions = {"ClusterName": cluster, "ServiceName": service}
    return {
        "Namespace": "AWS/ECS",
        "MetricName": PREDEFINED[name],
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": "Average",
    }


def _uuid(*parts: str) -> str:
    digits = hexadecimal(*parts)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
