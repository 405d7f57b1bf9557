from __future__ import annotations

from typing import Any

import pytest

from bot import telemetry_ports as ports
from bot.aws.errors import NotPermittedError
from bot.aws.session import Sessions
from bot.aws.traces import Traces
from bot.domain import Account
from bot.telemetry import Trace, TraceSearch
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws
from tests.fakes import NOON, FakeClock

SUMMARIES = "/TraceSummaries"
FAULT = {
    "Id": "1-a",
    "Duration": 4.0,
    "ResponseTime": 3.5,
    "HasFault": True,
    "HasThrottle": True,
    "Http": {"HttpURL": "https://api.example.com/orders", "HttpStatus": 502},
    "EntryPoint": {"Name": "api"},
    "FaultRootCauses": [
        {
            "Services": [
                {"Name": "api", "EntityPath": [{"Name": "api"}]},
                {
                    "Name": "orders-table",
                    "EntityPath": [{"Name": "t", "Exceptions": [{"Name": "Throttled", "Message": "Rate exceeded"}]}],
                },
            ]
        },
        {"Services": []},
    ],
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def traces(sessions: Sessions, clock: FakeClock) -> Traces:
    return Traces(sessions, clock)


def ask(traces: Traces, account: Account, expression: str = "") -> TraceSearch:
    return traces.traces(account, expression, start=NOON - 900, end=NOON, deadline=NOON + 8)


def test_the_adapter_fills_the_port(traces: Traces) -> None:
    port: ports.Traces = traces
    assert port


def test_a_failed_request_is_told_with_what_was_raised_where(
    aws: ScriptedAws, traces: Traces, account: Account
) -> None:
    aws.on(SUMMARIES, {"TraceSummaries": [FAULT]})
    assert ask(traces, account, 'service("api")') == TraceSearch(
        (
            Trace(
                *("1-a", 3.5, True, False, True, "api", ("orders-table Throttled: Rate exceeded",)),
                *("https://api.example.com/orders", 502),
            ),
        ),
        is_whole=True,
    )
    (asked,) = aws.asked(SUMMARIES)
    assert (asked["FilterExpression"], asked["TimeRangeType"]) == ('service("api")', "Event")
    assert (asked["StartTime"], asked["EndTime"]) == (NOON - 900, NOON)


def test_without_an_expression_none_is_sent(aws: ScriptedAws, traces: Traces, account: Account) -> None:
    aws.on(SUMMARIES, {"TraceSummaries": [{"Id": "1-b", "Duration": 0.2, "ServiceIds": [{"Name": "web"}]}]})
    (trace,) = ask(traces, account).traces
    assert (trace.entry, trace.duration, trace.fault, trace.causes) == ("web", 0.2, False, ())
    assert "FilterExpression" not in aws.asked(SUMMARIES)[0]


def test_pages_are_walked_through_and_a_trace_counts_once(aws: ScriptedAws, traces: Traces, account: Account) -> None:
    pages: dict[Any, dict[str, Any]] = {
        None: {"TraceSummaries": [{"Id": "1-a", "Duration": 1.0}], "NextToken": "2"},
        "2": {"TraceSummaries": [], "NextToken": "3"},
        "3": {"TraceSummaries": [FAULT, {"Id": "1-b", "Duration": 1.0}]},
    }
    aws.on(SUMMARIES, lambda asked: pages[asked.get("NextToken")])
    found = ask(traces, account)
    assert [(each.id, each.fault) for each in found.traces] == [("1-a", True), ("1-b", False)]
    assert found.is_whole


def test_at_the_deadline_there_may_be_more(
    aws: ScriptedAws, traces: Traces, account: Account, clock: FakeClock
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        clock.advance(5)
        return {"TraceSummaries": [{"Id": f"1-{clock.now()}"}], "NextToken": "again"}

    aws.on(SUMMARIES, answer)
    found = ask(traces, account)
    assert (len(found.traces), found.is_whole) == (2, False)


def test_throttling_loses_nothing_that_was_found(aws: ScriptedAws, traces: Traces, account: Account) -> None:
    answers = iter([{"TraceSummaries": [FAULT], "NextToken": "2"}, Refusal("ThrottledException", status=429)])
    aws.on(SUMMARIES, lambda asked: next(answers))
    found = ask(traces, account)
    assert (len(found.traces), found.is_whole) == (1, False)


def test_a_missing_permission_is_named(aws: ScriptedAws, traces: Traces, account: Account) -> None:
    aws.on(SUMMARIES, Refusal("AccessDeniedException", status=403))
    with pytest.raises(NotPermittedError, match="xray:GetTraceSummaries"):
        ask(traces, account)
