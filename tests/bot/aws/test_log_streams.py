from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.aws.log_calls import CALLS, FEWER, FEWER_IN, STREAM_CALLS
from bot.aws.logs import Logs
from bot.cloud import LogLine
from bot.domain import Account
from bot.errors import NotFoundError
from bot.telemetry import LogSearch
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws
from tests.bot.aws.test_logs import START
from tests.bot.aws.test_logs import clock as _clock
from tests.bot.aws.test_logs import logs as _logs
from tests.fakes import FakeClock

clock, logs = _clock, _logs
"""The adapter, and the clock by which it waits."""
MINUTE = int(START * 1000), int(START * 1000) + 60_000
STREAMS = ("api/api/1", "api/api/2", "api/worker/3")
PAGE = 10


def group_of(count: int, at: Callable[[int], int]) -> list[dict[str, Any]]:
    """Events over a minute, in turns of the streams; each at so many milliseconds since its start."""
    return [
        {
            "eventId": f"{number:056d}",
            "timestamp": MINUTE[0] + at(number),
            "ingestionTime": MINUTE[0] + at(number) + 5,
            "message": f"line {number}",
            "logStreamName": STREAMS[number % len(STREAMS)],
        }
        for number in range(count)
    ]


def evenly(count: int) -> list[dict[str, Any]]:
    return group_of(count, lambda number: number * 60_000 // count)


def answer(aws: ScriptedAws, events: list[dict[str, Any]], streams: tuple[str, ...] = STREAMS) -> None:
    """As AWS does: FilterLogEvents from the tail and up to its end, GetLogEvents without ids and short of its end."""

    def filtered(asked: dict[str, Any]) -> dict[str, Any]:
        names = asked.get("logStreamNames", STREAMS)
        here = [each for each in events if asked["startTime"] <= each["timestamp"] <= asked["endTime"]]
        here = [each for each in here if each["logStreamName"] in names][::-1]
        first = int(asked.get("nextToken", 0))
        more = {"nextToken": str(first + PAGE)} if first + PAGE < len(here) else {}
        return {"events": here[first : first + PAGE], **more}

    def of_stream(asked: dict[str, Any]) -> dict[str, Any]:
        here = [each for each in events if asked["startTime"] <= each["timestamp"] < asked["endTime"]]
        here = [each for each in here if each["logStreamName"] == asked["logStreamName"]]
        first = int(asked.get("nextToken", "f/0").removeprefix("f/"))
        page = here[first : first + PAGE]
        shown = [{name: each[name] for name in ("timestamp", "ingestionTime", "message")} for each in page]
        return {"events": shown, "nextForwardToken": f"f/{first + len(page)}", "nextBackwardToken": "b/0"}

    aws.on("FilterLogEvents", filtered)
    aws.on("GetLogEvents", of_stream)
    aws.on("DescribeLogStreams", {"logStreams": [{"logStreamName": name} for name in streams]})


def read(logs: Logs, account: Account, pattern: str = "", limit: int = 5_000, **more: Any) -> LogSearch:
    asked: dict[str, Any] = {"start": START, "end": START + 60, "limit": limit, "deadline": START + 1000}
    return logs.read(account, "/g", pattern, **(asked | more))


def said(found: LogSearch) -> list[str]:
    return [line.message for line in found.lines]


def expected(events: list[dict[str, Any]]) -> list[str]:
    return [each["message"] for each in sorted(events, key=lambda each: (each["timestamp"], each["ingestionTime"]))]


def test_much_of_a_few_streams_is_read_from_the_streams_with_one_call_of_filter_log_events(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    answer(aws, evenly(400))
    found = read(logs, account)
    assert (said(found), found.is_whole, found.cut) == (expected(evenly(400)), True, None)
    assert len(found.ids) < PAGE and all(line.id for line in found.lines[-PAGE + 1 :])
    assert {line.id for line in found.lines[:-PAGE]} == {""}
    assert {line.stream for line in found.lines} == set(STREAMS)
    assert (len(aws.asked("FilterLogEvents")), len(aws.asked("DescribeLogStreams"))) == (1, 1)
    assert {asked["logStreamName"] for asked in aws.asked("GetLogEvents")} == set(STREAMS)


def test_a_millisecond_that_the_first_page_has_only_a_part_of_is_in_it_once(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    events = group_of(300, lambda number: number // 7 * 1_400)
    answer(aws, events)
    found = read(logs, account)
    assert len(aws.asked("FilterLogEvents")) == 1 and found.is_whole
    assert sorted(said(found)) == sorted(expected(events))
    of_one = [line.message for line in found.lines if line.stream == STREAMS[0]]
    assert of_one == [each["message"] for each in events if each["logStreamName"] == STREAMS[0]]


def test_lines_are_read_as_they_come_and_may_be_left_out(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    answer(aws, evenly(300))

    def each(line: LogLine) -> LogLine | None:
        return LogLine(line.at, "read", line.stream, line.id) if line.message.endswith("7") else None

    found = read(logs, account, each=each)
    assert (said(found), found.is_whole) == (["read"] * 30, True)
    assert len(aws.asked("FilterLogEvents")) == 1


def test_of_streams_that_are_named_no_others_are_asked_for(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    events = evenly(600)
    answer(aws, events)
    found = read(logs, account, streams=STREAMS[:2])
    assert said(found) == expected([each for each in events if each["logStreamName"] in STREAMS[:2]])
    assert aws.asked("DescribeLogStreams") == []
    assert {each["logStreamName"] for each in aws.asked("GetLogEvents")} == set(STREAMS[:2])


def test_when_it_would_not_be_quicker_only_filter_log_events_is_asked(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    answer(aws, evenly(200), STREAMS + tuple(f"idle/{number}" for number in range(40)))
    assert said(read(logs, account)) == expected(evenly(200))
    assert aws.asked("GetLogEvents") == []
    answer(aws, evenly(40))
    assert said(read(logs, account)) == expected(evenly(40))
    answer(aws, evenly(400))
    assert said(read(logs, account, "?line")) == expected(evenly(400))
    assert len(aws.asked("DescribeLogStreams")) == 1
    assert aws.asked("GetLogEvents") == []


def test_who_needs_the_ids_of_lines_gets_them(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    answer(aws, evenly(400))
    found = read(logs, account, has_ids=True)
    assert list(found.ids) == [each["eventId"] for each in evenly(400)] == [line.id for line in found.lines]
    assert aws.asked("DescribeLogStreams") == []


def test_where_an_account_may_ask_for_streams_less_often_more_streams_are_too_many(
    aws: ScriptedAws, logs: Logs
) -> None:
    events = evenly(400)
    answer(aws, events, STREAMS + tuple(f"idle/{number}" for number in range(20)))
    read(logs, Account("eu-central-1"))
    assert aws.asked("GetLogEvents") == []
    read(logs, Account("us-east-1"))
    assert len(aws.asked("GetLogEvents")) > 40
    assert "eu-central-1" in FEWER_IN and CALLS < FEWER < STREAM_CALLS


def test_never_more_streams_are_asked_for_in_a_second_than_the_account_may(
    aws: ScriptedAws, logs: Logs, clock: FakeClock
) -> None:
    answer(aws, evenly(900))
    began: list[float] = []
    given = aws.replies["GetLogEvents"]

    def noted(asked: dict[str, Any]) -> Any:
        began.append(clock.now())
        return given(asked)

    aws.on("GetLogEvents", noted)
    assert read(logs, Account("eu-west-1")).is_whole
    assert len(began) > 80
    assert max(sum(at <= other < at + 1 for other in began) for at in began) <= FEWER


@pytest.mark.parametrize("operation", ["DescribeLogStreams", "GetLogEvents"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_what_may_not_be_asked_of_streams_is_asked_of_the_group(
    aws: ScriptedAws, logs: Logs, account: Account, operation: str, code: str
) -> None:
    answer(aws, evenly(400))
    aws.on(operation, Refusal(code, "The specified log stream does not exist."))
    found = read(logs, account)
    assert (said(found), found.is_whole) == (expected(evenly(400)), True)
    assert len(set(found.ids)) == 400


def test_more_streams_than_one_answer_names_are_not_read_one_by_one(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    answer(aws, evenly(400))
    aws.on("DescribeLogStreams", {"logStreams": [{"logStreamName": STREAMS[0]}], "nextToken": "more"})
    assert said(read(logs, account)) == expected(evenly(400))
    assert aws.asked("GetLogEvents") == []


def test_more_than_the_limit_is_said_and_the_newest_are_kept(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    # The first page looks as if all were within the limit, which the older part is not.
    events = group_of(600, lambda number: number * 40 if number < 500 else 20_000 + (number - 500) * 400)
    answer(aws, sorted(events, key=lambda each: int(each["timestamp"])))
    found = read(logs, account, limit=300)
    assert not found.is_whole and said(found)[-PAGE:] == expected(events)[-PAGE:] and len(found.lines) == 300
    assert len(aws.asked("GetLogEvents")) > 0
    for count in (299, 300, 301):
        answer(aws, evenly(count))
        assert read(logs, account, limit=300).is_whole is (count <= 300)


def test_after_half_of_the_time_the_streams_are_left_and_the_group_is_read(
    aws: ScriptedAws, logs: Logs, account: Account, clock: FakeClock
) -> None:
    answer(aws, evenly(400), STREAMS + tuple(f"idle/{number}" for number in range(20)))
    given = aws.replies["GetLogEvents"]

    def slowly(asked: dict[str, Any]) -> Any:
        clock.advance(2)
        return given(asked)

    aws.on("GetLogEvents", slowly)
    found = read(logs, account, deadline=START + 100)
    assert (said(found), found.is_whole) == (expected(evenly(400)), True)
    # All would be 82 calls; those that waited for a thread did not begin any more.
    assert 0 < len(aws.asked("GetLogEvents")) < 50


@pytest.mark.parametrize(
    "error", [Refusal("ThrottlingException", "Rate exceeded"), Refusal("InternalFailure", "", 500)]
)
def test_streams_that_do_not_answer_leave_the_group_to_be_read(
    aws: ScriptedAws, logs: Logs, account: Account, error: Refusal
) -> None:
    answer(aws, evenly(400))
    given = aws.replies["GetLogEvents"]
    asked_before: list[dict[str, Any]] = []

    def some(asked: dict[str, Any]) -> Any:
        asked_before.append(asked)
        return given(asked) if len(asked_before) < 5 else error

    aws.on("GetLogEvents", some)
    found = read(logs, account, deadline=START + 60)
    assert (said(found), found.is_whole, len(set(found.ids))) == (expected(evenly(400)), True, 400)


def test_slow_calls_are_reckoned_with(aws: ScriptedAws, logs: Logs, account: Account, clock: FakeClock) -> None:
    answer(aws, evenly(400), STREAMS + tuple(f"idle/{number}" for number in range(40)))
    given = aws.replies["FilterLogEvents"]

    def slowly(asked: dict[str, Any]) -> Any:
        clock.advance(0 if len(aws.asked("FilterLogEvents")) > 1 else 1)
        return given(asked)

    aws.on("FilterLogEvents", slowly)
    assert said(read(logs, account)) == expected(evenly(400))
    assert aws.asked("GetLogEvents") == []


def test_a_stream_that_is_not_named_has_the_group_read(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    answer(aws, evenly(400), STREAMS[:2])
    found = read(logs, account)
    assert (said(found), found.is_whole) == (expected(evenly(400)), True)
    assert aws.asked("GetLogEvents") == []


def test_answers_without_what_they_should_have_are_no_failure(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    answer(aws, [each | {"ingestionTime": None} for each in evenly(400)])
    aws.on("GetLogEvents", {"events": None})
    assert len(read(logs, account).lines) == 400
    assert 0 < len(aws.asked("GetLogEvents")) <= len(STREAMS)
    aws.on("DescribeLogStreams", {})
    assert said(read(logs, account)) == expected(evenly(400))


def test_the_ends_of_streams_are_read_within_the_same_quota(aws: ScriptedAws, logs: Logs, clock: FakeClock) -> None:
    answer(aws, evenly(30))
    given = aws.replies["GetLogEvents"]
    began: list[float] = []

    def noted(asked: dict[str, Any]) -> Any:
        began.append(clock.now())
        return given({"startTime": 0, "endTime": MINUTE[1], "logStreamName": asked["logStreamName"]})

    aws.on("GetLogEvents", noted)
    for _ in range(FEWER + 5):
        assert len(logs.tail(Account("eu-west-1"), "/g", STREAMS[0], 10)) == 10
    assert max(sum(at <= other < at + 1 for other in began) for at in began) <= FEWER


def stretch(logs: Logs, account: Account, stream: str, limit: int = 999, deadline: float = START + 1000) -> LogSearch:
    asked: dict[str, Any] = {"start": START + 10, "end": START + 20, "limit": limit, "deadline": deadline}
    return logs.stretch(account, "/g", stream, **asked)


def test_a_time_of_one_stream_is_read_with_both_its_ends(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    events = group_of(61, lambda number: number * 1000)
    answer(aws, events)
    found = stretch(logs, account, STREAMS[1])
    assert (said(found), found.is_whole) == (["line 10", "line 13", "line 16", "line 19"], True)
    assert {line.stream for line in found.lines} == {STREAMS[1]}
    assert said(stretch(logs, account, STREAMS[2]))[-1] == "line 20"
    assert aws.asked("FilterLogEvents") == []


def test_a_time_of_one_stream_with_more_than_can_be_read_is_not_whole(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    answer(aws, group_of(300, lambda number: 10_000 + number))
    assert [len(stretch(logs, account, STREAMS[0]).lines), stretch(logs, account, STREAMS[0]).is_whole] == [100, True]
    late = stretch(logs, account, STREAMS[0], deadline=START)
    assert (said(late)[0], len(late.lines), late.is_whole) == ("line 0", PAGE, False)
    assert not stretch(logs, account, STREAMS[0], limit=5).is_whole


def test_a_time_of_a_stream_that_is_not_there_is_not_found(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    aws.on("GetLogEvents", Refusal("ResourceNotFoundException", "The specified log stream does not exist."))
    with pytest.raises(NotFoundError):
        stretch(logs, account, "gone")
