from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws import logs as sandbox_logs
from sandbox.clock import Clock

Client = Callable[..., Any]
GROUP = "/ecs/delivery-standard-prod"

REQUESTS: list[dict[str, Any]] = [
    {"level": "info", "method": "GET", "path": "/a", "statusCode": 200, "duration": 100, "traceId": "t1"},
    {"level": "error", "method": "POST", "path": "/b", "statusCode": 500, "duration": 1500, "traceId": "abc-123-def"},
    {"level": "info", "method": "GET", "path": "/b", "statusCode": 200, "duration": 2000, "traceId": "abc-123-def"},
    {"level": "Error", "method": "GET", "path": "/a", "statusCode": 502, "duration": 700.5, "traceId": "t2"},
    {"level": "info", "method": "GET", "path": "/c", "statusCode": 200, "duration": 20, "user": {"ids": [4, 5]}},
]
PLAIN = ["duration=1800 ERROR slow upload", "duration=900 ok", "java.lang.Exception: boom", "INFO duration unknown"]


class Insights:
    def __init__(self, client: Client, clock: Clock) -> None:
        self.logs, self.now = client("logs"), int(clock.now())
        at = self.now * 1000 - 60_000
        messages = [json.dumps(request) for request in REQUESTS] + PLAIN
        sandbox_logs.write("us-east-1", GROUP, "app/1", [(at + 1000 * n, text) for n, text in enumerate(messages)])

    def start(self, query: str, **more: Any) -> str:
        ask = {"logGroupName": GROUP, "startTime": self.now - 3600, "endTime": self.now, **more}
        return str(self.logs.start_query(queryString=query, **ask)["queryId"])

    def answer(self, query: str, **more: Any) -> dict[str, Any]:
        query_id = self.start(query, **more)
        for _ in range(5):
            answer = self.logs.get_query_results(queryId=query_id)
            if answer["status"] == "Complete":
                return dict(answer)
        raise AssertionError("the query never completed")

    def rows(self, query: str, **more: Any) -> list[dict[str, str]]:
        rows = self.answer(query, **more)["results"]
        return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in rows]


@pytest.fixture
def insights(client: Client, clock: Clock) -> Insights:
    return Insights(client, clock)


def _levels(rows: list[dict[str, str]]) -> list[str]:
    return [json.loads(row["@message"])["level"] if row["@message"][0] == "{" else row["@message"] for row in rows]


@pytest.mark.parametrize("limit", [100, 50])
def test_recent_errors_newest_first(insights: Insights, limit: int) -> None:
    rows = insights.rows(
        "fields @timestamp, @message\n| filter @message like /error|Error|ERROR/\n| sort @timestamp desc\n"
        f"| limit {limit}"
    )
    assert _levels(rows) == [PLAIN[0], "Error", "error"]
    assert rows[0]["@timestamp"] == "2026-11-22 10:00:42.000"


def test_errors_by_path(insights: Insights) -> None:
    query = "fields @timestamp, @message\n| filter @message like /error/\n| stats count() by path"
    assert insights.rows(query) == [{"path": "/b", "count()": "1"}]


def test_slow_endpoints(insights: Insights) -> None:
    rows = insights.rows(
        "fields @timestamp, path, duration\n| filter duration > 1000\n"
        "| stats avg(duration), max(duration), count() by path"
    )
    assert rows == [{"path": "/b", "avg(duration)": "1750", "max(duration)": "2000", "count()": "2"}]


def test_requests_by_endpoint(insights: Insights) -> None:
    rows = insights.rows(
        "fields @timestamp, method, path, statusCode, duration\n"
        "| stats count() as requests, avg(duration) as avgDuration by path\n| sort requests desc"
    )
    assert rows == [
        {"requests": "4"},
        {"path": "/a", "requests": "2", "avgDuration": "400.25"},
        {"path": "/b", "requests": "2", "avgDuration": "1750"},
        {"path": "/c", "requests": "1", "avgDuration": "20"},
    ]


def test_slow_requests(insights: Insights) -> None:
    rows = insights.rows(
        "fields @timestamp, method, path, duration, traceId\n| filter duration > 500\n"
        "| sort @timestamp desc\n| limit 50"
    )
    assert [row["duration"] for row in rows] == ["700.5", "2000", "1500"]
    assert list(rows[0]) == ["@timestamp", "method", "path", "duration", "traceId"]


def test_requests_by_trace(insights: Insights) -> None:
    rows = insights.rows('fields @timestamp, @message\n| filter traceId = "abc-123-def"\n| sort @timestamp asc')
    assert _levels(rows) == ["error", "info"]


def test_error_lines(insights: Insights) -> None:
    query = "fields @timestamp, @message\n| filter @message like /ERROR/\n| sort @timestamp desc\n| limit 100"
    assert _levels(insights.rows(query)) == [PLAIN[0]]


def test_errors_and_exceptions_with_their_stream(insights: Insights) -> None:
    rows = insights.rows(
        "fields @timestamp, @message, @logStream\n| filter @message like /ERROR|Exception|error/\n"
        "| sort @timestamp desc\n| limit 100"
    )
    assert _levels(rows) == [PLAIN[2], PLAIN[0], "error"]
    assert {row["@logStream"] for row in rows} == {"app/1"}


def test_durations_parsed_out_of_lines(insights: Insights) -> None:
    rows = insights.rows(
        "fields @timestamp, @message, @logStream\n| filter @message like /duration/\n"
        r"| parse @message /duration=(?<duration>\d+)/"
        "\n| filter duration > 1000\n| sort duration desc\n| limit 50"
    )
    assert _levels(rows) == ["info", PLAIN[0], "error"]


def test_a_query_is_scheduled_then_running_then_complete(insights: Insights) -> None:
    query_id = insights.start("filter level = 'info'")
    (listed,) = insights.logs.describe_queries(logGroupName=GROUP)["queries"]
    assert (listed["queryId"], listed["queryString"]) == (query_id, "filter level = 'info'")
    seen = [insights.logs.get_query_results(queryId=query_id) for _ in range(3)]
    assert seen[2]["status"] == "Complete"
    assert {answer["status"] for answer in seen} <= {"Scheduled", "Running", "Complete"}
    assert seen[2]["statistics"]["recordsMatched"] == 3
    assert seen[2]["statistics"]["recordsScanned"] == 9
    assert seen[2]["statistics"]["bytesScanned"] > 100
    assert [cell["field"] for cell in seen[2]["results"][0]] == ["@timestamp", "@message", "@ptr"]


def test_a_query_can_be_stopped_while_it_runs_only(insights: Insights) -> None:
    query_id = insights.start("fields @message")
    assert insights.logs.stop_query(queryId=query_id)["success"]
    assert insights.logs.get_query_results(queryId=query_id)["status"] == "Cancelled"
    with pytest.raises(insights.logs.exceptions.InvalidParameterException):
        insights.logs.stop_query(queryId=query_id)
    with pytest.raises(insights.logs.exceptions.ResourceNotFoundException):
        insights.logs.get_query_results(queryId="00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize(
    ("query", "start"),
    [
        ("fields @timestamp | filtr x", 20),
        ("fields @timestamp |", 19),
        ("filter duration >", 17),
        ("stats nope(x)", 6),
        ("sort @timestamp sideways", 16),
        ("parse @message /(/", 15),
        ("parse @message 'a * b' ", 15),
        ("limit ten", 6),
        ("", 0),
        ("fields $", 7),
    ],
)
def test_a_malformed_query_tells_where(insights: Insights, query: str, start: int) -> None:
    with pytest.raises(insights.logs.exceptions.MalformedQueryException) as raised:
        insights.start(query or " ")
    response = raised.value.response
    assert response["queryCompileError"]["location"]["startCharOffset"] == start
    assert f"position {start + 1}" in response["Error"]["Message"]


def test_unknown_groups_and_odd_ranges_are_refused(insights: Insights) -> None:
    with pytest.raises(insights.logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        insights.start("fields @message", logGroupName="/nobody")
    with pytest.raises(insights.logs.exceptions.InvalidParameterException):
        insights.start("fields @message", startTime=insights.now + 1)


def test_the_range_is_in_seconds_and_includes_its_ends(insights: Insights) -> None:
    first = insights.now - 60
    assert len(insights.rows("fields @message", startTime=first, endTime=first + 1)) == 2
    assert len(insights.rows("fields @message", limit=3)) == 3


def test_several_groups_are_one_table_with_their_names(insights: Insights) -> None:
    sandbox_logs.write("us-east-1", "/other", "s", [(insights.now * 1000, "latest")])
    ask = {"logGroupName": None, "logGroupNames": [GROUP, "/other"]}
    start = {key: value for key, value in ask.items() if value}
    query_id = insights.logs.start_query(
        queryString="fields @message, @log | limit 1", startTime=0, endTime=insights.now, **start
    )["queryId"]
    answers = [insights.logs.get_query_results(queryId=query_id) for _ in range(3)]
    assert answers[-1]["results"][0][1] == {"field": "@log", "value": "123456789012:/other"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter ispresent(statusCode) and statusCode >= 500 | stats count(*) as n", [{"n": "2"}]),
        ("filter statusCode in [200, 502] | stats count(*) as n", [{"n": "4"}]),
        ('filter method not in ["GET"] and ispresent(method) | display path', [{"path": "/b"}]),
        ("filter not ispresent(level) and @message not like 'duration' | fields @message", [{"@message": PLAIN[2]}]),
        ("filter @message =~ /boo?m/ | fields strlen(@message) as size", [{"size": "25"}]),
        ("filter user.ids.1 = 5 | fields user.ids.0, path as p", [{"user.ids.0": "4", "p": "/c"}]),
        (
            "stats count_distinct(path) as paths, min(duration), sum(duration) as total, pct(duration, 50)",
            [{"paths": "3", "min(duration)": "20", "total": "4320.5", "pct(duration, 50)": "700.5"}],
        ),
        ("filter duration < 50 | fields duration * 2 + 1 as x, toupper(method) as m", [{"x": "41", "m": "GET"}]),
        ("filter path = '/a' | stats avg(duration) / 3 as third", [{"third": "133.4167"}]),
        (
            "parse @message 'duration=* *' as ms, rest | filter ms = 900 | display ms, rest",
            [{"ms": "900", "rest": "ok"}],
        ),
        ("fields path | filter ispresent(path) | dedup path | sort path asc | limit 1", [{"path": "/a"}]),
        ("stats count(*) as n by bin(1h) | sort n desc", [{"bin(1h)": "2026-11-22 10:00:00.000", "n": "9"}]),
        ("stats count(*) by level | sort count(*) desc, level asc | limit 1", [{"count(*)": "4"}]),
        ("filter ispresent(level) | stats count(*) as n by level | stats max(n) as most", [{"most": "3"}]),
        ("# a comment\nfilter `traceId` = 't1' | fields coalesce(absent, path) as p", [{"p": "/a"}]),
        (
            "filter @message like /ok$/ | fields @timestamp | sort @timestamp",
            [{"@timestamp": "2026-11-22 10:00:43.000"}],
        ),
        ("filter path = '/nowhere' | stats count(*) as n", [{"n": "0"}]),
        (
            "filter @message like /duration=/ | pattern @message | fields @pattern, @sampleCount | limit 1",
            [{"@pattern": "duration=<*> ok", "@ratio": "0.5", "@sampleCount": "1", "@severityLabel": "None"}],
        ),
    ],
)
def test_the_language(insights: Insights, query: str, expected: list[dict[str, str]]) -> None:
    assert insights.rows(query) == expected


def test_a_lambda_report_is_discovered(insights: Insights) -> None:
    line = (
        "REPORT RequestId: 1-2\tDuration: 12.5 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB"
    )
    sandbox_logs.write("us-east-1", "/aws/lambda/resize", "s", [(insights.now * 1000, line)])
    columns = "max(@duration) as slowest, max(@maxMemoryUsed / 1000 / 1000) as mb"
    query = f'filter @type = "REPORT" | stats {columns} by @requestId'
    assert insights.rows(query, logGroupName="/aws/lambda/resize") == [
        {"@requestId": "1-2", "slowest": "12.5", "mb": "64"}
    ]
