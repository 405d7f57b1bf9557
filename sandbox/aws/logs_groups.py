"""Log groups and streams: making them with their class, finding and describing them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.models import LogGroup, LogsBackend, LogStream
from moto.logs.responses import LogsResponse

from sandbox.aws.logs_classes import CLASSES, STANDARD, class_of, give_class
from sandbox.aws.logs_errors import invalid, not_found
from sandbox.aws.logs_store import cut, first_order, in_order, now_ms, stream_sources

_MOST_DESCRIBED = 50
_LAG = "sandbox_stream_lag"


def group_of(backend: LogsBackend, name: str | None, identifier: str | None = None) -> LogGroup:
    """The log group of a name, or of an identifier that is a name or an ARN. Raises ResourceNotFoundException."""
    wanted = name or identifier or ""
    if wanted.startswith("arn:"):
        wanted = wanted.split(":", 6)[6].removesuffix(":*")
    group: LogGroup | None = backend.groups.get(wanted)
    if group is None:
        raise not_found()
    return group


def stream_of(group: LogGroup, name: str) -> LogStream:
    """The stream of this name. Raises ResourceNotFoundException."""
    stream: LogStream | None = group.streams.get(name)
    if stream is None:
        raise not_found("log stream")
    return stream


def create_log_group(self: LogsResponse) -> str:
    """CreateLogGroup; the class cannot be changed later."""
    params: dict[str, Any] = json.loads(self.body)
    wanted = params.get("logGroupClass") or STANDARD
    if wanted not in CLASSES:
        raise invalid(
            f"1 validation error detected: Value '{wanted}' at 'logGroupClass' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(CLASSES)}]"
        )
    made = self.logs_backend.create_log_group(
        params["logGroupName"], params.get("tags") or {}, kmsKeyId=params.get("kmsKeyId")
    )
    give_class(made, wanted)
    return ""


def describe_log_groups(self: LogsResponse) -> str:
    """DescribeLogGroups by prefix or by a pattern, which is any part of the name, and by class."""
    params: dict[str, Any] = json.loads(self.body or "{}")
    prefix, part = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
    if prefix and part:
        raise invalid("Only one of logGroupNamePrefix and logGroupNamePattern is allowed.")
    wanted = [
        group
        for name, group in sorted(self.logs_backend.groups.items())
        if name.startswith(prefix or "")
        and (part or "").lower() in name.lower()
        and params.get("logGroupClass") in (None, class_of(group))
    ]
    limit = _limit(params)
    token = params.get("nextToken")
    rest = [group for group in wanted if token is None or group.name > token]
    shown = [group.to_describe_dict() | {"logGroupClass": class_of(group)} for group in rest[:limit]]
    answer: dict[str, Any] = {"logGroups": shown}
    if len(rest) > limit:
        answer["nextToken"] = rest[limit - 1].name
    return json.dumps(answer)


def describe_log_streams(self: LogsResponse) -> str:
    """DescribeLogStreams by name or by the time of the newest event, which may be behind the truth."""
    params: dict[str, Any] = json.loads(self.body)
    group = group_of(self.logs_backend, params.get("logGroupName"), params.get("logGroupIdentifier"))
    prefix, by_time = params.get("logStreamNamePrefix"), params.get("orderBy") == "LastEventTime"
    if prefix and by_time:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    limit = _limit(params)
    found = [describe_stream(stream) for name, stream in group.streams.items() if name.startswith(prefix or "")]
    found.sort(key=lambda each: each["logStreamName"])
    if by_time:
        found.sort(key=lambda each: each.get("lastEventTimestamp", 0))
    if params.get("descending"):
        found.reverse()
    first = _place(params.get("nextToken"))
    answer: dict[str, Any] = {"logStreams": found[first : first + limit]}
    if first + limit < len(found):
        answer["nextToken"] = base64.b64encode(str(first + limit).encode()).decode()
    return json.dumps(answer)


def _place(token: str | None) -> int:
    try:
        return int(base64.b64decode(token, validate=True)) if token else 0
    except (binascii.Error, ValueError):
        raise invalid("The specified nextToken is invalid.") from None


def _limit(params: dict[str, Any]) -> int:
    limit = int(params.get("limit") or _MOST_DESCRIBED)
    if limit > _MOST_DESCRIBED:
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value less than or equal to {_MOST_DESCRIBED}"
        )
    return limit


def lag_stream_times(group: LogGroup, seconds: float) -> None:
    """From now on the group's streams are described as they were so long ago: AWS keeps their times up eventually."""
    group.__dict__[_LAG] = int(seconds * 1000)


def describe_stream(self: LogStream) -> dict[str, Any]:
    """A stream as DescribeLogStreams answers it; takes the place of moto's method, which looks at every event."""
    shown: dict[str, Any] = {
        "arn": self.arn,
        "creationTime": int(unix_time_millis(self.creation_time)),
        "logStreamName": self.log_stream_name,
        "storedBytes": 0,
    }
    sources, lag = stream_sources(self), self.log_group.__dict__.get(_LAG, 0)
    seen = now_ms() - lag
    known = cut(sources, 0, first_order(seen + 1) if lag else None)
    newest = next((event for event in in_order(known, backwards=True) if not lag or event.ingestion_time <= seen), None)
    if newest is None:
        return shown
    ingested = newest.ingestion_time
    if self.last_ingestion_time is not None and not lag:
        ingested = max(ingested, int(unix_time_millis(self.last_ingestion_time)))
    return shown | {
        "firstEventTimestamp": next(in_order(known)).timestamp,
        "lastEventTimestamp": newest.timestamp,
        "lastIngestionTime": ingested,
        "uploadSequenceToken": str(self.upload_sequence_token),
    }


OPERATIONS: tuple[Callable[[LogsResponse], str], ...] = (create_log_group, describe_log_groups, describe_log_streams)
