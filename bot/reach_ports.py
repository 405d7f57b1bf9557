"""The doors to a team's own services: databases, caches, names, certificates, networks and roles.

The rules of ``bot.ports`` hold: every method that talks to a service raises ``UpstreamError`` when it refuses or
cannot be reached, ``NotFoundError`` where that is said. Times are seconds since the epoch, durations seconds; no
method blocks for longer than the ``seconds`` it is given and one more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from bot.cloud import EcsService
from bot.domain import Account, Target

Cell: TypeAlias = float | str | None
"""One value of a row: a number, or words cut to a bearable length and without secrets."""
Encryption: TypeAlias = Literal["prefer", "require", "verify"]
"""TLS with a database: where it offers it, always, or always and with its certificate verified."""


@dataclass(frozen=True)
class Credentials:
    """What a secret opens. Empty where the secret does not say; ``secret`` is its name, for sentences.

    The password shows in no ``repr``, so that it gets into no traceback and no log.
    """

    secret: str
    password: str = field(default="", repr=False)
    user: str = ""
    host: str = ""
    port: int = 0
    database: str = ""


@dataclass(frozen=True)
class Question:
    """One statement for a PostgreSQL server. ``address`` (host:port) and ``database`` overrule what the secret says."""

    secret: str
    query: str
    address: str = ""
    database: str = ""
    encryption: Encryption = "prefer"
    limit: int = 20
    seconds: float = 3.0


@dataclass(frozen=True)
class Rows:
    """The first rows of an answer; ``more`` when there were others. ``place`` is ``database on host:port``."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: bool
    place: str


class Databases(Protocol):
    """PostgreSQL servers, read only."""

    def ask(self, account: Account, question: Question) -> Rows:
        """The answer to one statement, in a read-only transaction of a connection of its own.

        UpstreamError's ``code`` is PostgreSQL's SQLSTATE: 25006 the statement would change something, 57014 it took
        too long, 53300 too many connections, 28P01 wrong password; empty when the server was not reached.
        """
        ...


@dataclass(frozen=True)
class CacheState:
    """What Redis tells of itself (INFO). ``ping`` is milliseconds; ``limit`` is maxmemory in bytes, 0 for none."""

    place: str
    ping: float
    used: int
    limit: int
    policy: str
    hits: int
    misses: int
    evicted: int
    rejected: int
    clients: int
    max_clients: int
    blocked: int
    role: str
    version: str
    uptime: float


class Caches(Protocol):
    """Redis servers, asked nothing but PING and INFO."""

    def state(self, account: Account, address: str, secret: str, *, tls: bool, seconds: float) -> CacheState:
        """What the server at ``address`` (host:port; empty: as the secret says) tells of itself."""
        ...


@dataclass(frozen=True)
class NameAnswer:
    """The records of a name. ``exists`` is False for NXDOMAIN; a name may exist without records of the type."""

    records: tuple[str, ...]
    exists: bool
    ttl: int = 0


class Names(Protocol):
    """DNS, as this machine's resolvers see it."""

    def records(self, host: str, kind: str, *, seconds: float) -> NameAnswer:
        """Records of one type ("A", "CNAME", "TXT" ...). UpstreamError when no resolver answers or all fail."""
        ...


@dataclass(frozen=True)
class Certificate:
    """What a TLS server shows. ``problem`` says why it is not to be trusted, empty when it is."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins_at: float
    ends_at: float
    self_signed: bool
    problem: str


class Certificates(Protocol):
    """Certificates of TLS servers."""

    def of(self, host: str, port: int, *, seconds: float) -> Certificate:
        """The certificate that a server shows for this name, be it good or not."""
        ...


@dataclass(frozen=True)
class TaskAddress:
    """A running task and its own private address; tasks without a network interface of their own have none."""

    task: str
    address: str


@dataclass(frozen=True)
class GroupRule:
    """One permission of a security group. ``protocol`` "-1" is all; ports 0 to 65535 when it names none."""

    protocol: str
    from_port: int
    to_port: int
    groups: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = ()
    prefix_lists: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecurityGroup:
    """A security group with what it lets in and out."""

    id: str
    name: str
    ingress: tuple[GroupRule, ...]
    egress: tuple[GroupRule, ...]


@dataclass(frozen=True)
class Balancer:
    """A load balancer before a service; ``subnets`` are the CIDR blocks it lives in. ``groups`` may be none (NLB)."""

    name: str
    kind: str
    groups: tuple[SecurityGroup, ...]
    subnets: tuple[str, ...]


@dataclass(frozen=True)
class Surroundings:
    """The security groups of a service's tasks, and the balancers before it."""

    task_groups: tuple[SecurityGroup, ...]
    balancers: tuple[Balancer, ...]


class Network(Protocol):
    """Where tasks are, and who may reach them."""

    def task_addresses(self, target: Target) -> tuple[TaskAddress, ...]:
        """The running tasks of an ECS service with their private addresses (DescribeTasks)."""
        ...

    def surroundings(self, target: Target, service: EcsService) -> Surroundings:
        """Security groups of the tasks and of the balancers of the service's target groups."""
        ...


@dataclass(frozen=True)
class Refusal:
    """An action IAM would deny; ``decision`` is explicitDeny or implicitDeny, ``because`` what else denies it."""

    action: str
    resource: str
    decision: str
    because: str = ""


class Roles(Protocol):
    """IAM roles of tasks and functions."""

    def refused(
        self, account: Account, role: str, actions: Sequence[str], resources: Sequence[str]
    ) -> tuple[Refusal, ...]:
        """What IAM's simulator does not allow the role, by its ARN (SimulatePrincipalPolicy)."""
        ...

    def policies(self, account: Account, role: str) -> tuple[str, ...]:
        """Names of the managed policies attached to the role (ListAttachedRolePolicies)."""
        ...
