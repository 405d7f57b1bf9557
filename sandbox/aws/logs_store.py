"""Log events as the sandbox keeps them: sorted sources per stream and per group, so that ranges are cut by bisection.

A source is a list of what was written, or a sequence that makes its events when they are asked for.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from moto.logs.models import LogGroup, LogStream

from sandbox.aws.world import current

_SEQUENCE_BITS = 32
_ID_SHIFT = 108
_DAY = 86_400_000

_order = attrgetter("order")
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


class Generator(Protocol):
    """What makes a group's events when they are asked for; nothing of them is stored."""

    def events(self, stream: str | None = None) -> Sequence[Event]:
        """The events there are by now, oldest first; of one stream, or of all."""


def order_of(event_id: str) -> int:
    """The order that stands in an event id. Raises ValueError."""
    return int(event_id) >> _ID_SHIFT


def first_order(timestamp: int) -> int:
    """An order before every event of this millisecond."""
    return timestamp << _SEQUENCE_BITS


def now_ms() -> int:
    """The sandbox's time in milliseconds since the epoch."""
    return int(current().clock.now() * 1000)


def generate(group: LogGroup, generator: Generator) -> None:
    """From now on the group has the events of a generator, besides those that are written."""
    group.__dict__["sandbox_generator"] = generator


def _written(group: LogGroup) -> list[Event]:
    events: list[Event] = group.__dict__.setdefault("sandbox_events", [])
    return events


def _written_to(stream: LogStream) -> list[Event]:
    events: list[Any] = stream.events
    return events


def group_sources(group: LogGroup) -> list[Sequence[Event]]:
    """Every event of a group; each source is sorted, oldest first."""
    generator: Generator | None = group.__dict__.get("sandbox_generator")
    return [_written(group), *([generator.events()] if generator else ())]


def stream_sources(stream: LogStream) -> list[Sequence[Event]]:
    """Every event of a stream; each source is sorted, oldest first."""
    generator: Generator | None = stream.log_group.__dict__.get("sandbox_generator")
    return [_written_to(stream), *([generator.events(stream.log_stream_name)] if generator else ())]


def append(stream: LogStream, entries: Iterable[tuple[int, str]]) -> list[Event]:
    """Store (timestamp in ms, message) pairs in a stream and its group; answers the stored events.

    They are ingested now, whatever their timestamps: one that is older than what is there came late.
    """
    now = now_ms()
    name = stream.log_stream_name
    batch = [
        Event((timestamp << _SEQUENCE_BITS) + next(_sequence), timestamp, now, message, name)
        for timestamp, message in entries
    ]
    batch.sort()
    with _writing:
        for events in (_written_to(stream), _written(stream.log_group)):
            in_order = not events or not batch or events[-1].order < batch[0].order
            if in_order:
                events.extend(batch)
            else:
                events[:] = sorted(events + batch)
    return batch


def forget_stream(group: LogGroup, name: str) -> None:
    """Drop a deleted stream's written events from its group."""
    events = _written(group)
    with _writing:
        events[:] = [event for event in events if event.stream != name]


def cut(sources: Iterable[Sequence[Event]], first: int, last: int | None) -> list[Sequence[Event]]:
    """The same sources with only what has first <= order < last (None is open); what is written later is not in it."""
    return [
        source[bisect_left(source, first, key=_order) : None if last is None else bisect_left(source, last, key=_order)]
        for source in sources
    ]


def in_order(sources: Sequence[Sequence[Event]], *, backwards: bool = False) -> Iterator[Event]:
    """The events of all sources, oldest or newest first."""
    filled = [reversed(source) if backwards else iter(source) for source in sources if source]
    return filled[0] if len(filled) == 1 else heapq.merge(*filled, reverse=backwards)


def oldest_kept(group: LogGroup) -> int:
    """The instant (ms) before which the group's retention has removed everything."""
    days = group.retention_in_days
    return now_ms() - int(days) * _DAY if days else 0
