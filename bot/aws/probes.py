"""What exists in an AWS account, and what the bot may do there: the AWS half of ``bot.probes.Probes``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bot.aws.errors import ask_all
from bot.aws.permissions import denied
from bot.aws.session import Sessions
from bot.aws_ports import Ecs
from bot.domain import Account, Target
from bot.ports import Clock
from bot.probes import RunningTask


class AwsProbes:
    """Fills all of the protocol that is about AWS.

    ``targets`` are the services permissions are tried on, ``kinds`` the kinds of step whose permissions are, too, and
    ``secrets`` those that such steps name, ``exports`` where the logs of each system are exported to.
    """

    def __init__(
        self,
        sessions: Sessions,
        ecs: Ecs,
        clock: Clock,
        targets: Sequence[Target],
        kinds: Collection[str] = (),
        secrets: Sequence[str] = (),
        exports: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._sessions = sessions
        self._ecs = ecs
        self._clock = clock
        self._targets = tuple(targets)
        self._secrets = tuple(secrets)
        self._kinds = frozenset(kinds)
        self._exports = exports

    def clusters(self, account: Account) -> list[str]:
        """Names of the ECS clusters."""
        return _names(ask_all(self._client(account, "ecs"), "list_clusters", "clusterArns[]"))

    def services(self, account: Account, cluster: str) -> list[str]:
        """Names of the ECS services of a cluster that exists."""
        return _names(ask_all(self._client(account, "ecs"), "list_services", "serviceArns[]", cluster=cluster))

    def running(self, target: Target) -> RunningTask:
        """The task definition of an ECS service that exists."""
        found = self._ecs.task_definition(target.account, self._ecs.service(target).task_definition)
        groups = {each.log_group: None for each in found.containers if each.log_group}
        return RunningTask(found.family, tuple(each.name for each in found.containers), tuple(groups))

    def families(self, account: Account) -> list[str]:
        """Names of the active task definition families."""
        client = self._client(account, "ecs")
        return ask_all(client, "list_task_definition_families", "families[]", status="ACTIVE")

    def log_groups(self, account: Account, prefix: str) -> list[str]:
        """Names of the log groups that begin with this."""
        # AWS refuses an empty prefix.
        wanted = {"logGroupNamePrefix": prefix} if prefix else {}
        return ask_all(self._client(account, "logs"), "describe_log_groups", "logGroups[].logGroupName", **wanted)

    def alarms(self, account: Account) -> list[str]:
        """Names of the CloudWatch alarms, composite ones too."""
        path = "[MetricAlarms[].AlarmName, CompositeAlarms[].AlarmName][]"
        types = ["MetricAlarm", "CompositeAlarm"]
        return ask_all(self._client(account, "cloudwatch"), "describe_alarms", path, AlarmTypes=types)

    def functions(self, account: Account) -> list[str]:
        """Names of the Lambda functions."""
        return ask_all(self._client(account, "lambda"), "list_functions", "Functions[].FunctionName")

    def aliases(self, account: Account, function: str) -> list[str]:
        """Names of the aliases of a function that exists."""
        return ask_all(self._client(account, "lambda"), "list_aliases", "Aliases[].Name", FunctionName=function)

    def buckets(self, account: Account) -> list[str]:
        """Names of the S3 buckets."""
        return ask_all(self._client(account, "s3"), "list_buckets", "Buckets[].Name")

    def distributions(self, account: Account) -> list[str]:
        """Ids of the CloudFront distributions."""
        return ask_all(self._client(account, "cloudfront"), "list_distributions", "DistributionList.Items[].Id")

    def build_projects(self, account: Account) -> list[str]:
        """Names of the CodeBuild projects."""
        return ask_all(self._client(account, "codebuild"), "list_projects", "projects[]")

    def denied(self, account: Account) -> dict[str, str]:
        """AWS permissions the bot needs and has not got, each with AWS's own words."""
        targets = [each for each in self._targets if each.account == account]
        exports = {self._exports[each.system] for each in targets if self._exports.get(each.system)}
        return denied(
            *(self._sessions, self._ecs, self._clock.now(), account, targets), self._kinds, self._secrets, exports
        )

    def _client(self, account: Account, service: str) -> Any:
        return self._sessions.client(account, service)


def _names(arns: list[str]) -> list[str]:
    return [arn.rpartition("/")[2] for arn in arns]
