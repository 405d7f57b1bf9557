"""Log groups whose events are made when they are asked for: millions of them, and nothing is stored."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.logs.models import logs_backends

from sandbox.aws.logs_store import Event, first_order, generate, now_ms

Line = Callable[[int, int], str]
"""What the event of this number says, at this time (ms). Asked twice it must answer the same."""

_INGESTED_WITHIN = 1_500
"""Milliseconds after which an event can be found."""
_BEHIND_WRITTEN = 1 << 31
"""Within a millisecond generated events come after those that were written."""
_USUAL_SIZE = 250
"""Bytes of an event, for what a group is said to store."""


@dataclass(frozen=True)
class Traffic:
    """A regular flow of events, spread over the streams in turn.

    ``start`` is the first event's time in ms, ``period`` the ms between two, ``count`` how many there are. What is
    ``endless`` goes on from there with the sandbox's clock.
    """

    line: Line
    start: int
    period: float
    count: int
    streams: tuple[str, ...]
    endless: bool = False

    def events(self, stream: str | None = None) -> Sequence[Event]:
        """The events that were ingested by now, of one stream or of all; not one for a stream that is none of these."""
        passed = max(0, math.ceil((now_ms() - _INGESTED_WITHIN - self.start) / self.period))
        there = max(self.count, passed) if self.endless else self.count
        if stream is None:
            return GeneratedEvents(self, range(there))
        if stream not in self.streams:
            return ()
        return GeneratedEvents(self, range(self.streams.index(stream), there, len(self.streams)))

    def each(self, numbers: Iterable[int]) -> Iterator[Event]:
        """The events of these numbers, from 0."""
        line, start, period, streams, turns = self.line, self.start, self.period, self.streams, len(self.streams)
        for number in numbers:
            at = start + int(number * period)
            ingested = at + 200 + number * 7 % (_INGESTED_WITHIN - 200)
            order = first_order(at) + _BEHIND_WRITTEN + number
            yield Event(order, at, ingested, line(number, at), streams[number % turns])


class GeneratedEvents(Sequence[Event]):
    """Some of a traffic's events, by their numbers; a slice is made of numbers, too."""

    def __init__(self, traffic: Traffic, numbers: range) -> None:
        self._traffic = traffic
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Event]:
        return self._traffic.each(self._numbers)

    def __reversed__(self) -> Iterator[Event]:
        return self._traffic.each(self._numbers[::-1])

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> GeneratedEvents: ...
    def __getitem__(self, index: int | slice) -> Event | GeneratedEvents:
        if isinstance(index, slice):
            return GeneratedEvents(self._traffic, self._numbers[index])
        return next(self._traffic.each((self._numbers[index],)))


def make_group(region: str, name: str, traffic: Traffic) -> None:
    """A log group with this traffic and its streams; if it is there already, it gets them besides what it has."""
    backend = logs_backends[DEFAULT_ACCOUNT_ID][region]
    backend.ensure_log_group(name)
    group = backend.groups[name]
    for stream in traffic.streams:
        backend.ensure_log_stream(name, stream)
        group.streams[stream].stored_bytes = traffic.count * _USUAL_SIZE // len(traffic.streams)
    generate(group, traffic)
