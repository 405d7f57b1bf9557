"""Teaches moto ECS: services have tasks, rollouts take time and fail as their images' tags say."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.logs.responses import LogsResponse

from sandbox.aws import (
    ecs_definitions_api,
    ecs_history_api,
    ecs_protection_api,
    ecs_services_api,
    ecs_tasks_api,
)
from sandbox.aws.ecs_simulation import bring_up_everywhere

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_OPERATIONS = (
    *ecs_services_api.OPERATIONS,
    *ecs_tasks_api.OPERATIONS,
    *ecs_definitions_api.OPERATIONS,
    *ecs_history_api.OPERATIONS,
    *ecs_protection_api.OPERATIONS,
)
_LOG_READS = ("filter_log_events", "get_log_events", "describe_log_streams", "start_query")


def install(aws: AwsServer) -> None:
    """Patch moto (safe to repeat) and let tasks live on at every tick. Logs must have been taught before."""
    for operation in _OPERATIONS:
        setattr(EC2ContainerServiceResponse, operation.__name__, operation)
    setattr(EC2ContainerServiceBackend, "describe_task_definition", ecs_definitions_api.describe_in_backend)  # noqa: B010
    for name in _LOG_READS:
        _look_first(LogsResponse, name)
    aws.on_tick(bring_up_everywhere)


def _look_first(owner: type, name: str) -> None:
    """Whoever reads a log finds what tasks have written until now."""
    read: Callable[..., Any] = getattr(owner, name)
    if hasattr(read, "looks_at_tasks"):
        return

    @wraps(read)
    def looking(self: Any) -> Any:
        bring_up_everywhere()
        return read(self)

    setattr(looking, "looks_at_tasks", True)  # noqa: B010
    setattr(owner, name, looking)
