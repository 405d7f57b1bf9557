"""What IAM must allow the bot besides what it can try by reading: each action with the resource it is for.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.cloud import EcsService, TaskDefinition
from bot.domain import ServiceKind, Target

Needed = tuple[str, str]

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
}
"""What kinds of step read. Queues are left out: which of them a policy opens, only their names could tell."""
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
