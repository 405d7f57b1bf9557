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
class LoadBalancer:
    """One entry of an ECS service's ``loadBalancers``."""

    target_group: str
    container: str
    port: int


@dataclass(frozen=True)
class EcsService:
    """An ECS service as DescribeServices shows it; deployments with PRIMARY first, events newest first.

    ``strategy`` is ROLLING, BLUE_GREEN, LINEAR or CANARY; ``alarms`` are those ECS rolls back on.
    ``current_deployment`` is the ARN of the service deployment under way or last ended. ``code_deployments`` are ids
    of CodeDeploy deployments, newest first, that made the task sets of a CODE_DEPLOY service; there the task sets
    stand for ``deployments``, with an empty ``rollout_state``, since ECS knows of no rollout.
    """

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
    strategy: str = "ROLLING"
    scheduling: str = "REPLICA"
    alarms: tuple[str, ...] = ()
    alarm_rollback: bool = False
    load_balancers: tuple[LoadBalancer, ...] = ()
    current_deployment: str = ""
    code_deployments: tuple[str, ...] = ()

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
    """A task definition; ``raw`` is AWS's own answer, kept for registering a copy.

    ``status`` is ACTIVE or INACTIVE; ``registered_by`` the ARN of whoever made it.
    """

    arn: str
    family: str
    revision: int
    containers: tuple[Container, ...]
    registered_at: float
    architecture: str
    tags: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    status: str = "ACTIVE"
    registered_by: str = ""


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
class RunningTask:
    """A task that runs. ``images`` maps container names to digests; ``protected_until`` is 0 without protection."""

    id: str
    task_definition: str
    started_at: float
    health: str
    images: dict[str, str] = field(default_factory=dict)
    protected_until: float = 0.0


@dataclass(frozen=True)
class LogLine:
    """One event of a log stream; ``at`` in seconds. ``id`` is unique within its group, empty where it is not told."""

    at: float
    message: str
    stream: str
    id: str = ""
    group: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Group and stream: streams of several groups may have one name."""
        return self.group, self.stream


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
    """An alarm as DescribeAlarms shows it now; ``updated_at`` is when it went to its state.

    ``silent`` means that its actions are switched off or suppressed, ``several`` that it watches many series, each
    with a state of its own. ``definition`` is AWS's own answer, ``actions`` are the ARNs of all it does in any state.
    """

    arn: str
    name: str
    state: str
    reason: str
    updated_at: float
    description: str = ""
    silent: bool = False
    several: bool = False
    definition: dict[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ()

    @property
    def acts(self) -> bool:
        """True when it does more than notify: it scales, or calls a function, or restarts an instance."""
        return any(action.split(":")[2:3] != ["sns"] for action in self.actions)

    @property
    def notifies(self) -> bool:
        """True when it tells an SNS topic of anything."""
        return any(action.split(":")[2:3] == ["sns"] for action in self.actions)


@dataclass(frozen=True)
class Contributor:
    """One series of a multi-series alarm that is in ALARM, and since when."""

    id: str
    attributes: dict[str, str]
    reason: str
    since: float


@dataclass(frozen=True)
class Transition:
    """An alarm that went to a state: OK, ALARM or INSUFFICIENT_DATA; ``previous`` is empty where nobody knows."""

    at: float
    state: str
    previous: str = ""


@dataclass(frozen=True)
class Curve:
    """One of the series an alarm on metric math watches; its values oldest first."""

    label: str
    points: tuple[Datapoint, ...]


@dataclass(frozen=True)
class HealthAnswer:
    """What a health address said; ``ok`` compares it with what the configuration expects."""

    ok: bool
    code: int
    detail: str
    version: str = ""
    seconds: float = 0.0
