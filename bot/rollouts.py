"""ECS's own records of rollouts: what a service was, what it was to become, and how far it has come.

Times are seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LifecycleHook:
    """A hook of a deployment that waits: ``status`` AWAITING_ACTION means for a person (a PAUSE hook)."""

    id: str
    kind: str
    status: str
    stage: str
    expires_at: float
    timeout_action: str


@dataclass(frozen=True)
class ServiceRevision:
    """What a service was, besides how many tasks it had. ``images`` are ``container=repository@digest``.

    ``surroundings`` are all parts a task definition does not carry (load balancers, network, capacity, platform,
    service connect, volumes), each as one comparable text.
    """

    arn: str
    task_definition: str
    created_at: float
    images: tuple[str, ...] = ()
    surroundings: dict[str, str] = field(default_factory=dict)


TERMINAL = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
"""States of a service deployment that never change again."""


@dataclass(frozen=True)
class ServiceDeployment:
    """ECS's own record of a rollout (ListServiceDeployments, kept 90 days).

    ``status`` is PENDING, IN_PROGRESS, STOP_REQUESTED, ROLLBACK_REQUESTED, ROLLBACK_IN_PROGRESS or one of TERMINAL.
    ``stage`` is ECS's lifecycle stage, empty for rolling deployments; ``weight`` the percent of production traffic on
    the new revision; ``alarms`` those that went off; ``requested``, ``running`` and ``pending`` count the new tasks.
    Of ``sources`` the one that serves comes first; ``images`` are those of ``target``.
    """

    arn: str
    status: str
    reason: str
    created_at: float
    finished_at: float
    task_definition: str
    rolled_back_to: str = ""
    images: tuple[str, ...] = ()
    target: ServiceRevision | None = None
    sources: tuple[ServiceRevision, ...] = ()
    back: ServiceRevision | None = None
    stage: str = ""
    hooks: tuple[LifecycleHook, ...] = ()
    weight: float = 0.0
    requested: int = 0
    running: int = 0
    pending: int = 0
    failed_tasks: int = 0
    alarms: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """True when nothing of it will change any more."""
        return self.status in TERMINAL
