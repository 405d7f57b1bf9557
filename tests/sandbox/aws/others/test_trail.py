from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.aws.server import AwsServer
from sandbox.aws.trail import ALICE_KEY
from sandbox.clock import Clock


@pytest.fixture
def trail(client: Callable[..., Any]) -> Any:
    return client("cloudtrail")


@pytest.fixture
def alice(aws: AwsServer) -> Iterator[Callable[[str], Any]]:
    made: list[Any] = []

    def make(service: str) -> Any:
        keys = {"aws_access_key_id": ALICE_KEY, "aws_secret_access_key": "x"}
        config = Config(retries={"total_max_attempts": 1})
        made.append(boto3.client(service, region_name="us-east-1", endpoint_url=aws.url, config=config, **keys))
        return made[-1]

    yield make
    for each in made:
        each.close()


def _events(trail: Any, key: str = "", value: str = "", **more: Any) -> list[dict[str, Any]]:
    attributes = [{"AttributeKey": key, "AttributeValue": value}] if key else []
    found: list[dict[str, Any]] = trail.lookup_events(LookupAttributes=attributes, **more)["Events"]
    return found


def test_a_change_tells_who_when_and_what(
    trail: Any, client: Callable[..., Any], alice: Callable[[str], Any], clock: Clock
) -> None:
    client("ecs").create_cluster(clusterName="shop")
    clock.advance(60)
    alice("ecs").create_cluster(clusterName="lab")
    newest, oldest = _events(trail)
    assert (newest["EventName"], newest["EventSource"], newest["Username"]) == (
        "CreateCluster",
        "ecs.amazonaws.com",
        "alice",
    )
    assert newest["EventTime"].timestamp() == pytest.approx(clock.now())
    assert newest["Resources"] == [{"ResourceType": "AWS::ECS::Cluster", "ResourceName": "lab"}]
    told = json.loads(newest["CloudTrailEvent"])
    assert told["userIdentity"]["arn"] == "arn:aws:iam::123456789012:user/alice"
    assert told["requestParameters"] == {"clusterName": "lab"}
    assert oldest["Username"] == "i-0abc"
    assert json.loads(oldest["CloudTrailEvent"])["userIdentity"]["type"] == "AssumedRole"


def test_reading_and_moving_data_leaves_no_trace(trail: Any, client: Callable[..., Any]) -> None:
    client("ecs").list_clusters()
    client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "x", "Value": 1}])
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert [event["EventName"] for event in _events(trail)] == ["CreateQueue"]


def test_a_refused_change_says_so(trail: Any, client: Callable[..., Any], aws: AwsServer) -> None:
    aws.faults.add("aws", "ecs:CreateCluster", "AccessDeniedException", count=1)
    with pytest.raises(ClientError):
        client("ecs").create_cluster(clusterName="shop")
    with pytest.raises(ClientError):
        client("cloudwatch").set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x")
    missing, denied = [json.loads(event["CloudTrailEvent"]) for event in _events(trail)]
    assert denied["errorCode"] == "AccessDeniedException"
    assert missing["errorCode"] == "ResourceNotFound"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("EventName", "PutMetricAlarm", 1),
        ("ResourceName", "cpu", 2),
        ("ResourceType", "AWS::CloudWatch::Alarm", 2),
        ("Username", "i-0abc", 3),
        ("EventSource", "monitoring.amazonaws.com", 2),
        ("ReadOnly", "true", 0),
        ("AccessKeyId", "sandbox", 3),
    ],
)
def test_events_are_found_by_any_attribute(
    trail: Any, client: Callable[..., Any], key: str, value: str, expected: int
) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="cpu",
        MetricName="CPU",
        Namespace="Shop",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.disable_alarm_actions(AlarmNames=["cpu"])
    client("lambda")
    client("s3").create_bucket(Bucket="shop")
    assert len(_events(trail, key, value)) == expected


def test_secrets_are_not_in_it(trail: Any, client: Callable[..., Any]) -> None:
    client("secretsmanager").create_secret(Name="db", SecretString="very secret")
    (event,) = _events(trail)
    assert "very secret" not in event["CloudTrailEvent"]


def test_the_history_comes_in_pages_between_two_instants(trail: Any, client: Callable[..., Any], clock: Clock) -> None:
    ecs = client("ecs")
    for number in range(5):
        ecs.create_cluster(clusterName=f"c{number}")
        clock.advance(60)
    pages = list(trail.get_paginator("lookup_events").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Events"]) for page in pages] == [2, 2, 1]
    now = clock.datetime()
    found = _events(trail, StartTime=now - timedelta(seconds=200), EndTime=now - timedelta(seconds=100))
    assert [event["Resources"][0]["ResourceName"] for event in found] == ["c3", "c2"]


def test_it_is_forgotten_after_ninety_days_and_regions_do_not_share_it(
    trail: Any, client: Callable[..., Any], clock: Clock
) -> None:
    client("ecs", "ap-northeast-1").create_cluster(clusterName="shop")
    assert _events(trail) == []
    assert len(_events(client("cloudtrail", "ap-northeast-1"))) == 1
    clock.advance(91 * 86_400)
    assert _events(client("cloudtrail", "ap-northeast-1")) == []


def test_strange_questions_are_refused(trail: Any, clock: Clock) -> None:
    one = {"AttributeKey": "EventName", "AttributeValue": "x"}
    with pytest.raises(trail.exceptions.InvalidLookupAttributesException):
        trail.lookup_events(LookupAttributes=[one, one])
    now = clock.datetime()
    with pytest.raises(trail.exceptions.InvalidTimeRangeException):
        trail.lookup_events(StartTime=now, EndTime=now - timedelta(hours=1))
    with pytest.raises(trail.exceptions.InvalidNextTokenException):
        trail.lookup_events(NextToken="what")
