"""The doors of shipping besides ECS: CodeDeploy, Auto Scaling, Lambda, S3 with CloudFront, builds, and holds.

The rules of ``bot.ports`` hold: every method that talks to a service raises ``UpstreamError`` when it refuses or
cannot be reached, ``NotFoundError`` where that is said. Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bot.cloud import EcsService
from bot.domain import Account, Build, Target
from bot.holds import Hold
from bot.shipping_cloud import (
    Archive,
    BuildStatus,
    CodeDeployment,
    Distribution,
    Function,
    FunctionAlias,
    ObjectVersion,
    Release,
    Scaling,
    ScalingActivity,
    SiteObject,
)
from bot.telemetry import Concurrency


class CodeDeploy(Protocol):
    """AWS CodeDeploy, for ECS services whose deployment controller is CODE_DEPLOY."""

    def group(self, target: Target, service: EcsService) -> tuple[str, str]:
        """Application and deployment group: the configured ones, else those that made the running task set.

        Raises NotFoundError, saying which keys to configure, when neither is known.
        """
        ...

    def create(
        self, target: Target, group: tuple[str, str], service: EcsService, task_definition: str, description: str
    ) -> str:
        """CreateDeployment of a task definition behind the service's load balancer; returns the id.

        ``description`` carries the operation, at most 512 characters. Raises ConflictError when another deployment
        of the group is active, naming it.
        """
        ...

    def deployment(self, account: Account, deployment: str) -> CodeDeployment:
        """GetDeployment. Raises NotFoundError."""
        ...

    def recent(self, account: Account, group: tuple[str, str], *, since: float) -> tuple[CodeDeployment, ...]:
        """Deployments of a group created since then, newest first."""
        ...

    def stop(self, account: Account, deployment: str) -> None:
        """StopDeployment with automatic rollback. Raises ConflictError when it has ended already."""
        ...

    def proceed(self, account: Account, deployment: str) -> None:
        """Let the traffic over where a deployment waits for that (READY_WAIT)."""
        ...


class Scalings(Protocol):
    """Application Auto Scaling of an ECS service's desired count."""

    def scaling(self, target: Target) -> Scaling:
        """Bounds, policies and scheduled actions."""
        ...

    def set_bounds(self, target: Target, minimum: int, maximum: int) -> None:
        """RegisterScalableTarget with these bounds; AWS moves the number inside them at once."""
        ...

    def suspend(self, target: Target, *, scale_in: bool, scale_out: bool, scheduled: bool) -> None:
        """Set all three switches of SuspendedState; the bounds stay."""
        ...

    def activities(self, target: Target, *, since: float) -> tuple[ScalingActivity, ...]:
        """What Auto Scaling did, or decided not to, since then; newest first."""
        ...


class Functions(Protocol):
    """AWS Lambda; the target's ``function`` and ``alias``."""

    def function(self, target: Target, version: str = "$LATEST", *, age: float = 0.0) -> Function:
        """GetFunction of a version, or of the version that an alias of this name has. Raises NotFoundError.

        What it said within ``age`` seconds is good enough.
        """
        ...

    def concurrency(self, target: Target) -> Concurrency:
        """How many calls may run at once (GetFunctionConcurrency, GetAccountSettings). Raises NotFoundError."""
        ...

    def alias(self, target: Target) -> FunctionAlias:
        """GetAlias. Raises NotFoundError."""
        ...

    def versions(self, target: Target) -> tuple[Function, ...]:
        """Published versions, newest first."""
        ...

    def archive(self, target: Target, version: str) -> Archive:
        """The zip that the target's ``artifact`` names for a version. Raises NotFoundError."""
        ...

    def archives(self, target: Target) -> tuple[Archive, ...]:
        """The zips that lie where the target's ``artifact`` says, newest first."""
        ...

    def sha256(self, account: Account, address: str) -> str:
        """The CodeSha256 of a zip at ``s3://bucket/key``, which is read whole. Raises NotFoundError."""
        ...

    def update_code(self, target: Target, *, image: str = "", artifact: str = "", revision: str = "") -> Function:
        """UpdateFunctionCode with an image, or with a zip at ``s3://bucket/key``; only if ``revision`` is current.

        Raises ConflictError when somebody else changed the function, or an update is under way.
        """
        ...

    def publish(self, target: Target, *, sha256: str, description: str) -> Function:
        """PublishVersion of exactly this code; the same version as before when nothing changed."""
        ...

    def move_alias(
        self, target: Target, version: str, weights: Mapping[str, float], *, revision: str = ""
    ) -> FunctionAlias:
        """UpdateAlias, always with both parts. Raises ConflictError when somebody else moved it (``revision``)."""
        ...


class Sites(Protocol):
    """A static site: the target's ``bucket`` behind its CloudFront ``distribution``.

    Keys of objects are those of the bucket; artifacts are ``s3://bucket/prefix/`` with the slash.
    """

    def artifact(self, account: Account, address: str) -> tuple[SiteObject, ...]:
        """Objects below ``s3://bucket/prefix/``, keys relative to it; empty when there are none."""
        ...

    def releases(self, account: Account, address: str) -> tuple[Release, ...]:
        """Versions that ``s3://bucket/prefix/{version}/`` offers, newest first."""
        ...

    def objects(self, target: Target) -> tuple[SiteObject, ...]:
        """What the site's bucket serves now."""
        ...

    def versioned(self, target: Target) -> bool:
        """Whether the bucket keeps older versions of its objects."""
        ...

    def versions(self, target: Target, keys: Collection[str]) -> tuple[ObjectVersion, ...]:
        """All versions of these keys, newest first by key."""
        ...

    def copy(self, target: Target, address: str, keys: Sequence[str], cache_control: str) -> Mapping[str, str]:
        """Copy objects of a release at ``s3://bucket/prefix/`` to the site, with this header; version ids by key.

        The content type is the source's own, or what the name says where the source has none. Copying again is
        harmless.
        """
        ...

    def restore(self, target: Target, versions: Mapping[str, str]) -> Mapping[str, str]:
        """Make older versions (by key) the current ones, with the headers they had; new version ids by key."""
        ...

    def remove(self, target: Target, keys: Sequence[str]) -> None:
        """Hide objects behind delete markers; their versions stay."""
        ...

    def distribution(self, target: Target) -> Distribution:
        """GetDistribution. Raises NotFoundError."""
        ...

    def invalidate(self, target: Target, reference: str, paths: Sequence[str]) -> str:
        """CreateInvalidation; the same ``reference`` is the same invalidation. Returns its id."""
        ...

    def invalidation(self, target: Target, invalidation: str) -> str:
        """Its status: InProgress or Completed."""
        ...


class Builds(Protocol):
    """Builds that make what is to be shipped, in CodeBuild or GitHub Actions; never on this machine."""

    def start(self, target: Target, build: Build, version: str, key: str) -> str:
        """Start one and return its id; ``key`` is the operation, and travels with the build."""
        ...

    def find(self, target: Target, build: Build, version: str, key: str, *, since: float) -> str | None:
        """The id of the build that was started with this key, or None."""
        ...

    def status(self, target: Target, build: Build, build_id: str) -> BuildStatus:
        """How it goes."""
        ...


class Needs(Protocol):
    """Whether what a task needs to start exists; values of secrets are never read."""

    def secret(self, account: Account, reference: str) -> bool:
        """A secret or parameter as ``valueFrom`` names it: Secrets Manager (an ARN, with a JSON key or not) or SSM."""
        ...

    def role(self, account: Account, arn: str) -> bool:
        """An IAM role."""
        ...

    def log_group(self, account: Account, name: str) -> bool:
        """A log group by its whole name."""
        ...


class Holds(Protocol):
    """What holds changes up: freezes and windows of the calendar, freezes by hand, and locks after a rollback."""

    def on(self, target: Target, now: float) -> tuple[Hold, ...]:
        """All that hold this target now, the hardest first."""
        ...

    def by_hand(self, now: float) -> tuple[Hold, ...]:
        """Freezes and locks that people or rollbacks set and nobody has lifted."""
        ...

    def add(self, hold: Hold) -> None:
        """Set one; its ``id`` makes a repeated one vanish."""
        ...

    def lift(self, hold_id: str, by: str, now: float, *, channel: str = "") -> bool:
        """End one before its time; False when it was over already. ``channel`` is where that is known already."""
        ...
