"""What a call is about, as CloudTrail names it: the type of a resource, and its name or ARN."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.operations import Operation

_TYPES: dict[str, dict[str, str]] = {
    "ecs": {
        "cluster": "AWS::ECS::Cluster",
        "clusterName": "AWS::ECS::Cluster",
        "service": "AWS::ECS::Service",
        "serviceName": "AWS::ECS::Service",
        "taskDefinition": "AWS::ECS::TaskDefinition",
        "family": "AWS::ECS::TaskDefinition",
        "task": "AWS::ECS::Task",
        "resourceArn": "AWS::ECS::Service",
    },
    "cloudwatch": {
        "AlarmName": "AWS::CloudWatch::Alarm",
        "AlarmNames": "AWS::CloudWatch::Alarm",
        "AlarmMuteRuleName": "AWS::CloudWatch::AlarmMuteRule",
        "Name": "AWS::CloudWatch::AlarmMuteRule",
    },
    "application-autoscaling": {"ResourceId": "AWS::ApplicationAutoScaling::ScalableTarget"},
    "ecr": {"repositoryName": "AWS::ECR::Repository"},
    "sqs": {"QueueName": "AWS::SQS::Queue", "QueueUrl": "AWS::SQS::Queue"},
    "sns": {"Name": "AWS::SNS::Topic", "TopicArn": "AWS::SNS::Topic"},
    "iam": {"RoleName": "AWS::IAM::Role", "PolicyArn": "AWS::IAM::Policy"},
    "secretsmanager": {"Name": "AWS::SecretsManager::Secret", "SecretId": "AWS::SecretsManager::Secret"},
    "ssm": {"Name": "AWS::SSM::Parameter"},
    "dynamodb": {"TableName": "AWS::DynamoDB::Table"},
    "rds": {"DBInstanceIdentifier": "AWS::RDS::DBInstance"},
    "codebuild": {"name": "AWS::CodeBuild::Project", "projectName": "AWS::CodeBuild::Project"},
    "codedeploy": {"applicationName": "AWS::CodeDeploy::Application"},
    "events": {"Name": "AWS::Events::Rule", "Rule": "AWS::Events::Rule"},
    "logs": {"logGroupName": "AWS::Logs::LogGroup"},
    "wafv2": {"Name": "AWS::WAFv2::IPSet"},
    "elbv2": {"Name": "AWS::ElasticLoadBalancingV2::LoadBalancer"},
}
_TYPES["elasticloadbalancing"] = _TYPES["elbv2"]
_ON_PATHS = (
    ("lambda", re.compile(r"/functions/([^/]+)"), "AWS::Lambda::Function"),
    ("s3", re.compile(r"^/([^/]+)"), "AWS::S3::Bucket"),
    ("cloudfront", re.compile(r"/distribution/([^/]+)"), "AWS::CloudFront::Distribution"),
)


def resources_of(operation: Operation) -> tuple[tuple[str, str], ...]:
    """Pairs of a type and a name; none where nothing is known of the service's parameters."""
    return tuple(dict.fromkeys(_found(operation)))


def _found(operation: Operation) -> Iterator[tuple[str, str]]:
    for service, pattern, kind in _ON_PATHS:
        path = pattern.search(str(operation.params.get("path", ""))) if operation.service == service else None
        if path:
            yield kind, path[1]
    for key, kind in _TYPES.get(operation.service, {}).items():
        for name in _names(operation.params, key):
            yield kind, name.rpartition("/")[2] if key == "QueueUrl" else name


def _names(params: Mapping[str, Any], key: str) -> list[str]:
    value = params.get(key)
    listed = value if isinstance(value, list) else [value]
    # The query protocol numbers the members of a list.
    listed += [each for name, each in params.items() if name.startswith(f"{key}.member.")]
    return [each for each in listed if isinstance(each, str) and each]
