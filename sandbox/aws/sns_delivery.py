"""Bringing messages to their subscribers: queues at once, HTTP endpoints from the background with retries.

A failing endpoint never fails a publish. As SNS's default policy has it, an attempt fails when there is no
answer within 15 seconds or its status is outside 200 to 499, and is repeated three times, 20 seconds apart by
the sandbox's clock; a 4xx counts as delivered.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import httpx
from moto.sns.models import Subscription
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from sandbox.aws.world import current

RETRIES = 3
RETRY_AFTER = 20.0
_TIMEOUT = 15.0
_WORKERS = 4
_REMEMBERED = 2_000


@dataclass(frozen=True)
class Delivery:
    """One message on its way to one subscriber, exactly as it is sent."""

    subscription: Subscription
    message_id: str
    kind: str
    body: str
    is_raw: bool = False
    queue_options: dict[str, Any] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        """The headers SNS puts on an HTTP delivery; only a notification names the subscription."""
        headers = {
            "x-amz-sns-message-type": self.kind,
            "x-amz-sns-message-id": self.message_id,
            "x-amz-sns-topic-arn": self.subscription.topic.arn,
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
        }
        if self.kind != "SubscriptionConfirmation":
            headers["x-amz-sns-subscription-arn"] = self.subscription.arn
        if self.is_raw:
            headers["x-amz-sns-rawdelivery"] = "true"
        return headers


class Deliveries:
    """Everything under way, and the last deliveries kept for sending again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: OrderedDict[str, list[Delivery]] = OrderedDict()
        self._retries: list[tuple[float, int, int, Delivery]] = []
        self._held: list[Delivery] | None = None
        self._numbers = itertools.count()
        self._waiting: SimpleQueue[tuple[Delivery, int]] = SimpleQueue()
        self._workers: list[threading.Thread] = []

    def clear(self) -> None:
        """Forget what is owed and what was sent."""
        with self._lock:
            self._sent.clear()
            self._retries.clear()
            self._held = None

    def send(self, delivery: Delivery) -> None:
        """Send now, or keep it back while deliveries are held."""
        with self._lock:
            self._sent.setdefault(delivery.message_id, []).append(delivery)
            while len(self._sent) > _REMEMBERED:
                self._sent.popitem(last=False)
            if self._held is not None:
                self._held.append(delivery)
                return
        self._dispatch(delivery)

    def redeliver(self, message_id: str) -> int:
        """Send a message again to each of its subscribers, as at-least-once delivery may; answers how many."""
        with self._lock:
            again = list(self._sent.get(message_id, ()))
        for delivery in again:
            self._dispatch(delivery)
        return len(again)

    def latest(self, count: int) -> list[str]:
        """The ids of the messages that were sent last, oldest first."""
        with self._lock:
            return list(self._sent)[-count:]

    def hold(self) -> None:
        """Keep deliveries back from now on."""
        with self._lock:
            self._held = self._held or []

    def release(self, newest_first: bool) -> None:
        """Send what was held, on wish in the wrong order, and hold no longer."""
        with self._lock:
            held, self._held = self._held or [], None
        for delivery in reversed(held) if newest_first else held:
            self._dispatch(delivery)

    def retry_due(self, now: float) -> None:
        """Start the retries whose time has come (seconds since the epoch)."""
        with self._lock:
            while self._retries and self._retries[0][0] <= now:
                _, _, attempt, delivery = heapq.heappop(self._retries)
                self._waiting.put((delivery, attempt))

    def _dispatch(self, delivery: Delivery) -> None:
        if delivery.subscription.protocol == "sqs":
            _enqueue(delivery)
            return
        with self._lock:
            if not self._workers:
                self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(_WORKERS)]
                for worker in self._workers:
                    worker.start()
        self._waiting.put((delivery, 0))

    def _work(self) -> None:
        with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
            while True:
                delivery, attempt = self._waiting.get()
                if _post(client, delivery) or attempt >= RETRIES:
                    continue
                due = current().clock.now() + RETRY_AFTER
                with self._lock:
                    heapq.heappush(self._retries, (due, next(self._numbers), attempt + 1, delivery))


def _post(client: httpx.Client, delivery: Delivery) -> bool:
    try:
        answer = client.post(delivery.subscription.endpoint, content=delivery.body.encode(), headers=delivery.headers())
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return 200 <= answer.status_code < 500


def _enqueue(delivery: Delivery) -> None:
    """SNS drops what a missing queue cannot take; the publisher never hears of it."""
    parts = delivery.subscription.endpoint.split(":")
    backend = sqs_backends[parts[4]][parts[3]]
    try:
        backend.send_message(parts[5], delivery.body, validate_group_id=False, **delivery.queue_options)
    except QueueDoesNotExist:
        return


deliveries = Deliveries()
