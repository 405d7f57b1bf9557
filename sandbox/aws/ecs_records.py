"""What outlives a rollout: its record, the revisions it led from and to, and the ids they have."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from moto.ecs.models import TaskDefinition


def hexadecimal(*parts: object, size: int = 32) -> str:
    """An id that is the same for the same parts."""
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()[:size]


def decimal(*parts: object) -> str:
    """An id of 19 digits that is the same for the same parts, as ECS numbers deployments and revisions."""
    return str(10**18 + int(hexadecimal(*parts), 16) % (9 * 10**18))


@dataclass(frozen=True)
class Fate:
    """What befalls the tasks of an image: crash, oom, nopull, unhealthy, slow or stuck; "" is a good end."""

    word: str = ""
    container: str = ""


WELL = Fate()


@dataclass(eq=False)
class Revision:
    """A service revision: the task definition and settings that a deployment runs, images resolved to digests.

    ``turn`` says which of the two target groups of a pair its tasks are registered in: 0 or 1.
    """

    arn: str
    definition: TaskDefinition
    images: list[dict[str, str]]
    settings: dict[str, Any]
    fate: Fate
    created_at: float
    turn: int = 0


@dataclass(eq=False)
class Hook:
    """One run of a lifecycle hook; ``action`` is what befalls the rollout when it expires."""

    id: str
    kind: str
    target: str
    status: str
    expires_at: float
    action: str


@dataclass(frozen=True)
class Step:
    """A step of a rollout: ECS's lifecycle stage, how many seconds it lasts, and what it changes when it begins.

    ``production`` and ``test`` are the percent of traffic on the new revision from then on; ``hook`` is the stage
    whose hooks run first.
    """

    stage: str
    seconds: float = 0.0
    production: float | None = None
    test: float | None = None
    hook: str = ""


@dataclass(eq=False)
class ServiceDeployment:
    """ECS's record of one rollout, which outlives it. ``steps`` are those ahead, the one under way first.

    ``entered`` is whether the first step has begun, and ``step_ends`` when its time is over. ``production`` and
    ``test`` are the percent of traffic on the target. ``alarms`` are those watched, with ``red`` those that went off.
    ``goes_back`` is whether what takes too long is put back by itself.
    """

    arn: str
    target: Revision
    sources: list[Revision]
    configuration: dict[str, Any]
    created_at: float
    status: str = "IN_PROGRESS"
    status_reason: str = ""
    finished_at: float | None = None
    stopped_at: float | None = None
    updated_at: float = 0.0
    rollback: dict[str, Any] | None = None
    failures: int = 0
    threshold: int = 0
    breaker: str = "DISABLED"
    stage: str = ""
    steps: list[Step] = field(default_factory=list)
    entered: bool = False
    step_ends: float = 0.0
    hooks: list[Hook] = field(default_factory=list)
    production: float = 0.0
    test: float = 0.0
    alarms: tuple[str, ...] = ()
    red: tuple[str, ...] = ()
    watching: str = "DISABLED"
    goes_back: bool = True

    @property
    def shifts(self) -> bool:
        """Whether it moves traffic from the old tasks to the new ones, as all strategies but ROLLING do."""
        return self.configuration.get("strategy", "ROLLING") != "ROLLING"

    @property
    def kept(self) -> Revision | None:
        """The old revision that runs on in full, until the rollout cleans up or goes back."""
        keeps = self.shifts and self.sources and self.stage != "CLEAN_UP" and self.rollback is None
        return self.sources[0] if keeps else None
