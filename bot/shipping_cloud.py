"""What AWS and build services answer about shipping, besides ECS. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CodeDeployment:
    """A CodeDeploy deployment of an ECS service.

    ``status`` is Created, Queued, InProgress, Baking, Succeeded, Failed, Stopped or Ready (it waits for somebody to
    let the traffic over). ``rollback`` is the id of the deployment that undoes it, ``undoes`` the reverse.
    """

    id: str
    application: str
    group: str
    status: str
    created_at: float
    ended_at: float
    description: str = ""
    creator: str = ""
    error: str = ""
    task_definition: str = ""
    rollback: str = ""
    undoes: str = ""


@dataclass(frozen=True)
class ScalableTarget:
    """What Application Auto Scaling may do with the number of tasks, and its three ``suspended_`` switches."""

    minimum: int
    maximum: int
    suspended_in: bool = False
    suspended_out: bool = False
    suspended_scheduled: bool = False


@dataclass(frozen=True)
class ScalingPolicy:
    """A policy that changes the number of tasks; ``detail`` says in words what it follows."""

    name: str
    kind: str
    detail: str


@dataclass(frozen=True)
class ScheduledAction:
    """Bounds that will be set by the clock; ``schedule`` is AWS's own expression, ``minimum`` may be None."""

    name: str
    schedule: str
    timezone: str
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True)
class ScalingActivity:
    """One change, or one refusal to change, that Application Auto Scaling made."""

    at: float
    description: str
    cause: str
    status: str


@dataclass(frozen=True)
class Scaling:
    """All that may change an ECS service's number of tasks by itself; ``bounds`` is None when nothing does."""

    bounds: ScalableTarget | None = None
    policies: tuple[ScalingPolicy, ...] = ()
    scheduled: tuple[ScheduledAction, ...] = ()


@dataclass(frozen=True)
class Function:
    """A Lambda function's ``$LATEST``, or one version of it. ``package`` is Image or Zip.

    ``state`` is Pending, Active, Inactive or Failed; ``update`` is InProgress, Successful or Failed, with ``reason``.
    ``image`` is the image's address with its digest where AWS resolved it. Lists of versions do not tell ``state``,
    ``update``, ``reason`` and ``image``, which are empty then.
    """

    name: str
    version: str
    package: str
    sha256: str
    state: str
    update: str
    reason: str
    revision: str
    modified_at: float
    description: str = ""
    image: str = ""
    role: str = ""
    architecture: str = "x86_64"
    memory: int = 0
    timeout: int = 0
    log_group: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FunctionAlias:
    """A Lambda alias: the version callers get, and the share (0 to 1) of calls that other versions get."""

    name: str
    version: str
    revision: str
    weights: dict[str, float] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True)
class Archive:
    """A zip in S3 that a function's code can be made of; ``address`` is ``s3://bucket/key``.

    ``sha256`` is written as Lambda's CodeSha256 (base64), and empty where S3 was not given it.
    """

    version: str
    address: str
    etag: str
    modified_at: float
    sha256: str = ""


@dataclass(frozen=True)
class SiteObject:
    """One object of a site or a release. ``key`` is its path below the release; ``etag`` without quotes."""

    key: str
    size: int
    etag: str
    modified_at: float


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object in a versioned bucket; a ``deleted`` one is a delete marker."""

    key: str
    version: str
    etag: str
    modified_at: float
    is_latest: bool
    deleted: bool = False


@dataclass(frozen=True)
class Distribution:
    """A CloudFront distribution; ``origins`` are host names, ``invalidating`` counts invalidations in progress.

    ``status`` is InProgress while a change of its settings is on its way to all edge locations, else Deployed.
    """

    id: str
    enabled: bool
    origins: tuple[str, ...] = ()
    invalidating: int = 0
    status: str = "Deployed"


@dataclass(frozen=True)
class Release:
    """A version that an artifact prefix offers; ``at`` is when it was written, 0 when that is not known."""

    version: str
    at: float


@dataclass(frozen=True)
class BuildStatus:
    """How a build goes: ``state`` is running, succeeded, failed or stopped; ``detail`` says where it is or why."""

    id: str
    state: str
    detail: str
    url: str = ""
