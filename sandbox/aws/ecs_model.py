"""What the pretend ECS remembers of services: their deployments, tasks and events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from moto.ecs.models import TaskDefinition

from sandbox.aws.ecs_records import WELL, Fate, Revision, ServiceDeployment, hexadecimal

STARTING = ("PROVISIONING", "PENDING", "ACTIVATING")
EVENTS_KEPT = 100
STOPPED_KEPT = 3600.0
"""Seconds a stopped task can still be described."""


@dataclass(eq=False)
class Deployment:
    """One entry of a service's ``deployments``, or a task set of CodeDeploy's, whose deployment is ``external_id``.

    ``sick`` is what befalls its tasks whatever their image.
    """

    id: str
    revision: Revision
    record: ServiceDeployment
    created_at: float
    updated_at: float
    status: str = "PRIMARY"
    rollout_state: str = "IN_PROGRESS"
    reason: str = ""
    failed: int = 0
    rolls_back: bool = False
    halted: bool = False
    sick: Fate = WELL
    launch_from: float = 0.0
    external_id: str = ""
    told: str = ""


@dataclass(eq=False)
class Task:
    """A task; its moments are seconds since the epoch, those ahead included. ``plan`` is what comes next, and when.

    ``told`` is what EventBridge was told last: of a task its status, of a deployment its state, of a service the id of
    its newest event.
    """

    id: str
    arn: str
    cluster_arn: str
    definition: TaskDefinition
    images: list[dict[str, str]]
    group: str
    created_at: float
    ip: str
    started_by: str = ""
    launch_type: str = "FARGATE"
    fate: Fate = WELL
    pace: float = 1.0
    network: dict[str, Any] = field(default_factory=dict)
    deployment: Deployment | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    target_groups: tuple[str, ...] = ()
    plan: list[tuple[float, str]] = field(default_factory=list)
    running_at: float | None = None
    healthy_at: float | None = None
    unhealthy_at: float | None = None
    stopping_at: float | None = None
    drained_at: float | None = None
    exited_at: float | None = None
    stopped_at: float | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    protected_until: float = 0.0
    exits: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    told: str = ""

    @property
    def alive(self) -> bool:
        """Whether ECS means it to run."""
        return self.stopping_at is None

    def status(self, now: float) -> str:
        """ECS's ``lastStatus`` at an instant."""
        if self.stopping_at is None:
            if self.running_at is None or now < self.running_at:
                return "PROVISIONING" if now < self.created_at + self.pace else "PENDING"
            return "RUNNING"
        if self.stopped_at is not None and now >= self.stopped_at:
            return "STOPPED"
        if self.drained_at is not None and now < self.drained_at:
            return "DEACTIVATING"
        if self.exited_at is not None and now < self.exited_at:
            return "STOPPING"
        return "DEPROVISIONING"

    def protected(self, now: float) -> bool:
        """Whether the scheduler must let it run."""
        return self.alive and self.protected_until > now

    def healthy(self, now: float) -> bool:
        """Whether it serves: running, registered and found well."""
        well = self.alive and self.healthy_at is not None and self.healthy_at <= now
        return well and not (self.unhealthy_at is not None and self.unhealthy_at <= now)


@dataclass(eq=False)
class Service:
    """A service; ``settings`` are the parameters it was created and updated with, as DescribeServices echoes them.

    ``tasks`` are those that run or are on their way; ``stopped`` those that can still be described, oldest first.
    ``completed`` is the revision that was deployed to the end last, ``serving`` the one with the production traffic.
    ``pairs`` are the target groups between which CodeDeploy moves traffic, by the ones the service was created with.
    """

    name: str
    arn: str
    cluster_name: str
    cluster_arn: str
    settings: dict[str, Any]
    desired: int
    created_at: float
    created_by: str
    tags: list[dict[str, str]] = field(default_factory=list)
    status: str = "ACTIVE"
    deployments: list[Deployment] = field(default_factory=list)
    records: list[ServiceDeployment] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    completed: Revision | None = None
    serving: Revision | None = None
    pairs: dict[str, str] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    stopped: deque[Task] = field(default_factory=deque)
    events: list[dict[str, Any]] = field(default_factory=list)
    reconcile_at: float | None = None
    steady: bool = False
    numbered: int = 0
    told: str = ""

    @property
    def physical_resource_id(self) -> str:
        """The ARN, by moto's name for it."""
        return self.arn

    @property
    def primary(self) -> Deployment:
        """The deployment ECS is moving to."""
        return self.deployments[0]

    @property
    def controller(self) -> str:
        """ECS, CODE_DEPLOY or EXTERNAL: who moves it to another revision."""
        return str(self.settings["deploymentController"]["type"])

    @property
    def target_groups(self) -> tuple[str, ...]:
        """The ARNs of its load balancers' target groups."""
        return self.groups_of(0)

    def groups_of(self, turn: int) -> tuple[str, ...]:
        """The target groups of the tasks of a turn: where there are pairs, turns take them one after the other."""
        found = []
        for each in self.settings.get("loadBalancers") or []:
            group = each.get("targetGroupArn")
            found += [self.alternate_of(each) if turn else group] if group else []
        return tuple(found)

    def alternate_of(self, balancer: dict[str, Any]) -> str:
        """The other target group of a pair, or the same where there is no pair."""
        group = str(balancer.get("targetGroupArn"))
        configured = (balancer.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
        return str(configured or self.pairs.get(group) or group)

    @property
    def region(self) -> str:
        """Where it runs."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.arn.split(":")[4]

    def number(self) -> int:
        """A number not used before in this service; ids are made of it."""
        self.numbered += 1
        return self.numbered

    def of(self, deployment: Deployment) -> list[Task]:
        """The tasks of a deployment that ECS means to run."""
        return [task for task in self.tasks if task.alive and task.deployment is deployment]

    def say(self, at: float, text: str) -> None:
        """An event, worded as ECS words it."""
        digits = hexadecimal(self.arn, self.number(), at)
        number = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        self.events.insert(0, {"id": number, "createdAt": at, "message": f"(service {self.name}) {text}"})
        del self.events[EVENTS_KEPT:]
