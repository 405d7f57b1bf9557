"""CloudWatch Logs' reading operations; each function takes the place of moto's method."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse

from sandbox.aws.acted import EMPTY_PAGE, met
from sandbox.aws.logs_errors import invalid
from sandbox.aws.logs_groups import group_of, stream_of
from sandbox.aws.logs_ingestion import EVENT_OVERHEAD, PAGE_BYTES, PAGE_EVENTS
from sandbox.aws.logs_limits import filter_rate, stream_rate
from sandbox.aws.logs_matching import PatternError
from sandbox.aws.logs_patterns import Pattern, compile_pattern
from sandbox.aws.logs_store import (
    Event,
    cut,
    first_order,
    group_sources,
    in_order,
    now_ms,
    oldest_kept,
    order_of,
    stream_sources,
)

SCANNED_PER_PAGE = 20_000
MOST_NAMES = 100
"""Streams that FilterLogEvents takes by their names."""
_BACKWARDS_SINCE = 1_704_067_200_000
"""2024-01-01 UTC: only from then on FilterLogEvents searches from the tail."""


def pattern_of(text: str | None) -> Pattern:
    """A compiled filter pattern. Raises InvalidParameterException."""
    try:
        return compile_pattern(text or "")
    except PatternError as error:
        raise invalid(str(error)) from None


def filter_log_events(self: LogsResponse) -> str:
    """FilterLogEvents: a page ends by number, size or events looked at, so that it may be empty and go on."""
    filter_rate.check(self.region)
    params: dict[str, Any] = json.loads(self.body)
    group = group_of(self.logs_backend, params.get("logGroupName"), params.get("logGroupIdentifier"))
    is_wanted = _streams_wanted(group, params)
    pattern = pattern_of(params.get("filterPattern"))
    start, end, limit = _bounds(params)
    backwards = _is_backwards(params)
    low, high = first_order(max(start or 0, oldest_kept(group))), None if end is None else first_order(end + 1)
    if params.get("nextToken"):
        backwards, order = _read_token(params["nextToken"], params)
        low, high = (low, order) if backwards else (max(low, order + 1), high)
    events = in_order(cut(group_sources(group), low, high), backwards=backwards)
    found: list[Event] = []
    size, position = 0, low - 1 if not backwards else high or first_order(now_ms() * 2)
    for event in islice(events, 0 if met(EMPTY_PAGE) else SCANNED_PER_PAGE):
        position = event.order
        if not is_wanted(event.stream) or not pattern.matches(event.message):
            continue
        found.append(event)
        size += len(event.message) + EVENT_OVERHEAD
        if len(found) >= limit or size >= PAGE_BYTES:
            break
    answer: dict[str, Any] = {"events": [event.to_filter_dict() for event in found], "searchedLogStreams": []}
    if next(events, None) is not None:
        answer["nextToken"] = _write_token(backwards, position, params)
    return json.dumps(answer)


def _is_backwards(params: dict[str, Any]) -> bool:
    """Whether the newest events come first."""
    backwards = params.get("startFromHead") is False
    if backwards and (params.get("startTime") or 0) < _BACKWARDS_SINCE:
        raise invalid("startFromHead can only be false when startTime is on or after January 1, 2024 00:00:00 UTC.")
    return backwards


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
        if len(names) > MOST_NAMES:
            raise invalid(
                "1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MOST_NAMES}"
            )
        for name in names:
            stream_of(group, name)
        return set(names).__contains__
    return lambda stream: True


def _fingerprint(params: dict[str, Any]) -> int:
    """What a token belongs to; another page size is allowed, and the token's own direction counts."""
    rest = {key: value for key, value in params.items() if key not in ("nextToken", "limit", "startFromHead")}
    return zlib.crc32(json.dumps(rest, sort_keys=True).encode())


def _write_token(backwards: bool, order: int, params: dict[str, Any]) -> str:
    written = f"{'b' if backwards else 'f'}/{order:x}/{_fingerprint(params):08x}"
    return base64.urlsafe_b64encode(written.encode()).decode()


def _read_token(token: str, params: dict[str, Any]) -> tuple[bool, int]:
    try:
        direction, order, fingerprint = base64.urlsafe_b64decode(token).decode().split("/")
        if int(fingerprint, 16) == _fingerprint(params):
            return direction == "b", int(order, 16)
    except (binascii.Error, ValueError):
        pass
    raise invalid("The specified nextToken is invalid.")


def get_log_events(self: LogsResponse) -> str:
    """GetLogEvents: newest page first unless startFromHead; at either end the same token comes back."""
    stream_rate.check(self.region)
    params: dict[str, Any] = json.loads(self.body)
    group = group_of(self.logs_backend, params.get("logGroupName"), params.get("logGroupIdentifier"))
    sources = stream_sources(stream_of(group, params["logStreamName"]))
    _, _, limit = _bounds({"limit": params.get("limit")})
    start, end = params.get("startTime"), params.get("endTime")
    low, high = first_order(max(start or 0, oldest_kept(group))), None if end is None else first_order(end)
    backwards = not params.get("startFromHead")
    token = params.get("nextToken")
    if token:
        direction, order = _direction(token)
        backwards = direction == "b"
        if backwards:
            high = order if high is None else min(high, order)
        else:
            low = max(low, order + 1)
    shown = _fitting(in_order(cut(sources, low, high), backwards=backwards), limit)
    if backwards:
        shown.reverse()
    edge = _direction(token)[1] if token else first_order(end if end is not None and not shown else now_ms())
    oldest, newest = (shown[0].order, shown[-1].order) if shown else (edge, edge)
    return json.dumps(
        {
            "events": [event.to_response_dict() for event in shown],
            "nextBackwardToken": f"b/{oldest << 108:056d}/s",
            "nextForwardToken": f"f/{newest << 108:056d}/s",
        }
    )


def _fitting(events: Iterator[Event], limit: int) -> list[Event]:
    """The first events that fit into one page; at least one, if there is one."""
    picked: list[Event] = []
    size = 0
    for event in islice(events, limit):
        size += len(event.message) + EVENT_OVERHEAD
        if size > PAGE_BYTES and picked:
            break
        picked.append(event)
    return picked


def _direction(token: str) -> tuple[str, int]:
    match = re.fullmatch(r"([fb])/(\d{56})(?:/s)?", token)
    if match is None:
        raise invalid("The specified nextToken is invalid.")
    return match[1], order_of(match[2])


OPERATIONS: tuple[Callable[[LogsResponse], str], ...] = (filter_log_events, get_log_events)
