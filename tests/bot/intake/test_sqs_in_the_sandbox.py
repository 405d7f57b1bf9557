"""The doors to SQS against an AWS that behaves: real clients, real queues, a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from alerts.intake import accept_all
from bot.intake.dead_letters import DeadLetters
from bot.intake.sqs import QueueReader
from sandbox.aws.server import AwsServer
from sandbox.seed import DLQ, QUEUE
from sandbox.seed.account import Account as Seeded
from sandbox.seed.account import Messaging, make_messaging
from tests.fakes import texts
from tests.sandbox.aws import standing
from tests.scene import Scene
from tests.waiting import until

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def sqs(running: AwsServer) -> Iterator[Any]:
    client = standing.client(standing.emptied(running), "sqs", REGION)
    yield client
    client.close()


@pytest.fixture
def messaging(running: AwsServer, sqs: Any) -> Iterator[Messaging]:
    account = Seeded(running.url, "sandbox", "sandbox")
    yield make_messaging(account, REGION)
    account.close()


def envelope(number: int) -> str:
    alarm = {
        "AlarmName": f"alarm-{number}",
        "AlarmArn": f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:alarm-{number}",
        "NewStateValue": "ALARM",
        "StateChangeTime": "2026-03-02T12:00:00.000+0000",
    }
    told = {"Type": "Notification", "MessageId": f"m{number}", "TopicArn": "arn:aws:sns:x:1:t"}
    return json.dumps(told | {"Message": json.dumps(alarm)})


def counts(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(value) for value in found.values())


def test_a_full_queue_is_emptied_into_the_store(sqs: Any, messaging: Messaging, scene: Scene) -> None:
    for start in range(0, 60, 10):
        entries = [{"Id": str(n), "MessageBody": envelope(n)} for n in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=messaging.queue_url, Entries=entries)
    reader = QueueReader(
        [messaging.queue_url],
        lambda url: sqs,
        lambda told: accept_all(scene.store, told, "#ops", scene.clock.now()),
        scene.clock,
    )
    reader.start()
    until(lambda: counts(sqs, messaging.queue_url) == 0, 20)
    reader.stop(0.1)
    assert {row.group for row in scene.store.rows("alarm")} == {f"alarm-{number}" for number in range(60)}


def test_the_dead_letter_queue_is_found_by_the_queues_own_policy(sqs: Any, messaging: Messaging, scene: Scene) -> None:
    letters = DeadLetters([messaging.queue_url], lambda url: sqs, scene.engine.add, "#ops", scene.clock)
    letters.look()
    assert letters.waiting == []
    sqs.send_message(QueueUrl=messaging.dlq_url, MessageBody="poison")
    letters.look()
    assert [(dead.name, dead.many) for dead in letters.waiting] == [(DLQ, 1)]
    scene.run(3)
    (shown,) = scene.chat.posts
    assert f"1 message could not be taken from `{QUEUE}`" in texts(shown.message)
