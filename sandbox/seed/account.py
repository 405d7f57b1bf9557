"""Doors to the pretend account: clients made once, and the topic and queues through which alarms travel."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import boto3
from botocore.config import Config

ACCOUNT = "123456789012"
TOPIC = "runbook-alarms"
QUEUE = "runbook-alarms"
DLQ = "runbook-alarms-dlq"

WORKERS = 6

Item = TypeVar("Item")
Made = TypeVar("Made")


class Account:
    """Clients for the pretend AWS at ``endpoint``, one per service and region. Thread-safe."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.Session(aws_access_key_id=access_key, aws_secret_access_key=secret_key)
        # Nothing of the machine's own AWS settings may leak in: no proxies, few retries, a pool for the workers.
        self._config = Config(
            retries={"max_attempts": 2, "mode": "standard"},
            max_pool_connections=2 * WORKERS,
            proxies={},
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
        )
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str) -> Any:
        """The boto3 client of a service in a region."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service, region_name=region, endpoint_url=self._endpoint, config=self._config
                )
            return self._clients[key]

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()


def in_parallel(make: Callable[[Item], Made], items: Iterable[Item]) -> list[Made]:
    """``make`` for every item, several at a time; the results in the items' order. Raises what the first raised."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(make, items))


@dataclass(frozen=True)
class Messaging:
    """Where the alarms of one region arrive."""

    region: str
    topic_arn: str
    queue_url: str
    dlq_url: str


def make_messaging(account: Account, region: str) -> Messaging:
    """The topic ``runbook-alarms``, the queue subscribed to it, and the queue for what nobody could take."""
    sns, sqs = account.client("sns", region), account.client("sqs", region)
    topic_arn = sns.create_topic(Name=TOPIC, Attributes={"SignatureVersion": "2"})["TopicArn"]
    sqs.create_queue(QueueName=DLQ, Attributes={"MessageRetentionPeriod": "1209600"})
    queue_arn = f"arn:aws:sqs:{region}:{ACCOUNT}:{QUEUE}"
    attributes = {
        "VisibilityTimeout": "10",
        "MessageRetentionPeriod": "345600",
        "RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": f"arn:aws:sqs:{region}:{ACCOUNT}:{DLQ}", "maxReceiveCount": 20}
        ),
        "Policy": json.dumps(_queue_policy(queue_arn, topic_arn)),
    }
    sqs.create_queue(QueueName=QUEUE, Attributes=attributes)
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
    return Messaging(region, topic_arn, queue_address(region, QUEUE), queue_address(region, DLQ))


def queue_address(region: str, name: str) -> str:
    """A queue's address as AWS writes it. The emulator's own tells no region, and both regions' are the same."""
    return f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}"


def _queue_policy(queue_arn: str, topic_arn: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            }
        ],
    }
