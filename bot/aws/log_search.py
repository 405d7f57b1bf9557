"""What one search of CloudWatch Logs has found so far."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.cloud import LogLine
from bot.telemetry import LogSearch

PER_PAGE = 10_000
"""Events one FilterLogEvents or GetLogEvents may return."""
_BACKWARDS_SINCE = 1_704_067_200.0
"""2024-01-01 UTC: only a search that begins later may ask for the newest events first."""


class Search:
    """Events by their ids, or places in their streams, each looked at once; several threads read into it."""

    def __init__(
        self,
        group: str,
        pattern: str,
        start: float,
        end: float,
        limit: int,
        *,
        streams: Sequence[str] = (),
        each: Callable[[LogLine], LogLine | None] | None = None,
    ) -> None:
        self.group = group
        self.limit = limit
        self.is_whole = False
        self.unbroken_since = 0
        """Milliseconds: what is older was not read one page after the other."""
        self.events: dict[str, dict[str, Any]] = {}
        self._each = each or (lambda line: line)
        self._lines: dict[str, LogLine | None] = {}
        self._fresh: list[tuple[str, dict[str, Any]]] = []
        self._counts: dict[str, int] = {}
        self.parameters: dict[str, Any] = {
            "logGroupName": group,
            "filterPattern": pattern,
            "startTime": int(start * 1000),
            "endTime": int(end * 1000),
            "limit": min(limit, PER_PAGE),
        }
        if streams:
            self.parameters["logStreamNames"] = list(streams)
        if start >= _BACKWARDS_SINCE:
            self.parameters["startFromHead"] = False
        self._lock = threading.Lock()
        self._has_ended = False

    def take(self, events: Iterable[dict[str, Any]]) -> None:
        """Add a page; the first that came of an event stays."""
        self._add((event["eventId"], event) for event in events)

    def _add(self, events: Iterable[tuple[str, dict[str, Any]]]) -> None:
        with self._lock:
            for key, event in events:
                if key not in self.events:
                    self.events[key] = event
                    self._fresh.append((key, event))

    def take_of_stream(self, events: Sequence[dict[str, Any]], stream: str) -> None:
        """Add the next page of a stream, oldest first; GetLogEvents gives no ids, so that none may come again."""
        first = self._counts.get(stream, 0)
        for event in events:
            event["logStreamName"] = stream
        self._counts[stream] = first + len(events)
        self._add((f"{stream}/{number:09}", event) for number, event in enumerate(events, first))

    def look(self) -> None:
        """Do with the events that nobody has looked at yet what is done with each."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
        for key, event in fresh:
            self._lines[key] = self._each(line_of(event, event.get("logStreamName", ""), self.group))

    def is_full(self) -> bool:
        """Whether no more is worth reading."""
        return self._has_ended or len(self.events) >= self.limit

    def end(self) -> None:
        """Have whoever still reads stop."""
        self._has_ended = True

    def pages_left(self) -> float:
        """About how many pages are left after the first, when every event is asked for and all may be within the limit.

        As many as there would be, were the rest as busy as the page; 0 when that cannot be told.
        """
        if self.parameters["filterPattern"] or "startFromHead" not in self.parameters or not self.events:
            return 0.0
        first, last = self.parameters["startTime"], self.oldest()
        pages = (last - first) / max(1, self.parameters["endTime"] - last)
        return pages if pages * len(self.events) <= self.limit else 0.0

    def beside(self, end: int) -> Search:
        """A search for what is left up to ``end`` (milliseconds), which is read again as it was not all in the page."""
        kept = sum(event["timestamp"] > end for event in self.events.values())
        # One more than fits is enough to know that it is not all.
        rest = Search(self.group, "", 0, 0, self.limit - kept + 1, each=self._each)
        rest.parameters = self.parameters | {"endTime": end}
        return rest

    def streams(self) -> set[str]:
        """The streams whose events were found."""
        return {event.get("logStreamName", "") for event in self.events.values()}

    def join(self, rest: Search, end: int) -> None:
        """Have all that was found ``beside`` in place of what there is up to ``end``."""
        self.look()
        rest.look()
        self.events = {key: event for key, event in self.events.items() if event["timestamp"] > end} | rest.events
        self._lines |= rest._lines

    def oldest(self) -> int:
        """Milliseconds: where what has not been read yet ends."""
        end = int(self.parameters["endTime"])
        if "startFromHead" not in self.parameters:
            return end
        return min((int(event["timestamp"]) for event in self.events.values()), default=end)

    def found(self) -> LogSearch:
        """The newest events within the limit, oldest first."""
        self.look()
        ordered = sorted(self.events.items(), key=_age)[-self.limit :]
        newest = [event for _, event in ordered]
        lines = (self._lines[key] for key, _ in ordered)
        whole = self.is_whole and len(self.events) <= self.limit
        return LogSearch(
            tuple(line for line in lines if line is not None),
            whole,
            ids=tuple(event["eventId"] for event in newest if "eventId" in event),
            cut=self._cut(whole, newest),
            newest=newest[-1]["timestamp"] / 1000 if newest else 0.0,
        )

    def _cut(self, whole: bool, newest: Sequence[Mapping[str, Any]]) -> LogLine | None:
        """Only what was read newest first has left out what is older."""
        if whole or len(newest) < self.limit or "startFromHead" not in self.parameters:
            return None
        event = next((each for each in newest if each["timestamp"] >= self.unbroken_since), None)
        return line_of(event, event.get("logStreamName", ""), self.group) if event else None


def _age(found: tuple[str, Mapping[str, Any]]) -> tuple[int, int, int, str]:
    """Lines of one millisecond, such as a stack trace, keep the order of their ids, which are numbers in text."""
    key, event = found
    return event["timestamp"], event.get("ingestionTime") or 0, len(key), key


def line_of(event: Mapping[str, Any], stream: str, group: str) -> LogLine:
    """An event as a line."""
    return LogLine(event["timestamp"] / 1000, event["message"], stream, event.get("eventId", ""), group)
