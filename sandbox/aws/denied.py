"""Which resource AWS names when it refuses a call: each service has its own way to write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.operations import Operation

ACCOUNT = "123456789012"
ANY = "*"
"""What is named for actions that IAM does not grant resource by resource."""


_PERMISSIONS = {
    "s3:CopyObject": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
}
"""Where IAM's permission is not called what the operation is."""


def permission_of(operation: Operation) -> str:
    """The permission that stands in the refusal of this call, ``s3:ListBucket``."""
    return _PERMISSIONS.get(operation.action, operation.action)


def resource_of(operation: Operation) -> str:
    """The ARN that stands in the refusal of this call; ``*`` where IAM knows none for the action."""
    name = _WRITTEN.get(operation.service)
    return name(operation) if name else ANY


def _arn(operation: Operation, rest: str) -> str:
    return f"arn:aws:{operation.service}:{operation.region}:{ACCOUNT}:{rest}"


def _one(params: Mapping[str, Any], *names: str) -> str:
    """The first text that one of these parameters holds; of a list its first."""
    for name in names:
        value = params.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, str) and value:
            return value
    return ""


def _ecs(operation: Operation) -> str:
    params, name = operation.params, operation.name
    own = _one(
        params, "serviceDeploymentArn", "serviceDeploymentArns", "serviceRevisionArns", "resourceArn", "serviceArn"
    )
    if own:
        return own
    if name == "RegisterTaskDefinition":
        return _arn(operation, f"task-definition/{params.get('family', '')}:*")
    if name in ("ListTasks", "ListServices", "DescribeTaskDefinition", "DeregisterTaskDefinition"):
        return ANY
    cluster = (_one(params, "cluster", "clusterName", "clusters") or "default").rpartition("/")[2]
    for kind, of_kind in (("service", ("service", "services", "serviceName")), ("task", ("task", "tasks"))):
        asked = _one(params, *of_kind)
        if asked:
            return asked if asked.startswith("arn:") else _arn(operation, f"{kind}/{cluster}/{asked}")
    definition = _one(params, "taskDefinition")
    if definition:
        return definition if definition.startswith("arn:") else _arn(operation, f"task-definition/{definition}")
    return _arn(operation, f"cluster/{cluster}") if name.endswith(("Cluster", "Clusters")) else ANY


def _logs(operation: Operation) -> str:
    params = operation.params
    group = _one(params, "logGroupIdentifier", "logGroupIdentifiers", "logGroupName", "logGroupNames")
    group = group.partition(":log-group:")[2].removesuffix(":*") if group.startswith("arn:") else group
    return _arn(operation, f"log-group:{group}:log-stream:{params.get('logStreamName', '')}")


def _cloudwatch(operation: Operation) -> str:
    if "MuteRule" in operation.name:
        rule = _one(operation.params, "Name", "AlarmMuteRuleName")
        return _arn(operation, f"alarm-mute-rule:{rule}") if rule else ANY
    alarm = _one(operation.params, "AlarmName", "AlarmNames")
    if alarm or "Alarm" in operation.name:
        return _arn(operation, f"alarm:{alarm or ANY}")
    return ANY


def _ecr(operation: Operation) -> str:
    repository = _one(operation.params, "repositoryName", "repositoryNames")
    return _arn(operation, f"repository/{repository}") if repository else ANY


def _sns(operation: Operation) -> str:
    return _one(operation.params, "TopicArn", "ResourceArn", "SubscriptionArn") or ANY


def _sqs(operation: Operation) -> str:
    queue = _one(operation.params, "QueueUrl", "QueueName").rpartition("/")[2]
    return _arn(operation, queue or ANY)


def _lambda(operation: Operation) -> str:
    _, found, rest = str(operation.params.get("path", "")).partition("/functions/")
    function = rest.partition("/")[0]
    return _arn(operation, f"function:{function}") if found and function else ANY


def _s3(operation: Operation) -> str:
    # S3 alone puts it in quotation marks.
    key = str(operation.params.get("path", "")).lstrip("/")
    return f'"arn:aws:s3:::{key}"' if key else ANY


def _sts(operation: Operation) -> str:
    return _one(operation.params, "RoleArn") or ANY


_WRITTEN: dict[str, Callable[[Operation], str]] = {
    "ecs": _ecs,
    "logs": _logs,
    "cloudwatch": _cloudwatch,
    "ecr": _ecr,
    "sns": _sns,
    "sqs": _sqs,
    "lambda": _lambda,
    "s3": _s3,
    "sts": _sts,
}
