from __future__ import annotations

import json
import secrets
from typing import Any

from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from sandbox.seed.account import Account, make_messaging
from sandbox.seed.events import ALARM_RULE, ECS_RULE, listen_to_events
from tests.sandbox.aws.ecs.shop import GIVES_UP, Shop
from tests.sandbox.aws.events.conftest import Bus

TASKS, DEPLOYMENTS, ACTIONS = "ECS Task State Change", "ECS Deployment State Change", "ECS Service Action"


def _pass(shop: Shop, aws: AwsServer, seconds: int) -> None:
    for _ in range(seconds):
        shop.clock.advance(1)
        aws.tick()


def _of(events: list[Any], kind: str) -> list[Any]:
    return [event["detail"] for event in events if event["detail-type"] == kind]


def test_a_task_s_life_is_told_status_by_status(shop: Shop, aws: AwsServer, bus: Bus) -> None:
    shop.create("v1", desired=1)
    aws.tick()
    bus.listen("aws.ecs", TASKS)
    shop.update(desiredCount=2)
    _pass(shop, aws, 10)
    events = bus.heard()
    told = _of(events, TASKS)
    assert [detail["lastStatus"] for detail in told] == ["PROVISIONING", "PENDING", "RUNNING"]
    assert events[0]["resources"] == [told[0]["taskArn"]]
    assert told[-1]["group"] == "service:api"
    assert told[-1]["startedAt"].endswith("Z")
    assert told[-1]["containers"][0]["name"] == "api"
    assert shop.clock.datetime().isoformat()[:10] == told[-1]["updatedAt"][:10]


def test_a_task_that_dies_is_told_with_its_reason(shop: Shop, aws: AwsServer, bus: Bus) -> None:
    shop.create("v1", desired=1)
    _pass(shop, aws, 10)
    bus.listen("aws.ecs", detail={"lastStatus": ["STOPPED"]})
    (arn,) = shop.ecs.list_tasks(cluster="shop", serviceName="api")["taskArns"]
    shop.ecs.stop_task(cluster="shop", task=arn, reason="by hand")
    _pass(shop, aws, 6)
    (event,) = bus.heard()
    assert (event["detail"]["taskArn"], event["detail"]["desiredStatus"]) == (arn, "STOPPED")
    assert event["detail"]["stopCode"] == "UserInitiated"
    assert "by hand" in event["detail"]["stoppedReason"]


def test_a_deployment_is_told_when_it_begins_and_when_it_is_done(shop: Shop, aws: AwsServer, bus: Bus) -> None:
    shop.create("v1", desired=1)
    aws.tick()
    bus.listen("aws.ecs", DEPLOYMENTS, ACTIONS)
    shop.update(taskDefinition=shop.register("v2"))
    _pass(shop, aws, 30)
    events = bus.heard()
    told = _of(events, DEPLOYMENTS)
    assert [detail["eventName"] for detail in told] == [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_COMPLETED",
    ]
    assert told[0]["deploymentId"].startswith("ecs-svc/")
    assert events[0]["resources"] == [shop.service()["serviceArn"]]
    (action,) = _of(events, ACTIONS)
    assert (action["eventType"], action["eventName"]) == ("INFO", "SERVICE_STEADY_STATE")


def test_a_deployment_that_fails_says_why(shop: Shop, aws: AwsServer, bus: Bus) -> None:
    shop.create("v1", desired=1, deploymentConfiguration=GIVES_UP)
    _pass(shop, aws, 30)
    bus.listen("aws.ecs", detail={"eventType": ["ERROR"]})
    shop.update(taskDefinition=shop.register("v2-crash"))
    _pass(shop, aws, 60)
    (event,) = bus.heard()
    assert event["detail"]["eventName"] == "SERVICE_DEPLOYMENT_FAILED"
    assert event["detail"]["reason"] == "ECS deployment circuit breaker: tasks failed to start."


def test_what_happened_before_anybody_listened_is_not_told(shop: Shop, aws: AwsServer, bus: Bus) -> None:
    shop.create("v1", desired=2)
    _pass(shop, aws, 30)
    bus.listen("aws.ecs")
    _pass(shop, aws, 3)
    assert bus.heard() == []


def test_rules_of_the_seed_bring_events_to_the_alarms_queue(shop: Shop, aws: AwsServer, clock: Clock) -> None:
    account = Account(aws.url, "SANDBOXTEST", secrets.token_hex(8))
    try:
        messaging = make_messaging(account, "us-east-1")
        listen_to_events(account, "us-east-1")
        sqs = account.client("sqs", "us-east-1")
        policy = sqs.get_queue_attributes(QueueUrl=messaging.queue_url, AttributeNames=["Policy"])["Attributes"]
        sources = [one["Condition"]["ArnEquals"]["aws:SourceArn"] for one in json.loads(policy["Policy"])["Statement"]]
        assert [arn.rpartition("/")[2] for arn in sources[1:]] == [ALARM_RULE, ECS_RULE]
        shop.create("v1", desired=1)
        shop.update(desiredCount=2)
        _pass(shop, aws, 4)
        (message, *_) = sqs.receive_message(QueueUrl=messaging.queue_url)["Messages"]
        assert json.loads(message["Body"])["source"] == "aws.ecs"
    finally:
        account.close()
