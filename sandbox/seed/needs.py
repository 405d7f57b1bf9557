"""What tasks need to start: the roles they run under, and the secrets and parameters they are given."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence

from sandbox.seed.account import Account, in_parallel
from sandbox.seed.catalogue import SERVICES, US, EcsService

Given = Mapping[str, list[dict[str, str]]]
"""By task family, its container's ``secrets`` as a task definition has them."""

_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def make_needs(account: Account) -> Given:
    """Roles, secrets and parameters of every service. The values are new at every start and nowhere else."""
    make_roles(account, SERVICES)
    given = in_parallel(lambda service: _give(account, service), SERVICES)
    return {service.family: found for service, found in zip(SERVICES, given, strict=True)}


def make_roles(account: Account, services: Sequence[EcsService]) -> None:
    """The roles that tasks of these services start and run under."""
    iam = account.client("iam", US)
    roles = [role.rpartition("/")[2] for service in services for role in (service.execution_role, service.task_role)]
    in_parallel(lambda name: iam.create_role(RoleName=name, AssumeRolePolicyDocument=_TRUST), roles)


def _give(account: Account, service: EcsService) -> list[dict[str, str]]:
    given = []
    if service.secret:
        keys = [key for _, key in service.secret_keys]
        values = {key: secrets.token_hex(16) for key in keys}
        text = secrets.token_hex(16) if keys == [""] else json.dumps(values)
        made = account.client("secretsmanager", service.region).create_secret(Name=service.secret, SecretString=text)
        given = [
            {"name": name, "valueFrom": f"{made['ARN']}:{key}::" if key else made["ARN"]}
            for name, key in service.secret_keys
        ]
    for name, parameter in service.parameters:
        account.client("ssm", service.region).put_parameter(
            Name=parameter, Value=secrets.token_hex(16), Type="SecureString"
        )
        given.append({"name": name, "valueFrom": parameter})
    return given
