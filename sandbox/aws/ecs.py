"""Teaches moto ECS: services have tasks, rollouts take time and fail as their images' tags say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ecs.responses import EC2ContainerServiceResponse

from sandbox.aws import ecs_services_api, ecs_tasks_api
from sandbox.aws.ecs_simulation import bring_up_everywhere

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer


def install(aws: AwsServer) -> None:
    """Patch moto (safe to repeat) and let tasks live on at every tick."""
    for operation in (*ecs_services_api.OPERATIONS, *ecs_tasks_api.OPERATIONS):
        setattr(EC2ContainerServiceResponse, operation.__name__, operation)
    aws.on_tick(bring_up_everywhere)
