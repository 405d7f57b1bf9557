"""The doors to the outside world, as Protocols, and the one frozen bundle of them.

Adapters fill them (``bot.slack``, ``bot.aws``, ``bot.pagerduty``, ``bot.store``); tests fill them with fakes.
Every method that talks to a service raises ``UpstreamError`` when it refuses or cannot be reached, and
``NotFoundError`` where that is said. Times are seconds since the epoch, durations seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bot.chat_ports import Homes, Reading
from bot.cloud import (
    AlarmReading,
    Contributor,
    Curve,
    Datapoint,
    EcsService,
    HealthAnswer,
    Image,
    LogLine,
    RunningTask,
    ServiceDeployment,
    StoppedTask,
    TargetHealth,
    TaskDefinition,
    Transition,
)
from bot.domain import Account, Alarm, AlarmMetric, Health, Person, Target
from bot.file_ports import Files
from bot.graph import Mark
from bot.paging import Call
from bot.reach_ports import Caches, Certificates, Databases, Names, Network, Roles
from bot.shipping_ports import Builds, CodeDeploy, Functions, Holds, Needs, Scalings, Sites
from bot.silence import LiveIncident
from bot.silence_ports import Mutes, Silences
from bot.telemetry import LogSearch
from bot.telemetry_ports import Balancers, Insights, Queues, Traces, Trail

if TYPE_CHECKING:
    from bot.catalog import Catalog
    from bot.command import Command

T = TypeVar("T")


class Clock(Protocol):
    """Time as the bot sees it."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


@dataclass(frozen=True)
class Message:
    """What a Slack message shows. ``text`` is the fallback of notifications, at most 4,000 characters."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()


class Chat(Files, Reading, Homes, Protocol):
    """Slack, outward. Channels are ids or ``#names``; a ``ts`` names a message within its channel."""

    def post(self, channel: str, message: Message, *, key: str, thread_ts: str = "", broadcast: bool = False) -> str:
        """Post and return the ts. ``key`` travels in the message's metadata so that ``find`` sees it.

        ``broadcast`` shows a reply in its channel too.
        """
        ...

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """Open a modal (views.open); its id.

        Raises ConflictError when the trigger is older than 3 seconds or has opened a modal before.
        """
        ...

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> bool:
        """Replace a modal (views.update); False when the person has closed it."""
        ...

    def find(self, channel: str, key: str, *, since: float, thread_ts: str = "") -> str | None:
        """The ts of the message posted with that key since then, or None (history or replies are read)."""
        ...

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace what a message shows."""
        ...

    def whisper(self, channel: str, user: str, message: Message, *, thread_ts: str = "") -> None:
        """Show a message to one person only (chat.postEphemeral).

        The user's own id as the channel is their conversation with the bot.
        """
        ...

    def respond(self, response_url: str, message: Message, *, replace: bool = False) -> None:
        """Answer through a response_url: 5 times within 30 minutes, seen by the asker only."""
        ...

    def permalink(self, channel: str, ts: str) -> str:
        """The web address of a message."""
        ...

    def channel_id(self, channel: str) -> str:
        """The id of ``#name`` (ids pass through). Raises NotFoundError."""
        ...

    def person(self, user: str) -> Person:
        """Who a user is, with the ids of their groups; cached for minutes."""
        ...


class Ecs(Protocol):
    """Amazon ECS and ECR."""

    def service(self, target: Target) -> EcsService:
        """DescribeServices for one target. Raises NotFoundError when cluster or service do not exist."""
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


class Web(Protocol):
    """Plain HTTP to a team's own addresses."""

    def check(self, health: Health, deployed: str = "") -> HealthAnswer:
        """Ask a health address once (5 s). Never raises: not reaching it is an answer too."""
        ...

    def get(self, health: Health, *, seconds: float, direct: bool = False) -> HealthAnswer:
        """Ask any address once, within ``seconds``; ``direct`` leaves the proxy out. Never raises either."""
        ...


class Pager(Protocol):
    """PagerDuty Events API v2; ``routing_key_env`` names the variable with the system's key."""

    def trigger(self, routing_key_env: str, dedup_key: str, call: Call) -> bool:
        """Open or append to the alert with this key; False when there is no routing key to call with."""
        ...

    def acknowledge(self, routing_key_env: str, dedup_key: str, at: float) -> None:
        """Acknowledge the alert."""
        ...

    def resolve(self, routing_key_env: str, dedup_key: str, at: float) -> None:
        """Resolve the alert."""
        ...

    def change(self, routing_key_env: str, summary: str, details: Mapping[str, str], link: str, at: float) -> bool:
        """Tell of a change (Events API v2 change events, which notify nobody); False when there is no routing key."""
        ...


class Gather(Protocol):
    """Runs reads in parallel under one deadline."""

    def __call__(self, reads: Mapping[str, Callable[[], T]], *, seconds: float) -> dict[str, T | Exception]:
        """Every read's value or its error, by name; one that is not back in time is a TimeoutError."""
        ...


@dataclass(frozen=True)
class Past:
    """One operation of the bot's own ledger, ended or not. Times are seconds since the epoch, 0 for not yet.

    ``state`` is a word of ``bot.operation.State``. ``good`` is None until its soak has ended. ``facts`` are the plan's,
    ``results`` what each effect returned. ``due_at`` is when the bot will begin what it owes by itself. ``approved_at``
    is when each of ``approved_by`` said yes.
    """

    id: str
    command: str
    actor: str
    target: str
    state: str
    title: str
    asked_at: float
    started_at: float
    ended_at: float
    good: bool | None
    said: str
    approved_by: tuple[str, ...]
    facts: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]
    due_at: float = 0.0
    approved_at: tuple[float, ...] = ()

    @property
    def version(self) -> str:
        """The version it shipped, or nothing."""
        return str(self.facts.get("version", ""))

    @property
    def task_definition(self) -> str:
        """ARN of the task definition it put into service, or nothing."""
        made = self.results.get("register", {}).get("task_definition") or self.facts.get("to_definition", "")
        return str(made or "")


class Recent(Protocol):
    """The bot's own ledger, as steps and plans read it."""

    def operations(self, target_key: str, *, since: float, limit: int = 5) -> tuple[Past, ...]:
        """Operations on a target asked for since then that changed something, newest first."""
        ...

    def every(self, target_key: str = "", *, since: float, limit: int = 20) -> tuple[Past, ...]:
        """Operations in any state, of one target or of all, newest first; those that only read are left out."""
        ...

    def operation(self, operation_id: str) -> Past | None:
        """One operation."""
        ...

    def incident(self, target_key: str) -> str | None:
        """The name of the alarm whose incident of this target is open, or None."""
        ...

    def live_incidents(self) -> tuple[LiveIncident, ...]:
        """Every incident that is not over, newest first."""
        ...

    def heard(self, alarm_name: str) -> tuple[Alarm, ...]:
        """The last notification of each alarm of that name that ever told the bot anything."""
        ...


@dataclass(frozen=True)
class World:
    """Everything a command, a step or an incident may touch.

    ``slash`` maps a command's name to the name it is registered under; ``may(person, action, target)`` tells whether
    somebody is allowed to (target None: anywhere at all).
    """

    clock: Clock
    catalog: Catalog
    chat: Chat
    ecs: Ecs
    code_deploy: CodeDeploy
    scaling: Scalings
    functions: Functions
    sites: Sites
    builds: Builds
    needs: Needs
    holds: Holds
    logs: Logs
    metrics: Metrics
    web: Web
    pager: Pager
    gather: Gather
    commands: Mapping[str, Command]
    slash: Mapping[str, str]
    recent: Recent
    may: Callable[[Person, str, Target | None], bool]
    tell: Callable[[str, str, Mapping[str, Any], str], bool]
    databases: Databases
    caches: Caches
    names: Names
    certificates: Certificates
    network: Network
    roles: Roles
    insights: Insights
    queues: Queues
    traces: Traces
    trail: Trail
    balancers: Balancers
    mutes: Mutes
    silences: Silences
