"""CloudWatch Logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from bot.aws.log_calls import CALLS, LogCalls, calls_within_a_second, no_group
from bot.aws.log_search import PER_PAGE, Search, line_of
from bot.aws.session import Sessions
from bot.cloud import LogLine
from bot.domain import Account
from bot.errors import BotError, UpstreamError
from bot.ports import Clock
from bot.telemetry import LogSearch

SLICES = 4
"""Parts of a range that are read at the same time, when one page was not all."""
THREADS = 8
TAIL_SECONDS = 5.0
"""How long it is tried to read the end of a stream."""

Page = Callable[[str | None], str | None]
"""Reads the page of a token; the token of the next, None when there is none."""


class Logs:
    """Fills ``bot.ports.Logs``. ``clock`` is the one its deadlines are told by; ``pause`` waits some seconds."""

    def __init__(self, sessions: Sessions, clock: Clock, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._calls = LogCalls(sessions, clock, pause=pause)
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
        search = Search(group, pattern, start, end, limit)
        search.is_whole = self._walk(
            search, partial(self._page, account, search, search.parameters, deadline), deadline
        )
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
        streams: Sequence[str] = (),
        each: Callable[[LogLine], LogLine | None] | None = None,
        has_ids: bool = False,
    ) -> LogSearch:
        """The same, in several calls at a time where one page is not all; raises as ``scan`` does."""
        search = Search(group, pattern, start, end, limit, streams=streams, each=each)
        began = self._clock.now()
        token = self._page(account, search, search.parameters, deadline, None)
        if token is None or len(search.events) >= limit:
            search.is_whole = token is None
            return search.found()
        now = self._clock.now()
        # Half of the time, so that the other way is left.
        if has_ids or not self._by_streams(account, search, now + (deadline - now) / 2, now - began):
            self._by_slices(account, search, deadline)
        return search.found()

    def stream_names(self, account: Account, group: str, prefix: str) -> tuple[str, ...]:
        """The streams whose names begin so; none when there are more than fifty, or AWS does not tell."""
        return self._calls.streams(account, group, prefix)

    def _by_slices(self, account: Account, search: Search, deadline: float) -> None:
        """Read what the first page left out in parts, each from its newest event on."""
        first, last = search.parameters["startTime"], search.oldest()
        step = max(1, -(-(last + 1 - first) // SLICES))
        slices = [
            search.parameters | {"startTime": at, "endTime": min(last, at + step - 1)}
            for at in range(first, last + 1, step)
        ]
        ended = self._together(
            search, [partial(self._page, account, search, each, deadline) for each in slices], deadline
        )
        search.is_whole = ended and len(search.events) <= search.limit
        # Where a part was not read to its beginning, there are holes.
        search.unbroken_since = 0 if ended else last

    def _by_streams(self, account: Account, search: Search, deadline: float, took: float) -> bool:
        """Read every stream to its end, if that is quicker and all of them are known; whether that was done.

        GetLogEvents has a quota of its own, several times that of FilterLogEvents. Which streams have events in a
        time is not asked, since AWS says it late: all are read. ``took`` is how many seconds the first page took.
        """
        pages = search.pages_left()
        if pages < CALLS:
            return False
        names = search.parameters.get("logStreamNames") or self._calls.streams(account, search.group, "")
        if not search.streams() <= set(names):
            return False
        calls = pages + 2 * len(names)
        seconds = max(calls / calls_within_a_second(account.region), calls * took / THREADS)
        if seconds >= max(pages / CALLS, pages * took / SLICES):
            return False
        last = search.oldest()
        beside = search.beside(last)
        reads = [partial(self._stream_page, account, beside, name, deadline) for name in names]
        try:
            if not self._together(beside, reads, deadline):
                return False
        except BotError:
            return False
        finally:
            beside.end()
        search.join(beside, last)
        search.is_whole = len(search.events) <= search.limit
        return True

    def _together(self, search: Search, pages: Iterable[Page], deadline: float) -> bool:
        """Walk through several at a time; whether all of them were read to their ends."""
        walks = [self._pool.submit(copy_context().run, self._later, search, page, deadline) for page in pages]
        search.look()
        ended = [walk.result() for walk in walks]
        return all(ended)

    def _later(self, search: Search, page: Page, deadline: float) -> bool:
        """Walk, if there is still time for it; it may have waited for the others."""
        return not search.is_full() and self._clock.now() < deadline and self._walk(search, page, deadline)

    def _walk(self, search: Search, page: Page, deadline: float) -> bool:
        """Read page after page into ``search``; whether that was all.

        Pages may be empty or short long before the end: only a missing token says that there is no more.
        """
        token = None
        while True:
            try:
                following = page(token)
            except UpstreamError as error:
                if search.events and error.retryable:
                    return False
                raise
            search.look()
            if following is None:
                return len(search.events) <= search.limit
            if following == token or search.is_full() or self._clock.now() >= deadline:
                return False
            token = following

    def _page(
        self, account: Account, search: Search, asked: Mapping[str, Any], deadline: float, token: str | None
    ) -> str | None:
        answer = self._calls.filtered(account, {**asked, "nextToken": token} if token else asked, deadline)
        search.take(answer.get("events", []))
        return answer.get("nextToken")

    def _stream_page(
        self, account: Account, search: Search, stream: str, deadline: float, token: str | None
    ) -> str | None:
        """A page of one stream, oldest first; AWS says that there is no more by giving the same token again."""
        asked = {
            "logGroupName": search.group,
            "logStreamName": stream,
            "startTime": search.parameters["startTime"],
            # Here the end is not part of the time.
            "endTime": search.parameters["endTime"] + 1,
            "startFromHead": True,
        }
        answer = self._calls.of_stream(account, {**asked, "nextToken": token} if token else asked, deadline)
        search.take_of_stream(answer.get("events", []), stream)
        if "nextForwardToken" not in answer:
            raise UpstreamError("CloudWatch Logs answered GetLogEvents without saying whether that was all.")
        following: str = answer["nextForwardToken"]
        return None if following == token else following

    def stretch(
        self,
        account: Account,
        group: str,
        stream: str,
        *,
        start: float,
        end: float,
        limit: int,
        deadline: float,
        each: Callable[[LogLine], LogLine | None] | None = None,
    ) -> LogSearch:
        """One stream from ``start`` to ``end``, oldest first and so far as there is time.

        Raises NotFoundError when the group or the stream does not exist, and UpstreamError.
        """
        search = Search(group, "", start, end, limit, each=each)
        try:
            search.is_whole = self._walk(
                search, partial(self._stream_page, account, search, stream, deadline), deadline
            )
        except UpstreamError as error:
            raise no_group(error, group) from error
        return search.found()

    def tail(self, account: Account, group: str, stream: str, limit: int) -> tuple[LogLine, ...]:
        """The last lines of one stream, oldest first; empty when the stream does not exist (yet).

        Raises NotFoundError when the group does not exist.
        """
        asked = {"logGroupName": group, "logStreamName": stream, "limit": min(limit, PER_PAGE), "startFromHead": False}
        try:
            answer = self._calls.of_stream(account, asked, self._clock.now() + TAIL_SECONDS)
        except UpstreamError as error:
            # One code for both; only the text tells "The specified log stream does not exist." from a missing group.
            if error.code == "ResourceNotFoundException" and "log stream" in error.message:
                return ()
            raise no_group(error, group) from error
        return tuple(line_of(each, stream, group) for each in answer.get("events", ()))
