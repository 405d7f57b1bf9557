from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox.aws.server import AwsServer

Client = Callable[..., Any]

# One call of each wire protocol: JSON 1.1, JSON 1.0 or CBOR, query, REST with JSON, REST with XML.
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ecs:ListClusters": ("ecs", "list_clusters", {}),
    "sqs:ListQueues": ("sqs", "list_queues", {}),
    "codedeploy:ListApplications": ("codedeploy", "list_applications", {}),
    "cloudwatch:DescribeAlarms": ("cloudwatch", "describe_alarms", {}),
    "sns:ListTopics": ("sns", "list_topics", {}),
    "elasticloadbalancing:DescribeTargetGroups": ("elbv2", "describe_target_groups", {}),
    "lambda:ListFunctions": ("lambda", "list_functions", {}),
    "s3:ListBuckets": ("s3", "list_buckets", {}),
}


PERMISSIONS = {"s3:ListBuckets": "s3:ListAllMyBuckets"}
"""Where IAM has another name for it."""


def call(client: Client, action: str, **how: Any) -> Any:
    service, operation, asked = CALLS[action]
    return getattr(client(service, **how), operation)(**asked)


@pytest.mark.parametrize("action", CALLS)
def test_a_denied_call_says_who_may_not_do_what(client: Client, aws: AwsServer, action: str) -> None:
    aws.faults.add("aws", action, "AccessDenied")
    with pytest.raises(ClientError) as error:
        call(client, action)
    answer = error.value.response
    assert answer["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
    permission = PERMISSIONS.get(action, action)
    assert f" is not authorized to perform: {permission} on resource: " in answer["Error"]["Message"]
    assert answer["Error"]["Message"].startswith("User: arn:aws:sts::123456789012:assumed-role/")


def test_a_denied_call_names_the_resource(client: Client, aws: AwsServer) -> None:
    aws.faults.add("aws", "ecs:UpdateService", "AccessDenied")
    with pytest.raises(ClientError) as error:
        client("ecs").update_service(cluster="shop", service="api")
    said = error.value.response["Error"]
    assert said["Code"] == "AccessDeniedException"
    arn = "arn:aws:ecs:us-east-1:123456789012:service/shop/api"
    assert f"is not authorized to perform: ecs:UpdateService on resource: {arn}" in said["Message"]


@pytest.mark.parametrize("action", CALLS)
def test_a_throttled_call_succeeds_when_it_is_tried_again(client: Client, aws: AwsServer, action: str) -> None:
    aws.faults.add("aws", action, "ThrottlingException", count=1)
    with pytest.raises(ClientError) as error:
        call(client, action)
    assert error.value.response["Error"]["Code"].startswith("Throttling")
    assert error.value.response["Error"]["Message"] == "Rate exceeded"
    call(client, action)


def test_a_failure_of_aws_s_own_is_a_500(client: Client, aws: AwsServer) -> None:
    aws.faults.add("aws", "ecs:*", "500", count=1)
    with pytest.raises(ClientError) as error:
        client("ecs").list_clusters()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_a_lost_answer_was_done_all_the_same(client: Client, aws: AwsServer) -> None:
    aws.faults.add("aws", "ecs:CreateCluster", "lost_response", count=1)
    with pytest.raises(ConnectionClosedError):
        client("ecs").create_cluster(clusterName="shop")
    assert client("ecs").list_clusters()["clusterArns"] == ["arn:aws:ecs:us-east-1:123456789012:cluster/shop"]
    assert [each["status"] for each in aws.calls.list("aws", "ecs:CreateCluster")] == ["ok"]


def test_a_broken_connection_did_nothing(client: Client, aws: AwsServer) -> None:
    aws.faults.add("aws", "ecs:CreateCluster", "disconnect", count=1)
    with pytest.raises(ConnectionClosedError):
        client("ecs").create_cluster(clusterName="shop")
    assert client("ecs").list_clusters()["clusterArns"] == []


def test_a_hanging_call_runs_into_the_caller_s_own_limit(client: Client, aws: AwsServer) -> None:
    aws.faults.add("aws", "ecs:ListClusters", "timeout", count=1)
    with pytest.raises(ReadTimeoutError):
        client("ecs", read_timeout=0.4).list_clusters()


def test_slow_calls_do_not_wait_for_each_other(client: Client, aws: AwsServer) -> None:
    ecs = client("ecs", read_timeout=3.5)
    in_flight, most = 0, 0

    def began(**_: Any) -> None:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)

    def ended(**_: Any) -> None:
        nonlocal in_flight
        in_flight -= 1

    ecs.list_clusters()
    aws.faults.add("aws", "ecs:ListClusters", None, latency_ms=1_000)
    ecs.meta.events.register("before-send.ecs.ListClusters", began)
    ecs.meta.events.register("after-call.ecs.ListClusters", ended)
    with ThreadPoolExecutor(4) as pool:
        # Were they to queue, the last would wait 4 s and run into the client's limit.
        answers = list(pool.map(lambda _: ecs.list_clusters(), range(4)))
    assert len(answers) == 4
    assert most > 1


def test_every_call_is_recorded_with_what_was_asked(client: Client, aws: AwsServer) -> None:
    client("ecs").create_cluster(clusterName="recorded")
    newest = aws.calls.list("aws", "ecs:CreateCluster")[-1]
    assert (newest["params"], newest["status"], newest["at"]) == (
        {"clusterName": "recorded"},
        "ok",
        aws.clock.now(),
    )
    with pytest.raises(ClientError):
        client("ecs").describe_services(cluster="nowhere", services=["api"])
    assert aws.calls.list("aws", "ecs:DescribeServices")[-1]["status"] == "400"


def test_a_counted_fault_is_met_so_often_and_no_more(client: Client, aws: AwsServer) -> None:
    aws.faults.add("aws", "ecs:ListClusters", "ThrottlingException", count=2)
    client("ecs", attempts=3).list_clusters()
    assert [each["status"] for each in aws.calls.list("aws", "ecs:ListClusters")][-3:] == [
        "ThrottlingException",
        "ThrottlingException",
        "ok",
    ]
