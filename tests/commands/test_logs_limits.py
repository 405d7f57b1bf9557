"""``/logs`` in Logs Insights at its limits: what stops a query, what its rows are then, and who may run how many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain import Actor
from bot.errors import UpstreamError
from bot.log_settings import LogSettings
from bot.ports import Message
from bot.telemetry import IN_LINE, QueryAnswer
from tests.fakes import Failures, button_labels
from tests.scene import ALICE, CARA, Scene
from tests.the_logs import logs_scene

ROWS = tuple(
    {"@timestamp": f"2026-06-15 11:5{number}:00.000", "@message": f"timeout {number}", "@logStream": "s"}
    for number in range(3)
)
PART = QueryAnswer(ROWS, matched=70, scanned=9000, scanned_bytes=30e9, is_whole=False)
DENIED = UpstreamError("AWS denied logs:StopQuery; give the bot's role this permission.")
QUESTION = "logs bi/api production timeout last 2d"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path)
    yield made
    made.close()


def ask(scene: Scene, words: str, user: str = ALICE) -> Message:
    scene.type("ops", f"logs bi/api production {words}", user=user)
    return scene.said_to(user)[-1]


def told(message: Message) -> str:
    return str([block for block in message.blocks if block["type"] != "actions"]) + message.text


def settle(scene: Scene, **settings: float) -> None:
    """Give the system these limits."""
    (system,) = scene.world.catalog.systems
    object.__setattr__(system, "logs", LogSettings(**{**system.logs.model_dump(), **settings}))


def cancel(scene: Scene) -> None:
    scene.desk.press(*button_labels(scene.said_to(ALICE)[-1])["Cancel"], Actor(user=ALICE, channel="C0BI"), key="c")
    scene.run(2)


def whole_file(scene: Scene, message: Message) -> str:
    scene.desk.press(*button_labels(message)["Whole as a file"], Actor(user=ALICE, channel="C0BI"), key="file")
    scene.run(4)
    return scene.chat.files[-1].content.decode()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "stopped at the limit of 20 GB"),
        ({"most_dollars": 0.14}, "stopped at the limit of $0.14"),
        ({"most_dollars": 0.14, "most_gigabytes": 50.0}, "stopped at the limit of $0.14"),
        ({"most_dollars": 0.2, "most_gigabytes": 25.0}, "stopped at the limit of 25 GB"),
    ],
)
def test_a_query_is_stopped_by_gigabytes_and_by_dollars_and_says_which(
    scene: Scene, settings: dict[str, float], said: str
) -> None:
    settle(scene, **settings)
    scene.insights.answers = [PART]
    answer = told(ask(scene, "timeout last 2d"))
    assert said in answer and "30.00 GB scanned, about $0.15" in answer
    assert scene.insights.stopped == ["q1"]


def test_a_limit_in_dollars_without_a_price_is_refused() -> None:
    with pytest.raises(ValueError, match="limits nothing while dollars_per_gigabyte is 0"):
        LogSettings(most_dollars=1.0, dollars_per_gigabyte=0.0)


def test_lines_of_a_stopped_query_are_said_to_be_some_of_them(scene: Scene) -> None:
    scene.insights.answers = [PART]
    answer = told(ask(scene, "timeout last 2d"))
    assert "*at least 3* lines match; here is what was found before the query was stopped" in answer
    assert "the newest" not in answer.replace("the newest seconds", "")


def test_rows_of_a_stopped_query_are_said_not_to_be_all(scene: Scene) -> None:
    scene.insights.answers = [QueryAnswer(({"path": "/a", "count()": "7"},), scanned_bytes=30e9, is_whole=False)]
    answer = told(ask(scene, "query slow last 2d"))
    assert "*1 row*; the query was stopped: rows may be missing, and what it counts is not all" in answer


@pytest.mark.parametrize("words", ["timeout", "query slow"])
def test_the_file_of_a_stopped_query_begins_with_what_it_lacks(scene: Scene, words: str) -> None:
    scene.insights.answers = [PART]
    scene.insights.answer = QueryAnswer(ROWS, is_whole=False, was_stopped=True)
    text = whole_file(scene, ask(scene, f"{words} last 2d"))
    assert text.startswith("(only a part of what there is: the query was stopped before its end)\n")
    assert text.count("timeout ") == 3 and "older lines" not in text


def test_a_query_that_somebody_stopped_in_aws_shows_what_it_had(scene: Scene) -> None:
    scene.insights.answers = [QueryAnswer(ROWS, is_whole=False, was_stopped=True)]
    answer = told(ask(scene, "timeout last 2d"))
    assert "somebody stopped it in AWS" in answer and "timeout 2" in answer
    assert scene.state() == "done" and scene.insights.stopped == []


def test_a_limit_at_which_aws_does_not_stop_the_query_is_no_end_of_it(scene: Scene) -> None:
    scene.insights.answers = [PART]
    scene.insights.failures.add("stop", DENIED)
    answer = told(ask(scene, "timeout last 2d"))
    assert "given up at the limit of 20 GB: AWS denied logs:StopQuery" in answer
    assert (
        "The query may go on in AWS for up to an hour and costs what it scans." in answer and "stopped at" not in answer
    )


def test_cancelling_says_that_nothing_goes_on_only_where_that_is_so(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer((), is_whole=False)
    scene.type("ops", QUESTION)
    scene.run(2)
    scene.insights.failures.add("stop", DENIED)
    cancel(scene)
    said = told(scene.said_to(ALICE)[-1])
    assert "AWS denied logs:StopQuery" in said and "may go on in AWS" in said and "nothing goes on" not in said
    assert scene.state() == "cancelled"
    scene.type("ops", QUESTION)
    scene.run(2)
    scene.desk.press(*button_labels(scene.said_to(ALICE)[-1])["Cancel"], Actor(user=ALICE, channel="C0BI"), key="d")
    scene.run(2)
    assert "nothing goes on in AWS" in told(scene.said_to(ALICE)[-1])


def test_what_is_given_up_says_that_its_query_may_run_on(scene: Scene) -> None:
    refused = UpstreamError("AWS is throttling logs:GetQueryResults.", retryable=True)
    scene.insights.failures.add("results", *[refused] * 500)
    scene.insights.failures.add("stop", DENIED)
    scene.type("ops", QUESTION)
    scene.run(90)
    said = told(scene.said_to(ALICE)[-1])
    assert scene.state() == "refused" and "gave this search up" in said and "may go on in AWS" in said


def test_whoever_has_two_running_waits_in_line_with_a_way_out_and_nobody_is_refused(scene: Scene) -> None:
    ahead = "Two of your searches run in Logs Insights; this one goes on as soon as one of them ends."
    scene.insights.failures.add("start", *[UpstreamError(ahead, retryable=True, code=IN_LINE)] * 10)
    scene.type("ops", QUESTION, user=CARA)
    scene.run(3)
    waiting = scene.said_to(CARA)[-1]
    assert ahead in told(waiting) and [*button_labels(waiting)] == ["Cancel"]
    scene.run(10)
    assert scene.state() == "done" and scene.insights.users == [CARA]


def test_in_the_bots_own_line_a_query_waits_longer_than_for_aws_and_begins_in_the_end(scene: Scene) -> None:
    ahead = UpstreamError("I already run 5 searches in Logs Insights.", retryable=True, code=IN_LINE)
    scene.insights.failures.add("start", *[ahead] * 100)
    scene.type("ops", QUESTION)
    scene.run(90)
    waiting = scene.said_to(ALICE)[-1]
    assert scene.state() == "looking" and "I already run 5 searches" in told(waiting)
    assert [*button_labels(waiting)] == ["Cancel"]
    scene.insights.failures.add("start", UpstreamError("AWS is busy.", retryable=True))
    scene.run(60)
    assert scene.state() == "done", "a refusal of AWS after the line is not one that has stayed for minutes"
    assert len(scene.insights.asked) == 1


def test_a_line_that_does_not_move_ends_after_ten_minutes(scene: Scene) -> None:
    ahead = UpstreamError("I already run 5 searches in Logs Insights.", retryable=True, code=IN_LINE)
    scene.insights.failures.add("start", *[ahead] * 2000)
    scene.type("ops", QUESTION)
    scene.run(700)
    assert scene.state() == "refused" and "gave this search up" in told(scene.said_to(ALICE)[-1])


THROTTLED = "AWS is throttling logs:StopQuery, with too many calls at once."


def throttle_stops(scene: Scene, times: int) -> None:
    scene.insights.failures.add("stop", *[UpstreamError(THROTTLED, retryable=True) for _ in range(times)])


def test_a_query_that_aws_does_not_let_be_stopped_is_stopped_by_a_row_that_goes_on_trying(
    scene: Scene,
) -> None:
    scene.insights.answer = QueryAnswer((), is_whole=False)
    scene.type("ops", QUESTION)
    throttle_stops(scene, 8)
    cancel(scene)
    said = told(scene.said_to(ALICE)[-1])
    assert "AWS does not let it be stopped just now; I go on trying." in said and "nothing goes on" not in said
    scene.run(30)
    assert scene.insights.stopped == []
    (row,) = scene.store.rows("stop-query")
    assert row.state == "owed" and row.due_at is not None
    scene.run(300)
    assert scene.insights.stopped == ["q1"] and scene.state(row.id) == "over"
    assert told(scene.said_to(ALICE)[-1]) == said, "nobody is told twice"


def test_it_is_not_tried_to_stop_a_query_that_aws_has_ended_itself(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer((), is_whole=False)
    scene.type("ops", QUESTION)
    throttle_stops(scene, 1000)
    cancel(scene)
    for _ in range(59):
        scene.clock.advance(60.0)
        scene.run()
    (row,) = scene.store.rows("stop-query")
    assert row.state == "owed"
    scene.insights.failures = Failures()
    scene.clock.advance(120.0)
    scene.run()
    assert scene.state(row.id) == "over" and scene.insights.stopped == []


def test_what_is_stopped_at_a_limit_or_given_up_is_stopped_later_too(scene: Scene) -> None:
    scene.insights.answers = [PART]
    throttle_stops(scene, 2)
    answer = told(ask(scene, "timeout last 2d"))
    assert "given up at the limit of 20 GB: AWS does not let it be stopped just now; I go on trying." in answer
    scene.run(60)
    assert scene.insights.stopped == ["q1"]
    scene.insights.failures.add("results", UpstreamError("It failed.", code="AccessDenied"))
    throttle_stops(scene, 2)
    assert "I go on trying" in told(ask(scene, "timeout last 2d"))
    scene.run(60)
    assert scene.insights.stopped == ["q1", "q2"]


def test_what_is_said_of_a_search_begins_with_it_without_what_is_masked_and_pings_nobody(scene: Scene) -> None:
    (system,) = scene.world.catalog.systems
    object.__setattr__(system, "logs", LogSettings(masked=("customer_id",)))
    for error in (None, UpstreamError("It failed inside CloudWatch.", code="Failed")):
        scene.insights.answer = QueryAnswer((), is_whole=False)
        scene.type("ops", 'logs bi/api production customer_id=cus_0260 "<!channel>" last 2d')
        scene.run(2)
        if error is None:
            cancel(scene)
        else:
            scene.insights.failures.add("results", error)
            scene.run(3)
        said = scene.said_to(ALICE)[-1]
        assert said.text.startswith("`/ops logs bi/api production customer_id=[masked]")
        assert "cus_0260" not in str(said) and "<!channel>" not in str(said) and "last 2d`: " in said.text
        assert said.text.endswith("inside CloudWatch." if error else "nothing goes on in AWS.")
