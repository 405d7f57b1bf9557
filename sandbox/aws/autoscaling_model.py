"""What the pretend Application Auto Scaling remembers of ECS services: bounds, policies, schedules, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.ecs.models import ecs_backends

from sandbox.aws.autoscaling_schedule import Schedule
from sandbox.aws.ecs_model import Service
from sandbox.aws.ecs_records import hexadecimal
from sandbox.aws.ecs_simulation import services_of

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"
KEPT = 500
"""Activities kept of a target; AWS keeps six weeks of them."""

Settings = dict[str, Any]


@dataclass(eq=False)
class Policy:
    """A scaling policy. ``alarms`` are names of those made for it; ``quiet_until`` is by direction, "in" or "out".

    ``run_at`` and ``told`` are by alarm: when it last ran the policy, and of which change of state it was told that
    nothing was done.
    """

    name: str
    arn: str
    kind: str
    configuration: Settings
    created_at: float
    alarms: tuple[str, ...] = ()
    quiet_until: dict[str, float] = field(default_factory=dict)
    run_at: dict[str, float] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)


@dataclass(eq=False)
class ScheduledAction:
    """Bounds that are set by the clock; ``plan`` says when next. ``next_at`` is None when it will not run any more."""

    name: str
    arn: str
    schedule: Schedule
    change: Settings
    created_at: float
    starts_at: float | None
    ends_at: float | None
    next_at: float | None = None

    def plan(self, instant: float) -> None:
        """Let it run at its next time after an instant, within its start and end."""
        at = self.schedule.after(max(instant, (self.starts_at or 0.0) - 1), self.created_at)
        self.next_at = None if at is None or (self.ends_at is not None and at > self.ends_at) else at


@dataclass(eq=False)
class ScalableTarget:
    """A service whose number of tasks may be changed; ``activities`` newest first."""

    resource_id: str
    arn: str
    role: str
    minimum: int
    maximum: int
    created_at: float
    suspended: dict[str, bool]
    policies: dict[str, Policy] = field(default_factory=dict)
    scheduled: dict[str, ScheduledAction] = field(default_factory=dict)
    activities: list[Settings] = field(default_factory=list)

    def note(self, at: float, description: str, cause: str, **more: Any) -> None:
        """Add an activity that succeeded, unless ``more`` says otherwise."""
        self.activities.insert(
            0,
            {
                "ActivityId": hexadecimal(self.arn, at, len(self.activities), description, cause),
                "ServiceNamespace": NAMESPACE,
                "ResourceId": self.resource_id,
                "ScalableDimension": DIMENSION,
                "Description": description,
                "Cause": cause,
                "StartTime": at,
                "EndTime": at,
                "StatusCode": "Successful",
                **more,
            },
        )
        del self.activities[KEPT:]


def targets_of(backend: ApplicationAutoscalingBackend) -> dict[str, ScalableTarget]:
    """The scalable targets of a region by resource id; kept in moto's backend, so that a reset forgets them."""
    targets: dict[str, ScalableTarget] = backend.__dict__.setdefault("sandbox_targets", {})
    return targets


def service_of(backend: ApplicationAutoscalingBackend, resource_id: str) -> Service | None:
    """The ECS service of ``service/cluster/name``, if it is there and alive."""
    parts = resource_id.split("/")
    if len(parts) != 3 or parts[0] != "service":
        return None
    services = services_of(ecs_backends[backend.account_id][backend.region_name])
    found = services.get(f"{parts[1]}:{parts[2]}")
    return found if found is not None and found.status == "ACTIVE" else None
