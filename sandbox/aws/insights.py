"""Logs Insights: starting queries, polling them, and what they answer."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from sandbox.aws.acted import QUERY_FAILED, QUERY_TIMEOUT, met
from sandbox.aws.insights_commands import names_of, parse_query
from sandbox.aws.insights_gather import TooMuchError
from sandbox.aws.insights_scan import Scan
from sandbox.aws.insights_tokens import unexpected
from sandbox.aws.logs_classes import REFUSED_COMMANDS, STANDARD, class_of
from sandbox.aws.logs_errors import LogsError, invalid
from sandbox.aws.logs_groups import group_of
from sandbox.aws.logs_limits import queries, results_rate
from sandbox.aws.logs_pace import Pace
from sandbox.aws.logs_store import now_ms

_DEFAULT_LIMIT = 10_000
_LARGEST_LIMIT = 100_000
_MOST_GROUPS = 50
_PAGE = 10_000
_KEPT = 100
_TAKES = 0.3
_POLLS = 2
_PACE = Pace(per_second=200_000, least=20_000, most=100_000)


@dataclass
class Query:
    """A query on its way. A small one shows its answer after a moment or a few polls, whichever comes first.

    The moment is real time: a query under a frozen clock must end, too. A large one goes on whenever it is looked at,
    as far as the sandbox's clock has come.
    """

    id: str
    text: str
    group_names: list[str]
    infrequent: bool
    created: int
    started: float
    scan: Scan
    fate: str = "Complete"
    polls: int = 0
    ended: str = ""
    _answer: list[list[dict[str, str]]] | None = None

    def go_on(self) -> str:
        """Work until now: Scheduled, Running, Complete, or what else it came to."""
        if self.ended:
            return self.ended
        try:
            self.scan.look_at(_PACE.due(self.created, self.scan.scanned))
        except TooMuchError:
            self.ended = "Failed"
        goes_wrong = self.fate != "Complete"
        if (self.scan.is_done or goes_wrong) and (self.polls > _POLLS or time.monotonic() - self.started >= _TAKES):
            self.ended = self.ended or self.fate
        return self.ended or self.status()

    def status(self) -> str:
        """What was last found out."""
        return self.ended or ("Running" if self.polls > 1 else "Scheduled")

    def rows(self) -> list[list[dict[str, str]]]:
        """The answer so far; when the query has ended it stays what it was."""
        if not self.ended:
            return self.scan.rows()
        if self._answer is None:
            self._answer = self.scan.rows()
        return self._answer

    def is_running(self) -> bool:
        """Whether it takes a place: even when nobody looks, it would have ended after its time."""
        return not self.ended and now_ms() - self.created < 1000 * max(_TAKES, self.scan.total / _PACE.per_second)


def _queries(backend: LogsBackend) -> dict[str, Query]:
    found: dict[str, Any] = backend.queries
    while len(found) > _KEPT:
        del found[next(iter(found))]
    return found


def aggregated(backend: LogsBackend, query: str, groups: list[str], start: int, end: int) -> list[dict[str, str]]:
    """A query's rows at once, over [start, end] in epoch seconds; groups by name or ARN. Raises LogsError."""
    scan = Scan(parse_query(query), [group_of(backend, name) for name in groups], start, end, _DEFAULT_LIMIT)
    scan.look_at(scan.total)
    return [{cell["field"]: cell["value"] for cell in row} for row in scan.rows()]


def start_query(self: LogsResponse) -> str:
    """StartQuery: times are epoch seconds; the query is compiled at once, so a malformed one never starts."""
    params: dict[str, Any] = json.loads(self.body)
    groups = _groups(self.logs_backend, params)
    if params.get("queryLanguage", "CWLI") != "CWLI":
        raise invalid("The sandbox only knows the query language CWLI.")
    limit = int(params.get("limit") or _DEFAULT_LIMIT)
    if not 1 <= limit <= _LARGEST_LIMIT:
        raise invalid(f"The limit must be between 1 and {_LARGEST_LIMIT}.")
    start, end = int(params["startTime"]), int(params["endTime"])
    if start > end:
        raise invalid("The query's start time must not be after its end time.")
    infrequent = any(class_of(group) != STANDARD for group in groups)
    if infrequent:
        _refuse_commands(params["queryString"])
    scan = Scan(parse_query(params["queryString"]), groups, start, end, limit)
    known = _queries(self.logs_backend)
    running = [query for query in known.values() if query.is_running()]
    queries.check(len(running), sum(query.infrequent for query in running), infrequent)
    fate = "Timeout" if met(QUERY_TIMEOUT) else "Failed" if met(QUERY_FAILED) else "Complete"
    query_id = str(uuid.uuid4())
    names = [group.name for group in groups]
    known[query_id] = Query(query_id, params["queryString"], names, infrequent, now_ms(), time.monotonic(), scan, fate)
    return json.dumps({"queryId": query_id})


def _groups(backend: LogsBackend, params: dict[str, Any]) -> list[LogGroup]:
    given = [key for key in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if params.get(key)]
    if len(given) != 1:
        raise invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.")
    names: list[str] = [params["logGroupName"]] if given == ["logGroupName"] else params[given[0]]
    if len(names) > _MOST_GROUPS:
        raise invalid(f"At most {_MOST_GROUPS} log groups can be queried at once.")
    return [group_of(backend, name) for name in names]


def _refuse_commands(query: str) -> None:
    """Raises MalformedQuery for a command that only groups of the Standard class know."""
    for token in names_of(query):
        if token.text.lower() in {name.lower() for name in REFUSED_COMMANDS}:
            what = f"{token.text} is not supported for log groups in the Infrequent Access log class"
            raise unexpected(query, token.start, token.end, what)


def _query_of(self: LogsResponse) -> Query:
    query = _queries(self.logs_backend).get(self._get_param("queryId"))
    if query is None:
        raise LogsError("ResourceNotFoundException", "Query does not exist")
    return query


def get_query_results(self: LogsResponse) -> str:
    """GetQueryResults: nothing while the query is scheduled, what there is while it runs, then pages of 10,000 rows."""
    results_rate.check(self.region)
    query = _query_of(self)
    query.polls += 1
    status = query.go_on()
    rows = [] if status in ("Scheduled", "Failed") else query.rows()
    statistics = query.scan.statistics()
    token = self._get_param("nextToken") if status == "Complete" else None
    first = int(base64.b64decode(token)) if token else 0
    answer: dict[str, Any] = {
        "queryLanguage": "CWLI",
        "results": rows[first : first + _PAGE],
        "status": status,
        "statistics": dict.fromkeys(statistics, 0.0) if status == "Scheduled" else statistics,
    }
    if status == "Complete" and first + _PAGE < len(rows):
        answer["nextToken"] = base64.b64encode(str(first + _PAGE).encode()).decode()
    return json.dumps(answer)


def stop_query(self: LogsResponse) -> str:
    """StopQuery; a query that has ended, as GetQueryResults showed, cannot be stopped."""
    query = _query_of(self)
    if query.ended:
        raise invalid(f"Query with id {query.id} has already ended with status {query.ended}")
    query.ended = "Cancelled"
    return json.dumps({"success": True})


def describe_queries(self: LogsResponse) -> str:
    """DescribeQueries: newest first, on wish only those of a group or in a status."""
    params: dict[str, Any] = json.loads(self.body or "{}")
    found = [
        {
            "queryLanguage": "CWLI",
            "queryId": query.id,
            "queryString": query.text,
            "status": query.status(),
            "createTime": query.created,
            "logGroupName": query.group_names[0],
        }
        for query in reversed(_queries(self.logs_backend).values())
        if params.get("logGroupName") in (None, *query.group_names) and params.get("status") in (None, query.status())
    ]
    return json.dumps({"queries": found[: params.get("maxResults") or _KEPT]})


OPERATIONS: tuple[Callable[[LogsResponse], str], ...] = (
    start_query,
    get_query_results,
    stop_query,
    describe_queries,
)
