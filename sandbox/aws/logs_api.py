"""CloudWatch Logs' writing and reading operations; each function takes the place of moto's method."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any

from moto.logs.models import LogGroup, LogsBackend, LogStream
from moto.logs.responses import LogsResponse

from sandbox.aws.logs_errors import LogsError, invalid, not_found, throttled
from sandbox.aws.logs_ingestion import ingest
from sandbox.aws.logs_matching import PatternError
from sandbox.aws.logs_patterns import Pattern, compile_pattern
from sandbox.aws.logs_store import (
    Event,
    after,
    before,
    cut,
    first_order,
    group_events,
    now_ms,
    oldest_kept,
    order_of,
    stream_events,
)
from sandbox.aws.world import current

PAGE_BYTES = 1_048_576
PAGE_EVENTS = 10_000
SCANNED_PER_PAGE = 20_000
_EVENT_OVERHEAD = 26
_DAY = 86_400_000
_OLDEST = 14 * _DAY
_NEWEST = 2 * 3_600_000
_BATCH_SPAN = _DAY


class RateLimit:
    """How often FilterLogEvents may be called, in calls a second of the sandbox's clock; None is without limit."""

    def __init__(self) -> None:
        self.per_second: int | None = None
        self._calls: deque[float] = deque()

    def check(self) -> None:
        """Count a call. Raises ThrottlingException when there were too many in the last second."""
        if self.per_second is None:
            return
        now = current().clock.now()
        while self._calls and self._calls[0] <= now - 1:
            self._calls.popleft()
        if len(self._calls) >= self.per_second:
            raise throttled()
        self._calls.append(now)


filter_rate = RateLimit()


def group_of(backend: LogsBackend, name: str | None, identifier: str | None = None) -> LogGroup:
    """The log group of a name, or of an identifier that is a name or an ARN. Raises ResourceNotFoundException."""
    wanted = name or identifier or ""
    if wanted.startswith("arn:"):
        wanted = wanted.split(":", 6)[6].removesuffix(":*")
    group: LogGroup | None = backend.groups.get(wanted)
    if group is None:
        raise not_found()
    return group


def _stream_of(group: LogGroup, name: str) -> LogStream:
    stream: LogStream | None = group.streams.get(name)
    if stream is None:
        raise not_found("log stream")
    return stream


def pattern_of(text: str | None) -> Pattern:
    """A compiled filter pattern. Raises InvalidParameterException."""
    try:
        return compile_pattern(text or "")
    except PatternError as error:
        raise invalid(str(error)) from None


def put_log_events(
    self: LogsBackend, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    """PutLogEvents, in the place of moto's backend method: events older than 14 days or too new are left out."""
    stream = _stream_of(group_of(self, log_group_name), log_stream_name)
    times = [int(event["timestamp"]) for event in log_events]
    if times != sorted(times):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times and times[-1] - times[0] > _BATCH_SPAN:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    size = sum(len(event["message"].encode()) + _EVENT_OVERHEAD for event in log_events)
    if len(times) > PAGE_EVENTS or size > PAGE_BYTES:
        raise invalid("Upload too large: at most 10000 log events and 1048576 bytes")
    now = now_ms()
    too_old = sum(1 for at in times if at < now - _OLDEST)
    too_new = sum(1 for at in times if at > now + _NEWEST)
    rejected: dict[str, Any] = {}
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if too_new:
        rejected["tooNewLogEventStartIndex"] = len(times) - too_new
    kept = log_events[too_old : len(times) - too_new]
    return ingest(stream, [(int(event["timestamp"]), event["message"]) for event in kept]), rejected


def filter_log_events(self: LogsResponse) -> str:
    """FilterLogEvents: a page ends by number, size or events looked at, so that it may be empty and go on."""
    filter_rate.check()
    params: dict[str, Any] = json.loads(self.body)
    group = group_of(self.logs_backend, params.get("logGroupName"), params.get("logGroupIdentifier"))
    is_wanted = _streams_wanted(group, params)
    pattern = pattern_of(params.get("filterPattern"))
    start, end, limit = _bounds(params)
    events = group_events(group)
    first, last = cut(events, max(start or 0, oldest_kept(group)), None if end is None else end + 1)
    token = params.get("nextToken")
    if token:
        first = max(first, after(events, _read_token(token, params)))
    found: list[Event] = []
    size = 0
    position = first
    for event in events[first : min(last, first + SCANNED_PER_PAGE)]:
        position += 1
        if not is_wanted(event.stream) or not pattern.matches(event.message):
            continue
        found.append(event)
        size += len(event.message) + _EVENT_OVERHEAD
        if len(found) >= limit or size >= PAGE_BYTES:
            break
    answer: dict[str, Any] = {"events": [event.to_filter_dict() for event in found], "searchedLogStreams": []}
    if position < last:
        answer["nextToken"] = _write_token(events[position - 1].order, params)
    return json.dumps(answer)


def _bounds(params: dict[str, Any]) -> tuple[int | None, int | None, int]:
    start, end = params.get("startTime"), params.get("endTime")
    if start is not None and end is not None and start > end:
        raise invalid("startTime cannot be after endTime")
    limit = params.get("limit") or PAGE_EVENTS
    if not 1 <= limit <= PAGE_EVENTS:
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            "Member must have value less than or equal to 10000"
        )
    return start, end, int(limit)


def _streams_wanted(group: LogGroup, params: dict[str, Any]) -> Callable[[str], bool]:
    names, prefix = params.get("logStreamNames"), params.get("logStreamNamePrefix")
    if names and prefix:
        raise invalid("Both logStreamNames and logStreamNamePrefix cannot be specified.")
    if prefix:
        start: str = prefix
        return lambda stream: stream.startswith(start)
    if names:
        for name in names:
            _stream_of(group, name)
        return set(names).__contains__
    return lambda stream: True


def _fingerprint(params: dict[str, Any]) -> int:
    """What a token belongs to; another page size is allowed."""
    rest = {key: value for key, value in params.items() if key not in ("nextToken", "limit")}
    return zlib.crc32(json.dumps(rest, sort_keys=True).encode())


def _write_token(order: int, params: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(f"{order:x}/{_fingerprint(params):08x}".encode()).decode()


def _read_token(token: str, params: dict[str, Any]) -> int:
    try:
        order, fingerprint = base64.urlsafe_b64decode(token).decode().split("/")
        if int(fingerprint, 16) == _fingerprint(params):
            return int(order, 16)
    except (binascii.Error, ValueError):
        pass
    raise invalid("The specified nextToken is invalid.")


def get_log_events(self: LogsResponse) -> str:
    """GetLogEvents: newest page first unless startFromHead; at either end the same token comes back."""
    params: dict[str, Any] = json.loads(self.body)
    group = group_of(self.logs_backend, params.get("logGroupName"), params.get("logGroupIdentifier"))
    events = stream_events(_stream_of(group, params["logStreamName"]))
    _, _, limit = _bounds({"limit": params.get("limit")})
    start, end = params.get("startTime"), params.get("endTime")
    first, last = cut(events, max(start or 0, oldest_kept(group)), end)
    backwards = not params.get("startFromHead")
    token = params.get("nextToken")
    if token:
        direction, order = _direction(token)
        backwards = direction == "b"
        if backwards:
            last = max(first, min(last, before(events, order)))
        else:
            first = min(last, max(first, after(events, order)))
    shown = _fitting(events[first:last], limit, backwards)
    edge = _direction(token)[1] if token else first_order(end if end is not None and not shown else now_ms())
    oldest, newest = (shown[0].order, shown[-1].order) if shown else (edge, edge)
    return json.dumps(
        {
            "events": [event.to_response_dict() for event in shown],
            "nextBackwardToken": f"b/{oldest << 108:056d}/s",
            "nextForwardToken": f"f/{newest << 108:056d}/s",
        }
    )


def _fitting(events: list[Event], limit: int, backwards: bool) -> list[Event]:
    """The newest (or oldest) events that fit into one page."""
    picked = events[-limit:] if backwards else events[:limit]
    size = 0
    for count, event in enumerate(reversed(picked) if backwards else picked):
        size += len(event.message) + _EVENT_OVERHEAD
        if size > PAGE_BYTES and count:
            return picked[-count:] if backwards else picked[:count]
    return picked


def _direction(token: str) -> tuple[str, int]:
    match = re.fullmatch(r"([fb])/(\d{56})(?:/s)?", token)
    if match is None:
        raise invalid("The specified nextToken is invalid.")
    return match[1], order_of(match[2])


def describe_log_groups(self: LogsResponse) -> str:
    """DescribeLogGroups by prefix or by a pattern, which is any part of the name."""
    params: dict[str, Any] = json.loads(self.body or "{}")
    prefix, part = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
    if prefix and part:
        raise LogsError(
            "InvalidParameterException", "Only one of logGroupNamePrefix and logGroupNamePattern is allowed."
        )
    wanted = [
        group
        for name, group in sorted(self.logs_backend.groups.items())
        if name.startswith(prefix or "") and (part or "").lower() in name.lower()
    ]
    limit = params.get("limit") or 50
    if limit > 50:
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            "Member must have value less than or equal to 50"
        )
    token = params.get("nextToken")
    rest = [group for group in wanted if token is None or group.name > token]
    answer: dict[str, Any] = {"logGroups": [group.to_describe_dict() for group in rest[:limit]]}
    if len(rest) > limit:
        answer["nextToken"] = rest[limit - 1].name
    return json.dumps(answer)


OPERATIONS: tuple[Callable[[LogsResponse], str], ...] = (filter_log_events, get_log_events, describe_log_groups)
