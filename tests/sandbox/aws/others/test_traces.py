from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws.xray_filter import FilterError, read_filter
from sandbox.clock import Clock


class Traced:
    """An application that tells X-Ray of its requests."""

    def __init__(self, client: Callable[..., Any], clock: Clock) -> None:
        self.api, self.clock, self.count = client("xray"), clock, 0

    def request(self, seconds: float, status: int = 200, ago: float = 60, **more: Any) -> str:
        self.count += 1
        begins = self.clock.now() - ago
        trace = f"1-{int(begins):08x}-{self.count:024x}"
        root = {
            "trace_id": trace,
            "id": f"{self.count:016x}",
            "name": "api",
            "start_time": begins,
            "end_time": begins + seconds,
            "http": {"request": {"method": "GET", "url": "https://api/orders"}, "response": {"status": status}},
            "fault": status >= 500,
            "error": 400 <= status < 500,
        }
        self.api.put_trace_segments(TraceSegmentDocuments=[json.dumps(root | more)])
        return trace

    def found(self, expression: str = "", **more: Any) -> list[str]:
        now = self.clock.now()
        span = {"StartTime": now - 3600, "EndTime": now} | more
        answer = self.api.get_trace_summaries(**span, **({"FilterExpression": expression} if expression else {}))
        return [each["Id"] for each in answer["TraceSummaries"]]


@pytest.fixture
def traced(client: Callable[..., Any], clock: Clock) -> Traced:
    return Traced(client, clock)


def test_a_trace_is_summed_up(traced: Traced) -> None:
    trace = traced.request(1.5, 502, annotations={"order": 7, "vip": True, "plan": "gold"})
    now = traced.clock.now()
    (found,) = traced.api.get_trace_summaries(StartTime=now - 600, EndTime=now)["TraceSummaries"]
    assert (found["Id"], found["Duration"], found["ResponseTime"]) == (trace, 1.5, 1.5)
    assert (found["HasFault"], found["HasError"], found["IsPartial"]) == (True, False, False)
    assert found["Http"] == {"HttpURL": "https://api/orders", "HttpMethod": "GET", "HttpStatus": 502}
    assert [service["Name"] for service in found["ServiceIds"]] == ["api"]
    assert found["Annotations"]["order"] == [{"AnnotationValue": {"NumberValue": 7.0}}]
    assert found["Annotations"]["vip"] == [{"AnnotationValue": {"BooleanValue": True}}]


def test_traces_are_found_by_what_they_were_like_newest_first(traced: Traced) -> None:
    quick, slow = traced.request(0.1, ago=300), traced.request(3.0, ago=200)
    failed = traced.request(0.2, 500, ago=100, annotations={"plan": "gold"})
    assert traced.found() == [failed, slow, quick]
    assert traced.found("responsetime > 1") == [slow]
    assert traced.found('service("api") AND fault') == [failed]
    assert traced.found('annotation.plan = "gold"') == [failed]
    assert traced.found(StartTime=traced.clock.now() - 250) == [failed, slow]


def test_a_trace_of_several_segments_lasts_as_long_as_all_of_them(traced: Traced) -> None:
    trace = traced.request(1.0)
    part = {"trace_id": trace, "id": "f" * 16, "parent_id": "0" * 16, "name": "db", "start_time": 0, "end_time": 0}
    begins = traced.clock.now() - 60
    part |= {"start_time": begins, "end_time": begins + 2.5}
    traced.api.put_trace_segments(TraceSegmentDocuments=[json.dumps(part)])
    found = traced.api.batch_get_traces(TraceIds=[trace, "1-0-0"])
    assert found["Traces"][0]["Duration"] == 2.5
    assert [json.loads(each["Document"])["name"] for each in found["Traces"][0]["Segments"]] == ["api", "db"]
    assert found["UnprocessedTraceIds"] == ["1-0-0"]


def test_more_than_a_page_is_found_in_pages(traced: Traced) -> None:
    for number in range(130):
        traced.request(0.1, ago=number + 1)
    now = traced.clock.now()
    pages = traced.api.get_paginator("get_trace_summaries").paginate(StartTime=now - 600, EndTime=now)
    assert [len(page["TraceSummaries"]) for page in pages] == [100, 30]


def test_malformed_segments_are_left_out_and_told(traced: Traced) -> None:
    wrong = traced.api.put_trace_segments(TraceSegmentDocuments=["{", json.dumps({"id": "1"})])
    assert len(wrong["UnprocessedTraceSegments"]) == 2
    assert traced.found() == []


def test_strange_questions_are_refused(traced: Traced) -> None:
    with pytest.raises(traced.api.exceptions.InvalidRequestException, match="6 hours"):
        traced.found(StartTime=traced.clock.now() - 7 * 3600)
    with pytest.raises(traced.api.exceptions.InvalidRequestException, match="Invalid filter"):
        traced.found("responsetime >")


def _summary(**more: Any) -> dict[str, Any]:
    usual = {
        "HasFault": False,
        "HasError": False,
        "HasThrottle": False,
        "IsPartial": False,
        "Duration": 2.0,
        "ResponseTime": 1.0,
        "Http": {"HttpStatus": 200, "HttpURL": "https://api/orders", "HttpMethod": "GET"},
        "Annotations": {"plan": [{"AnnotationValue": {"StringValue": "gold"}}]},
        "ServiceIds": [{"Name": "api"}],
    }
    return usual | more


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", True),
        ("ok", True),
        ("fault = false", True),
        ("!ok OR fault", False),
        ("duration >= 2 AND responsetime < 2", True),
        ('http.status = 200 AND http.method = "GET"', True),
        ("http.status != 200", False),
        ('http.url CONTAINS "orders" AND NOT (http.url BEGINSWITH "http://")', True),
        ('service("api") { duration > 1 }', True),
        ('service("db") { duration > 1 }', False),
        ('annotation.plan = "silver" OR annotation.none = "x"', False),
        ('http.useragent = "curl"', False),
        ("http.url > 5", False),
    ],
)
def test_a_filter_lets_through_what_it_says(expression: str, expected: bool) -> None:
    assert read_filter(expression)(_summary()) == expected


@pytest.mark.parametrize("expression", ["(", "fault fault", "what = 1", "duration", "duration = ", 'service("a"', "%"])
def test_a_filter_that_means_nothing_is_an_error(expression: str) -> None:
    with pytest.raises(FilterError):
        read_filter(expression)
