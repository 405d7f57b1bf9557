"""Whether the queues and topics that alarms come from are there, and whether the bot may take what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.aws.errors import ask
from bot.aws.permissions import simulated
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError

_QUEUE_REGION = re.compile(r"https?://sqs\.([a-z0-9-]+)\.amazonaws\.com")
_NO_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_NO_TOPIC = {"NotFound", "NotFoundException"}
_OF_QUEUES = (
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
)


def wrong_with_queues(sessions: Sessions, urls: Iterable[str], region: str) -> Iterator[str]:
    """A sentence for each queue that is missing, and each permission that lacks for one. Never raises UpstreamError.

    ``region`` is that of queues whose address names none.
    """
    for url in urls:
        match = _QUEUE_REGION.match(url)
        account = Account(match[1] if match else region)
        try:
            asked = ask(
                sessions.client(account, "sqs"), "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"]
            )
            arn = asked["Attributes"]["QueueArn"]
            yield from _refused(simulated(sessions, account, [(action, arn) for action in _OF_QUEUES]))
        except UpstreamError as error:
            gone = error.code in _NO_QUEUE
            yield f"the queue {url} does not exist" if gone else f"the queue {url} could not be checked: {error}"


def wrong_with_topics(sessions: Sessions, arns: Iterable[str]) -> Iterator[str]:
    """A sentence for each topic that is missing or may not be confirmed. Never raises UpstreamError."""
    for arn in arns:
        account = Account(arn.split(":")[3])
        try:
            ask(sessions.client(account, "sns"), "get_topic_attributes", TopicArn=arn)
            yield from _refused(simulated(sessions, account, [("sns:ConfirmSubscription", arn)]))
        except UpstreamError as error:
            gone = error.code in _NO_TOPIC
            yield f"the topic {arn} does not exist" if gone else f"the topic {arn} could not be checked: {error}"


def _refused(found: dict[str, str]) -> Iterator[str]:
    for action, words in found.items():
        yield f"the bot may not {action}: {words}"
