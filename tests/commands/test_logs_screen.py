"""What an answer of ``/logs`` shows: dates, times in the zone of its head, whole rows, and why Insights was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cloud import LogLine
from bot.console import insights_address
from bot.errors import UpstreamError
from bot.ports import Message
from bot.telemetry import QueryAnswer
from tests.fakes import button_labels, texts
from tests.scene import ALICE, Scene
from tests.the_logs import logs_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """It is 2025-06-16 00:06:40 in Tokyo, 15:06:40 of the day before in UTC."""
    made = logs_scene(tmp_path)
    yield made
    made.close()


def ask(scene: Scene, words: str) -> str:
    scene.type("ops", f"logs bi/api production {words}")
    scene.run(3)
    message = scene.said_to(ALICE)[-1]
    return str([block for block in message.blocks if block["type"] != "actions"])


def rows_of(*times: str, message: str = "ERROR it failed") -> QueryAnswer:
    return QueryAnswer(tuple({"@timestamp": time, "@message": message, "@logStream": "s"} for time in times))


def test_lines_of_several_days_have_dates(scene: Scene) -> None:
    scene.insights.answer = rows_of("2025-06-15 14:00:00.150", "2025-06-14 15:30:00.000")
    said = ask(scene, "failed last 7d")
    assert "06-15 23:00:00.150 ERROR it failed" in said and "06-15 00:30:00.000 ERROR it failed" in said


def test_kinds_of_several_days_have_the_dates_of_their_first_and_last(scene: Scene) -> None:
    one = rows_of(*[f"2025-06-15 1{hour}:50:38.000" for hour in range(5)], message="ERROR of one day")
    two = rows_of("2025-06-14 15:33:49.000", "2025-06-15 14:50:38.000", message="INFO of one day and more")
    three = rows_of("2025-06-14 16:00:00.000", "2025-06-15 15:02:00.000", message="INFO of two days")
    scene.insights.answer = QueryAnswer((*one.rows, *two.rows, *three.rows))
    said = ask(scene, "group last 2d")
    assert "`ERROR of one day` 06-15 19:50:38–23:50:38" in said
    assert "`INFO of two days` 06-15 01:00:00–06-16 00:02:00" in said
    assert "*The newest*\\n```06-16 00:02:00.000 INFO" in said


def test_lines_of_one_day_have_none(scene: Scene) -> None:
    (name,) = scene.logs.lines
    scene.logs.lines[name] = [LogLine(scene.clock.now() - 60, "ERROR it failed", "s", "1")]
    assert "```00:05:4" in ask(scene, "last 2m")
    assert "```06-16 00:05:4" in ask(scene, "last 15m"), "that began before midnight"
    scene.insights.answer = rows_of("2025-06-14 16:00:00.000")
    assert "```01:00:00.000 ERROR" in ask(scene, "failed yesterday")


def test_since_when_there_are_lines_has_a_date_too(scene: Scene) -> None:
    rows = rows_of(*["2025-06-14 16:00:00.000"] * 10_000).rows
    scene.insights.answer = QueryAnswer(rows, matched=20_000)
    assert "are here, from 06-15 01:00:00 on" in ask(scene, "failed last 7d")


def test_times_in_rows_are_in_the_zone_of_the_head(scene: Scene) -> None:
    row = {"bin(5m)": "2025-06-14 15:30:00.000", "latest(@timestamp)": "2025-06-14 16:00:00.250", "count(*)": "7"}
    scene.insights.answer = QueryAnswer((row,))
    said = ask(scene, 'insights "stats count(*) by bin(5m)"')
    assert "bin(5m) 2025-06-15 00:30:00.000 · latest(@timestamp) 2025-06-15 01:00:00.250 · count(*) 7" in said
    assert "times of bin(5m), latest(@timestamp) are Asia/Tokyo" in said


def test_times_that_a_program_may_have_written_are_left_and_said_to_be(scene: Scene) -> None:
    row = {"began": "2025-06-14 15:30:00.000", "@timestamp": "2025-99-99 15:30:00.000", "text": "2025-06-14"}
    scene.insights.answer = QueryAnswer((row,))
    said = ask(scene, "query slow")
    assert "began 2025-06-14 15:30:00.000 · @timestamp 2025-99-99 15:30:00.000" in said
    assert "times of began are as the query gives them, CloudWatch's own in UTC" in said


def test_rows_are_shown_whole_and_the_others_counted(scene: Scene) -> None:
    rows = tuple({"n": f"row {number}", "text": "<&>" * 30 + f" end {number}."} for number in range(18))
    scene.insights.answer = QueryAnswer(rows)
    said = ask(scene, "query slow")
    shown = [number for number in range(18) if f"n row {number} " in said]
    assert shown and [number for number in range(18) if f" end {number}." in said] == shown
    assert f"*{len(shown)} of 18 rows*; the whole as a file" in said
    assert "Whole as a file" in button_labels(scene.said_to(ALICE)[-1])
    scene.insights.answer = QueryAnswer(({"n": "&" * 5000},))
    assert "*1 row*" in ask(scene, "query slow")


def test_why_insights_was_asked_is_said(scene: Scene) -> None:
    (name,) = scene.logs.lines
    refusal = UpstreamError("This operation is only supported on the Standard log class.", code="ValidationException")
    scene.logs.failures.add(f"search {name}", refusal)
    said = ask(scene, "timeout")
    assert f"the log class of {name} is only read by Logs Insights" in said and "too much" not in said
    throttled = UpstreamError("AWS is throttling logs:FilterLogEvents, with too many calls at once.", retryable=True)
    scene.logs.failures.add(f"search {name}", throttled)
    said = ask(scene, "timeout")
    assert "FilterLogEvents is throttled by AWS" in said and "too much" not in said
    scene.logs.failures.add(f"search {name}", UpstreamError("AWS did not answer in time.", retryable=True))
    assert "AWS did not answer in time ·" in ask(scene, "timeout")


def test_the_link_says_where_the_console_finds_a_little_more(scene: Scene) -> None:
    assert "|Open in CloudWatch>" in ask(scene, "failed last 15m")
    assert "|Open in CloudWatch (asks for a little more)>" in ask(scene, "level error last 15m")


def test_of_one_long_stack_trace_the_first_and_the_last_lines_are_shown(scene: Scene) -> None:
    (name,) = scene.logs.lines
    trace = "\n".join(["ERROR it failed", *(f"  at f{number}" for number in range(60)), "caused by this"])
    scene.logs.lines[name] = [LogLine(scene.clock.now() - 60, trace, "s", "1")]
    said = ask(scene, "last 2m")
    shown = said.partition("```")[2].partition("```")[0].split("\\n")
    assert len(shown) == 12 and shown[0].endswith("ERROR it failed") and shown[-1] == "caused by this"
    assert shown[6:9] == ["  at f5", "…", "  at f57"]


def link_of(message: Message) -> str:
    """The address behind "Open in CloudWatch", in whichever block it stands; empty where there is none."""
    found = re.search(r"<(https://[^|>]*)[|]Open in CloudWatch", texts(message))
    return found[1] if found else ""


@pytest.mark.parametrize("words", [500, 1000, 1800])
def test_a_long_question_keeps_its_link_as_far_as_slack_takes_it(scene: Scene, words: int) -> None:
    """Of what is asked each character but letters and digits takes three in the address."""
    query = ("fields path | filter zz = 1 | stats count() by bin(5m) | " * 40)[: words - 5] + "limit"
    scene.insights.answer = QueryAnswer(({"path": "/a"},), 1, 9, 100)
    scene.type("ops", f"logs bi/api production insights '{query}' last 1h")
    message = scene.said_to(ALICE)[-1]
    assert all(len(block["text"]["text"]) <= 3000 for block in message.blocks if block["type"] == "section")
    if words < 1800:
        (group,) = scene.logs.lines
        asked = scene.insights.asked[-1]
        assert link_of(message) == insights_address(asked.region, (group,), query, asked.start, asked.end)
    else:
        assert not link_of(message) and "this question does not fit into a link to CloudWatch" in texts(message)


def test_what_was_followed_has_the_link_once_it_has_ended(scene: Scene) -> None:
    scene.type("ops", "logs bi/api production timeout follow")
    (shown,) = scene.chat.posts
    assert not link_of(shown.message)
    scene.run(320)
    assert "it has ended" in texts(shown.message)
    assert "timeout" in link_of(shown.message)
