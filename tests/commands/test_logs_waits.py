"""``/logs`` while AWS has no place for a query or does not tell of it: why, that it goes on, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain import Actor
from bot.errors import UpstreamError
from bot.ports import Message
from bot.telemetry import QueryAnswer
from tests.fakes import NOON, button_labels
from tests.scene import ALICE, Scene
from tests.the_logs import logs_scene

NO_PLACE = "The AWS account already runs as many Logs Insights queries as it may."
QUESTION = "logs bi/api production timeout last 2d"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path)
    yield made
    made.close()


def refuse(scene: Scene, call: str, text: str, times: int) -> None:
    scene.insights.failures.add(call, *[UpstreamError(text, retryable=True) for _ in range(times)])


def told(message: Message) -> str:
    return str(message.blocks) + message.text


def test_a_query_without_a_place_says_so_with_a_way_out_and_begins_later(scene: Scene) -> None:
    refuse(scene, "start", NO_PLACE, 10)
    scene.type("ops", QUESTION)
    scene.run(3)
    waiting = scene.said_to(ALICE)[-1]
    assert NO_PLACE in told(waiting) and "I go on trying" in told(waiting)
    assert [*button_labels(waiting)] == ["Cancel"]
    assert scene.insights.asked == []
    scene.run(15)
    assert "Logs Insights, " in told(scene.said_to(ALICE)[-1]) and scene.state() == "done"
    (asked,) = scene.insights.asked
    assert asked.end == pytest.approx(NOON), "the range is the one that was asked about"


def test_a_query_that_has_no_place_yet_can_be_cancelled(scene: Scene) -> None:
    refuse(scene, "start", NO_PLACE, 20)
    scene.type("ops", QUESTION)
    scene.run(3)
    scene.desk.press(*button_labels(scene.said_to(ALICE)[-1])["Cancel"], Actor(user=ALICE, channel="C0BI"), key="c")
    scene.run(2)
    assert scene.state() == "cancelled"
    assert scene.insights.stopped == [] and scene.insights.asked == []


def test_a_query_that_gets_no_place_for_a_minute_is_given_up_with_the_reason(scene: Scene) -> None:
    refuse(scene, "start", NO_PLACE, 500)
    scene.type("ops", QUESTION)
    scene.run(50)
    assert scene.state() == "looking"
    scene.run(30)
    assert scene.state() == "refused"
    said = told(scene.said_to(ALICE)[-1])
    assert NO_PLACE in said and "gave this search up" in said


def test_what_can_never_begin_is_refused_at_once(scene: Scene) -> None:
    scene.insights.failures.add("start", UpstreamError("AWS refused logs:StartQuery, saying: unexpected symbol"))
    scene.type("ops", QUESTION)
    assert scene.state() == "refused" and "unexpected symbol" in told(scene.said_to(ALICE)[-1])


def test_results_that_cannot_be_read_yet_say_so_with_a_way_out(scene: Scene) -> None:
    refuse(scene, "results", "AWS is throttling logs:GetQueryResults, with too many calls at once.", 6)
    scene.insights.answer = QueryAnswer((), scanned=5000)
    scene.type("ops", QUESTION)
    scene.run(3)
    waiting = scene.said_to(ALICE)[-1]
    assert "throttling logs:GetQueryResults" in told(waiting)
    assert [*button_labels(waiting)] == ["Cancel"]
    scene.run(10)
    assert "5,000 events" in told(scene.said_to(ALICE)[-1])
    assert scene.insights.stopped == []


def test_results_that_are_never_told_end_the_query(scene: Scene) -> None:
    refuse(scene, "results", "AWS is throttling logs:GetQueryResults.", 500)
    scene.type("ops", QUESTION)
    scene.run(90)
    assert scene.state() == "refused" and scene.insights.stopped == ["q1"]
    assert "gave this search up" in told(scene.said_to(ALICE)[-1])


@pytest.mark.parametrize("code", ["Failed", "Timeout"])
def test_a_query_that_ends_badly_says_so_where_it_was_asked(scene: Scene, code: str) -> None:
    scene.insights.failures.add("results", UpstreamError("The Logs Insights query gave no answer.", code=code))
    scene.type("ops", QUESTION, channel="C0OPS")
    scene.run(3)
    said = scene.chat.whispers[-1]
    assert "gave no answer" in said.message.text and said.response_url.endswith(f"/{ALICE}")


def test_a_query_that_ends_badly_says_so_in_its_thread_or_where_slack_takes_no_answer_any_more(scene: Scene) -> None:
    asker = Actor(user=ALICE, channel="C0OPS", thread_ts="1750000000.000100")
    for channel in ("C0OPS", "C0BI"):
        scene.insights.failures.add("results", UpstreamError("It failed inside CloudWatch.", code="Failed"))
        actor = asker.model_copy(
            update={"channel": channel, "thread_ts": asker.thread_ts if channel == "C0OPS" else ""}
        )
        scene.chat.failures.add("respond", UpstreamError("expired", code="expired_url"))
        scene.flow.receive("ops", QUESTION, actor, response_url=f"https://hooks.slack.example.com/{ALICE}")
        scene.run(5)
        said = scene.chat.whispers[-1]
        assert "failed inside CloudWatch" in said.message.text
        assert (said.channel, said.user, said.thread_ts) == (channel, ALICE, actor.thread_ts)
