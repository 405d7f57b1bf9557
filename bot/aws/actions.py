"""What IAM must allow the bot besides what it can try by reading: each action with the resource it is for.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.cloud import EcsService, TaskDefinition
from bot.domain import ServiceKind, Target

Needed = tuple[str, str]

ANY_ENDING = "-??????"
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

_CODE_DEPLOY = (
    "codedeploy:BatchGetDeployments",
    "codedeploy:ContinueDeployment",
    "codedeploy:CreateDeployment",
    "codedeploy:GetDeployment",
    "codedeploy:ListDeployments",
    "codedeploy:StopDeployment",
)
_FUNCTION = (
    "lambda:GetAlias",
    "lambda:GetFunction",
    "lambda:ListVersionsByFunction",
    "lambda:PublishVersion",
    "lambda:UpdateAlias",
    "lambda:UpdateFunctionCode",
)
_BUCKET = ("s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions")
# GetObject becomes GetObjectVersion where the source of a copy names a version.
_OBJECTS = ("s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
_ARTIFACTS = ("s3:GetObject",)
_DISTRIBUTION = ("cloudfront:CreateInvalidation", "cloudfront:GetDistribution", "cloudfront:GetInvalidation")
_OF_STEPS = {
    "insights": ("logs:StartQuery", "logs:GetQueryResults", "logs:StopQuery"),
    "function": ("lambda:GetFunctionConcurrency", "lambda:GetAccountSettings"),
    "metric": ("elasticloadbalancing:DescribeTargetGroups",),
    "traces": ("xray:GetTraceSummaries",),
    "trail": ("cloudtrail:LookupEvents",),
    "security_groups": (
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroups",
    ),
    "role_policies": ("iam:ListAttachedRolePolicies",),
}
"""What kinds of step read. Queues are left out: which of them a policy opens, only their names could tell."""
_EXPORTS = ("logs:CancelExportTask", "logs:DescribeExportTasks")
_PROJECT = ("codebuild:BatchGetBuilds", "codebuild:ListBuildsForProject", "codebuild:StartBuild")


def of_service(service: EcsService, task: TaskDefinition) -> Iterator[Needed]:
    """For an ECS service that exists."""
    revisions = f"{task.arn.rpartition(':')[0]}:*"
    yield "ecs:RegisterTaskDefinition", revisions
    yield "ecs:TagResource", revisions
    yield "ecs:UpdateService", service.arn
    tasks = service.arn.replace(":service/", ":task/").rpartition("/")[0] + "/*"
    yield from _each(("ecs:DescribeTasks", "ecs:GetTaskProtection", "ecs:StopTask"), tasks)
    rollouts = service.arn.replace(":service/", ":service-deployment/") + "/*"
    yield from _each(
        ("ecs:ContinueServiceDeployment", "ecs:DescribeServiceDeployments", "ecs:StopServiceDeployment"), rollouts
    )
    yield "ecs:DescribeServiceRevisions", service.arn.replace(":service/", ":service-revision/") + "/*"
    place = ":".join(service.arn.split(":")[3:5])
    yield "application-autoscaling:RegisterScalableTarget", f"arn:aws:application-autoscaling:{place}:scalable-target/*"
    # Whoever registers a task definition hands its roles to ECS.
    for role in (task.raw.get("taskRoleArn"), task.raw.get("executionRoleArn")):
        if role:
            yield "iam:PassRole", role
    if service.controller == "CODE_DEPLOY":
        yield from _each(_CODE_DEPLOY, f"arn:aws:codedeploy:{place}:deploymentgroup:*")
        # CreateDeployment looks at these in the caller's name.
        yield "codedeploy:GetApplicationRevision", f"arn:aws:codedeploy:{place}:application:*"
        yield "codedeploy:RegisterApplicationRevision", f"arn:aws:codedeploy:{place}:application:*"
        yield "codedeploy:GetDeploymentConfig", f"arn:aws:codedeploy:{place}:deploymentconfig:*"


def of_secrets(secrets: Iterable[str], targets: Iterable[Target], number: str) -> Iterator[Needed]:
    """For the connections that steps open with secrets, for these targets of one AWS account."""
    arns = {arn: None for secret in secrets for each in targets for arn in secret_arns(secret, each, number, "-AbCdEf")}
    return _each_of("secretsmanager:GetSecretValue", arns)


def of_targets(targets: Iterable[Target], number: str) -> Iterator[Needed]:
    """For everything besides ECS that these targets of one AWS account are made of; ``number`` is the account's."""
    for target in targets:
        service, place = target.service, f"{target.account.region}:{number}"
        if service.kind is ServiceKind.LAMBDA:
            yield from _each(_FUNCTION, f"arn:aws:lambda:{place}:function:{service.function}")
        if service.kind is ServiceKind.STATIC_SITE:
            yield from _each(_BUCKET, f"arn:aws:s3:::{service.bucket}")
            yield from _each(_OBJECTS, f"arn:aws:s3:::{service.bucket}/*")
            yield from _each(_DISTRIBUTION, f"arn:aws:cloudfront::{number}:distribution/{service.distribution}")
        if service.artifact:
            bucket = bucket_of(service.artifact)
            yield "s3:ListBucket", f"arn:aws:s3:::{bucket}"
            yield from _each(_ARTIFACTS, f"arn:aws:s3:::{bucket}/*")
        if service.build and service.build.codebuild:
            yield from _each(_PROJECT, f"arn:aws:codebuild:{place}:project/{service.build.codebuild}")


def of_exports(addresses: Iterable[str], region: str, number: str) -> Iterator[Needed]:
    """For exports of logs to these places, ``s3://bucket/prefix``, in one region of an AWS account.

    CreateExportTask writes into the bucket in its caller's name, too.
    """
    for bucket in sorted({bucket_of(address) for address in addresses}):
        yield "logs:CreateExportTask", f"arn:aws:logs:{region}:{number}:log-group:*"
        yield from _each(_EXPORTS, "*")
        yield "s3:ListBucket", f"arn:aws:s3:::{bucket}"
        yield "s3:PutObject", f"arn:aws:s3:::{bucket}/*"


def secret_arns(secret: str, target: Target, number: str = "*", ending: str = ANY_ENDING) -> Iterator[str]:
    """The ARN, as policies have it, of a secret that a step names for this target; none where it does not apply.

    AWS ends the name in an ARN with a hyphen and six characters of its own. A placeholder that only AWS could fill
    stands for anything.
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
    """
    service = target.service
    values = {
        "system": target.system,
        "environment": target.environment,
        "service": target.name,
        "region": target.account.region,
        "cluster": service.cluster,
        "ecs_service": (service.service or target.name) if service.cluster else "",
        "function": service.function,
    }
    if any(not values.get(word, "*") for word in _PLACEHOLDER.findall(secret)):
        return
    filled = _PLACEHOLDER.sub(lambda found: values.get(found[1], "*"), secret)
    own = target.account.role_arn.split(":")
    account = own[4] if number == "*" and len(own) > 4 else number
    yield (
        filled
        if filled.startswith("arn:")
        else (f"arn:aws:secretsmanager:{target.account.region}:{account}:secret:{filled}{ending}")
    )


def of_steps(kinds: Iterable[str], region: str, number: str) -> Iterator[Needed]:
    """For the kinds of step that playbooks take, in one region of an AWS account."""
    place = f"{region}:{number}"
    resources = {
        "logs:StartQuery": f"arn:aws:logs:{place}:log-group:*",
        "lambda:GetFunctionConcurrency": f"arn:aws:lambda:{place}:function:*",
    }
    for kind in sorted(set(kinds)):
        for action in _OF_STEPS.get(kind, ()):
            yield action, resources.get(action, "*")


def bucket_of(address: str) -> str:
    """The bucket of ``s3://bucket/key``."""
    return address.removeprefix("s3://").partition("/")[0]


def _each(actions: Iterable[str], resource: str) -> Iterator[Needed]:
    return ((action, resource) for action in actions)


def _each_of(action: str, resources: Iterable[str]) -> Iterator[Needed]:
    return ((action, resource) for resource in resources)
