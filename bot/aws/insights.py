"""CloudWatch Logs Insights: start a query, ask until it has ended, and stop it when nobody waits any more."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.aws.pace import Pace
from bot.aws.query_places import QueryPlaces
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.ports import Clock
from bot.telemetry import QueryAnswer

log = logging.getLogger("bot.aws.insights")

AT_ONCE = 5
"""Queries of incidents that run at once, and as many of people. An account has 100 places, shared with its dashboards.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs-Insights-Query-History.html
"""
EVERY = 0.2
"""Seconds between two calls, over all queries of the bot in one place: AWS allows 5 GetQueryResults a second."""
BURST = 4
FIRST_WAIT, LONGEST_WAIT = 0.2, 1.0
"""Seconds before a query is asked for the first time, and the most that it is left alone."""
MOST_GROUPS = 50
MOST_ROWS = 10_000
ASK_SECONDS = 1.5
"""How long AWS may refuse one step of a query that goes on by itself, until somebody who waits is told."""

FORGOTTEN_SECONDS = 600.0
"""After which a query that nobody looks at any more keeps no place from others."""
STOP_SECONDS = 3.0
"""How long it is tried to stop a query that AWS does not let be stopped at once."""

_POINTER = "@ptr"
_NO_PLACE = "LimitExceededException"
"""What StartQuery answers while all places of the account are taken."""
STOPPED = "Cancelled"
_ENDINGS = {
    "Failed": "it failed inside CloudWatch",
    STOPPED: "somebody stopped it",
    "Timeout": "it ran into CloudWatch's own time limit",
}


class Insights:
    """Fills ``bot.telemetry_ports.Insights``. ``pause`` waits some seconds; ``clock`` tells the deadlines."""

    def __init__(self, sessions: Sessions, clock: Clock, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pause = pause
        self._waited_for = threading.BoundedSemaphore(AT_ONCE)
        self._places = QueryPlaces(AT_ONCE, FORGOTTEN_SECONDS, clock)
        self._pace = Pace(EVERY, BURST, LONGEST_WAIT, clock, pause)

    def query(
        self,
        account: Account,
        groups: Sequence[str],
        query: str,
        *,
        start: float,
        end: float,
        limit: int,
        deadline: float,
    ) -> QueryAnswer:
        """Run a query and wait for its answer until ``deadline``; what it has by then is the answer, and it is stopped.

        Raises NotFoundError when a log group does not exist; UpstreamError, with CloudWatch's words, for a query that
        cannot be read, and for one that failed, timed out or was stopped by somebody else.
        """
        asked = _asked(groups, query, start, end, limit)
        if not self._waited_for.acquire(timeout=max(0.0, deadline - self._clock.now())):
            raise UpstreamError(f"I already run {AT_ONCE} Logs Insights queries at once.", retryable=True)
        try:
            query_id = self._start(account, groups, asked, deadline)
            return self._wait(account, query_id, limit, deadline)
        finally:
            self._waited_for.release()

    def start(
        self,
        account: Account,
        groups: Sequence[str],
        query: str,
        *,
        start: float,
        end: float,
        limit: int,
        user: str,
    ) -> str:
        """Begin a query of a user that is asked for later with ``results``; its id.

        Raises as ``query`` does, and soon a retryable UpstreamError while AWS or the bot (IN_LINE) has no place for it.
        """
        asked = _asked(groups, query, start, end, limit)
        with self._places.one(user) as keep:
            query_id = self._start(account, groups, asked, self._clock.now() + ASK_SECONDS)
            keep(query_id)
        return query_id

    def results(self, account: Account, query_id: str) -> QueryAnswer:
        """What a query has found so far, whole when it has ended.

        What one that was stopped had found by then is an answer, too. Raises UpstreamError when it ended badly, and
        soon a retryable one while AWS does not tell.
        """
        # Whoever waits hears of what is refused, which botocore would repeat in silence.
        client = self._sessions.client(account, "logs", repeat=False)
        deadline = self._clock.now() + ASK_SECONDS
        answer = self._pace.ask(account, client, "get_query_results", {"queryId": query_id}, deadline)
        if answer["status"] in ("Complete", *_ENDINGS):
            self._places.leave(query_id)
        else:
            self._places.looked_at(query_id)
        if answer["status"] == STOPPED:
            found = self._pages(account, client, query_id, answer, MOST_ROWS, deadline)
            return replace(found, is_whole=False, was_stopped=True)
        _raise_for(answer["status"])
        if answer["status"] != "Complete":
            return _read([answer], is_whole=False)
        return self._pages(account, client, query_id, answer, MOST_ROWS, deadline)

    def stop(self, account: Account, query_id: str) -> None:
        """End a query that nobody waits for any more; one that has ended already is no error.

        Raises UpstreamError when it may go on, since AWS did not let it be stopped.
        """
        if self._places.has_ended(query_id):
            return
        client, deadline = self._sessions.client(account, "logs"), self._clock.now() + STOP_SECONDS
        try:
            self._pace.ask(account, client, "stop_query", {"queryId": query_id}, deadline)
        except UpstreamError as error:
            # It may just have ended, which CloudWatch calls an invalid parameter.
            if error.code not in ("InvalidParameterException", "ResourceNotFoundException"):
                raise
        self._places.leave(query_id)

    def _start(self, account: Account, groups: Sequence[str], asked: Mapping[str, Any], deadline: float) -> str:
        # Started twice it would be paid for twice: a lost answer is not asked for again.
        client = self._sessions.client(account, "logs", repeat=False)
        try:
            return str(self._pace.ask(account, client, "start_query", asked, deadline)["queryId"])
        except UpstreamError as error:
            if error.code == "ResourceNotFoundException":
                raise NotFoundError(f"CloudWatch has no log group {' or '.join(groups)}.") from error
            if error.code == _NO_PLACE:
                text = "The AWS account already runs as many Logs Insights queries as it may."
                raise UpstreamError(text, retryable=True, code=error.code) from error
            raise

    def _wait(self, account: Account, query_id: str, limit: int, deadline: float) -> QueryAnswer:
        client = self._sessions.client(account, "logs")
        wait = FIRST_WAIT
        answer: dict[str, Any] = {"status": "Scheduled"}
        try:
            while answer["status"] != "Complete":
                left = deadline - self._clock.now()
                if left <= 0:
                    self._let_go(account, query_id)
                    return _read([answer], is_whole=False)
                self._pause(min(wait, left))
                wait = min(wait * 1.6, LONGEST_WAIT)
                answer = self._pace.ask(account, client, "get_query_results", {"queryId": query_id}, deadline)
                _raise_for(answer["status"])
            return self._pages(account, client, query_id, answer, limit, deadline)
        except BotError as error:
            if not (isinstance(error, UpstreamError) and error.code in _ENDINGS):
                self._let_go(account, query_id)
            raise

    def _pages(
        self, account: Account, client: Any, query_id: str, first: dict[str, Any], limit: int, deadline: float
    ) -> QueryAnswer:
        """What follows the first page, of 10,000 rows, is read only until there is what was asked for."""
        pages = [first]
        while pages[-1].get("nextToken") and sum(len(page.get("results", [])) for page in pages) < limit:
            asked = {"queryId": query_id, "nextToken": pages[-1]["nextToken"]}
            pages.append(self._pace.ask(account, client, "get_query_results", asked, deadline))
        return _read(pages, is_whole=True)

    def _let_go(self, account: Account, query_id: str) -> None:
        """A query that nobody waits for takes a place from others and goes on costing."""
        try:
            self.stop(account, query_id)
        except UpstreamError as error:
            log.warning("a query could not be stopped", exc_info=error, extra={"query": query_id})


def _asked(groups: Sequence[str], query: str, start: float, end: float, limit: int) -> dict[str, Any]:
    if not 0 < len(groups) <= MOST_GROUPS:
        raise UpstreamError(f"Logs Insights asks 1 to {MOST_GROUPS} log groups at once, not {len(groups)}.")
    # By ARN groups of other accounts can be asked; names are identifiers, too.
    named = "logGroupIdentifiers" if any(each.startswith("arn:") for each in groups) else "logGroupNames"
    return {
        named: [each.removesuffix(":*") for each in groups],
        "queryString": query,
        "startTime": int(start),
        "endTime": int(end),
        "limit": limit,
    }


def _raise_for(status: str) -> None:
    if status in _ENDINGS:
        raise UpstreamError(f"The Logs Insights query gave no answer: {_ENDINGS[status]}.", code=status)


def _read(pages: Sequence[Mapping[str, Any]], *, is_whole: bool) -> QueryAnswer:
    statistics = pages[0].get("statistics") or {}
    rows = [
        {cell["field"]: str(cell.get("value", "")) for cell in row if cell.get("field") not in (None, _POINTER)}
        for page in pages
        for row in page.get("results") or []
    ]
    return QueryAnswer(
        rows=tuple(rows),
        matched=float(statistics.get("recordsMatched", 0.0)),
        scanned=float(statistics.get("recordsScanned", 0.0)),
        scanned_bytes=float(statistics.get("bytesScanned", 0.0)),
        is_whole=is_whole,
    )
