from __future__ import annotations

import json
from typing import Any

import pytest

from bot import telemetry_ports as ports
from bot.aws.errors import NotPermittedError
from bot.aws.queues import Queues
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError
from bot.telemetry import Queue
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
DEAD = "arn:aws:sqs:us-east-1:123456789012:jobs-dead"
FOUND = {
    "ApproximateNumberOfMessages": "12",
    "ApproximateNumberOfMessagesNotVisible": "3",
    "ApproximateNumberOfMessagesDelayed": "1",
    "RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 5}),
}


@pytest.fixture
def queues(aws: ScriptedAws, sessions: Sessions) -> Queues:
    aws.on("GetQueueUrl", {"QueueUrl": URL})
    aws.on("GetQueueAttributes", {"Attributes": FOUND})
    return Queues(sessions)


def test_the_adapter_fills_the_port(queues: Queues) -> None:
    port: ports.Queues = queues
    assert port


def test_a_queue_is_read_by_its_name(aws: ScriptedAws, queues: Queues, account: Account) -> None:
    assert queues.queue(account, "jobs") == Queue("jobs", URL, 12, 3, 1, DEAD)
    assert aws.asked("GetQueueUrl") == [{"QueueName": "jobs"}]
    (asked,) = aws.asked("GetQueueAttributes")
    assert asked["QueueUrl"] == URL


def test_a_queue_is_read_by_its_address(aws: ScriptedAws, queues: Queues, account: Account) -> None:
    assert queues.queue(account, URL).name == "jobs"
    assert aws.asked("GetQueueUrl") == []


def test_a_queue_is_read_by_its_arn_where_its_account_has_it(
    aws: ScriptedAws, queues: Queues, account: Account
) -> None:
    assert queues.queue(account, DEAD).name == "jobs-dead"
    assert aws.asked("GetQueueUrl") == [{"QueueName": "jobs-dead", "QueueOwnerAWSAccountId": "123456789012"}]


@pytest.mark.parametrize("policy", [{}, {"RedrivePolicy": "{}"}, {"RedrivePolicy": "not json"}, {"RedrivePolicy": "1"}])
def test_a_queue_without_a_dead_letter_queue_names_none(
    aws: ScriptedAws, queues: Queues, account: Account, policy: dict[str, Any]
) -> None:
    aws.on("GetQueueAttributes", {"Attributes": policy})
    assert queues.queue(account, "jobs") == Queue("jobs", URL, 0, 0, 0, "")


def test_a_queue_that_is_not_there_and_one_that_may_not_be_read_are_told_apart(
    aws: ScriptedAws, queues: Queues, account: Account
) -> None:
    aws.on("GetQueueUrl", Refusal("QueueDoesNotExist"))
    with pytest.raises(NotFoundError, match="SQS has no queue jobs in us-east-1"):
        queues.queue(account, "jobs")
    aws.on("GetQueueAttributes", Refusal("AccessDeniedException", status=403))
    with pytest.raises(NotPermittedError, match="sqs:GetQueueAttributes"):
        queues.queue(account, URL)


def test_the_address_of_a_queue_is_asked_once(aws: ScriptedAws, queues: Queues, account: Account) -> None:
    for _ in range(2):
        assert queues.queue(account, "jobs").url == URL
    assert len(aws.asked("GetQueueUrl")) == 1
    assert len(aws.asked("GetQueueAttributes")) == 2
