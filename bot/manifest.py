"""What an operator gives to Slack and to AWS: the app manifest and the IAM policy."""

from __future__ import annotations

from typing import Any

from alerts.shortcuts import EXPLAIN, NOTE
from bot.app import slash_names
from bot.arguments import usage
from bot.aws.actions import bucket_of, secret_arns
from bot.aws.image_bucket import PREFIX as PICTURES
from bot.catalog import Catalog
from bot.settings import Settings
from bot.steps import secrets_of
from commands import COMMANDS

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "pins:read",
    "reactions:read",
    "usergroups:read",
    "users:read",
)
"""What the bot asks for, and why: reading channels finds a message or a file whose posting was interrupted, and what a
message says that somebody put into an incident's record; pins and reactions tell that somebody did; a conversation with
one person (im) is for what only they are to see."""

EVENTS = (
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "pin_added",
    "pin_removed",
    "reaction_added",
    "reaction_removed",
)
"""What Slack tells the bot of: https://docs.slack.dev/reference/events. Of messages only that one was edited or deleted
is taken in; Slack has no event for that alone."""

SHORTCUTS = (
    {
        "name": "Add to timeline",
        "callback_id": NOTE,
        "description": "Keeps this message in the record of the incident whose thread it is in",
    },
    {
        "name": "Explain this alarm",
        "callback_id": EXPLAIN,
        "description": "What the alarm watches, how often it fired, and what the runbook has for it",
    },
)
"""What stands in the menu of every message: https://docs.slack.dev/interactivity/implementing-shortcuts"""

READS = (
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingActivities",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    "cloudfront:GetDistribution",
    "cloudfront:GetInvalidation",
    "cloudtrail:LookupEvents",
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:DescribeAlarmContributors",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetAlarmMuteRule",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricWidgetImage",
    "cloudwatch:ListAlarmMuteRules",
    "cloudwatch:ListDashboards",
    "cloudwatch:ListMetrics",
    "codedeploy:BatchGetDeployments",
    "codedeploy:GetApplicationRevision",
    "codedeploy:GetDeployment",
    "codedeploy:GetDeploymentConfig",
    "codedeploy:ListDeployments",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecs:DescribeServiceDeployments",
    "ecs:DescribeServiceRevisions",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "ecs:GetTaskProtection",
    "ecs:ListServiceDeployments",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "iam:GetRole",
    "iam:ListAttachedRolePolicies",
    "iam:SimulatePrincipalPolicy",
    "lambda:GetAccountSettings",
    "lambda:GetAlias",
    "lambda:GetFunction",
    "lambda:GetFunctionConcurrency",
    "lambda:ListVersionsByFunction",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetQueryResults",
    "logs:StartQuery",
    "logs:StopQuery",
    "secretsmanager:DescribeSecret",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "ssm:DescribeParameters",
    "xray:GetTraceSummaries",
)
CHANGES = (
    "application-autoscaling:RegisterScalableTarget",
    "cloudfront:CreateInvalidation",
    "codedeploy:ContinueDeployment",
    "codedeploy:CreateDeployment",
    "codedeploy:RegisterApplicationRevision",
    "codedeploy:StopDeployment",
    "ecs:ContinueServiceDeployment",
    "ecs:RegisterTaskDefinition",
    "ecs:StopServiceDeployment",
    "ecs:StopTask",
    "ecs:TagResource",
    "ecs:UpdateService",
    "lambda:PublishVersion",
    "lambda:UpdateAlias",
    "lambda:UpdateFunctionCode",
)
MUTES = ("cloudwatch:DeleteAlarmMuteRule", "cloudwatch:PutAlarmMuteRule")
"""Only for silences that are to hold everywhere; without them the bot silences what it says itself."""
OBJECTS = (
    "s3:DeleteObject",
    "s3:GetBucketVersioning",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutObject",
)
"""What a site's bucket is for."""
ARTIFACTS = ("s3:GetObject", "s3:ListBucket")
BUILDS = (
    "codebuild:BatchGetBuilds",
    "codebuild:ListBuildsForProject",
    "codebuild:ListProjects",
    "codebuild:StartBuild",
)
"""Only where a service is built in CodeBuild."""
EXPORTS = ("logs:CancelExportTask", "logs:CreateExportTask", "logs:DescribeExportTasks")
EXPORTED = ("s3:ListBucket", "s3:PutObject")
"""Only where logs are exported: CreateExportTask writes into the bucket in its caller's name, too."""
LISTS = (
    "cloudfront:ListDistributions",
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:ListTaskDefinitionFamilies",
    "lambda:ListAliases",
    "lambda:ListFunctions",
    "s3:ListAllMyBuckets",
    "sns:GetTopicAttributes",
)
"""What only ``check --aws`` asks."""
IMAGES = ("s3:GetObject", "s3:PutObject")
"""Only with a bucket for pictures."""
MAIL = ("ses:SendEmail",)
"""Only where mails are sent."""
INTAKE = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)
"""The last but one finds the dead-letter queue, whose messages are only counted."""


def manifest(settings: Settings, *, socket_mode: bool) -> dict[str, Any]:
    """The Slack app manifest: https://docs.slack.dev/reference/app-manifest."""
    url = "https://YOUR-HOST/slack/events"
    where = {} if socket_mode else {"url": url}
    interactivity: dict[str, Any] = {"is_enabled": True} | ({} if socket_mode else {"request_url": url})
    return {
        "display_information": {
            "name": "runbook-bot",
            "description": "The operations runbook, alive in Slack",
            "background_color": "#3f0e40",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "runbook-bot", "always_online": True},
            "shortcuts": [{"type": "message", **each} for each in SHORTCUTS],
            "slash_commands": [{**command, **where} for command in slash_commands(settings)],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS)} | ({} if socket_mode else {"request_url": url}),
            "interactivity": interactivity,
            "socket_mode_enabled": socket_mode,
            "org_deploy_enabled": False,
            "token_rotation_enabled": False,
        },
    }


def slash_commands(settings: Settings) -> list[dict[str, Any]]:
    """The slash commands as Slack registers them."""
    found = []
    for name, registered in slash_names(settings).items():
        command = COMMANDS.get(name)
        hint = usage(command, registered).partition(" ")[2] if command else "<command> … or help"
        summary = command.summary if command else "Every command under one name"
        found.append(
            {
                "command": f"/{registered}",
                "description": summary,
                **({"usage_hint": hint} if hint else {}),
                "should_escape": True,
            }
        )
    return found


def policy(settings: Settings, *, images_bucket: str = "", mail_from: str = "") -> dict[str, Any]:
    """The IAM policy the bot's role needs; narrow the resources where your account allows it.

    ``images_bucket`` and ``mail_from`` are BOT_IMAGES_BUCKET and BOT_MAIL_FROM: what is not used is not allowed.

    Objects in S3 may be anything, so only the buckets of the configuration are opened. A role in another account, a
    system's ``role_arn``, needs the same but for assuming roles.
    """
    statements: list[dict[str, Any]] = [
        {"Sid": "Look", "Effect": "Allow", "Action": list(READS), "Resource": "*"},
        {"Sid": "Deploy", "Effect": "Allow", "Action": list(CHANGES), "Resource": "*"},
        {"Sid": "MuteAlarms", "Effect": "Allow", "Action": list(MUTES), "Resource": "*"},
        {
            "Sid": "HandTasksTheirRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
        {"Sid": "TakeAlarms", "Effect": "Allow", "Action": list(INTAKE), "Resource": "*"},
        {"Sid": "ConfirmTopics", "Effect": "Allow", "Action": "sns:ConfirmSubscription", "Resource": "*"},
        {"Sid": "CheckItself", "Effect": "Allow", "Action": list(LISTS), "Resource": "*"},
    ]
    targets = Catalog(settings.systems).targets
    if any(target.service.build and target.service.build.codebuild for target in targets):
        statements.append({"Sid": "Build", "Effect": "Allow", "Action": list(BUILDS), "Resource": "*"})
    statements += _of_buckets("ServeSites", OBJECTS, {target.service.bucket for target in targets})
    artifacts = {bucket_of(target.service.artifact) for target in targets}
    statements += _of_buckets("FetchArtifacts", ARTIFACTS, artifacts)
    exports = {bucket_of(system.logs.export) for system in settings.systems if system.logs.export}
    own = [{"Sid": "ExportLogs", "Effect": "Allow", "Action": list(EXPORTS), "Resource": "*"}]
    statements += [*own, *_of_buckets("KeepExports", EXPORTED, exports)] if exports else []
    if images_bucket:
        # Whoever opens a signed address acts with the rights of the bot, which signed it.
        pictures = f"arn:aws:s3:::{images_bucket}/{PICTURES}*"
        statements.append({"Sid": "ShowPictures", "Effect": "Allow", "Action": list(IMAGES), "Resource": pictures})
    if mail_from:
        statements.append({"Sid": "SendMail", "Effect": "Allow", "Action": list(MAIL), "Resource": "*"})
    statements += _of_secrets(settings)
    roles = sorted({target.account.role_arn for target in targets} - {""})
    if roles:
        assume = {"Sid": "ReachOtherAccounts", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}
        statements.append(assume)
    return {"Version": "2012-10-17", "Statement": statements}


def _of_secrets(settings: Settings) -> list[dict[str, Any]]:
    """The values that playbooks and ``/health`` open connections with; other secrets are only looked up by name."""
    targets, playbooks = Catalog(settings.systems).targets, tuple(secrets_of(settings.playbooks.values()))
    named = sorted(
        {
            arn
            for target in targets
            for secret in (*playbooks, *target.service.needs.secrets)
            for arn in secret_arns(secret, target)
        }
    )
    actions = ["secretsmanager:GetSecretValue"]
    return [{"Sid": "OpenConnections", "Effect": "Allow", "Action": actions, "Resource": named}] if named else []


def _of_buckets(sid: str, actions: tuple[str, ...], buckets: set[str]) -> list[dict[str, Any]]:
    named = [f"arn:aws:s3:::{bucket}{end}" for bucket in sorted(buckets - {""}) for end in ("", "/*")]
    return [{"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": named}] if named else []
