"""The questions ``check --aws`` asks of AWS, Slack, GitHub and the environment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.domain import Account, Target


@dataclass(frozen=True)
class RunningTask:
    """What the task definition behind an ECS service names."""

    family: str
    containers: tuple[str, ...]
    log_groups: tuple[str, ...]


@dataclass(frozen=True)
class Channel:
    """What a Slack channel is to the bot."""

    is_member: bool = True
    is_archived: bool = False


class Probes(Protocol):
    """What exists, asked of AWS, Slack, GitHub and the environment. Every method may raise BotError.

    Names are listed rather than asked one by one, so that a misspelt one is answered with the right one.
    """

    def clusters(self, account: Account) -> Collection[str]:
        """Names of the ECS clusters."""
        ...

    def services(self, account: Account, cluster: str) -> Collection[str]:
        """Names of the ECS services of a cluster that exists."""
        ...

    def running(self, target: Target) -> RunningTask:
        """The task definition of an ECS service that exists."""
        ...

    def families(self, account: Account) -> Collection[str]:
        """Names of the active task definition families."""
        ...

    def log_groups(self, account: Account, prefix: str) -> Collection[str]:
        """Names of the log groups that begin with this."""
        ...

    def alarms(self, account: Account) -> Collection[str]:
        """Names of the CloudWatch alarms, composite ones too."""
        ...

    def functions(self, account: Account) -> Collection[str]:
        """Names of the Lambda functions."""
        ...

    def aliases(self, account: Account, function: str) -> Collection[str]:
        """Names of the aliases of a function that exists."""
        ...

    def buckets(self, account: Account) -> Collection[str]:
        """Names of the S3 buckets."""
        ...

    def distributions(self, account: Account) -> Collection[str]:
        """Ids of the CloudFront distributions."""
        ...

    def build_projects(self, account: Account) -> Collection[str]:
        """Names of the CodeBuild projects."""
        ...

    def workflows(self, repository: str) -> Collection[str]:
        """File names of the workflows of a GitHub repository, ``owner/name``."""
        ...

    def denied(self, account: Account) -> Mapping[str, str]:
        """AWS permissions the bot needs and has not got, each with AWS's own words."""
        ...

    def intake(self) -> Iterable[tuple[str, str]]:
        """What is wrong with the queues and topics alarms come from, each with its environment variable."""
        ...

    def channels(self) -> Mapping[str, Channel]:
        """Slack channels, by ``#name`` and by id."""
        ...

    def user_groups(self) -> Mapping[str, str]:
        """Handles of the Slack user groups, by id."""
        ...

    def missing_scopes(self) -> Collection[str]:
        """Slack permissions the bot needs and has not got."""
        ...

    def socket_mode(self) -> None:
        """Raises BotError when there is an app token, and Socket Mode does not work with it."""
        ...

    def is_set(self, variable: str) -> bool:
        """True when an environment variable has a value."""
        ...
