"""What AWS answers, in the words of its documents. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Deployment:
    """One entry of an ECS service's ``deployments``; ``id`` is ``ecs-svc/…``."""

    id: str
    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    failed_tasks: int
    rollout_state: str
    rollout_reason: str
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class ServiceEvent:
    """One line of an ECS service's events."""

    id: str
    at: float
    message: str


@dataclass(frozen=True)
class EcsService:
    """An ECS service as DescribeServices shows it; deployments with PRIMARY first, events newest first."""

    arn: str
    name: str
    cluster: str
    status: str
    controller: str
    desired: int
    running: int
    pending: int
    task_definition: str
    deployments: tuple[Deployment, ...]
    events: tuple[ServiceEvent, ...]
    target_groups: tuple[str, ...]
    minimum_healthy_percent: int
    maximum_percent: int
    breaker_enabled: bool
    breaker_rollback: bool

    @property
    def primary(self) -> Deployment | None:
        """The deployment ECS is moving to, or has reached."""
        return next((deployment for deployment in self.deployments if deployment.status == "PRIMARY"), None)

    @property
    def in_flight(self) -> bool:
        """True while a rollout is under way."""
        return len(self.deployments) > 1 or any(d.rollout_state == "IN_PROGRESS" for d in self.deployments)


@dataclass(frozen=True)
class Container:
    """One container definition; log fields are empty when it does not use ``awslogs``."""

    name: str
    image: str
    essential: bool
    log_group: str = ""
    log_stream_prefix: str = ""
    log_region: str = ""


@dataclass(frozen=True)
class TaskDefinition:
    """A task definition; ``raw`` is AWS's own answer, kept for registering a copy."""

    arn: str
    family: str
    revision: int
    containers: tuple[Container, ...]
    registered_at: float
    architecture: str
    tags: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Image:
    """An image in ECR. ``repository`` is the address without tag or digest."""

    repository: str
    digest: str
    tags: tuple[str, ...]
    pushed_at: float


@dataclass(frozen=True)
class ContainerExit:
    """How one container of a stopped task ended."""

    name: str
    exit_code: int | None
    reason: str


@dataclass(frozen=True)
class StoppedTask:
    """A task that ECS stopped, or that stopped itself."""

    id: str
    task_definition: str
    started_by: str
    stop_code: str
    reason: str
    stopped_at: float
    containers: tuple[ContainerExit, ...]


@dataclass(frozen=True)
class ServiceDeployment:
    """ECS's own record of a rollout (ListServiceDeployments, kept 90 days)."""

    arn: str
    status: str
    reason: str
    created_at: float
    finished_at: float
    task_definition: str
    rolled_back_to: str = ""
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogLine:
    """One event of a log stream; ``at`` in seconds."""

    at: float
    message: str
    stream: str


@dataclass(frozen=True)
class Datapoint:
    """One value of a metric."""

    at: float
    value: float


@dataclass(frozen=True)
class TargetHealth:
    """The state of one target of a load balancer."""

    target_group: str
    target: str
    port: int
    state: str
    reason: str
    description: str


@dataclass(frozen=True)
class AlarmReading:
    """An alarm as DescribeAlarms shows it now."""

    arn: str
    name: str
    state: str
    reason: str
    updated_at: float


@dataclass(frozen=True)
class HealthAnswer:
    """What a health address said; ``ok`` compares it with what the configuration expects."""

    ok: bool
    code: int
    detail: str
    version: str = ""
    seconds: float = 0.0
