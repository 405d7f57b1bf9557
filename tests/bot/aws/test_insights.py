"""The adapter of Logs Insights: queries are waited for, asked for gently, and stopped when nobody waits any more."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from bot import telemetry_ports as ports
from bot.aws.errors import NotPermittedError
from bot.aws.insights import AT_ONCE, FORGOTTEN_SECONDS, Insights
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.telemetry import IN_LINE, QueryAnswer
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws
from tests.fakes import NOON, FakeClock

BUSY = Refusal("LimitExceededException", "Account maximum query concurrency limit of [100] reached.")
THROTTLED = Refusal("ThrottlingException", "Rate exceeded")
ROWS = [[{"field": "path", "value": "/a"}, {"field": "count()", "value": "2"}, {"field": "@ptr", "value": "xyz"}]]
STATISTICS = {"recordsMatched": 2.0, "recordsScanned": 9.0, "bytesScanned": 1234.0}


class Waiting:
    """A clock that moves on by whatever is waited; ``waits`` are the seconds of each pause."""

    def __init__(self) -> None:
        self.clock, self.waits = FakeClock(), list[float]()

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def insights(sessions: Sessions, waiting: Waiting) -> Insights:
    return Insights(sessions, waiting.clock, pause=waiting.pause)


def in_turn(*answers: Any) -> Callable[[dict[str, Any]], Any]:
    """One answer after the other, and the last for ever."""
    left = list(answers)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def status(word: str, rows: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"status": word, "results": rows or [], "statistics": STATISTICS, **more}


@pytest.fixture(autouse=True)
def a_query_that_completes(aws: ScriptedAws) -> None:
    aws.on("StartQuery", {"queryId": "q-1"})
    aws.on("GetQueryResults", in_turn(status("Scheduled"), status("Running"), status("Complete", ROWS)))
    aws.on("StopQuery", {"success": True})


def ask(insights: Insights, account: Account, *groups: str, seconds: float = 8, limit: int = 20) -> QueryAnswer:
    return insights.query(
        *(account, groups or ("/ecs/bi",), "stats count() by path"),
        start=NOON - 3600.9,
        end=NOON,
        limit=limit,
        deadline=NOON + seconds,
    )


def test_the_adapter_fills_the_port(insights: Insights) -> None:
    port: ports.Insights = insights
    assert port


def test_a_query_is_waited_for_and_answered_with_what_it_cost(
    aws: ScriptedAws, insights: Insights, account: Account, waiting: Waiting
) -> None:
    assert ask(insights, account) == QueryAnswer(({"path": "/a", "count()": "2"},), 2.0, 9.0, 1234.0, is_whole=True)
    assert aws.asked("StartQuery") == [
        {
            "logGroupNames": ["/ecs/bi"],
            "queryString": "stats count() by path",
            "startTime": int(NOON - 3600.9),
            "endTime": int(NOON),
            "limit": 20,
        }
    ]
    assert len(aws.asked("GetQueryResults")) == 3
    assert waiting.waits == sorted(waiting.waits)
    assert aws.asked("StopQuery") == []


def test_groups_of_other_accounts_are_asked_by_their_arns(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    ask(insights, account, "arn:aws:logs:us-east-1:210987654321:log-group:/ecs/bi:*", "/ecs/own")
    (asked,) = aws.asked("StartQuery")
    assert asked["logGroupIdentifiers"] == ["arn:aws:logs:us-east-1:210987654321:log-group:/ecs/bi", "/ecs/own"]


def test_a_query_waits_for_a_place_while_the_account_is_busy(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    aws.on("StartQuery", in_turn(BUSY, Refusal("ThrottlingException", "Rate exceeded"), {"queryId": "q-1"}))
    assert len(ask(insights, account).rows) == 1
    assert len(aws.asked("StartQuery")) == 3


def test_an_account_that_stays_busy_is_said_before_the_deadline(
    aws: ScriptedAws, insights: Insights, account: Account, waiting: Waiting
) -> None:
    aws.on("StartQuery", BUSY)
    with pytest.raises(UpstreamError, match="already runs as many Logs Insights queries") as caught:
        ask(insights, account)
    assert caught.value.retryable
    assert waiting.clock.now() <= NOON + 8


@pytest.mark.parametrize(
    ("refusal", "why"), [(BUSY, "as many Logs Insights queries as it may"), (THROTTLED, "throttling logs:StartQuery")]
)
def test_who_begins_a_query_hears_soon_why_it_has_to_wait(
    aws: ScriptedAws, insights: Insights, account: Account, waiting: Waiting, refusal: Refusal, why: str
) -> None:
    aws.on("StartQuery", refusal)
    with pytest.raises(UpstreamError, match=why) as caught:
        insights.start(account, ["/g"], "q", start=NOON - 60, end=NOON, limit=1, user="U1")
    assert caught.value.retryable
    assert waiting.clock.now() <= NOON + 2


def test_who_looks_at_a_query_hears_soon_that_it_cannot_be_read(
    aws: ScriptedAws, insights: Insights, account: Account, waiting: Waiting
) -> None:
    aws.on("GetQueryResults", THROTTLED)
    with pytest.raises(UpstreamError, match="throttling logs:GetQueryResults") as caught:
        insights.results(account, "q-1")
    assert caught.value.retryable
    assert waiting.clock.now() <= NOON + 2
    assert len(aws.asked("GetQueryResults")) == 2


def test_throttled_polls_lose_no_query(aws: ScriptedAws, insights: Insights, account: Account) -> None:
    aws.on("GetQueryResults", in_turn(Refusal("ThrottlingException"), BUSY, status("Complete", ROWS)))
    assert len(ask(insights, account).rows) == 1


def test_a_query_that_is_late_is_stopped_and_what_it_had_is_the_answer(
    aws: ScriptedAws, insights: Insights, account: Account, waiting: Waiting
) -> None:
    aws.on("GetQueryResults", status("Running", ROWS))
    found = ask(insights, account)
    assert (len(found.rows), found.is_whole) == (1, False)
    assert aws.asked("StopQuery") == [{"queryId": "q-1"}]
    assert waiting.clock.now() == pytest.approx(NOON + 8, abs=0.5)


def test_a_query_that_ended_while_it_was_stopped_is_no_error(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    aws.on("GetQueryResults", status("Running"))
    aws.on("StopQuery", Refusal("InvalidParameterException", "Query has already ended"))
    assert not ask(insights, account).is_whole


def test_a_query_that_cannot_be_stopped_at_once_is_told_again_to_stop(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    aws.on("StopQuery", in_turn(THROTTLED, THROTTLED, {"success": True}))
    insights.stop(account, "q-1")
    assert len(aws.asked("StopQuery")) == 3


@pytest.mark.parametrize(
    "refusal", [THROTTLED, Refusal("AccessDeniedException"), Refusal("ServiceUnavailable", "", 503)]
)
def test_a_query_that_may_go_on_is_said_to(
    aws: ScriptedAws, insights: Insights, account: Account, waiting: Waiting, refusal: Refusal
) -> None:
    aws.on("StopQuery", refusal)
    with pytest.raises(UpstreamError, match="logs:StopQuery"):
        insights.stop(account, "q-1")
    assert waiting.clock.now() <= NOON + 4


@pytest.mark.parametrize("code", ["InvalidParameterException", "ResourceNotFoundException"])
def test_a_query_that_has_ended_counts_as_stopped(
    aws: ScriptedAws, insights: Insights, account: Account, code: str
) -> None:
    aws.on("StopQuery", Refusal(code, "Query is not running"))
    insights.stop(account, "q-1")
    assert len(aws.asked("StopQuery")) == 1


def test_of_a_query_that_was_stopped_there_is_what_it_had(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    aws.on("GetQueryResults", status("Cancelled", ROWS))
    found = insights.results(account, "q-1")
    assert (len(found.rows), found.is_whole, found.was_stopped) == (1, False, True)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("Failed", "it failed inside CloudWatch"),
        ("Cancelled", "somebody stopped it"),
        ("Timeout", "it ran into CloudWatch's own time limit"),
    ],
)
def test_a_query_that_ends_without_an_answer_says_why(
    aws: ScriptedAws, insights: Insights, account: Account, word: str, why: str
) -> None:
    aws.on("GetQueryResults", in_turn(status("Running"), status(word)))
    with pytest.raises(UpstreamError, match=f"gave no answer: {why}"):
        ask(insights, account)
    assert aws.asked("StopQuery") == []


def test_a_status_that_nobody_knows_is_waited_for(aws: ScriptedAws, insights: Insights, account: Account) -> None:
    aws.on("GetQueryResults", in_turn(status("Unknown"), status("Complete", ROWS)))
    assert len(ask(insights, account).rows) == 1


def test_a_query_whose_answer_may_not_be_read_is_stopped(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    aws.on("GetQueryResults", Refusal("AccessDeniedException"))
    with pytest.raises(NotPermittedError, match="logs:GetQueryResults"):
        ask(insights, account)
    assert aws.asked("StopQuery") == [{"queryId": "q-1"}]


def test_further_pages_are_read_as_far_as_rows_were_asked_for(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    page = [[{"field": "n", "value": str(number)}] for number in range(3)]
    aws.on("GetQueryResults", lambda asked: status("Complete", page, nextToken=f"{asked.get('nextToken', '')}+"))
    assert len(ask(insights, account, limit=5).rows) == 6
    assert [each.get("nextToken") for each in aws.asked("GetQueryResults")] == [None, "+"]


def test_a_missing_group_and_a_malformed_query_are_told_apart(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    aws.on("StartQuery", Refusal("ResourceNotFoundException", "Log group does not exist"))
    with pytest.raises(NotFoundError, match="no log group /ecs/bi"):
        ask(insights, account)
    aws.on("StartQuery", Refusal("MalformedQueryException", "unexpected symbol found | at line 1 and position 7"))
    with pytest.raises(UpstreamError, match="unexpected symbol found"):
        ask(insights, account)
    aws.on("StartQuery", Refusal("AccessDeniedException"))
    with pytest.raises(NotPermittedError, match="logs:StartQuery"):
        ask(insights, account)


@pytest.mark.parametrize("count", [0, 51])
def test_too_many_groups_are_refused_before_aws_is_asked(
    aws: ScriptedAws, insights: Insights, account: Account, count: int
) -> None:
    with pytest.raises(UpstreamError, match="1 to 50 log groups"):
        insights.query(account, ["/g"] * count, "q", start=NOON, end=NOON, limit=1, deadline=NOON + 8)
    assert aws.calls == []


def test_all_queries_together_ask_no_more_often_than_aws_allows(
    aws: ScriptedAws, insights: Insights, account: Account, waiting: Waiting
) -> None:
    aws.on("GetQueryResults", status("Running"))
    for _ in range(3):
        ask(insights, account, seconds=waiting.clock.now() - NOON + 2)
    seconds = waiting.clock.now() - NOON
    assert len(aws.asked("GetQueryResults")) + len(aws.asked("StartQuery")) <= 5 * seconds + 4


def test_a_query_more_than_run_at_once_is_not_begun(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    clock, begun, go_on = FakeClock(), threading.Semaphore(0), threading.Event()

    def pause(seconds: float) -> None:
        begun.release()
        assert go_on.wait(20)
        clock.advance(seconds)

    insights = Insights(sessions, clock, pause=pause)
    aws.on("GetQueryResults", status("Complete", ROWS))
    running = [threading.Thread(target=ask, args=(insights, account)) for _ in range(AT_ONCE)]
    for each in running:
        each.start()
    for _ in running:
        assert begun.acquire(timeout=20)
    with pytest.raises(UpstreamError, match=f"already run {AT_ONCE} Logs Insights queries"):
        ask(insights, account, seconds=0)
    go_on.set()
    for each in running:
        each.join(20)
    assert len(ask(insights, account, seconds=100).rows) == 1


_users = itertools.count()


def begin(insights: Insights, account: Account, user: str = "") -> str:
    """Begin a query of a user, by default of somebody who never asked before."""
    return insights.start(account, ["/g"], "q", start=NOON - 60, end=NOON, limit=1, user=user or f"U{next(_users)}")


def test_of_what_people_ask_only_so_many_run_at_once_and_one_that_ends_makes_room(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    ids = iter(range(100))
    aws.on("StartQuery", lambda asked: {"queryId": f"q-{next(ids)}"})
    aws.on("GetQueryResults", lambda asked: status("Complete" if asked["queryId"] == "q-0" else "Running"))
    for _ in range(AT_ONCE):
        begin(insights, account)
    with pytest.raises(UpstreamError, match=f"already run {AT_ONCE} searches") as caught:
        begin(insights, account)
    assert (caught.value.retryable, caught.value.code) == (True, IN_LINE)
    assert len(aws.asked("StartQuery")) == AT_ONCE
    insights.results(account, "q-1")
    with pytest.raises(UpstreamError):
        begin(insights, account)
    insights.results(account, "q-0")
    begin(insights, account)
    insights.stop(account, "q-1")
    begin(insights, account)
    with pytest.raises(UpstreamError):
        begin(insights, account)


def test_incidents_wait_for_no_place_that_people_took(aws: ScriptedAws, insights: Insights, account: Account) -> None:
    for number in range(AT_ONCE):
        aws.on("StartQuery", {"queryId": f"p-{number}"})
        begin(insights, account)
    aws.on("StartQuery", {"queryId": "q-1"})
    assert len(ask(insights, account).rows) == 1


def test_a_query_of_before_a_restart_has_its_place_when_it_is_looked_at(
    aws: ScriptedAws, insights: Insights, account: Account, waiting: Waiting
) -> None:
    aws.on("GetQueryResults", status("Running"))
    for number in range(AT_ONCE):
        insights.results(account, f"old-{number}")
    with pytest.raises(UpstreamError, match="already run"):
        begin(insights, account)
    waiting.clock.advance(FORGOTTEN_SECONDS + 1)
    begin(insights, account)


def test_one_that_does_not_begin_or_cannot_be_stopped_leaves_no_place_too_many(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    aws.on("StartQuery", Refusal("MalformedQueryException", "unexpected symbol"))
    for _ in range(AT_ONCE + 1):
        with pytest.raises(UpstreamError, match="unexpected symbol"):
            begin(insights, account)
    aws.on("StopQuery", Refusal("AccessDeniedException"))
    for number in range(AT_ONCE):
        aws.on("StartQuery", {"queryId": f"q-{number}"})
        begin(insights, account)
    with pytest.raises(NotPermittedError):
        insights.stop(account, "q-0")
    with pytest.raises(UpstreamError, match="already run"):
        begin(insights, account)


def test_one_person_has_two_running_however_fast_they_ask_and_the_third_begins_when_one_ends(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    ids, together = itertools.count(), threading.Barrier(3)
    aws.on("StartQuery", lambda asked: {"queryId": f"q-{next(ids)}"})
    errors: list[UpstreamError] = []

    def ask_with_others() -> None:
        together.wait(20)
        try:
            begin(insights, account, "U0ALICE")
        except UpstreamError as error:
            errors.append(error)

    threads = [threading.Thread(target=ask_with_others) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    (refused,) = errors
    said = "Two of your searches run in Logs Insights; this one goes on as soon as one of them ends."
    assert (refused.message, refused.retryable, refused.code) == (said, True, IN_LINE)
    begin(insights, account, "U0BOB")
    aws.on("GetQueryResults", status("Failed"))
    with pytest.raises(UpstreamError, match="failed inside CloudWatch"):
        insights.results(account, "q-0")
    begin(insights, account, "U0ALICE")
    with pytest.raises(UpstreamError, match="Two of your searches"):
        begin(insights, account, "U0ALICE")
    insights.stop(account, "q-1")
    begin(insights, account, "U0ALICE")


def test_a_look_that_comes_in_after_a_query_was_stopped_takes_its_place_no_more(
    aws: ScriptedAws, insights: Insights, account: Account
) -> None:
    def stopped_meanwhile(asked: dict[str, Any]) -> dict[str, Any]:
        insights.stop(account, asked["queryId"])
        return status("Running")

    aws.on("GetQueryResults", stopped_meanwhile)
    for number in range(AT_ONCE):
        aws.on("StartQuery", {"queryId": f"q-{number}"})
        begin(insights, account)
        insights.results(account, f"q-{number}")
    aws.on("StartQuery", {"queryId": "q-last"})
    assert begin(insights, account) == "q-last"


def test_what_has_ended_is_not_stopped_again(aws: ScriptedAws, insights: Insights, account: Account) -> None:
    aws.on("GetQueryResults", status("Timeout"))
    with pytest.raises(UpstreamError, match="time limit"):
        insights.results(account, begin(insights, account))
    insights.stop(account, "q-1")
    assert aws.asked("StopQuery") == []
