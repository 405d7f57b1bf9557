from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws import logs as sandbox_logs
from sandbox.clock import Clock

Client = Callable[..., Any]
GROUP = "/ecs/shop/api"


@pytest.fixture
def logs(client: Client) -> Any:
    return client("logs")


@pytest.fixture
def now(clock: Clock) -> int:
    return int(clock.now() * 1000)


def _write(now: int, stream: str, messages: list[str], ago: int = 60_000) -> None:
    """One message a millisecond, the first so many milliseconds ago."""
    sandbox_logs.write("us-east-1", GROUP, stream, [(now - ago + step, text) for step, text in enumerate(messages)])


def _texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_events_of_all_streams_come_in_order_of_time(logs: Any, now: int) -> None:
    _write(now, "a/1", ["1", "3"], ago=1000)
    _write(now, "b/1", ["2"], ago=1000)
    _write(now, "b/1", ["0"], ago=5000)
    found = logs.filter_log_events(logGroupName=GROUP)
    assert _texts(found) == ["0", "1", "2", "3"]
    assert found["searchedLogStreams"] == []
    assert [event["logStreamName"] for event in found["events"]] == ["b/1", "a/1", "b/1", "a/1"]
    ids = [event["eventId"] for event in found["events"]]
    assert len(set(ids)) == 4
    assert ids == sorted(ids)


def test_streams_are_chosen_by_prefix_or_by_name_but_not_both(logs: Any, now: int) -> None:
    _write(now, "a/1", ["x"])
    _write(now, "b/1", ["y"])
    assert _texts(logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix="a/")) == ["x"]
    assert _texts(logs.filter_log_events(logGroupName=GROUP, logStreamNames=["b/1"])) == ["y"]
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix="a", logStreamNames=["b/1"])
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.filter_log_events(logGroupName=GROUP, logStreamNames=["c"])
    with pytest.raises(logs.exceptions.InvalidParameterException, match="less than or equal to 100"):
        logs.filter_log_events(logGroupName=GROUP, logStreamNames=["b/1"] * 101)
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        logs.filter_log_events(logGroupName="/nobody")


def test_a_group_may_be_named_by_its_arn(logs: Any, now: int) -> None:
    _write(now, "a/1", ["x"])
    arn = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    assert _texts(logs.filter_log_events(logGroupIdentifier=arn)) == ["x"]


def test_both_ends_of_the_range_are_included(logs: Any, now: int) -> None:
    _write(now, "a/1", ["0", "1", "2", "3"], ago=1000)
    found = logs.filter_log_events(logGroupName=GROUP, startTime=now - 999, endTime=now - 998)
    assert _texts(found) == ["1", "2"]


def test_a_malformed_pattern_is_an_invalid_parameter(logs: Any, now: int) -> None:
    _write(now, "a/1", ["x"])
    with pytest.raises(logs.exceptions.InvalidParameterException, match=r"Invalid character\(s\) in term 'a\.b'"):
        logs.filter_log_events(logGroupName=GROUP, filterPattern="a.b")


def test_pages_follow_each_other_without_loss(logs: Any, now: int) -> None:
    _write(now, "a/1", [str(number) for number in range(25)])
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 10})
    assert [len(page["events"]) for page in pages] == [10, 10, 5]
    token = logs.filter_log_events(logGroupName=GROUP, limit=10)["nextToken"]
    _write(now, "a/1", ["late"], ago=70_000)
    following = logs.filter_log_events(logGroupName=GROUP, limit=10, nextToken=token)
    assert _texts(following)[0] == "10"
    for broken in ("x", token[:-4]):
        with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken"):
            logs.filter_log_events(logGroupName=GROUP, nextToken=broken)
    with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken"):
        logs.filter_log_events(logGroupName=GROUP, nextToken=token, filterPattern="other")


def test_a_rare_find_in_50_000_events_may_take_empty_pages(logs: Any, now: int) -> None:
    _write(now, "a/1", ["nothing here"] * 49_999 + ["needle"])
    first = logs.filter_log_events(logGroupName=GROUP, filterPattern="needle")
    assert first["events"] == []
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, filterPattern="needle")
    assert [len(page["events"]) for page in pages] == [0, 0, 1]


def test_a_page_is_at_most_a_megabyte(logs: Any, now: int) -> None:
    _write(now, "a/1", ["x" * 200_000] * 10)
    assert 5 <= len(logs.filter_log_events(logGroupName=GROUP)["events"]) <= 6


def test_calls_can_be_limited_to_so_many_a_second(logs: Any, now: int, clock: Clock) -> None:
    _write(now, "a/1", ["x"])
    sandbox_logs.limit_filter_rate(2)
    for _ in range(2):
        logs.filter_log_events(logGroupName=GROUP)
    with pytest.raises(logs.exceptions.ClientError, match=r"ThrottlingException.*Rate exceeded"):
        logs.filter_log_events(logGroupName=GROUP)
    clock.advance(1)
    assert logs.filter_log_events(logGroupName=GROUP)["events"]
    sandbox_logs.limit_filter_rate(None)


def test_a_stream_is_read_backwards_from_its_end_and_forwards_again(logs: Any, now: int) -> None:
    _write(now, "a/1", [str(number) for number in range(5)])
    ask = {"logGroupName": GROUP, "logStreamName": "a/1", "limit": 2}
    newest = logs.get_log_events(**ask)
    assert _texts(newest) == ["3", "4"]
    older = logs.get_log_events(**ask, nextToken=newest["nextBackwardToken"])
    assert _texts(older) == ["1", "2"]
    again = logs.get_log_events(**ask, nextToken=older["nextForwardToken"])
    assert _texts(again) == ["3", "4"]
    end = logs.get_log_events(**ask, nextToken=again["nextForwardToken"])
    assert (end["events"], end["nextForwardToken"]) == ([], again["nextForwardToken"])
    _write(now, "a/1", ["5"], ago=10)
    assert _texts(logs.get_log_events(**ask, nextToken=end["nextForwardToken"])) == ["5"]
    assert _texts(logs.get_log_events(**ask, startFromHead=True)) == ["0", "1"]
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.get_log_events(**ask, nextToken="x")


def test_events_out_of_bounds_are_rejected_and_the_rest_kept(logs: Any, now: int) -> None:
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="a/1")
    day = 86_400_000
    put = {"logGroupName": GROUP, "logStreamName": "a/1"}
    edge = now - 14 * day
    old = [{"timestamp": edge - 1000, "message": "old"}, {"timestamp": edge + 1000, "message": "kept"}]
    assert logs.put_log_events(**put, logEvents=old)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = [{"timestamp": now, "message": "kept too"}, {"timestamp": now + day // 4, "message": "new"}]
    assert logs.put_log_events(**put, logEvents=new)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert _texts(logs.filter_log_events(logGroupName=GROUP)) == ["kept", "kept too"]
    with pytest.raises(logs.exceptions.InvalidParameterException, match="chronological"):
        logs.put_log_events(**put, logEvents=new[::-1])
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log stream"):
        logs.put_log_events(logGroupName=GROUP, logStreamName="b", logEvents=new[:1])


def test_retention_hides_what_is_older(logs: Any, now: int, clock: Clock) -> None:
    _write(now, "a/1", ["x"])
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    assert len(logs.filter_log_events(logGroupName=GROUP)["events"]) == 1
    clock.advance(86_400)
    assert logs.filter_log_events(logGroupName=GROUP)["events"] == []


def test_groups_and_streams_are_described_on_the_sandboxs_clock(logs: Any, now: int) -> None:
    _write(now, "a/1", ["x", "y"], ago=1000)
    (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (now - 1000, now - 999)
    assert stream["creationTime"] == stream["lastIngestionTime"] == now
    (group,) = logs.describe_log_groups(logGroupNamePattern="shop")["logGroups"]
    assert (group["creationTime"], group["storedBytes"]) == (now, 2)
    assert logs.describe_log_groups(logGroupNamePrefix="/aws")["logGroups"] == []


def test_a_deleted_stream_takes_its_events_with_it(logs: Any, now: int) -> None:
    _write(now, "a/1", ["x"])
    _write(now, "b/1", ["y"])
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="a/1")
    assert _texts(logs.filter_log_events(logGroupName=GROUP)) == ["y"]


def test_a_metric_filter_turns_lines_into_datapoints(logs: Any, client: Client, now: int, clock: Clock) -> None:
    logs.create_log_group(logGroupName=GROUP)
    change = {"metricName": "Slow", "metricNamespace": "Shop", "metricValue": "$.ms"}
    logs.put_metric_filter(
        logGroupName=GROUP, filterName="slow", filterPattern="{ $.ms > 100 }", metricTransformations=[change]
    )
    _write(now, "a/1", ['{"ms": 50}', '{"ms": 150}', '{"ms": 250}'], ago=1000)
    moment = clock.datetime()
    (point,) = client("cloudwatch").get_metric_statistics(
        Namespace="Shop",
        MetricName="Slow",
        StartTime=moment.timestamp() - 3600,
        EndTime=moment.timestamp(),
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert (point["Sum"], point["SampleCount"]) == (400, 2)
