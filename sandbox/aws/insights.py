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

from sandbox.aws.insights_commands import Table, newest_first, parse_query
from sandbox.aws.insights_records import Record, shown
from sandbox.aws.logs_api import group_of
from sandbox.aws.logs_errors import LogsError, invalid
from sandbox.aws.logs_store import cut, group_events, now_ms, oldest_kept

_DEFAULT_LIMIT = 10_000
_LARGEST_LIMIT = 100_000
_MOST_GROUPS = 50
_PAGE = 10_000
_KEPT = 100
_TAKES = 0.3
_POLLS = 2


@dataclass
class Query:
    """A query with its answer, which shows after a moment or after a few polls, whichever comes first.

    The moment is real time: a query under a frozen clock must end, too.
    """

    id: str
    text: str
    group_names: list[str]
    created: int
    started: float
    rows: list[list[dict[str, str]]]
    statistics: dict[str, float]
    polls: int = 0
    is_cancelled: bool = False

    def status(self) -> str:
        """Scheduled, Running, Complete or Cancelled."""
        if self.is_cancelled:
            return "Cancelled"
        if self.polls > _POLLS or time.monotonic() - self.started >= _TAKES:
            return "Complete"
        return "Running" if self.polls > 1 else "Scheduled"


def _queries(backend: LogsBackend) -> dict[str, Query]:
    queries: dict[str, Any] = backend.queries
    while len(queries) > _KEPT:
        del queries[next(iter(queries))]
    return queries


def _run(query: str, groups: list[LogGroup], start: int, end: int, limit: int) -> tuple[Table, dict[str, float]]:
    """Run a query over [start, end], both epoch seconds; a limit in the query wins. Raises MalformedQuery."""
    steps = parse_query(query)
    records: list[Record] = []
    size = 0
    for group in groups:
        events = group_events(group)
        first, last = cut(events, max(start * 1000, oldest_kept(group)), (end + 1) * 1000)
        log = f"{group.account_id}:{group.name}"
        records += [Record(event, log) for event in reversed(events[first:last])]
        size += sum(len(event.message) for event in events[first:last])
    table = Table(newest_first(records) if len(groups) > 1 else records, matched=len(records))
    for step in steps:
        step(table)
    if not table.is_limited:
        table.rows = table.rows[:limit]
    statistics = {
        "recordsMatched": float(table.matched),
        "recordsScanned": float(len(records)),
        "bytesScanned": float(size),
        "estimatedRecordsSkipped": 0.0,
        "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": float(len(groups)),
    }
    return table, statistics


def _rows(table: Table) -> list[list[dict[str, str]]]:
    """Rows of {field, value}; a field a row lacks is left out, a row that is an event has its @ptr."""
    columns = table.shown_columns()
    answer = []
    for row in table.rows:
        found = [(name, row.get(name)) for name in columns]
        if row.event is not None and "@ptr" not in columns:
            found.append(("@ptr", row.get("@ptr")))
        answer.append([{"field": name, "value": shown(value)} for name, value in found if value is not None])
    return answer


def aggregated(backend: LogsBackend, query: str, groups: list[str], start: int, end: int) -> list[dict[str, str]]:
    """A query's rows at once, over [start, end] in epoch seconds; groups by name or ARN. Raises LogsError."""
    table, _ = _run(query, [group_of(backend, name) for name in groups], start, end, _DEFAULT_LIMIT)
    return [{cell["field"]: cell["value"] for cell in row} for row in _rows(table)]


def start_query(self: LogsResponse) -> str:
    """StartQuery: times are epoch seconds; the query is compiled at once, so a malformed one never starts."""
    params: dict[str, Any] = json.loads(self.body)
    given = [key for key in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if params.get(key)]
    if len(given) != 1:
        raise invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.")
    names: list[str] = [params["logGroupName"]] if given == ["logGroupName"] else params[given[0]]
    if len(names) > _MOST_GROUPS:
        raise invalid(f"At most {_MOST_GROUPS} log groups can be queried at once.")
    if params.get("queryLanguage", "CWLI") != "CWLI":
        raise invalid("The sandbox only knows the query language CWLI.")
    limit = int(params.get("limit") or _DEFAULT_LIMIT)
    if not 1 <= limit <= _LARGEST_LIMIT:
        raise invalid(f"The limit must be between 1 and {_LARGEST_LIMIT}.")
    start, end = int(params["startTime"]), int(params["endTime"])
    if start > end:
        raise invalid("The query's start time must not be after its end time.")
    groups = [group_of(self.logs_backend, name) for name in names]
    table, statistics = _run(params["queryString"], groups, start, end, limit)
    query_id = str(uuid.uuid4())
    _queries(self.logs_backend)[query_id] = Query(
        query_id,
        params["queryString"],
        [group.name for group in groups],
        now_ms(),
        time.monotonic(),
        _rows(table),
        statistics,
    )
    return json.dumps({"queryId": query_id})


def _query_of(self: LogsResponse) -> Query:
    query = _queries(self.logs_backend).get(self._get_param("queryId"))
    if query is None:
        raise LogsError("ResourceNotFoundException", "Query does not exist")
    return query


def get_query_results(self: LogsResponse) -> str:
    """GetQueryResults: nothing yet while the query runs, then pages of 10,000 rows."""
    query = _query_of(self)
    query.polls += 1
    status = query.status()
    answer: dict[str, Any] = {"queryLanguage": "CWLI", "results": [], "status": status}
    answer["statistics"] = dict.fromkeys(query.statistics, 0.0)
    if status != "Complete":
        return json.dumps(answer)
    token = self._get_param("nextToken")
    first = int(base64.b64decode(token)) if token else 0
    answer |= {"results": query.rows[first : first + _PAGE], "statistics": query.statistics}
    if first + _PAGE < len(query.rows):
        answer["nextToken"] = base64.b64encode(str(first + _PAGE).encode()).decode()
    return json.dumps(answer)


def stop_query(self: LogsResponse) -> str:
    """StopQuery; a query that has ended cannot be stopped."""
    query = _query_of(self)
    if query.status() in ("Complete", "Cancelled"):
        raise invalid(f"Query with id {query.id} has already ended with status {query.status()}")
    query.is_cancelled = True
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
