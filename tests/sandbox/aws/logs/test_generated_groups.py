from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from bot.redact import redact
from sandbox.aws import logs as sandbox_logs
from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from sandbox.seed.busy_group import BENCHMARK, MILLIONS, make_busy_group
from sandbox.seed.busy_lines import busy_lines

Client = Callable[..., Any]
GROUP = "/lab/busy"
HOUR = 3_600_000


@pytest.fixture
def logs(client: Client) -> Any:
    return client("logs")


@pytest.fixture
def now(clock: Clock) -> int:
    return int(clock.now() * 1000)


def millions(clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=MILLIONS, period=120.0, endless=True)


def texts(page: dict[str, Any]) -> list[str]:
    return [event["message"] for event in page["events"]]


def test_exactly_50_000_events_come_in_pages_of_a_megabyte_each_once(logs: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now())
    pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP))
    events = [event for page in pages for event in page["events"]]
    assert len({event["eventId"] for event in events}) == len(events) == BENCHMARK
    assert [event["eventId"] for event in events] == sorted(event["eventId"] for event in events)
    assert max(sum(len(text) + 26 for text in texts(page)) for page in pages) < 1_100_000
    assert len(pages) >= 10
    clock.advance(60)
    end = int(clock.now() * 1000) - 60_000
    assert logs.filter_log_events(logGroupName=GROUP, startTime=end)["events"] == []


def test_the_same_place_says_the_same_from_either_end(logs: Any, clock: Clock, now: int) -> None:
    millions(clock)
    ask = {"logGroupName": GROUP, "startTime": now - HOUR, "endTime": now, "limit": 500}
    newest = logs.filter_log_events(**ask, startFromHead=False)
    following = logs.filter_log_events(**ask, nextToken=newest["nextToken"])
    times = [event["timestamp"] for event in newest["events"] + following["events"]]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 1_000
    oldest = min(times)
    forwards = logs.filter_log_events(**(ask | {"startTime": oldest, "endTime": max(times), "limit": 1_000}))
    assert texts(forwards) == (texts(newest) + texts(following))[::-1]


def test_searching_from_the_tail_is_only_for_what_is_not_too_old(logs: Any, clock: Clock) -> None:
    millions(clock)
    for start in ({}, {"startTime": 1_700_000_000_000}):
        with pytest.raises(logs.exceptions.InvalidParameterException, match="startFromHead"):
            logs.filter_log_events(logGroupName=GROUP, startFromHead=False, **start)


def test_five_million_are_there_and_cost_no_memory(logs: Any, clock: Clock, now: int) -> None:
    millions(clock)
    tracemalloc.start()
    week = MILLIONS * 120
    first = logs.filter_log_events(logGroupName=GROUP, startTime=now - week - HOUR, limit=1)["events"][0]
    last = logs.filter_log_events(logGroupName=GROUP, startTime=now - HOUR, startFromHead=False, limit=1)["events"][0]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert last["timestamp"] - first["timestamp"] == (MILLIONS - 1) * 120
    assert peak < 20_000_000


def test_a_rare_word_takes_pages_that_are_empty_and_go_on(logs: Any, clock: Clock, now: int) -> None:
    millions(clock)
    ask = {"logGroupName": GROUP, "startTime": now - 24 * HOUR, "filterPattern": "nowhere"}
    token: dict[str, str] = {}
    for _ in range(3):
        page = logs.filter_log_events(**ask, **token)
        assert page["events"] == []
        assert page["nextToken"] != token.get("nextToken")
        token = {"nextToken": page["nextToken"]}


def test_an_endless_group_goes_on_with_the_clock(logs: Any, clock: Clock, now: int) -> None:
    millions(clock)
    clock.advance(60)
    later = logs.filter_log_events(logGroupName=GROUP, startTime=now)["events"]
    assert len(later) == pytest.approx(60_000 / 120, abs=20)
    assert all(event["ingestionTime"] <= clock.now() * 1000 for event in later)


def test_lines_that_are_written_lie_among_those_that_are_made(logs: Any, clock: Clock, now: int) -> None:
    millions(clock)
    sandbox_logs.write("us-east-1", GROUP, "ecs/web/own", [(now - 60_000, "written by hand")])
    found = logs.filter_log_events(logGroupName=GROUP, startTime=now - 60_300, endTime=now - 59_700)
    assert 0 < texts(found).index("written by hand") < len(found["events"]) - 1
    assert texts(logs.get_log_events(logGroupName=GROUP, logStreamName="ecs/web/own")) == ["written by hand"]


def test_a_stream_is_read_from_both_ends_and_is_part_of_the_group(logs: Any, clock: Clock, now: int) -> None:
    millions(clock)
    streams = logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True)["logStreams"]
    assert len(streams) == 8
    assert now - 3_000 < streams[0]["lastEventTimestamp"] < now
    assert streams[0]["firstEventTimestamp"] < now - 6 * 24 * HOUR
    ask = {"logGroupName": GROUP, "logStreamName": streams[0]["logStreamName"], "limit": 10}
    newest = logs.get_log_events(**ask)
    assert newest["events"][-1]["timestamp"] == streams[0]["lastEventTimestamp"]
    older = logs.get_log_events(**ask, nextToken=newest["nextBackwardToken"])
    assert older["events"][-1]["timestamp"] < newest["events"][0]["timestamp"]
    head = logs.get_log_events(**ask, startFromHead=True)
    assert head["events"][0]["timestamp"] == streams[0]["firstEventTimestamp"]
    in_group = logs.filter_log_events(
        logGroupName=GROUP, logStreamNames=[ask["logStreamName"]], startTime=newest["events"][0]["timestamp"]
    )
    assert texts(in_group) == texts(newest)


def test_lines_are_of_every_kind_and_some_leak_a_secret() -> None:
    line, other = busy_lines(7), busy_lines(8)
    lines = [line(number, 1_795_341_697_811 + number * 120) for number in range(20_000)]
    assert lines[5_000:5_100] == [busy_lines(7)(n, 1_795_341_697_811 + n * 120) for n in range(5_000, 5_100)]
    assert lines[0] != other(0, 1_795_341_697_811)
    documents = [json.loads(each) for each in lines if each.startswith("{")]
    assert {document["level"] for document in documents} == {"info", "warn", "error"}
    assert len({document["customer_id"] for document in documents}) > 5_000
    assert any("\n\tat com.example" in each for each in lines)
    assert any("Traceback (most recent call last):" in each for each in lines)
    assert len({document["requestId"] for document in documents}) == len(documents)
    leaking = [each for each in lines if redact(each) != each]
    assert 50 < len(leaking) < 400


def test_calls_per_second_and_region_can_be_held_to_aws_s_quota(aws: AwsServer, client: Client, clock: Clock) -> None:
    logs = client("logs")
    make_busy_group("us-east-1", GROUP, end=clock.now())
    make_busy_group("ap-northeast-1", GROUP, end=clock.now())
    aws.faults.add("aws", "logs:FilterLogEvents", "quota")
    sandbox_logs.limit_filter_rate(None)
    for _ in range(5):
        logs.filter_log_events(logGroupName=GROUP, limit=1)
    with pytest.raises(logs.exceptions.ClientError, match=r"ThrottlingException.*Rate exceeded"):
        logs.filter_log_events(logGroupName=GROUP, limit=1)
    assert client("logs", "ap-northeast-1").filter_log_events(logGroupName=GROUP, limit=1)["events"]
    assert sandbox_logs.busiest_second() == 6
    clock.advance(1)
    assert logs.filter_log_events(logGroupName=GROUP, limit=1)["events"]
    aws.faults.clear()
    for _ in range(10):
        logs.filter_log_events(logGroupName=GROUP, limit=1)


def test_a_stream_has_a_quota_of_its_own_that_some_regions_have_less_of(
    aws: AwsServer, client: Client, clock: Clock
) -> None:
    clock.advance(2)  # a second without the calls of other tests
    aws.faults.add("aws", "logs:GetLogEvents", "quota")
    for region, quota in (("us-east-1", 25), ("eu-central-1", 10), ("eu-west-3", 30)):
        logs = client("logs", region)
        make_busy_group(region, GROUP, end=clock.now(), count=10, streams=1)
        name = logs.describe_log_streams(logGroupName=GROUP)["logStreams"][0]["logStreamName"]
        for _ in range(quota):
            logs.get_log_events(logGroupName=GROUP, logStreamName=name, limit=1)
        with pytest.raises(logs.exceptions.ClientError, match=r"ThrottlingException.*Rate exceeded"):
            logs.get_log_events(logGroupName=GROUP, logStreamName=name, limit=1)


def test_a_page_can_be_empty_and_have_a_token_for_the_same_place(aws: AwsServer, logs: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), count=300)
    expected = texts(logs.filter_log_events(logGroupName=GROUP))
    start = int(clock.now() * 1000) - HOUR
    for direction in (True, False):
        ask: dict[str, Any] = {"logGroupName": GROUP, "startTime": start, "startFromHead": direction, "limit": 200}
        aws.faults.add("aws", "logs:FilterLogEvents", "empty_page", count=2)
        pages = [logs.filter_log_events(**ask)]
        while "nextToken" in pages[-1]:
            pages.append(logs.filter_log_events(**ask, nextToken=pages[-1]["nextToken"]))
        assert [len(page["events"]) for page in pages] == [0, 0, 200, 100]
        found = [text for page in pages for text in texts(page)]
        assert found == (expected if direction else expected[::-1])


def test_a_stream_s_times_can_be_behind_the_truth(logs: Any, clock: Clock, now: int) -> None:
    make_busy_group("us-east-1", GROUP, end=clock.now(), endless=True, streams=1)
    sandbox_logs.lag_stream_times("us-east-1", GROUP, 600)
    (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert now - 603_000 < stream["lastEventTimestamp"] < now - 600_000
    sandbox_logs.write("us-east-1", "/new", "a", [(now, "x")])
    sandbox_logs.lag_stream_times("us-east-1", "/new", 600)
    assert "lastEventTimestamp" not in logs.describe_log_streams(logGroupName="/new")["logStreams"][0]
    clock.advance(600)
    assert logs.describe_log_streams(logGroupName="/new")["logStreams"][0]["lastEventTimestamp"] == now


def test_a_line_can_come_late(logs: Any, clock: Clock, now: int) -> None:
    sandbox_logs.write("us-east-1", GROUP, "a", [(now - 5_000, "first"), (now - 1_000, "third")])
    token = logs.filter_log_events(logGroupName=GROUP, limit=1)["nextToken"]
    clock.advance(30)
    sandbox_logs.write("us-east-1", GROUP, "a", [(now - 6_000, "late"), (now - 3_000, "second")])
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    assert [event["message"] for event in found] == ["late", "first", "second", "third"]
    assert [event["ingestionTime"] - now for event in found] == [30_000, 0, 30_000, 0]
    assert texts(logs.filter_log_events(logGroupName=GROUP, limit=1, nextToken=token)) == ["second"]
