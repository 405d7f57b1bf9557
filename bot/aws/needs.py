"""Whether what a task needs to start exists: secrets, parameters, roles, log groups. Values are never read."""

from __future__ import annotations

from dataclasses import replace

from bot.aws.calls import Calls
from bot.aws.errors import ask, ask_all
from bot.domain import Account
from bot.errors import UpstreamError

_PARTS_OF_A_SECRET = 7
"""Parts between colons of a secret's ARN; ECS adds ``:json-key:version-stage:version-id``, each may be empty."""


class Needs(Calls):
    """Fills ``bot.shipping_ports.Needs``."""

    def secret(self, account: Account, reference: str) -> bool:
        """A secret or parameter as ``valueFrom`` names it: Secrets Manager (an ARN, with a JSON key or not) or SSM.

        A secret that is being deleted, or has no version of the stage or id asked for, counts as missing: tasks could
        not start with it. Whether it has the JSON key only its value would tell.
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
        """
        parts = reference.split(":")
        if reference.startswith("arn:") and parts[2] == "secretsmanager":
            return self._secret(replace(account, region=parts[3] or account.region), parts)
        if reference.startswith("arn:"):
            # The ARN of "/a/b" ends in "parameter/a/b", and so would that of "a/b", which cannot exist; "a" can.
            name = parts[5].removeprefix("parameter/")
            names = [f"/{name}"] if "/" in name else [name, f"/{name}"]
            return self._parameter(replace(account, region=parts[3] or account.region), names)
        # A version or label may follow the name of a parameter.
        return self._parameter(account, [parts[0]])

    def role(self, account: Account, arn: str) -> bool:
        """An IAM role; its ARN may have a path."""
        try:
            ask(self._client(account, "iam"), "get_role", RoleName=arn.rpartition("/")[2])
        except UpstreamError as error:
            if error.code in ("NoSuchEntity", "NoSuchEntityException"):
                return False
            raise
        return True

    def log_group(self, account: Account, name: str) -> bool:
        """A log group by its whole name. AWS lists by prefix, and in the order of names: the exact one comes first."""
        client = self._client(account, "logs")
        answer = ask(client, "describe_log_groups", logGroupNamePrefix=name, limit=1)
        return any(each["logGroupName"] == name for each in answer["logGroups"])

    def _secret(self, account: Account, parts: list[str]) -> bool:
        arn = ":".join(parts[:_PARTS_OF_A_SECRET])
        _, stage, version = (*parts[_PARTS_OF_A_SECRET:], "", "", "")[:3]
        try:
            found = ask(self._client(account, "secretsmanager"), "describe_secret", SecretId=arn)
        except UpstreamError as error:
            if error.code == "ResourceNotFoundException":
                return False
            raise
        versions = found.get("VersionIdsToStages", {})
        staged = any(stage in stages for stages in versions.values()) if stage else True
        return not found.get("DeletedDate") and staged and (not version or version in versions)

    def _parameter(self, account: Account, names: list[str]) -> bool:
        wanted = [{"Key": "Name", "Option": "Equals", "Values": names}]
        client = self._client(account, "ssm")
        return bool(ask_all(client, "describe_parameters", "Parameters[].Name", ParameterFilters=wanted))
