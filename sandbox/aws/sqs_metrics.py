"""The metrics that SQS sends of every queue, once a minute of the sandbox's clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from moto.cloudwatch.models import cloudwatch_backends
from moto.sqs.models import Queue, sqs_backends

from sandbox.aws.cloudwatch_region import metrics_of

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_MINUTE = 60.0


class Minutes:
    """Which minute was told last."""

    def __init__(self) -> None:
        self.told = -1.0

    def put(self, aws: AwsServer) -> None:
        """Put the metrics when a new minute has begun; the first look only finds out which one it is."""
        now = aws.clock.now()
        minute = now // _MINUTE
        if self.told >= 0 and minute > self.told:
            for region, backend in list(sqs_backends[aws.account].items()):
                for queue in list(backend.queues.values()):
                    _put(aws, region, queue, now)
        self.told = minute


def install(aws: AwsServer) -> None:
    """Put them on this AWS's ticks."""
    minutes = Minutes()
    aws.on_tick(lambda: minutes.put(aws))


def _put(aws: AwsServer, region: str, queue: Queue, now: float) -> None:
    store = metrics_of(cloudwatch_backends[aws.account][region])
    waiting = queue.messages
    values = {
        "ApproximateNumberOfMessagesVisible": (float(len(waiting)), "Count"),
        "ApproximateNumberOfMessagesNotVisible": (float(queue.approximate_number_of_messages_not_visible), "Count"),
        "ApproximateAgeOfOldestMessage": (_age(queue, aws.clock.speed), "Seconds"),
    }
    for name, (value, unit) in values.items():
        store.put_points("AWS/SQS", name, {"QueueName": queue.name}, [(now - now % _MINUTE, value)], unit)


def _age(queue: Queue, speed: float) -> float:
    """Seconds of the sandbox's since the oldest message came that nobody has deleted; queues keep the world's time."""
    came = [float(at) / 1000 for message in queue._messages if (at := message.__dict__.get("sent_timestamp"))]
    return max(0.0, time.time() - min(came)) * max(speed, 1.0) if came else 0.0
