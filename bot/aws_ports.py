"""The doors to ECS, CloudWatch Logs and CloudWatch, as Protocols; ``bot.ports`` says what they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bot.cloud import (
    AlarmReading,
    Contributor,
    Curve,
    Datapoint,
    EcsService,
    Image,
    LogLine,
    RunningTask,
    StoppedTask,
    TargetHealth,
    TaskDefinition,
    Transition,
)
from bot.domain import Account, AlarmMetric, Target
from bot.graph import Mark
from bot.rollouts import ServiceDeployment
from bot.telemetry import Dashboard, LogSearch


class Ecs(Protocol):
    """Amazon ECS and ECR."""

    def service(self, target: Target, *, age: float = 0.0) -> EcsService:
        """DescribeServices for one target, or what it said within ``age`` seconds.

        Raises NotFoundError when cluster or service do not exist.
        """
        ...

    def services(self, targets: Sequence[Target]) -> Mapping[str, EcsService | Exception]:
        """Many at once, by target key, in calls of ten; what could not be read is the error itself."""
        ...

    def task_definition(self, account: Account, arn: str, *, fresh: bool = False) -> TaskDefinition:
        """DescribeTaskDefinition with tags; kept for ever, since what a revision runs never changes.

        Its ``status`` does change: whoever depends on that asks for a ``fresh`` answer. Raises NotFoundError.
        """
        ...

    def image(self, account: Account, image: str) -> Image:
        """The image in ECR that ``repository:tag`` or ``repository@digest`` names. Raises NotFoundError."""
        ...

    def newest_images(self, account: Account, repository: str, limit: int = 10) -> tuple[Image, ...]:
        """The most recently pushed tagged images of a repository, newest first."""
        ...

    def architectures(self, account: Account, image: Image) -> tuple[str, ...]:
        """CPU architectures an image runs on (X86_64, ARM64); empty when its manifest does not say.

        An image without a digest is named by its first tag, so that both can be asked for at once.
        """
        ...

    def find_registered(self, account: Account, family: str, tag: str, value: str) -> str | None:
        """ARN of the newest revision of a family that carries this tag, or None (newest twenty are read)."""
        ...

    def register(
        self, account: Account, base: TaskDefinition, images: Mapping[str, str], tags: Mapping[str, str]
    ) -> str:
        """Register a copy of a task definition with the images of these containers changed; returns the ARN.

        Only ``family``, ``revision``, ``tags`` and ``raw`` of ``base`` are used, so that one which AWS has forgotten
        can be made again. Raises UpstreamError naming any field this botocore would silently drop.
        """
        ...

    def update_service(self, target: Target, task_definition: str) -> str:
        """UpdateService with nothing but the task definition; returns the id of the PRIMARY deployment."""
        ...

    def restart_service(self, target: Target) -> str:
        """UpdateService with nothing but forceNewDeployment; returns the id of the PRIMARY deployment."""
        ...

    def set_desired(self, target: Target, count: int) -> None:
        """UpdateService with nothing but the desired count, which starts no deployment."""
        ...

    def service_deployments(self, target: Target, *, since: float) -> tuple[ServiceDeployment, ...]:
        """ECS's own history of rollouts created since then, newest first."""
        ...

    def service_deployment(self, target: Target, arn: str) -> ServiceDeployment | None:
        """One rollout by its ARN; None when ECS does not know it (any more)."""
        ...

    def stop_deployment(self, target: Target, arn: str) -> None:
        """StopServiceDeployment with ROLLBACK. Raises ConflictError when it has ended already."""
        ...

    def continue_deployment(self, target: Target, arn: str, hook: str, *, go_on: bool) -> None:
        """Answer a PAUSE hook: go on or roll back. Raises ConflictError when it no longer waits."""
        ...

    def running_tasks(self, target: Target) -> tuple[RunningTask, ...]:
        """The service's running tasks with the digests they run and their protection, oldest first."""
        ...

    def stop_task(self, target: Target, task: str, reason: str) -> None:
        """StopTask; ECS starts another in its place. Stopping one that has stopped is no error."""
        ...

    def stopped_tasks(self, target: Target, *, since: float, started_by: str = "") -> tuple[StoppedTask, ...]:
        """Tasks of the service that stopped since then, newest first (ECS keeps them about an hour)."""
        ...

    def target_health(self, target: Target, target_groups: Sequence[str]) -> tuple[TargetHealth, ...]:
        """DescribeTargetHealth of each group."""
        ...


class Logs(Protocol):
    """CloudWatch Logs."""

    def search(
        self, account: Account, group: str, pattern: str, *, start: float, end: float, limit: int, deadline: float
    ) -> tuple[LogLine, ...]:
        """FilterLogEvents through empty pages until ``limit`` events or ``deadline`` (clock); oldest first.

        Raises NotFoundError when the group does not exist.
        """
        ...

    def scan(
        self, account: Account, group: str, pattern: str, *, start: float, end: float, limit: int, deadline: float
    ) -> LogSearch:
        """The same, with whether that was all; what was found before AWS began to throttle is not lost."""
        ...

    def read(
        self,
        account: Account,
        group: str,
        pattern: str,
        *,
        start: float,
        end: float,
        limit: int,
        deadline: float,
        streams: Sequence[str] = (),
        each: Callable[[LogLine], LogLine | None] | None = None,
        has_ids: bool = False,
    ) -> LogSearch:
        """As ``scan``, but with several calls at a time where there is much to read.

        Every line is sure to have its id only with ``has_ids``: GetLogEvents, which may be quicker, tells none.

        ``streams`` are the names of the only streams to read, at most 100; NotFoundError is raised when one of them
        does not exist. ``each`` is done with every line as it comes, in several threads, while others are on their way;
        None leaves the line out.
        """
        ...

    def stream_names(self, account: Account, group: str, prefix: str) -> tuple[str, ...]:
        """The streams whose names begin so; none when there are more than fifty, or AWS does not tell."""
        ...

    def stretch(
        self,
        account: Account,
        group: str,
        stream: str,
        *,
        start: float,
        end: float,
        limit: int,
        deadline: float,
        each: Callable[[LogLine], LogLine | None] | None = None,
    ) -> LogSearch:
        """GetLogEvents of one stream from ``start`` to ``end`` (both included), in the order they were written in.

        Not whole when it went on after ``limit`` events or ``deadline`` (clock): then what is newer is left out.
        Raises NotFoundError when the group or the stream does not exist, and UpstreamError.
        """
        ...

    def tail(self, account: Account, group: str, stream: str, limit: int) -> tuple[LogLine, ...]:
        """The last lines of one stream, oldest first; empty when the stream does not exist (yet)."""
        ...


class Metrics(Protocol):
    """CloudWatch metrics and alarms."""

    def series(self, account: Account, metric: AlarmMetric, *, start: float, end: float) -> tuple[Datapoint, ...]:
        """The metric's values with the alarm's own statistic and period, oldest first."""
        ...

    def several(
        self, account: Account, metrics: Mapping[str, AlarmMetric], *, start: float, end: float
    ) -> Mapping[str, tuple[Datapoint, ...]]:
        """The values of several metrics by the names given to them, each as ``series`` tells it, in one call."""
        ...

    def listed(self, account: Account, namespace: str, name: str = "") -> tuple[AlarmMetric, ...]:
        """The metrics of a namespace, or those of one name, each with the dimensions it is filed under.

        Those without data for two weeks are left out, and of very many only some are told.
        """
        ...

    def dashboards(self, account: Account) -> tuple[Dashboard, ...]:
        """CloudWatch's dashboards, by name; of very many only some."""
        ...

    def watched(self, account: Account, alarm: str, *, start: float, end: float) -> tuple[Datapoint, ...]:
        """What an alarm on metric math watches, computed as the alarm itself does; oldest first.

        Empty when there is no such alarm or nothing to compute.
        """
        ...

    def curves(self, account: Account, alarm: str, *, start: float, end: float) -> tuple[Curve, ...]:
        """The same, each series by itself: a query or a band makes several."""
        ...

    def alarms(self, account: Account, names: Sequence[str]) -> tuple[AlarmReading, ...]:
        """The state of alarms now; names that do not exist are left out."""
        ...

    def in_alarm(self, account: Account) -> tuple[AlarmReading, ...]:
        """Every alarm in ALARM now, whoever made it; of very many only some."""
        ...

    def children(self, account: Account, alarm: str) -> tuple[str, ...]:
        """ARNs of the alarms that a composite alarm is made of; empty for any other."""
        ...

    def contributors(self, account: Account, alarm: str) -> tuple[Contributor, ...]:
        """The series of a multi-series alarm that are in ALARM now."""
        ...

    def went_red(self, account: Account, alarm: str, *, since: float) -> tuple[float, ...]:
        """When an alarm went to ALARM since then, newest first; CloudWatch remembers 30 days."""
        ...

    def transitions(self, account: Account, alarm: str, *, since: float) -> tuple[Transition, ...]:
        """Every change of an alarm's state since then, newest first; CloudWatch remembers 30 days."""
        ...

    def picture(
        self, account: Account, watched: str | AlarmMetric, *, start: float, end: float, marks: Sequence[Mark]
    ) -> bytes | None:
        """CloudWatch's own PNG of a metric, or of what the alarm of that name watches, with its threshold.

        None where CloudWatch has nothing to draw: a composite alarm, no such alarm, what it refuses as invalid.
        """
        ...
