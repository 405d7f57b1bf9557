"""Teaches moto Application Auto Scaling of ECS: bounds hold at once, policies and schedules act by themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from sandbox.aws import autoscaling_api, autoscaling_schedule_api
from sandbox.aws.autoscaling_decisions import scale
from sandbox.aws.autoscaling_model import NAMESPACE
from sandbox.aws.ecs_simulation import simulating

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_TAUGHT = "sandbox_operation"


def install(aws: AwsServer) -> None:
    """Patch moto (safe to repeat), and scale at every tick, after the alarms were evaluated."""
    for operation in (*autoscaling_api.OPERATIONS, *autoscaling_schedule_api.OPERATIONS):
        _teach(operation.__name__, operation)
    aws.on_tick(lambda: _scale_everywhere(aws))


def _teach(name: str, operation: Callable[[ApplicationAutoScalingResponse], Any]) -> None:
    """What is asked of other services than ECS stays moto's."""
    before: Callable[..., Any] | None = getattr(ApplicationAutoScalingResponse, name, None)
    if hasattr(before, _TAUGHT):
        return

    @wraps(operation)
    def asked(self: ApplicationAutoScalingResponse) -> Any:
        if before is None or autoscaling_api.params_of(self).get("ServiceNamespace") == NAMESPACE:
            return operation(self)
        return before(self)

    setattr(asked, _TAUGHT, operation)
    setattr(ApplicationAutoScalingResponse, name, asked)


def _scale_everywhere(aws: AwsServer) -> None:
    with simulating:
        for backend in list(applicationautoscaling_backends[aws.account].values()):
            scale(backend, aws.clock.now())
