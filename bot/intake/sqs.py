"""Alarms out of SQS: the default door, since it needs no inbound port and keeps messages for days.

A message is deleted only after it was stored, and stays hidden from others while it is being stored; what could not
be stored comes again, and after the queue's maxReceiveCount lies in its dead-letter queue. Trust comes from the
queue's policy (``aws:SourceArn``), not from signatures.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.intake.delivery import Accept, Delivery, storable
from bot.ports import Clock

WAIT_SECONDS = 20
"""Length of one long poll; the client's read timeout must be longer."""

VISIBILITY_SECONDS = 30
"""How long a message is taken to be hidden once it was handed out, where the queue does not tell; SQS's own default.

While it is being stored this is renewed in time.
"""

RECEIVERS = 2
"""Threads that read one queue: while one deletes what it stored, the other receives."""

_BATCH = 10
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_log = logging.getLogger(__name__)


class QueueClient(Protocol):
    """The part of a boto3 SQS client that is used; answers are boto3's own dicts."""

    def receive_message(self, **parameters: Any) -> Any:
        """ReceiveMessage."""
        ...

    def delete_message_batch(self, **parameters: Any) -> Any:
        """DeleteMessageBatch."""
        ...

    def change_message_visibility_batch(self, **parameters: Any) -> Any:
        """ChangeMessageVisibilityBatch."""
        ...

    def get_queue_attributes(self, **parameters: Any) -> Any:
        """GetQueueAttributes."""
        ...


@dataclass(frozen=True)
class QueueStatus:
    """How a queue is doing. ``reachable`` is None before the first answer; ``error`` is the last failure's text."""

    reachable: bool | None = None
    error: str = ""
    at: float = 0.0


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4 … 30."""
    return float(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures - 1, 10)))


def delivery_from(message: Mapping[str, Any], at: float) -> Delivery:
    """What an SQS message carries: an SNS envelope or, with raw delivery, the bare text. Never raises.

    EventBridge may send one event twice, as two messages with the event's own id in both.
    """
    body = _text(message.get("Body"))
    document = _document(body)
    is_envelope = all(isinstance(document.get(key), str) for key in ("Type", "TopicArn", "Message"))
    envelope = document if is_envelope else {}
    event = _text(document.get("id")) if isinstance(document.get("detail-type"), str) else ""
    own = _text(message.get("MessageId")) or hashlib.sha256(storable(body).encode()).hexdigest()
    return Delivery(
        message_id=(_text(envelope.get("MessageId")) or (f"event:{event}" if event else f"sqs:{own}"))[:200],
        topic=_text(envelope.get("TopicArn"))[:400],
        received_at=at,
        subject=_text(envelope.get("Subject"))[:400],
        text=_text(envelope.get("Message")) if is_envelope else body,
        via="sqs",
    )


class QueueReader:
    """Reads queues, some threads for each, and hands every batch of messages to ``accept``.

    ``client(queue_url)`` gives the SQS client of a queue; it is asked again until it works. ``pause`` says how many
    seconds to wait after so many failures in a row; ``look_every`` how often to look after what is in hand. A thread
    ends at the latest when its long poll does; messages that arrive after ``stop`` are given back to the queue at
    once. A message that cannot be stored keeps no other from being stored, nor the next from being received.
    """

    def __init__(
        self,
        queue_urls: Sequence[str],
        client: Callable[[str], QueueClient],
        accept: Accept,
        clock: Clock,
        *,
        pause: Callable[[int], float] = pause_after,
        receivers: int = RECEIVERS,
        look_every: float = 1.0,
    ) -> None:
        self._client = client
        self._accept = accept
        self._clock = clock
        self._pause = pause
        self._stopping = threading.Event()
        self._statuses = {url: QueueStatus() for url in queue_urls}
        self._threads = [
            threading.Thread(target=self._run, args=(url,), name=f"sqs-{number}-{receiver}", daemon=True)
            for number, url in enumerate(self._statuses, start=1)
            for receiver in range(1, receivers + 1)
        ]
        self._look_every = look_every
        self._numbers = itertools.count()
        self._in_hand: dict[int, _Hand] = {}
        if self._threads:
            self._threads.append(threading.Thread(target=self._hold, name="sqs-hold", daemon=True))

    @property
    def status(self) -> dict[str, QueueStatus]:
        """The status of every queue, by its URL."""
        return dict(self._statuses)

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 5.0) -> bool:
        """Take no more work; wait at most ``timeout`` seconds. True when every thread has ended.

        A thread in the middle of a long poll cannot be woken; it is a daemon and does not keep the process alive.
        """
        self._stopping.set()
        share = timeout / max(len(self._threads), 1)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(share)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, url: str) -> None:
        failures = 0
        client: QueueClient | None = None
        visibility = VISIBILITY_SECONDS
        while not self._stopping.is_set():
            try:
                if client is None:
                    client = self._client(url)
                    visibility = _visibility(client, url)
                stored = self._poll(client, url, visibility)
            except Exception as error:
                # A reader that dies loses every later alarm, so nothing ends it but stop().
                self._statuses[url] = QueueStatus(False, f"{type(error).__name__}: {error}"[:500], self._clock.now())
                _log.warning("queue could not be read", extra={"queue": url, "reason": str(error)[:500]})
                stored = False
            failures = 0 if stored else failures + 1
            if failures:
                self._stopping.wait(self._pause(failures))

    def _poll(self, client: QueueClient, url: str, visibility: int) -> bool:
        """One long poll. False when nothing of it could be stored, so that the next poll waits."""
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=WAIT_SECONDS)
        messages = answer.get("Messages") or []
        self._statuses[url] = QueueStatus(True, "", self._clock.now())
        if self._stopping.is_set():
            _hide(client, url, messages, 0)
            return True
        if not messages:
            return True
        number = next(self._numbers)
        self._in_hand[number] = _Hand(client, url, messages, visibility, time.monotonic())
        try:
            stored = self._stored(messages)
        finally:
            del self._in_hand[number]
        if stored:
            failed = client.delete_message_batch(QueueUrl=url, Entries=_entries(stored)).get("Failed")
            if failed:  # they come again and are known then
                _log.warning("queue kept stored messages", extra={"queue": url, "count": len(failed)})
        return bool(stored)

    def _stored(self, messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those that were stored."""
        now = self._clock.now()
        try:
            outcomes = self._accept([delivery_from(message, now) for message in messages])
        except Exception as error:
            outcomes = [error] * len(messages)
        stored = []
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, Exception):
                sqs_message = str(message.get("MessageId"))[:100]
                extra = {"sqs_message": sqs_message}
                _log.error("message could not be stored and stays in its queue", exc_info=outcome, extra=extra)
            else:
                stored.append(message)
        return stored

    def _hold(self) -> None:
        """Hide what is being stored for longer, so that no other receiver gets it too."""
        while not self._stopping.wait(self._look_every):
            for hand in list(self._in_hand.values()):
                if time.monotonic() - hand.hidden_at < hand.visibility / 3:
                    continue
                hand.hidden_at = time.monotonic()
                try:
                    _hide(hand.client, hand.url, hand.messages, hand.visibility)
                except Exception as error:
                    # It may be handed out twice then, and is known the second time.
                    _log.warning("messages in hand not hidden", extra={"queue": hand.url, "reason": str(error)[:500]})


@dataclass
class _Hand:
    """A batch that is being stored; hidden from others since ``hidden_at`` for ``visibility`` seconds."""

    client: QueueClient
    url: str
    messages: Sequence[Mapping[str, Any]]
    visibility: int
    hidden_at: float


def _visibility(client: QueueClient, url: str) -> int:
    """Seconds for which the queue hides what it handed out."""
    try:
        asked = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        return int(asked["Attributes"]["VisibilityTimeout"])
    except Exception as error:
        # Reading goes on without: only what takes very long to store could be handed out twice.
        _log.warning("visibility of the queue is not known", extra={"queue": url, "reason": str(error)[:500]})
        return VISIBILITY_SECONDS


def _hide(client: QueueClient, url: str, messages: Sequence[Mapping[str, Any]], seconds: int) -> None:
    """Hide messages for so many seconds from now; 0 gives them back."""
    if messages:
        entries = [{**entry, "VisibilityTimeout": seconds} for entry in _entries(messages)]
        client.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _entries(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)]


def _document(body: str) -> dict[str, Any]:
    """The JSON object a body is; empty when it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _text(value: object) -> str:
    return storable(value) if isinstance(value, str) else ""
