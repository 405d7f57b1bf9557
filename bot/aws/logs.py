"""CloudWatch Logs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from bot.aws.call_limit import CallLimit
from bot.aws.errors import ask, is_throttled
from bot.aws.session import Sessions
from bot.cloud import LogLine
from bot.domain import Account
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.ports import Clock
from bot.telemetry import LogSearch

PER_PAGE = 10_000
"""Events one FilterLogEvents or GetLogEvents may return."""
CALLS, WITHIN = 5, 1.0
"""FilterLogEvents an account allows in each region within so many seconds.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""
SLICES = 4
"""Parts of a range that are read at the same time, when one page was not all."""
THREADS = 8
AGAIN_SECONDS = 1.0
"""How long to wait when AWS throttles all the same, since others use the account's limit too."""
_BACKWARDS_SINCE = 1_704_067_200.0
"""2024-01-01 UTC: only a search that begins later may ask for the newest events first."""


class Logs:
    """Fills ``bot.ports.Logs``. ``clock`` is the one its deadlines are told by; ``pause`` waits some seconds."""

    def __init__(self, sessions: Sessions, clock: Clock, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pause = pause
        self._limit = CallLimit(CALLS, WITHIN, clock, pause)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="logs")

    def search(
        self, account: Account, group: str, pattern: str, *, start: float, end: float, limit: int, deadline: float
    ) -> tuple[LogLine, ...]:
        """The newest ``limit`` events that match, oldest first, as far as found by ``deadline`` (clock)."""
        whole = self.scan(account, group, pattern, start=start, end=end, limit=limit, deadline=deadline)
        return whole.lines

    def scan(
        self, account: Account, group: str, pattern: str, *, start: float, end: float, limit: int, deadline: float
    ) -> LogSearch:
        """The same, with whether that was all.

        Raises NotFoundError when the group does not exist and UpstreamError for a pattern CloudWatch cannot read;
        what people typed goes through ``bot.search.matching.quote_term`` first.
        """
        search = _Search(group, pattern, start, end, limit)
        search.is_whole = self._walk(account, search, search.parameters, deadline)
        return search.found()

    def read(
        self,
        account: Account,
        group: str,
        pattern: str,
        *,
        start: float,
        end: float,
        limit: int,
        deadline: float,
        streams: str = "",
        each: Callable[[LogLine], LogLine | None] | None = None,
    ) -> LogSearch:
        """The same, in several calls at a time where one page is not all; raises as ``scan`` does."""
        search = _Search(group, pattern, start, end, limit, streams=streams, each=each)
        token = self._page(account, search, search.parameters, deadline)
        if token is None or len(search.events) >= limit:
            search.is_whole = token is None
            return search.found()
        # What comes first is the newest; what is left to read ends where that begins.
        first, last = search.parameters["startTime"], search.oldest()
        step = max(1, -(-(last + 1 - first) // SLICES))
        slices = [
            search.parameters | {"startTime": at, "endTime": min(last, at + step - 1)}
            for at in range(first, last + 1, step)
        ]
        walks = [self._pool.submit(copy_context().run, self._walk, account, search, each, deadline) for each in slices]
        search.look()
        ended = [walk.result() for walk in walks]
        search.is_whole = all(ended) and len(search.events) <= limit
        # Each part was read from its own end: where one was not read to its beginning, there are holes.
        search.unbroken_since = 0 if all(ended) else last
        return search.found()

    def _walk(self, account: Account, search: _Search, parameters: Mapping[str, Any], deadline: float) -> bool:
        """Read page after page into ``search``; whether that was all.

        Pages may be empty or short long before the end: only a missing token says that there is no more.
        """
        asked = dict(parameters)
        while True:
            try:
                token = self._page(account, search, asked, deadline)
            except UpstreamError as error:
                if search.events and error.retryable:
                    return False
                raise
            search.look()
            if token is None:
                return len(search.events) <= search.limit
            if token == asked.get("nextToken") or len(search.events) >= search.limit or self._clock.now() >= deadline:
                return False
            asked["nextToken"] = token

    def _page(self, account: Account, search: _Search, asked: Mapping[str, Any], deadline: float) -> str | None:
        """One page; the token of the next. Repeated here and not by botocore, which knows no limit but its own."""
        client = self._sessions.client(account, "logs", repeat=False)
        again = False
        while True:
            try:
                with self._limit.call(f"{account.role_arn} {account.region}"):
                    answer = ask(client, "filter_log_events", **asked)
            except UpstreamError as error:
                late = self._clock.now() + AGAIN_SECONDS >= deadline
                if late or not error.retryable or (again and not is_throttled(error)):
                    raise _no_group(error, search.group) from error
                again = True
                self._pause(AGAIN_SECONDS)
            else:
                search.take(answer.get("events", []))
                return answer.get("nextToken")

    def tail(self, account: Account, group: str, stream: str, limit: int) -> tuple[LogLine, ...]:
        """The last lines of one stream, oldest first; empty when the stream does not exist (yet).

        Raises NotFoundError when the group does not exist.
        """
        client = self._sessions.client(account, "logs")
        try:
            answer = ask(
                client,
                "get_log_events",
                logGroupName=group,
                logStreamName=stream,
                limit=min(limit, PER_PAGE),
                startFromHead=False,
            )
        except UpstreamError as error:
            # One code for both; only the text tells "The specified log stream does not exist." from a missing group.
            if error.code == "ResourceNotFoundException" and "log stream" in error.message:
                return ()
            raise _no_group(error, group) from error
        return tuple(_line(each, stream) for each in answer["events"])


class _Search:
    """What one search has found so far; several threads read into it."""

    def __init__(
        self,
        group: str,
        pattern: str,
        start: float,
        end: float,
        limit: int,
        *,
        streams: str = "",
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
        self._fresh: list[dict[str, Any]] = []
        self.parameters: dict[str, Any] = {
            "logGroupName": group,
            "filterPattern": pattern,
            "startTime": int(start * 1000),
            "endTime": int(end * 1000),
            "limit": min(limit, PER_PAGE),
        }
        if streams:
            self.parameters["logStreamNamePrefix"] = streams
        if start >= _BACKWARDS_SINCE:
            self.parameters["startFromHead"] = False
        self._lock = threading.Lock()

    def take(self, events: Iterable[dict[str, Any]]) -> None:
        """Add a page; the first that came of an event stays."""
        with self._lock:
            for event in events:
                if event["eventId"] not in self.events:
                    self.events[event["eventId"]] = event
                    self._fresh.append(event)

    def look(self) -> None:
        """Do with the events that nobody has looked at yet what is done with each."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
        for event in fresh:
            self._lines[event["eventId"]] = self._each(_line(event, event.get("logStreamName", "")))

    def oldest(self) -> int:
        """Milliseconds: where what has not been read yet ends."""
        end = int(self.parameters["endTime"])
        if "startFromHead" not in self.parameters:
            return end
        return min((int(event["timestamp"]) for event in self.events.values()), default=end)

    def found(self) -> LogSearch:
        """The newest events within the limit, oldest first."""
        self.look()
        newest = sorted(self.events.values(), key=_age)[-self.limit :]
        lines = (self._lines[event["eventId"]] for event in newest)
        whole = self.is_whole and len(self.events) <= self.limit
        return LogSearch(
            tuple(line for line in lines if line is not None),
            whole,
            ids=tuple(event["eventId"] for event in newest),
            cut=self._cut(whole, newest),
            newest=newest[-1]["timestamp"] / 1000 if newest else 0.0,
        )

    def _cut(self, whole: bool, newest: Sequence[Mapping[str, Any]]) -> LogLine | None:
        """Only what was read newest first has left out what is older."""
        if whole or len(newest) < self.limit or "startFromHead" not in self.parameters:
            return None
        event = next((each for each in newest if each["timestamp"] >= self.unbroken_since), newest[-1])
        return _line(event, event.get("logStreamName", ""))


def _no_group(error: UpstreamError, group: str) -> BotError:
    if error.code == "ResourceNotFoundException":
        return NotFoundError(f"CloudWatch has no log group {group}.")
    return error


def _age(event: Mapping[str, Any]) -> tuple[int, int, int, str]:
    """Lines of one millisecond, such as a stack trace, keep the order of their ids, which are numbers in text."""
    return event["timestamp"], event.get("ingestionTime", 0), len(event["eventId"]), event["eventId"]


def _line(event: Mapping[str, Any], stream: str) -> LogLine:
    return LogLine(event["timestamp"] / 1000, event["message"], stream, event.get("eventId", ""))
