"""Log events as the sandbox keeps them: sorted lists per stream and per group, so that ranges are cut by bisection."""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple

from moto.logs.models import LogGroup, LogStream

from sandbox.aws.world import current

_SEQUENCE_BITS = 32
_ID_SHIFT = 108
_DAY = 86_400_000

_sequence = itertools.count(1)
_writing = threading.Lock()


class Event(NamedTuple):
    """One event; ``order`` sorts by time and then by arrival, times are in milliseconds since the epoch."""

    order: int
    timestamp: int
    ingestion_time: int
    message: str
    stream: str

    @property
    def event_id(self) -> str:
        """The event's id of 56 digits, which sorts as the events do."""
        return f"{self.order << _ID_SHIFT:056d}"

    def to_response_dict(self) -> dict[str, Any]:
        """The event as GetLogEvents answers it."""
        return {"timestamp": self.timestamp, "message": self.message, "ingestionTime": self.ingestion_time}

    def to_filter_dict(self) -> dict[str, Any]:
        """The event as FilterLogEvents answers it."""
        return {"logStreamName": self.stream, **self.to_response_dict(), "eventId": self.event_id}


def order_of(event_id: str) -> int:
    """The order that stands in an event id. Raises ValueError."""
    return int(event_id) >> _ID_SHIFT


def first_order(timestamp: int) -> int:
    """An order before every event of this millisecond."""
    return timestamp << _SEQUENCE_BITS


def now_ms() -> int:
    """The sandbox's time in milliseconds since the epoch."""
    return int(current().clock.now() * 1000)


def group_events(group: LogGroup) -> list[Event]:
    """Every event of a group, oldest first."""
    events: list[Event] = group.__dict__.setdefault("sandbox_events", [])
    return events


def stream_events(stream: LogStream) -> list[Event]:
    """Every event of a stream, oldest first."""
    events: list[Any] = stream.events
    return events


def append(stream: LogStream, entries: Iterable[tuple[int, str]]) -> list[Event]:
    """Store (timestamp in ms, message) pairs in a stream and its group; answers the stored events."""
    now = now_ms()
    name = stream.log_stream_name
    batch = [
        Event((timestamp << _SEQUENCE_BITS) + next(_sequence), timestamp, now, message, name)
        for timestamp, message in entries
    ]
    batch.sort()
    with _writing:
        for events in (stream_events(stream), group_events(stream.log_group)):
            in_order = not events or not batch or events[-1].order < batch[0].order
            if in_order:
                events.extend(batch)
            else:
                events[:] = sorted(events + batch)
    return batch


def forget_stream(group: LogGroup, name: str) -> None:
    """Drop a deleted stream's events from its group."""
    events = group_events(group)
    with _writing:
        events[:] = [event for event in events if event.stream != name]


def cut(events: list[Event], start: int | None, end: int | None) -> tuple[int, int]:
    """The positions of the events with start <= timestamp < end (milliseconds; None is open)."""
    first = 0 if start is None else bisect_left(events, first_order(start), key=lambda event: event.order)
    last = len(events) if end is None else bisect_left(events, first_order(end), key=lambda event: event.order)
    return first, max(first, last)


def after(events: list[Event], order: int) -> int:
    """The position of the first event behind this order."""
    return bisect_right(events, order, key=lambda event: event.order)


def before(events: list[Event], order: int) -> int:
    """The position of the first event that is not before this order."""
    return bisect_left(events, order, key=lambda event: event.order)


def oldest_kept(group: LogGroup) -> int:
    """The instant (ms) before which the group's retention has removed everything."""
    days = group.retention_in_days
    return now_ms() - int(days) * _DAY if days else 0
