from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot import aws_ports
from bot.aws.log_calls import CALLS
from bot.aws.logs import Logs
from bot.aws.session import Sessions
from bot.cloud import LogLine
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.search.matching import quote_term
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws, assumed
from tests.fakes import FakeClock

START = 1_790_000_000.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def logs(sessions: Sessions, clock: FakeClock) -> Logs:
    return Logs(sessions, clock, pause=clock.advance)


def event(number: int, at: float = 0.0) -> dict[str, Any]:
    moment = int((START + (at or number)) * 1000)
    return {"eventId": str(number), "timestamp": moment, "message": f"line {number}", "logStreamName": "api/api/1"}


def script(aws: ScriptedAws, *pages: list[dict[str, Any]]) -> None:
    """Each page is followed by a token, but the last."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        here = int(asked.get("nextToken", 0))
        more = {"nextToken": str(here + 1)} if here + 1 < len(pages) else {}
        return {"events": pages[here], **more}

    aws.on("FilterLogEvents", answer)


def search(logs: Logs, account: Account, limit: int = 100, deadline: float = START + 1000) -> list[str]:
    found = logs.search(account, "/ecs/bi", "ERROR", start=START, end=START + 60, limit=limit, deadline=deadline)
    return [line.message for line in found]


def test_the_adapter_fills_the_port(logs: Logs) -> None:
    port: aws_ports.Logs = logs
    assert port


def test_two_roles_of_one_account_share_what_it_may_ask_in_a_second(
    aws: ScriptedAws, logs: Logs, clock: FakeClock
) -> None:
    aws.on("AssumeRole", assumed(minutes=60))
    script(aws, [event(1)])
    for number in range(2 * CALLS):
        search(logs, Account("us-east-1", f"arn:aws:iam::210987654321:role/{'bi' if number % 2 else 'lab'}"))
    assert clock.now() == START + 1.0
    search(logs, Account("us-east-1", "arn:aws:iam::123456789012:role/bi"))
    search(logs, Account("eu-west-1", "arn:aws:iam::210987654321:role/bi"))
    assert clock.now() == START + 1.0, "another account and another region count by themselves"


def test_events_come_oldest_first_though_the_newest_are_asked_for(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    script(aws, [event(3), event(2), event(1)])
    assert search(logs, account) == ["line 1", "line 2", "line 3"]
    (asked,) = aws.asked("FilterLogEvents")
    assert asked == {
        "logGroupName": "/ecs/bi",
        "filterPattern": "ERROR",
        "startTime": 1_790_000_000_000,
        "endTime": 1_790_000_060_000,
        "startFromHead": False,
        "limit": 100,
    }


def test_empty_pages_are_walked_through(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    script(aws, [], [event(2)], [], [], [event(1)])
    assert search(logs, account) == ["line 1", "line 2"]
    assert len(aws.asked("FilterLogEvents")) == 5


def test_the_search_ends_at_its_limit(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    script(aws, [event(5), event(4)], [event(3), event(2)], [event(1)])
    assert search(logs, account, limit=3) == ["line 3", "line 4", "line 5"]
    assert len(aws.asked("FilterLogEvents")) == 2


def test_the_search_ends_at_its_deadline_with_what_it_has(
    aws: ScriptedAws, logs: Logs, account: Account, clock: FakeClock
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        clock.advance(1.0)
        here = int(asked.get("nextToken", 0))
        return {"events": [event(9)] if here == 0 else [], "nextToken": str(here + 1)}

    aws.on("FilterLogEvents", answer)
    assert search(logs, account, deadline=START + 3) == ["line 9"]
    assert len(aws.asked("FilterLogEvents")) == 3


def test_a_token_that_repeats_itself_ends_the_search(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    aws.on("FilterLogEvents", {"events": [event(1)], "nextToken": "again"})
    assert search(logs, account) == ["line 1"]
    assert len(aws.asked("FilterLogEvents")) == 2


def scan(logs: Logs, account: Account, limit: int = 100, deadline: float = START + 1000) -> tuple[int, bool]:
    found = logs.scan(account, "/ecs/bi", "ERROR", start=START, end=START + 60, limit=limit, deadline=deadline)
    return len(found.lines), found.is_whole


def test_a_search_says_whether_that_was_all(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    script(aws, [event(3)], [], [event(2)])
    assert scan(logs, account) == (2, True)
    assert scan(logs, account, limit=2) == (2, True)
    assert scan(logs, account, limit=1) == (1, False)
    assert scan(logs, account, deadline=START) == (1, False)


def test_what_was_found_before_aws_throttles_is_not_lost(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    answers: list[Any] = [{"events": [event(1)], "nextToken": "2"}, Refusal("ThrottlingException", "Rate exceeded")]
    aws.on("FilterLogEvents", lambda _: answers.pop(0))
    assert scan(logs, account) == (1, False)
    aws.on("FilterLogEvents", Refusal("ThrottlingException", "Rate exceeded"))
    with pytest.raises(UpstreamError, match="throttling logs:FilterLogEvents"):
        scan(logs, account)


def test_lines_of_one_millisecond_keep_their_order(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    script(aws, [event(number, at=5.0) for number in (11, 10, 9)])
    assert search(logs, account) == ["line 9", "line 10", "line 11"]


def test_a_search_before_2024_asks_for_the_oldest_first(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    script(aws, [])
    logs.search(account, "/ecs/bi", "", start=1_600_000_000.0, end=START, limit=1, deadline=START + 1000)
    assert "startFromHead" not in aws.asked("FilterLogEvents")[0]


def test_a_missing_group_is_not_found(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    missing = "The specified log group does not exist."
    aws.on("FilterLogEvents", Refusal("ResourceNotFoundException", missing))
    with pytest.raises(NotFoundError, match="no log group /ecs/bi"):
        search(logs, account)


def test_an_unreadable_pattern_is_an_upstream_error(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    aws.on("FilterLogEvents", Refusal("InvalidParameterException", "Invalid character(s) in term '/a/b'"))
    with pytest.raises(UpstreamError, match=r"Invalid character\(s\) in term") as caught:
        search(logs, account)
    assert not caught.value.retryable


def tail_answers() -> Iterator[Any]:
    yield {"events": [{"timestamp": int(START * 1000), "message": "last words"}]}
    yield Refusal("ResourceNotFoundException", "The specified log stream does not exist.")
    yield Refusal("ResourceNotFoundException", "The specified log group does not exist.")


def test_the_tail_of_a_stream_is_read(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    answers = tail_answers()
    aws.on("GetLogEvents", lambda _: next(answers))
    (line,) = logs.tail(account, "/ecs/bi", "api/api/1", 20)
    assert (line.at, line.message, line.stream) == (START, "last words", "api/api/1")
    assert aws.asked("GetLogEvents")[0] == {
        "logGroupName": "/ecs/bi",
        "logStreamName": "api/api/1",
        "limit": 20,
        "startFromHead": False,
    }
    assert logs.tail(account, "/ecs/bi", "not/there/yet", 20) == ()
    with pytest.raises(NotFoundError):
        logs.tail(account, "/ecs/gone", "api/api/1", 20)


@pytest.mark.parametrize(
    ("typed", "term"),
    [
        ("timeout", '"timeout"'),
        ("/api/v1?x=-1", '"/api/v1?x=-1"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("C:\\temp", '"C:\\\\temp"'),
        ("two\nlines", '"two lines"'),
        ("{ $.level = * }", '"{ $.level = * }"'),
    ],
)
def test_what_people_type_becomes_one_literal_term(typed: str, term: str) -> None:
    assert quote_term(typed) == term


def test_much_is_read_in_several_calls_at_a_time_and_nothing_twice(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    events = [event(number, at=0.5 + number * 0.05) for number in range(1000)]

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        here = [each for each in events if asked["startTime"] <= each["timestamp"] <= asked["endTime"]]
        first = int(asked.get("nextToken", 0))
        page = here[::-1][first : first + 100]
        return {"events": page, **({"nextToken": str(first + 100)} if first + 100 < len(here) else {})}

    aws.on("FilterLogEvents", answer)
    found = logs.read(account, "/g", "", start=START, end=START + 60, limit=5000, deadline=START + 1000)
    assert [line.id for line in found.lines] == [str(number) for number in range(1000)]
    assert found.is_whole
    assert len({str(asked["endTime"]) for asked in aws.asked("FilterLogEvents")}) == 5
    newest = logs.read(account, "/g", "", start=START, end=START + 60, limit=50, deadline=START + 1000)
    assert [line.id for line in newest.lines] == [str(number) for number in range(950, 1000)]
    assert not newest.is_whole


def test_lines_are_read_as_they_come_each_once_and_may_be_left_out(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    events = [event(number, at=0.5 + number * 0.05) for number in range(300)]
    seen: list[str] = []

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        # Pages overlap by one event, as they may at AWS.
        here = [each for each in events if asked["startTime"] <= each["timestamp"] <= asked["endTime"]]
        first = int(asked.get("nextToken", 0))
        page = here[::-1][max(0, first - 1) : first + 50]
        return {"events": page, **({"nextToken": str(first + 50)} if first + 50 < len(here) else {})}

    def each(line: LogLine) -> LogLine | None:
        seen.append(line.id)
        return LogLine(line.at, "read", line.stream, line.id) if int(line.id) % 2 else None

    aws.on("FilterLogEvents", answer)
    found = logs.read(account, "/g", "", start=START, end=START + 60, limit=999, deadline=START + 1000, each=each)
    assert [(line.id, line.message) for line in found.lines] == [(str(number), "read") for number in range(1, 300, 2)]
    assert sorted(seen, key=int) == [str(number) for number in range(300)]
    assert found.is_whole


def test_the_streams_of_one_task_are_asked_for_by_their_names(aws: ScriptedAws, logs: Logs, account: Account) -> None:
    aws.on("DescribeLogStreams", {"logStreams": [{"logStreamName": "api/api/0f3a91c2"}]})
    aws.on("FilterLogEvents", {"events": []})
    names = logs.stream_names(account, "/g", "api/api/0f3a")
    logs.read(account, "/g", "", start=START, end=START + 1, limit=5, deadline=START + 9, streams=names)
    assert aws.asked("DescribeLogStreams")[0]["logStreamNamePrefix"] == "api/api/0f3a"
    assert aws.asked("FilterLogEvents")[0]["logStreamNames"] == ["api/api/0f3a91c2"]


def test_a_search_that_reached_its_limit_says_from_which_event_on_it_is_whole(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    script(aws, [event(3), event(2)], [event(1)])
    asked: dict[str, Any] = {"start": START, "end": START + 60, "deadline": START + 9}
    keep = {"line 2": None}.get
    found = logs.read(account, "/ecs/bi", "", limit=2, each=lambda line: keep(line.message, line), **asked)
    assert ([line.message for line in found.lines], found.ids, found.newest) == (["line 3"], ("2", "3"), START + 3)
    assert found.cut is not None and (found.cut.id, found.is_whole) == ("2", False)
    script(aws, [event(3), event(2), event(1)])
    found = logs.read(account, "/ecs/bi", "", limit=9, **asked)
    assert (found.cut, found.is_whole) == (None, True)


def test_after_an_empty_first_page_nobody_knows_what_parts_left_out(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        if asked["endTime"] == int((START + 60) * 1000):
            return {"events": [], "nextToken": asked.get("nextToken", "") + "more"}
        number = (asked["startTime"] + 500) // 1000 - int(START)
        return {"events": [event(number)], "nextToken": "2"}

    aws.on("FilterLogEvents", answer)
    found = logs.read(account, "/ecs/bi", "", start=START, end=START + 60, limit=3, deadline=START + 9)
    assert (found.is_whole, found.cut, len(found.lines)) == (False, None, 3)


def test_parts_that_were_not_read_to_their_beginning_are_whole_only_since_the_first_page(
    aws: ScriptedAws, logs: Logs, account: Account
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        if "nextToken" not in asked and asked["endTime"] == int((START + 60) * 1000):
            return {"events": [event(59), event(58)], "nextToken": "1"}
        number = (asked["startTime"] + 500) // 1000 - int(START)
        return {"events": [event(number)], "nextToken": "2"} if number < 40 else {"events": []}

    aws.on("FilterLogEvents", answer)
    found = logs.read(account, "/ecs/bi", "", start=START, end=START + 60, limit=4, deadline=START + 9)
    assert not found.is_whole and len(found.ids) == 4
    assert found.cut is not None and found.cut.id == "58"
