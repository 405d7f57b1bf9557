"""Auto Scaling of two services: by CPU, and by memory with a floor that the clock raises.

At rest nothing moves: image captions are idle but at their floor, and photos use about as much memory as they should.
"""

from __future__ import annotations

from typing import Any

from sandbox.seed.account import Account
from sandbox.seed.catalogue import EcsService, service_of

CAPTION_POLICY = "image-caption-gen-cpu-autoscaling-prod"
"""The runbook's own name."""
PHOTO_POLICY = "rapid-photo-prod-backend-memory"
PHOTO_MORNINGS = "rapid-photo-prod-backend-mornings"
_TARGET = 60.0
"""Percent of CPU, or of memory."""


def make_scaling(account: Account) -> None:
    """Image captions 2 to 10 tasks; photos 2 to 6, and on weekdays from six o'clock at least three."""
    _scale(account, service_of("caption", "app"), (2, 10), CAPTION_POLICY, "CPU")
    photo = service_of("photo", "backend")
    _scale(account, photo, (2, 6), PHOTO_POLICY, "Memory")
    account.client("application-autoscaling", photo.region).put_scheduled_action(
        **_where(photo),
        ScheduledActionName=PHOTO_MORNINGS,
        Schedule="cron(0 6 ? * MON-FRI *)",
        Timezone="America/New_York",
        ScalableTargetAction={"MinCapacity": 3, "MaxCapacity": 6},
    )


def _scale(account: Account, service: EcsService, bounds: tuple[int, int], policy: str, follows: str) -> None:
    scaling, where = account.client("application-autoscaling", service.region), _where(service)
    scaling.register_scalable_target(**where, MinCapacity=bounds[0], MaxCapacity=bounds[1])
    scaling.put_scaling_policy(
        **where,
        PolicyName=policy,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": _TARGET,
            "PredefinedMetricSpecification": {"PredefinedMetricType": f"ECSServiceAverage{follows}Utilization"},
        },
    )


def _where(service: EcsService) -> dict[str, Any]:
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{service.cluster}/{service.service}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
