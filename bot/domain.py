"""The nouns of the bot, frozen. They know neither Slack nor AWS nor the store.

``System``, ``Environment`` and ``Service`` are also the shape of ``config/systems/*.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field, JsonValue

from bot.dependencies import Dependencies
from bot.duration import Duration
from bot.log_settings import LogSettings
from bot.responses import Frozen as Frozen  # noqa: PLC0414 - these two are nouns like the others here
from bot.responses import Level, Response
from bot.responses import Severity as Severity  # noqa: PLC0414

Json: TypeAlias = dict[str, JsonValue]
OnFailure: TypeAlias = Literal["offer", "rollback"]


class ServiceKind(StrEnum):
    """What a service runs on; each kind ships in its own way."""

    ECS = "ecs"
    LAMBDA = "lambda"
    STATIC_SITE = "static_site"


class Health(Frozen):
    """What a service's health address must answer.

    ``expect`` maps JSON fields of the answer to required values; ``code`` is the HTTP status. The value
    ``deployed`` of ``version`` stands for the tag that was just deployed.
    """

    url: str = Field(description="Address asked after a deployment; http or https.")
    code: int = Field(default=200, description="HTTP status that counts as healthy.")
    expect: dict[str, str | int | bool] = Field(default_factory=dict, description="JSON fields and their values.")


class ServiceAlarm(Frozen):
    """A CloudWatch alarm that belongs to a service."""

    name: str = Field(description="Name of the alarm in CloudWatch.")
    severity: Severity = Field(default=Severity.MEDIUM, description="How bad it is when it fires.")


class Build(Frozen):
    """How a version that does not exist yet is built: a CodeBuild project, or a GitHub Actions workflow."""

    codebuild: str = Field(default="", description="CodeBuild project; it gets VERSION and OPERATION as variables.")
    github: str = Field(default="", description="GitHub repository, owner/name.")
    workflow: str = Field(default="", description="File name of the workflow, with github.")
    ref: str = Field(default="main", description="Branch or tag the workflow runs on, with github.")


class Service(Frozen):
    """One service of one environment. Everything after ``alarms`` overrides what AWS already knows."""

    kind: ServiceKind = Field(description="ecs, lambda or static_site.")
    cluster: str = Field(default="", description="ECS cluster (kind ecs).")
    service: str = Field(default="", description="ECS service (kind ecs); the service's own name when left out.")
    function: str = Field(default="", description="Lambda function (kind lambda).")
    alias: str = Field(default="", description="Lambda alias that callers use (kind lambda).")
    bucket: str = Field(default="", description="S3 bucket of the site (kind static_site).")
    distribution: str = Field(default="", description="CloudFront distribution id (kind static_site).")
    health: Health | None = Field(default=None, description="Health address and what it must answer.")
    alarms: tuple[ServiceAlarm, ...] = Field(default=(), description="Alarms of this service.")
    family: str = Field(default="", description="Task definition family, where it cannot be discovered.")
    container: str = Field(default="", description="Container to ship, where a task has several.")
    log_groups: tuple[str, ...] = Field(default=(), description="Log groups besides those of the containers.")
    application: str = Field(default="", description="CodeDeploy application, where it cannot be discovered.")
    deployment_group: str = Field(default="", description="CodeDeploy deployment group, with application.")
    artifact: str = Field(
        default="", description="Where versions lie, with {version} in it: s3://…/{version}/ or a zip for Lambda."
    )
    canary: tuple[int, ...] = Field(default=(), description="Percent of calls the new version gets, in steps (lambda).")
    canary_wait: Duration = Field(
        default="5m", validate_default=True, description="How long each canary step is watched (lambda)."
    )
    build: Build | None = Field(default=None, description="How a version that does not exist yet is built.")
    needs: Dependencies = Field(default=Dependencies(), description="What it cannot do without, for /health.")

    @property
    def writes_logs(self) -> bool:
        """A static site has none, unless the configuration names some."""
        return self.kind is not ServiceKind.STATIC_SITE or bool(self.log_groups)


class Environment(Frozen):
    """One environment of a system, for example ``production``."""

    production: bool = Field(default=False, description="True where people depend on it.")
    region: str = Field(default="", description="AWS region, when it differs from the system's.")
    role_arn: str = Field(default="", description="Role to assume, when it differs from the system's.")
    external_id: str = Field(default="", description="External id for that role.")
    channel: str = Field(default="", description="Slack channel, when it differs from the system's.")
    checklist: tuple[str, ...] = Field(default=(), description="Ticked in the plan before a deployment is confirmed.")
    on_failure: OnFailure = Field(
        default="offer", description="After a failed deployment: offer a rollback, or roll back at once."
    )
    services: dict[str, Service] = Field(description="Services by the name people type.")


class System(Frozen):
    """One team's system: one file under ``config/systems/``."""

    system: str = Field(description="Short name people type, as in bi/api.")
    title: str = Field(default="", description="Full name, shown in headings.")
    channel: str = Field(description="Slack channel where its operations and incidents live.")
    region: str = Field(description="AWS region.")
    role_arn: str = Field(default="", description="Role to assume in the system's AWS account.")
    external_id: str = Field(default="", description="External id that role asks for.")
    pagerduty_routing_key_env: str = Field(
        default="", description="Name of the environment variable that holds the system's PagerDuty routing key."
    )
    contacts: dict[str, str] = Field(default_factory=dict, description="Who to call, by role.")
    on_call: tuple[str, ...] = Field(
        default=(), description="Slack user groups (S...) and people (U...) mentioned when an incident opens."
    )
    escalation: tuple[Level, ...] = Field(
        default=(), description="Levels that are called one after the other while nobody acknowledges."
    )
    severities: dict[Severity, Response] = Field(
        default_factory=dict, description="Responses that differ from those of bot.yaml, by severity."
    )
    email: tuple[str, ...] = Field(default=(), description="Addresses that the route email writes to.")
    zone: str = Field(default="UTC", description="Time zone in which its people say and read times, as Asia/Tokyo.")
    logs: LogSettings = Field(default=LogSettings(), description="How its logs are searched and shown.")
    environments: dict[str, Environment] = Field(description="Environments by name.")


@dataclass(frozen=True)
class Account:
    """Where an AWS call goes: region, and the role to assume when it is another account."""

    region: str
    role_arn: str = ""
    external_id: str = ""

    @property
    def quotas(self) -> str:
        """Whose quotas a call uses up: AWS counts by account and region, whichever role asks.

        The account stands in the role's ARN; where the bot's own credentials ask, it is not known and is one by itself.
        """
        return f"{self.role_arn.split(':')[4] if self.role_arn.count(':') >= 5 else self.role_arn} {self.region}"


@dataclass(frozen=True)
class Target:
    """One service in one environment, with all that is needed to act on it."""

    system: str
    environment: str
    name: str
    service: Service
    account: Account
    channel: str
    production: bool
    checklist: tuple[str, ...] = ()
    on_failure: OnFailure = "offer"

    @property
    def key(self) -> str:
        """Stable name in the store: ``system/environment/service``."""
        return f"{self.system}/{self.environment}/{self.name}"

    @property
    def label(self) -> str:
        """What people read: ``system/service environment``."""
        return f"{self.system}/{self.name} {self.environment}"


class Actor(Frozen):
    """Who asked: a Slack user, and where; ``about`` is when the incident began in whose thread that was, else 0."""

    user: str
    team: str = ""
    channel: str = ""
    thread_ts: str = ""
    about: float = 0.0


@dataclass(frozen=True)
class Person:
    """What Slack knows of a user; groups are ids of Slack user groups, ``channel`` is where they ask from.

    ``about`` is when the incident began in whose thread they ask, 0 elsewhere.
    """

    user: str
    name: str
    is_stranger: bool = False
    is_guest: bool = False
    is_bot: bool = False
    groups: frozenset[str] = frozenset()
    channel: str = ""
    about: float = 0.0


class AlarmState(StrEnum):
    """CloudWatch's three states; insufficient data is unknown, never resolved."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class AlarmMetric(Frozen):
    """The metric an alarm watches; ``period`` is in seconds."""

    namespace: str = ""
    name: str = ""
    dimensions: dict[str, str] = Field(default_factory=dict)
    statistic: str = ""
    period: int = 60
    threshold: float | None = None
    comparison: str = ""
    expression: str = ""
    label: str = ""
    """What a person called the result of the math; empty where nobody did."""


class Alarm(Frozen):
    """One alarm notification, whatever door it came through. ``at`` is seconds since the epoch.

    ``raw`` is the text as received when it could not be read as an alarm; then ``name`` is a title only. ``source`` is
    ``alarm`` for CloudWatch's own notification, ``event`` for its event by way of EventBridge, ``asked`` for what was
    found by asking CloudWatch, ``ecs`` for an event of ECS, which may be about a rollout of the bot's own.
    ``contributor`` is the identity of a series of a multi-series alarm, ``series`` says in words which one it is.
    """

    arn: str
    name: str
    state: AlarmState | None
    previous: AlarmState | None = None
    reason: str = ""
    description: str = ""
    at: float
    account: str = ""
    region: str = ""
    metric: AlarmMetric | None = None
    contributor: str = ""
    series: str = ""
    children: tuple[str, ...] = ()
    topic: str = ""
    raw: str = ""
    source: str = "alarm"

    @property
    def label(self) -> str:
        """What people read: its name and, of one series of several, which one that is."""
        series = self.series or self.contributor
        return f"{self.name} ({series})" if series else self.name


class Fact(Frozen):
    """A named number or word that a finding established, for remedies to depend on."""

    name: str
    value: float | str


class Finding(Frozen):
    """One piece of evidence. ``weight`` 0 to 100 says how strongly it points at a cause.

    Texts are plain, as the world wrote them; they are escaped and redacted where they are shown.
    """

    step: str
    title: str
    summary: str
    lines: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    weight: int = 0
    failed: bool = False

    def fact(self, name: str) -> float | str | None:
        """The value of a fact of this finding, or None."""
        return next((fact.value for fact in self.facts if fact.name == name), None)


def as_json(model: BaseModel) -> dict[str, Any]:
    """A model as plain JSON values, ready to be stored."""
    return model.model_dump(mode="json")
