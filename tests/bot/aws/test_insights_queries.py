"""Every Logs Insights query of the runbooks, through its step and its adapter, over logs as services write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.aws.insights import Insights
from bot.aws.session import Sessions
from bot.domain import Finding
from bot.errors import UpstreamError
from bot.steps.insights import InsightsStep
from sandbox.aws import logs as sandbox_logs
from sandbox.aws.server import AwsServer
from tests.bot.steps.looking import look
from tests.sandbox.aws import standing
from tests.scene import Scene

GROUP = "/ecs/api"
REQUESTS: tuple[Mapping[str, Any], ...] = (
    {"level": "info", "method": "GET", "path": "/a", "statusCode": 200, "duration": 100, "traceId": "t1"},
    {"level": "error", "method": "POST", "path": "/b", "statusCode": 500, "duration": 1500, "traceId": "abc-123-def"},
    {"level": "info", "method": "GET", "path": "/b", "statusCode": 200, "duration": 2000, "traceId": "abc-123-def"},
    {"level": "Error", "method": "GET", "path": "/a", "statusCode": 502, "duration": 700.5, "traceId": "t2"},
)
PLAIN = ("duration=1800 ERROR slow upload", "duration=900 ok", "java.lang.Exception: boom")


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def server(running: AwsServer, monkeypatch: pytest.MonkeyPatch, scene: Scene, sessions: Sessions) -> AwsServer:
    standing.emptied(running)
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
    scene.clock.set(running.clock.now())
    scene.world = replace(scene.world, insights=Insights(sessions, scene.clock, pause=scene.clock.advance))
    return running


def write(server: AwsServer, *messages: str) -> None:
    """A line a second, the first of them a minute ago."""
    at = int(server.clock.now()) * 1000 - 60_000
    lines = [(at + 1000 * number, message) for number, message in enumerate(messages)]
    sandbox_logs.write("eu-west-1", GROUP, "app/1", lines)


def found(scene: Scene, query: str, **options: Any) -> Finding:
    step = InsightsStep.model_validate({"do": "insights", "name": "q", "query": query, **options})
    finding = step.run(look(scene), scene.world)
    assert finding is not None
    return finding


ERRORS = "fields @timestamp, @message\n| filter @message like /error|Error|ERROR/\n| sort @timestamp desc\n| limit {}"
QUERIES: Mapping[str, tuple[str, Mapping[str, float | str]]] = {
    "Q1": (ERRORS.format(100), {"rows": 3.0, "@message": PLAIN[0]}),
    "Q2": (
        "fields @timestamp, @message\n| filter @message like /error/\n| stats count() by path",
        {"rows": 1.0, "path": "/b", "count()": 1.0},
    ),
    "Q3": (
        "fields @timestamp, path, duration\n| filter duration > 1000\n"
        "| stats avg(duration), max(duration), count() by path",
        {"rows": 1.0, "path": "/b", "avg(duration)": 1750.0, "max(duration)": 2000.0, "count()": 2.0},
    ),
    "Q4": (ERRORS.format(50), {"rows": 3.0, "@message": PLAIN[0]}),
    "Q5": (
        "fields @timestamp, method, path, statusCode, duration\n"
        "| stats count() as requests, avg(duration) as avgDuration by path\n| sort requests desc",
        # Lines without a path are a group, too: the first, and it has no path and no duration.
        {"rows": 3.0, "requests": 3.0},
    ),
    "Q6": (
        "fields @timestamp, method, path, duration, traceId\n| filter duration > 500\n"
        "| sort @timestamp desc\n| limit 50",
        {"rows": 3.0, "method": "GET", "path": "/a", "duration": 700.5, "traceId": "t2"},
    ),
    "Q7": (
        'fields @timestamp, @message\n| filter traceId = "abc-123-def"\n| sort @timestamp asc',
        {"rows": 2.0, "@message": json.dumps(REQUESTS[1])},
    ),
    "Q8": (
        "fields @timestamp, @message\n| filter @message like /ERROR/\n| sort @timestamp desc\n| limit 100",
        {"rows": 1.0, "@message": PLAIN[0]},
    ),
    "Q9": (
        "fields @timestamp, @message, @logStream\n| filter @message like /ERROR|Exception|error/\n"
        "| sort @timestamp desc\n| limit 100",
        {"rows": 3.0, "@message": PLAIN[2], "@logStream": "app/1"},
    ),
    "Q10": (
        "fields @timestamp, @message, @logStream\n| filter @message like /duration/\n"
        r"| parse @message /duration=(?<duration>\d+)/"
        "\n| filter duration > 1000\n| sort duration desc\n| limit 50",
        # JSON lines have a duration of their own, which the query sees as well.
        {"rows": 3.0, "@message": json.dumps(REQUESTS[2]), "@logStream": "app/1"},
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_of_the_runbooks_finds_its_rows(scene: Scene, server: AwsServer, name: str) -> None:
    write(server, *(json.dumps(request) for request in REQUESTS), *PLAIN)
    query, expected = QUERIES[name]
    finding = found(scene, query)
    assert {fact: finding.fact(f"q.{fact}") for fact in expected} == expected
    assert finding.summary.startswith(f"{expected['rows']:.0f} row")
    assert f"of {GROUP} (7 events, " in finding.summary
    assert len(finding.lines) == expected["rows"]
    assert not finding.failed


@pytest.mark.parametrize("name", ["Q2", "Q3"])
def test_a_query_by_path_finds_no_path_where_logs_are_not_json(scene: Scene, server: AwsServer, name: str) -> None:
    write(server, *PLAIN, "an error at path /b, duration 2000")
    query, _ = QUERIES[name]
    finding = found(scene, query)
    assert finding.fact("q.path") is None
    assert finding.fact("q.rows") == (1.0 if name == "Q2" else 0.0)


def test_a_query_without_rows_names_itself_and_its_window(scene: Scene, server: AwsServer) -> None:
    write(server, *PLAIN)
    finding = found(scene, 'fields @message\n| filter traceId = "nobody"', minutes=30)
    assert finding.summary == (
        'No row of `fields @message | filter traceId = "nobody"` in the last 30 min of /ecs/api.'
    )
    assert (finding.fact("q.rows"), finding.weight, finding.failed) == (0.0, 0, False)


def test_the_limit_of_the_step_holds_where_the_query_has_none(scene: Scene, server: AwsServer) -> None:
    write(server, *PLAIN)
    assert found(scene, "fields @message", limit=2).fact("q.rows") == 2.0
    assert found(scene, "fields @message | limit 1", limit=2).fact("q.rows") == 1.0
    assert found(scene, "fields @message | limit 3", limit=2).fact("q.rows") == 3.0


def test_placeholders_of_a_query_stand_for_the_service(scene: Scene, server: AwsServer) -> None:
    write(server, "api production", "web staging")
    finding = found(scene, "fields @message | filter @message = '{service} {environment}' | stats count() as n")
    assert finding.fact("q.n") == 1.0


def test_a_query_that_cannot_be_read_is_told_with_where(scene: Scene, server: AwsServer) -> None:
    write(server, *PLAIN)
    with pytest.raises(UpstreamError, match="The query is malformed: unexpected symbol found filtr at line 1"):
        found(scene, "fields @message | filtr x")


def test_hostile_lines_are_cut_cleaned_and_redacted(scene: Scene, server: AwsServer) -> None:
    password = "hunter" + "2" * 6
    write(server, f"\x1b[31m<!channel> ``` password={password} " + "x" * 200_000)
    finding = found(scene, "fields @message, @logStream")
    shown = json.dumps(finding.model_dump(mode="json"))
    assert password not in shown
    assert "\x1b" not in finding.lines[0]
    assert len(shown) < 3_000
