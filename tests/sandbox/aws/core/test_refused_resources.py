from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.server import AwsServer

Client = Callable[..., Any]
GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:"
ECS = "arn:aws:ecs:us-east-1:123456789012:"
ROLLOUT = f"{ECS}service-deployment/shop/api/1"
QUERY = {"startTime": 1, "endTime": 2, "queryString": "fields @message"}

REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("ecs", "update_service", {"cluster": "shop", "service": "api"}, f"{ECS}service/shop/api"),
    ("ecs", "update_service", {"service": "api"}, f"{ECS}service/default/api"),
    ("ecs", "update_service", {"service": f"{ECS}service/shop/api"}, f"{ECS}service/shop/api"),
    ("ecs", "describe_services", {"cluster": f"{ECS}cluster/shop", "services": ["api"]}, f"{ECS}service/shop/api"),
    ("ecs", "describe_tasks", {"cluster": "shop", "tasks": ["0a"]}, f"{ECS}task/shop/0a"),
    ("ecs", "describe_clusters", {"clusters": ["shop"]}, f"{ECS}cluster/shop"),
    ("ecs", "run_task", {"cluster": "shop", "taskDefinition": "api:3"}, f"{ECS}task-definition/api:3"),
    (
        "ecs",
        "register_task_definition",
        {"family": "api", "containerDefinitions": []},
        f"{ECS}task-definition/api:*",
    ),
    ("ecs", "describe_task_definition", {"taskDefinition": "api:3"}, "*"),
    ("ecs", "describe_service_deployments", {"serviceDeploymentArns": [ROLLOUT]}, ROLLOUT),
    ("logs", "filter_log_events", {"logGroupName": "/ecs/shop"}, f"{GROUP}/ecs/shop:log-stream:"),
    (
        "logs",
        "get_log_events",
        {"logGroupName": "/ecs/shop", "logStreamName": "api/1"},
        f"{GROUP}/ecs/shop:log-stream:api/1",
    ),
    ("logs", "start_query", {"logGroupNames": ["/ecs/shop"], **QUERY}, f"{GROUP}/ecs/shop:log-stream:"),
    ("logs", "start_query", {"logGroupIdentifiers": [f"{GROUP}/ecs/shop"], **QUERY}, f"{GROUP}/ecs/shop:log-stream:"),
    ("logs", "describe_log_groups", {}, f"{GROUP}:log-stream:"),
    ("cloudwatch", "describe_alarms", {}, "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*"),
    (
        "cloudwatch",
        "delete_alarm_mute_rule",
        {"AlarmMuteRuleName": "quiet"},
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:quiet",
    ),
    ("cloudwatch", "list_alarm_mute_rules", {}, "*"),
    (
        "cloudwatch",
        "set_alarm_state",
        {"AlarmName": "cpu", "StateValue": "OK", "StateReason": "test"},
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cpu",
    ),
    ("ecr", "describe_images", {"repositoryName": "api"}, "arn:aws:ecr:us-east-1:123456789012:repository/api"),
    (
        "sqs",
        "receive_message",
        {"QueueUrl": "http://sqs/123456789012/alarms"},
        "arn:aws:sqs:us-east-1:123456789012:alarms",
    ),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:1:a", "Message": "m"}, "arn:aws:sns:us-east-1:1:a"),
    ("lambda", "get_function", {"FunctionName": "resize"}, "arn:aws:lambda:us-east-1:123456789012:function:resize"),
    ("s3", "get_object", {"Bucket": "site", "Key": "index.html"}, '"arn:aws:s3:::site/index.html"'),
    (
        "sts",
        "assume_role",
        {"RoleArn": "arn:aws:iam::111122223333:role/bot", "RoleSessionName": "bot"},
        "arn:aws:iam::111122223333:role/bot",
    ),
    ("elbv2", "describe_target_health", {"TargetGroupArn": "arn:aws:x"}, "*"),
]


@pytest.mark.parametrize(("service", "operation", "asked", "resource"), REFUSED)
def test_a_refusal_names_the_resource_as_its_service_does(
    client: Client, aws: AwsServer, service: str, operation: str, asked: dict[str, Any], resource: str
) -> None:
    aws.faults.add("aws", "*", "AccessDenied")
    with pytest.raises(ClientError) as error:
        getattr(client(service), operation)(**asked)
    assert f" on resource: {resource} because no identity-based policy" in error.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ecs", "list_clusters", "AccessDeniedException"),
        ("logs", "describe_log_groups", "AccessDeniedException"),
        ("lambda", "list_functions", "AccessDeniedException"),
        ("cloudwatch", "describe_alarms", "AccessDenied"),
        ("sqs", "list_queues", "AccessDenied"),
        ("sns", "list_topics", "AccessDenied"),
        ("s3", "list_buckets", "AccessDenied"),
    ],
)
def test_each_service_has_its_own_code_for_a_refusal(
    client: Client, aws: AwsServer, service: str, operation: str, code: str
) -> None:
    aws.faults.add("aws", "*", "AccessDenied")
    with pytest.raises(ClientError) as error:
        getattr(client(service), operation)()
    assert error.value.response["Error"]["Code"] == code


def test_an_action_that_is_not_there_is_said_at_once_and_not_tried_again(client: Client, aws: AwsServer) -> None:
    with pytest.raises(ClientError) as error:
        client("ecs", attempts=3).execute_command(task="0a", command="ls", interactive=True)
    said = error.value.response
    assert (said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]) == ("UnknownOperationException", 400)
    assert "ecs:ExecuteCommand" in said["Error"]["Message"]
    assert aws.calls.list("aws", "ecs:ExecuteCommand")[-1]["status"] == "400"
    assert said["ResponseMetadata"]["RetryAttempts"] == 0
