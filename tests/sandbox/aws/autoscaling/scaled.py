"""The shop's API with Auto Scaling, as any script would set it up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.server import AwsServer
from tests.sandbox.aws.ecs.shop import Shop

WHERE = {"ServiceNamespace": "ecs", "ResourceId": "service/shop/api", "ScalableDimension": "ecs:service:DesiredCount"}
CPU = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}


class Scaled:
    def __init__(self, shop: Shop, client: Callable[..., Any], aws: AwsServer) -> None:
        self.shop, self.aws = shop, aws
        self.api, self.cloudwatch = client("application-autoscaling"), client("cloudwatch")

    def register(self, minimum: int | None = None, maximum: int | None = None, **more: Any) -> None:
        bounds = {"MinCapacity": minimum, "MaxCapacity": maximum}
        self.api.register_scalable_target(
            **WHERE, **{key: each for key, each in bounds.items() if each is not None}, **more
        )

    def target(self) -> dict[str, Any]:
        (found,) = self.api.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        return dict(found)

    def bounds(self) -> tuple[int, int]:
        found = self.target()
        return found["MinCapacity"], found["MaxCapacity"]

    def track(self, **configuration: Any) -> dict[str, str]:
        """A policy that keeps CPU at 60 %; the names of its alarms by their side, High and Low."""
        tracking = {"TargetValue": 60.0, "PredefinedMetricSpecification": CPU} | configuration
        made = self.api.put_scaling_policy(
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracking,
            **WHERE,
        )
        names = [alarm["AlarmName"] for alarm in made["Alarms"]]
        return {side: name for side in ("High", "Low") for name in names if f"-Alarm{side}-" in name}

    def step(self, *steps: dict[str, Any], kind: str = "ChangeInCapacity") -> str:
        """A step scaling policy that the alarm ``busy`` runs; its ARN."""
        made = self.api.put_scaling_policy(
            PolicyName="steps",
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={"AdjustmentType": kind, "StepAdjustments": list(steps), "Cooldown": 60},
            **WHERE,
        )
        self.cloudwatch.put_metric_alarm(
            AlarmName="busy",
            Namespace="Shop",
            MetricName="Backlog",
            Statistic="Average",
            Period=60,
            EvaluationPeriods=1,
            Threshold=100.0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[made["PolicyARN"]],
        )
        return str(made["PolicyARN"])

    def fire(self, alarm: str, state: str = "ALARM") -> None:
        self.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="by hand")

    def use(self, percent: float, minutes: int = 1) -> None:
        """The service uses so much CPU, minute after minute, while AWS looks."""
        dimensions = [{"Name": "ClusterName", "Value": "shop"}, {"Name": "ServiceName", "Value": "api"}]
        for _ in range(minutes):
            at = datetime.fromtimestamp(self.aws.clock.now(), UTC)
            datum = {"MetricName": "CPUUtilization", "Dimensions": dimensions, "Timestamp": at, "Value": percent}
            self.cloudwatch.put_metric_data(Namespace="AWS/ECS", MetricData=[datum])
            self.pass_seconds(60)

    def pass_seconds(self, seconds: float) -> None:
        self.aws.clock.advance(seconds)
        self.aws.tick()

    def desired(self) -> int:
        return int(self.shop.service()["desiredCount"])

    def activities(self, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.describe_scaling_activities(**WHERE, **more)["ScalingActivities"]
        return found
