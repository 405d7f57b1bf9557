"""Watches the dead-letter queues behind the queues of alarms: what lies there, nobody has seen."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.ports import Clock
from bot.posts import post
from bot.rows import NewRow
from bot.views.intake import dead_letters

_log = logging.getLogger(__name__)


class QueueAttributes(Protocol):
    """The part of a boto3 SQS client that is used; answers are boto3's own dicts."""

    def get_queue_attributes(self, **parameters: Any) -> Any:
        """GetQueueAttributes."""
        ...

    def get_queue_url(self, **parameters: Any) -> Any:
        """GetQueueUrl."""
        ...


@dataclass(frozen=True)
class Dead:
    """A dead-letter queue as it was last seen: its ARN, and how many messages lie in it, approximately."""

    arn: str
    many: int

    @property
    def name(self) -> str:
        """The queue's own name."""
        return self.arn.rpartition(":")[2]


class DeadLetters:
    """Looks when it is told to, every minute say.

    ``client(queue_url)`` gives the SQS client of a queue. When more lie there than before, ``add`` gets a post for
    ``channel``: one for each dead-letter queue and day, brought up to date from then on.
    """

    def __init__(
        self,
        queue_urls: Sequence[str],
        client: Callable[[str], QueueAttributes],
        add: Callable[[NewRow], object],
        channel: str,
        clock: Clock,
    ) -> None:
        self._urls = tuple(queue_urls)
        self._client = client
        self._add = add
        self._channel = channel
        self._clock = clock
        self._seen: dict[str, Dead] = {}
        self._told: dict[str, str] = {}

    @property
    def waiting(self) -> list[Dead]:
        """Dead-letter queues that are not empty."""
        return [dead for dead in self._seen.values() if dead.many]

    def look(self) -> None:
        """Look at each. Never raises: one that cannot be seen stays as it was and keeps no other from being seen."""
        for url in self._urls:
            try:
                found = self._found(url)
            except Exception as error:
                # Whatever AWS or a policy says against it; the log tells, and the next minute asks again.
                _log.warning("dead letters cannot be counted", extra={"queue": url, "reason": str(error)[:500]})
                continue
            if found is None:
                self._seen.pop(url, None)
            else:
                self._tell(url, found)
                self._seen[url] = found

    def _found(self, url: str) -> Dead | None:
        client = self._client(url)
        source = client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        arn = str(json.loads(source.get("Attributes", {}).get("RedrivePolicy", "{}")).get("deadLetterTargetArn", ""))
        if not arn:
            return None
        owner, name = arn.split(":")[4:6]
        dead = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=owner)["QueueUrl"]
        asked = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
        return Dead(arn, int(asked["Attributes"]["ApproximateNumberOfMessages"]))

    def _tell(self, url: str, found: Dead) -> None:
        before = self._seen.get(url, Dead(found.arn, 0)).many
        key = f"dlq:{found.arn}:{datetime.fromtimestamp(self._clock.now(), UTC):%Y-%m-%d}"
        grew = found.many > before
        # A number that only sinks is told where it was told today; a new day need not begin with good news.
        if grew or (found.many < before and self._told.get(url) == key):
            source = url.rstrip("/").rpartition("/")[2]
            self._add(post(key, self._channel, dead_letters(found.name, found.arn, found.many, source)))
            self._told[url] = key
