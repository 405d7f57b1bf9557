"""CloudTrail's event history: who changed what."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bot.aws.calls import seconds
from bot.aws.pace import Pace
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from bot.ports import Clock
from bot.telemetry import TrailEvent, TrailSearch

EVERY = 0.5
"""Seconds between two calls: LookupEvents may be asked twice a second in an account and region.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""
BURST = 2
PER_PAGE = 50
PAGES = 3
"""Pages read of one look-up."""
_MOST_NAMES = 200
_LONGEST_NAME = 512


class Trail:
    """Fills ``bot.telemetry_ports.Trail``. ``pause`` waits some seconds; ``clock`` tells the deadlines."""

    def __init__(self, sessions: Sessions, clock: Clock, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pace = Pace(EVERY, BURST, EVERY, clock, pause)

    def changes(
        self, account: Account, resources: Sequence[str], actions: Sequence[str], *, since: float, deadline: float
    ) -> TrailSearch:
        """One look-up for each resource and each action, since CloudTrail takes one attribute at a time.

        When time runs out, or AWS throttles, the rest is not looked up, and the answer says that it is not whole.
        """
        wanted = [("EventName", each) for each in actions] + [("ResourceName", each) for each in resources]
        found: dict[str, TrailEvent] = {}
        is_whole = True
        for key, value in wanted:
            try:
                is_whole &= self._look_up(account, key, value, found, since, deadline)
            except UpstreamError as error:
                if not error.retryable or not found:
                    raise
                is_whole = False
            if self._clock.now() >= deadline:
                is_whole = is_whole and (key, value) == wanted[-1]
                break
        newest_first = sorted(found.values(), key=lambda each: (-each.at, each.id))
        return TrailSearch(tuple(newest_first), is_whole)

    def _look_up(
        self, account: Account, key: str, value: str, found: dict[str, TrailEvent], since: float, deadline: float
    ) -> bool:
        """Add what one attribute finds; False when there is more."""
        asked: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}],
            "StartTime": datetime.fromtimestamp(since, UTC),
            "MaxResults": PER_PAGE,
        }
        client = self._sessions.client(account, "cloudtrail")
        for _ in range(PAGES):
            answer = self._pace.ask(account, client, "lookup_events", asked, deadline)
            events = [_read(each) for each in answer.get("Events", []) if not _only_reads(each)]
            found |= {each.id: each for each in events}
            if not answer.get("NextToken"):
                return True
            if self._clock.now() >= deadline:
                return False
            asked["NextToken"] = answer["NextToken"]
        return False


def _only_reads(event: Mapping[str, Any]) -> bool:
    # A word, not a truth: "true" and "false".
    return str(event.get("ReadOnly", "")).lower() == "true"


def _read(event: Mapping[str, Any]) -> TrailEvent:
    record = _record(event)
    listed = {str(each["ResourceName"]) for each in event.get("Resources") or [] if each.get("ResourceName")}
    told = list(islice(_texts([record.get("requestParameters"), _task_group(record)]), _MOST_NAMES))
    return TrailEvent(
        id=str(event["EventId"]),
        at=seconds(event.get("EventTime")),
        action=str(event.get("EventName", "")),
        source=str(event.get("EventSource", "")).removesuffix(".amazonaws.com"),
        who=_who(record) or str(event.get("Username", "")),
        names=frozenset(listed.union(told)),
        error=str(record.get("errorCode") or ""),
    )


def _record(event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        record = json.loads(event.get("CloudTrailEvent") or "{}")
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _task_group(record: Mapping[str, Any]) -> Any:
    """``service:api`` in the answer of StopTask, whose parameters name a task and no service."""
    answer = record.get("responseElements")
    task = answer.get("task") if isinstance(answer, dict) else None
    return task.get("group") if isinstance(task, dict) else None


def _who(record: Mapping[str, Any]) -> str:
    """The user, the role with its session, or the AWS service that called."""
    identity = record.get("userIdentity")
    if not isinstance(identity, dict):
        return ""
    arn = str(identity.get("arn") or "")
    if ":assumed-role/" in arn:
        return arn.partition(":assumed-role/")[2]
    return str(identity.get("userName") or identity.get("invokedBy") or arn.rpartition("/")[2])


def _texts(value: Any) -> Iterator[str]:
    """Every short text among a call's parameters, however deep."""
    if isinstance(value, str):
        if len(value) <= _LONGEST_NAME:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
