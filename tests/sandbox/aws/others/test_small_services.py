"""Mail, Lambda's account, queues' metrics, interfaces of tasks, and services that there are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import mail
from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import Shop

TEXT = {"Subject": {"Data": "It is over"}, "Body": {"Text": {"Data": "All is well."}}}
TO = {"ToAddresses": ["dba@example.com"], "CcAddresses": ["devops@example.com"]}


def test_mail_of_either_version_is_kept(client: Callable[..., Any], clock: Clock) -> None:
    client("ses").verify_domain_identity(Domain="example.com")
    client("ses").send_email(Source="bot@example.com", Destination=TO, Message=TEXT)
    clock.advance(60)
    sent = client("sesv2").send_email(
        FromEmailAddress="bot@example.com", Destination=TO, Content={"Simple": TEXT | {"Subject": {"Data": "Again"}}}
    )
    first, second = mail.sent()
    assert (first.sender, first.subject, first.body) == ("bot@example.com", "It is over", "All is well.")
    assert first.recipients == ("dba@example.com", "devops@example.com")
    assert (second.subject, second.id, second.region) == ("Again", sent["MessageId"], "us-east-1")
    assert second.at - first.at == pytest.approx(60)


def test_mail_from_an_address_that_nobody_verified_is_rejected(client: Callable[..., Any]) -> None:
    ses = client("sesv2")
    with pytest.raises(ses.exceptions.MessageRejected):
        ses.send_email(FromEmailAddress="x@nowhere.example", Destination=TO, Content={"Simple": TEXT})
    assert mail.sent() == []


def test_what_a_function_reserves_is_not_there_for_the_others(client: Callable[..., Any]) -> None:
    functions = client("lambda")
    role = client("iam").create_role(RoleName="resize", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = {"ZipFile": b"PK\x05\x06" + bytes(18)}
    functions.create_function(FunctionName="resize", Runtime="python3.11", Handler="a.b", Role=role, Code=code)
    assert functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 1_000
    functions.put_function_concurrency(FunctionName="resize", ReservedConcurrentExecutions=100)
    found = functions.get_account_settings()
    assert found["AccountLimit"]["UnreservedConcurrentExecutions"] == 900
    assert found["AccountUsage"]["FunctionCount"] == 1
    assert functions.get_function_concurrency(FunctionName="resize")["ReservedConcurrentExecutions"] == 100


def _metric(client: Callable[..., Any], clock: Clock, name: str) -> list[float]:
    now = clock.now()
    found = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName=name,
        Dimensions=[{"Name": "QueueName", "Value": "images"}],
        StartTime=datetime.fromtimestamp(now - 600, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
        Period=60,
        Statistics=["Maximum"],
    )
    return [point["Maximum"] for point in found["Datapoints"]]


def test_a_queue_s_metrics_come_every_minute(client: Callable[..., Any], aws: AwsServer, clock: Clock) -> None:
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="images", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    for number in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    sqs.receive_message(QueueUrl=queue)
    aws.tick()
    assert _metric(client, clock, "ApproximateNumberOfMessagesVisible") == []
    for _ in range(2):
        clock.advance(60)
        aws.tick()
        aws.tick()
    assert _metric(client, clock, "ApproximateNumberOfMessagesVisible") == [2, 2]
    assert _metric(client, clock, "ApproximateNumberOfMessagesNotVisible") == [1, 1]
    assert all(age >= 0 for age in _metric(client, clock, "ApproximateAgeOfOldestMessage"))


def test_a_task_has_an_interface_until_it_stops(client: Callable[..., Any], clock: Clock) -> None:
    shop, ec2 = Shop(client, clock), client("ec2")
    group = ec2.create_security_group(GroupName="shop", Description="shop", VpcId=shop.vpc)["GroupId"]
    network = {"awsvpcConfiguration": {"subnets": shop.subnets, "securityGroups": [group]}}
    shop.create("v1", desired=1, networkConfiguration=network)
    (task,) = shop.tasks()
    details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
    (found,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])["NetworkInterfaces"]
    assert found["PrivateIpAddress"] == details["privateIPv4Address"]
    assert (found["SubnetId"], found["VpcId"]) == (shop.subnets[0], shop.vpc)
    assert found["Groups"] == [{"GroupId": group, "GroupName": "shop"}]
    by_group = [{"Name": "group-id", "Values": [group]}]
    assert len(ec2.describe_network_interfaces(Filters=by_group)["NetworkInterfaces"]) == 1
    made = ec2.create_network_interface(SubnetId=shop.subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 2
    assert len(ec2.describe_network_interfaces(NetworkInterfaceIds=[made])["NetworkInterfaces"]) == 1
    shop.ecs.update_service(cluster="shop", service="api", desiredCount=0)
    clock.advance(30)
    assert ec2.describe_network_interfaces(Filters=by_group)["NetworkInterfaces"] == []
    with pytest.raises(ClientError, match="InvalidNetworkInterfaceID"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=["eni-0"])


@pytest.mark.parametrize(("service", "ask"), [("health", "describe_events"), ("cognito-idp", "list_user_pools")])
def test_a_service_that_is_not_there_says_so_at_once(client: Callable[..., Any], service: str, ask: str) -> None:
    more = {"MaxResults": 1} if service == "cognito-idp" else {}
    with pytest.raises(ClientError, match="The sandbox's AWS has no"):
        getattr(client(service), ask)(**more)
