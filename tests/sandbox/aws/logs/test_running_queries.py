from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws import logs as sandbox_logs
from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from sandbox.seed.busy_group import MILLIONS, make_busy_group

Client = Callable[..., Any]
GROUP = "/lab/busy"


@pytest.fixture
def logs(client: Client) -> Any:
    return client("logs")


def start(logs: Any, clock: Clock, query: str, seconds: int, group: str = GROUP, **more: Any) -> str:
    now = int(clock.now())
    asked = {"logGroupName": group, "startTime": now - seconds, "endTime": now, **more}
    return str(logs.start_query(queryString=query, **asked)["queryId"])


def until_ended(logs: Any, query_id: str, clock: Clock) -> list[dict[str, Any]]:
    """Every answer, a fifth of a second of the sandbox's clock apart."""
    answers = [logs.get_query_results(queryId=query_id)]
    while answers[-1]["status"] in ("Scheduled", "Running"):
        clock.advance(0.2)
        answers.append(logs.get_query_results(queryId=query_id))
    return answers


def rows(answer: dict[str, Any]) -> list[dict[str, str]]:
    return [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]


def counted(logs: Any, clock: Clock, group: str, seconds: int) -> list[dict[str, Any]]:
    """What FilterLogEvents finds in the same seconds."""
    now = int(clock.now())
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=(now - seconds) * 1000, endTime=now * 1000 + 999
    )
    return [event for page in pages for event in page["events"]]


def test_a_wide_query_runs_for_some_seconds_and_tells_how_far_it_is(logs: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=MILLIONS, period=120.0, endless=True)
    query_id = start(logs, clock, "stats count(*) as n by level | sort n desc", 5 * 3600)
    answers = until_ended(logs, query_id, clock)
    assert [answers[0]["status"], answers[-1]["status"]] == ["Scheduled", "Complete"]
    running = [answer for answer in answers if answer["status"] == "Running"]
    assert len(running) >= 3
    scanned = [answer["statistics"]["recordsScanned"] for answer in running]
    assert scanned == sorted(set(scanned))
    assert scanned[-1] < answers[-1]["statistics"]["recordsScanned"] == pytest.approx(5 * 3600 / 0.12, abs=20)
    assert int(rows(running[0])[0]["n"]) < int(rows(answers[-1])[0]["n"])
    assert answers[-1]["statistics"]["bytesScanned"] > running[-1]["statistics"]["bytesScanned"] > 10_000_000
    assert {row.get("level") for row in rows(answers[-1])} == {"info", "warn", "error", None}
    assert sum(int(row["n"]) for row in rows(answers[-1])) == answers[-1]["statistics"]["recordsMatched"]


def test_rows_that_match_show_while_the_query_runs(logs: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=MILLIONS, period=120.0)
    query = "fields @timestamp, @message | filter @message like /GatewayTimeout/ | sort @timestamp desc | limit 20"
    answers = until_ended(logs, start(logs, clock, query, 5 * 3600), clock)
    partial = next(answer for answer in answers if answer["status"] == "Running")
    assert len(partial["results"]) == len(answers[-1]["results"]) == 20
    assert all("GatewayTimeout" in row["@message"] for row in rows(answers[-1]))
    assert answers[-1]["statistics"]["recordsMatched"] > partial["statistics"]["recordsMatched"] > 20
    times = [row["@timestamp"] for row in rows(answers[-1])]
    assert times == sorted(times, reverse=True)


def test_a_query_over_millions_can_be_stopped(logs: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=MILLIONS, period=120.0)
    query_id = start(logs, clock, "stats count(*)", 7 * 86_400)
    for _ in range(3):
        clock.advance(0.1)
        running = logs.get_query_results(queryId=query_id)
    assert running["status"] == "Running"
    assert logs.stop_query(queryId=query_id)["success"]
    for _ in range(2):
        clock.advance(1)
        stopped = logs.get_query_results(queryId=query_id)
        assert stopped["status"] == "Cancelled"
        assert stopped["statistics"]["recordsScanned"] == running["statistics"]["recordsScanned"]
    assert logs.describe_queries(status="Cancelled")["queries"][0]["queryId"] == query_id


def test_a_query_that_nobody_polled_can_be_stopped_as_long_as_it_shows_itself_running(logs: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=MILLIONS, period=120.0)
    query_id = start(logs, clock, "stats count(*)", 7 * 86_400)
    logs.get_query_results(queryId=query_id)
    clock.advance(600)
    assert logs.get_query_results(queryId=query_id)["status"] == "Running"
    assert logs.describe_queries()["queries"][0]["status"] == "Running"
    assert logs.stop_query(queryId=query_id)["success"]
    assert logs.get_query_results(queryId=query_id)["status"] == "Cancelled"
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Cancelled"):
        logs.stop_query(queryId=query_id)


def test_what_a_query_finds_is_what_filtering_finds(logs: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=30_000)
    events = counted(logs, clock, GROUP, 1_800)
    documents = [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
    slow = [document for document in documents if document["duration"] > 1_200]
    query = (
        "filter duration > 1200 | stats count(*) as n, avg(duration) as mean, max(duration) as most,"
        " pct(duration, 50) as half, count_distinct(customer_id) as people, latest(requestId) as last"
    )
    (found,) = rows(until_ended(logs, start(logs, clock, query, 1_800), clock)[-1])
    assert int(found["n"]) == len(slow) > 100
    assert float(found["mean"]) == pytest.approx(sum(each["duration"] for each in slow) / len(slow), abs=0.001)
    assert int(found["most"]) == max(each["duration"] for each in slow)
    assert int(found["people"]) == len({each["customer_id"] for each in slow})
    assert found["last"] == slow[-1]["requestId"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort n asc | limit 3", ["0", "1", "2"]),
        ("sort n desc | limit 2 | display n", ["29999", "29998"]),
        ("dedup kind | sort n asc | display n", ["29997", "29998", "29999"]),
        ("sort n asc | dedup kind | display n", ["0", "1", "2"]),
        ("sort n asc | filter n > 7 | limit 2 | display n", ["8", "9"]),
        ("limit 1 | fields n * 2 as n", ["59998"]),
        ("stats max(n) as n by kind | sort n asc | limit 1", ["29997"]),
        ("stats max(n) as n by kind | stats sum(n) as n", ["89994"]),
        ("pattern @message | display @sampleCount as n", ["30000"]),
    ],
)
def test_what_is_left_out_on_the_way_changes_no_answer(
    logs: Any, clock: Clock, query: str, expected: list[str]
) -> None:
    at = int(clock.now() * 1000) - 30_000
    lines = [(at + number, json.dumps({"n": number, "kind": number % 3})) for number in range(30_000)]
    sandbox_logs.write("us-east-1", GROUP, "a", lines)
    answers = until_ended(logs, start(logs, clock, f"fields n, kind | {query}", 60, limit=5), clock)
    assert [row["n"] for row in rows(answers[-1])] == expected


def test_several_groups_are_looked_at_side_by_side(logs: Any, clock: Clock) -> None:
    for name in ("/lab/one", "/lab/two"):
        make_busy_group("us-east-1", name, end=clock.now(), count=1_000, period=60.0)
    now = int(clock.now())
    query_id = logs.start_query(
        logGroupNames=["/lab/one", "/lab/two"], startTime=now - 60, endTime=now, queryString="fields @timestamp, @log"
    )["queryId"]
    found = rows(until_ended(logs, query_id, clock)[-1])
    assert len(found) == 2_000
    assert {row["@log"] for row in found[:4]} == {"123456789012:/lab/one", "123456789012:/lab/two"}
    times = [row["@timestamp"] for row in found]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(("word", "status"), [("query_timeout", "Timeout"), ("query_failed", "Failed")])
def test_a_query_can_end_badly(aws: AwsServer, logs: Any, clock: Clock, word: str, status: str) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=MILLIONS, period=120.0)
    aws.faults.add("aws", "logs:StartQuery", word, count=1)
    answers = until_ended(logs, start(logs, clock, "stats count(*)", 7 * 86_400), clock)
    assert answers[-1]["status"] == status
    with pytest.raises(logs.exceptions.InvalidParameterException, match=status):
        logs.stop_query(queryId=logs.describe_queries()["queries"][0]["queryId"])
    sandbox_logs.write("us-east-1", "/calm", "a", [(int(clock.now() * 1000), "x")])
    assert until_ended(logs, start(logs, clock, "stats count(*)", 60, "/calm"), clock)[-1]["status"] == "Complete"


def test_a_query_that_would_keep_too_much_fails(logs: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.aws.insights_gather.MOST_KEPT", 50_000)
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=MILLIONS, period=120.0)
    query_id = start(logs, clock, "sort @message | stats latest(@message)", 7 * 86_400)
    assert until_ended(logs, query_id, clock)[-1]["status"] == "Failed"


def test_only_so_many_queries_run_at_once(logs: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=MILLIONS, period=120.0)
    for _ in range(100):
        start(logs, clock, "stats count(*)", 86_400)
    with pytest.raises(logs.exceptions.LimitExceededException, match=r"concurrency limit of \[100\] reached"):
        start(logs, clock, "stats count(*)", 86_400)
    clock.advance(60)
    sandbox_logs.limit_queries(2)
    query_ids = [start(logs, clock, "stats count(*)", 86_400) for _ in range(2)]
    with pytest.raises(logs.exceptions.LimitExceededException):
        start(logs, clock, "stats count(*)", 86_400)
    logs.stop_query(queryId=query_ids[0])
    start(logs, clock, "stats count(*)", 86_400)
    sandbox_logs.limit_queries(100)


def test_results_can_be_asked_for_as_often_as_aws_allows(aws: AwsServer, logs: Any, clock: Clock) -> None:
    sandbox_logs.write("us-east-1", GROUP, "a", [(int(clock.now() * 1000), "x")])
    query_id = start(logs, clock, "stats count(*)", 60)
    aws.faults.add("aws", "logs:GetQueryResults", "quota")
    sandbox_logs.limit_results_rate(None)
    for _ in range(5):
        logs.get_query_results(queryId=query_id)
    with pytest.raises(logs.exceptions.ClientError, match="ThrottlingException"):
        logs.get_query_results(queryId=query_id)
    clock.advance(1)
    assert logs.get_query_results(queryId=query_id)["status"] == "Complete"
