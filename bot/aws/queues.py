"""Amazon SQS: how many messages wait."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from bot.aws.errors import ask
from bot.aws.remembered import Remembered
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.telemetry import Queue

_ADDRESS = re.compile(r"https?://(?:sqs\.([a-z0-9-]+)\.amazonaws\.com[a-z.]*)?")
_GONE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_ATTRIBUTES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "RedrivePolicy",
)


_KNOWN = 1000
"""Addresses kept; that of a name never changes, not even when the queue is made anew."""


class Queues:
    """Fills ``bot.telemetry_ports.Queues``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._urls: Remembered[tuple[Account, str, str], str] = Remembered(_KNOWN)

    def queue(self, account: Account, queue: str) -> Queue:
        """A queue by its name, its address or its ARN, in the region that the latter two name."""
        account, owner, name = _place(account, queue)
        client = self._sessions.client(account, "sqs")
        try:
            url = queue if "://" in queue else self._url(client, account, owner, name)
            answer = ask(client, "get_queue_attributes", QueueUrl=url, AttributeNames=list(_ATTRIBUTES))
        except UpstreamError as error:
            raise _in_words(error, name, account) from error
        found = answer.get("Attributes", {})
        visible, in_flight, delayed = (int(found.get(each, 0)) for each in _ATTRIBUTES[:3])
        return Queue(name, url, visible, in_flight, delayed, _dead_letter(found.get("RedrivePolicy", "")))

    def _url(self, client: Any, account: Account, owner: str, name: str) -> str:
        known = self._urls.get((account, owner, name))
        if known is None:
            whose = {"QueueOwnerAWSAccountId": owner} if owner else {}
            known = str(ask(client, "get_queue_url", QueueName=name, **whose)["QueueUrl"])
            self._urls.keep((account, owner, name), known)
        return known


def _place(account: Account, queue: str) -> tuple[Account, str, str]:
    """Where a queue lies, the id of the account that owns it where that is told, and its name."""
    if queue.startswith("arn:"):
        parts = queue.split(":")
        return replace(account, region=parts[3] or account.region), parts[4], parts[-1]
    match = _ADDRESS.match(queue)
    region = match[1] if match and match[1] else account.region
    return replace(account, region=region), "", queue.rstrip("/").rpartition("/")[2]


def _dead_letter(policy: str) -> str:
    try:
        return str(json.loads(policy)["deadLetterTargetArn"])
    except (ValueError, KeyError, TypeError):
        return ""


def _in_words(error: UpstreamError, name: str, account: Account) -> BotError:
    return NotFoundError(f"SQS has no queue {name} in {account.region}.") if error.code in _GONE else error
