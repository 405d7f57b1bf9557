"""The doors to the outside world, as Protocols, and the one frozen bundle of them.

Adapters fill them (``bot.slack``, ``bot.aws``, ``bot.pagerduty``, ``bot.store``); tests fill them with fakes.
Every method that talks to a service raises ``UpstreamError`` when it refuses or cannot be reached, and
``NotFoundError`` where that is said. Times are seconds since the epoch, durations seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bot.advice_ports import Advisor
from bot.aws_ports import Ecs, Logs, Metrics
from bot.chat_ports import Homes, Reading
from bot.cloud import (
    HealthAnswer,
)
from bot.domain import Alarm, Health, Person, Target
from bot.file_ports import Files
from bot.paging import Call
from bot.reach_ports import Caches, Certificates, Databases, Names, Network, Roles
from bot.shipping_ports import Builds, CodeDeploy, Functions, Holds, Needs, Scalings, Sites
from bot.silence import LiveIncident
from bot.silence_ports import Mutes, Silences
from bot.telemetry_ports import Balancers, Insights, LogExports, Queues, Traces, Trail

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

    def respond(self, response_url: str, message: Message) -> None:
        """Answer through a response_url: 5 times within 30 minutes, seen by the asker only."""
        ...

    def permalink(self, channel: str, ts: str) -> str:
        """The web address of a message."""
        ...

    def channel_id(self, channel: str) -> str:
        """The id of ``#name``, or of the conversation with a user; other ids pass through. Raises NotFoundError."""
        ...

    def person(self, user: str) -> Person:
        """Who a user is, with the ids of their groups; cached for minutes."""
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
    is when each of ``approved_by`` said yes. ``beside`` is said of what changes nothing of the service itself.
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
    beside: bool = False

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
        """Operations asked for since then that changed something of a target, newest first."""
        ...

    def every(self, target_key: str = "", *, since: float, limit: int = 20) -> tuple[Past, ...]:
        """Operations in any state, of one target or of all, newest first; those that only read are left out."""
        ...

    def operation(self, operation_id: str) -> Past | None:
        """One operation."""
        ...

    def lately(self, user: str) -> tuple[str, ...]:
        """Keys of the targets that somebody asked about or for themselves, newest first."""
        ...

    def followers(self) -> tuple[str, ...]:
        """Who asked for each answer that is live now: a person once for each."""
        ...

    def incident(self, target_key: str) -> str | None:
        """The name of the alarm whose incident of this target is open, or None."""
        ...

    def live_incidents(self) -> tuple[LiveIncident, ...]:
        """Every incident that is not over, newest first."""
        ...

    def opened(self, target_key: str, *, since: float) -> tuple[LiveIncident, ...]:
        """Incidents of a target that opened since then, over or not, newest first."""
        ...

    def heard(self, alarm_name: str) -> tuple[Alarm, ...]:
        """The last notification of each alarm of that name that ever told the bot anything."""
        ...


@dataclass(frozen=True)
class World:
    """Everything a command, a step or an incident may touch.

    ``slash`` maps a command's name to the name it is registered under; ``may(person, action, target)`` tells whether
    somebody is allowed to (target None: anywhere at all). ``stop_later(target key, query id)`` goes on trying to stop a
    query of Logs Insights.
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
    stop_later: Callable[[str, str], None]
    databases: Databases
    caches: Caches
    names: Names
    certificates: Certificates
    network: Network
    roles: Roles
    insights: Insights
    log_exports: LogExports
    queues: Queues
    traces: Traces
    trail: Trail
    balancers: Balancers
    mutes: Mutes
    silences: Silences
    advice: Advisor
