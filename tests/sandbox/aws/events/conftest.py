"""A bus with a rule on it, a queue that the rule sends to, and the shop of the ECS tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.aws.ecs.conftest import aws, client, clients, clock, running, shop

__all__ = ["aws", "client", "clients", "clock", "running", "shop"]


class Bus:
    """The default event bus with a queue that hears what ``listen`` asks for."""

    def __init__(self, client: Callable[..., Any]) -> None:
        self.events, self.sqs = client("events"), client("sqs")
        self.queue = self.sqs.create_queue(QueueName="heard")["QueueUrl"]
        self.arn = "arn:aws:sqs:us-east-1:123456789012:heard"

    def listen(
        self, source: str, *kinds: str, name: str = "rule", target: dict[str, Any] | None = None, **more: Any
    ) -> None:
        pattern = {"source": [source], **({"detail-type": list(kinds)} if kinds else {}), **more}
        self.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        self.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": self.arn} | (target or {})])

    def heard(self) -> list[Any]:
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found


@pytest.fixture
def bus(client: Callable[..., Any]) -> Bus:
    return Bus(client)
