"""Stack traces in an event per line: a search for some of their lines shows them whole, and counts what matches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cloud import LogLine
from bot.domain import Actor
from bot.errors import UpstreamError
from bot.search.traces import MOST
from bot.telemetry import QueryAnswer
from tests.fakes import button_labels
from tests.scene import ALICE, Scene
from tests.the_logs import logs_scene

STREAM = "api/api/0f3a91c2"
TRACE = (
    "2025-06-15 15:06:00 ERROR zztrace Unhandled exception in worker",
    "Traceback (most recent call last):",
    '  File "/app/x.py", line 3, in run',
    "    work(order)",
    '  File "/app/y.py", line 7, in work',
    '    raise ZzBoomError("kaput")',
    "app.errors.ZzBoomError: kaput",
)
JAVA = (
    "ERROR zztrace Unhandled com.example.ZzBoomException: kaput",
    "\tat com.example.Worker.run(Worker.java:7)",
    "Caused by: java.io.IOException: broken pipe",
    "\tat com.example.Socket.write(Socket.java:8)",
    "\t... 12 more",
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path, zone="UTC")
    yield made
    made.close()


def write(scene: Scene, *messages: str, ago: float = 30.0, stream: str = STREAM) -> None:
    """Lines of a stream, a millisecond apart."""
    (group,) = scene.logs.lines
    first = scene.clock.now() - ago
    written = [LogLine(first + number / 1000, each, stream, f"{first}{number}") for number, each in enumerate(messages)]
    scene.logs.lines[group] = sorted([*scene.logs.lines[group], *written], key=lambda line: line.at)


def ask(scene: Scene, words: str) -> str:
    scene.type("ops", f"logs bi/api production {words}")
    scene.run(3)
    message = scene.said_to(ALICE)[-1]
    texts = [block.get("text", {}).get("text", "") for block in message.blocks if block["type"] == "section"]
    foot = [each["text"] for block in message.blocks if block["type"] == "context" for each in block["elements"]]
    return "\n".join([*texts, *foot])


def file_of(scene: Scene) -> str:
    pressed = button_labels(scene.said_to(ALICE)[-1])["Whole as a file"]
    scene.desk.press(*pressed, Actor(user=ALICE, channel="C0BI"), key="file")
    scene.run(3)
    return scene.chat.files[-1].content.decode()


@pytest.mark.parametrize(
    ("words", "matching"),
    [("level error", 3), ("ZzBoomError", 2), ("zztrace", 1), ("worker -slow", 1), ('"File "', 2)],
)
def test_a_trace_of_which_some_lines_match_is_shown_whole(scene: Scene, words: str, matching: int) -> None:
    write(scene, "INFO served before", *TRACE, "INFO served after")
    said = ask(scene, f"{words} last 3m")
    assert "\n".join(TRACE) in said
    assert f"*{matching}* {'line matches' if matching == 1 else 'lines match'}" in said
    assert "served" not in said and "may lack" not in said
    assert len(scene.logs.stretches) == 1


@pytest.mark.parametrize("words", ["zztrace", "IOException", "Worker.java", "level error"])
def test_a_trace_of_java_is_shown_whole(scene: Scene, words: str) -> None:
    write(scene, "INFO served", *JAVA, "INFO served")
    said = ask(scene, f"{words} last 3m")
    assert "\n".join(JAVA) in said and "served" not in said


def test_only_lines_of_the_same_entry_are_added(scene: Scene) -> None:
    write(scene, *TRACE, "ERROR another failed", *JAVA)
    said = ask(scene, "another last 3m")
    assert "ERROR another failed" in said and "zztrace" not in said and "ZzBoom" not in said


def test_traces_of_streams_that_interleave_are_not_mixed(scene: Scene) -> None:
    write(scene, *TRACE, stream="api/api/1")
    write(scene, *JAVA, stream="api/api/2")
    said = ask(scene, "zztrace last 3m")
    assert "\n".join(TRACE) in said and "\n".join(JAVA) in said
    assert "*2* lines match" in said


def test_many_lines_are_counted_without_waiting_for_traces_which_stand_in_the_file(scene: Scene) -> None:
    for number in range(20):
        write(scene, *TRACE, ago=100.0 - number * 4)
    said = ask(scene, "zztrace last 3m")
    assert "*20* lines match, of 1 kind\n" in said and "*20×*" in said
    assert "stack traces stand whole in the file" in said
    assert scene.logs.stretches == []
    assert "\n".join(TRACE[1:-1]).splitlines()[0] in file_of(scene)
    for number in range(20):
        write(scene, "INFO served", ago=90.0 - number)
    assert "stand whole" not in ask(scene, "served last 3m")


def test_what_can_be_of_no_trace_costs_no_call(scene: Scene) -> None:
    write(scene, "INFO order 7 served", '{"level":"error","msg":"order 7"}', "ERROR order 7\nTraceback\n  File x.py")
    for words in ("order", "level error", "task 0f3a", ""):
        assert "line" in ask(scene, f"{words} last 3m")
    assert scene.logs.stretches == []


def test_what_is_added_is_without_secrets_and_control_characters(scene: Scene) -> None:
    write(scene, TRACE[0], TRACE[1], "  \x1b[31mpassword=hunter2", TRACE[-1])
    said = ask(scene, "zztrace last 3m")
    assert "password=" in said and "hunter2" not in said and "\x1b" not in said
    assert "hunter2" not in file_of(scene)


@pytest.mark.parametrize("error", [UpstreamError("Rate exceeded.", retryable=True), TimeoutError("late")])
def test_where_the_stream_cannot_be_read_the_answer_stays_and_says_so(scene: Scene, error: Exception) -> None:
    write(scene, *TRACE)
    scene.logs.failures.add(f"stretch {STREAM}", error)
    said = ask(scene, "zztrace last 3m")
    assert "*1* line matches" in said and TRACE[0] in said and "Traceback" not in said
    assert "stack traces may lack lines, not all could be read" in said


def test_the_file_has_traces_whole_and_says_which_may_not_be(scene: Scene) -> None:
    write(scene, *TRACE)
    ask(scene, "zztrace last 3m")
    assert [line.partition(f"{STREAM} ")[2] for line in file_of(scene).splitlines()] == list(TRACE)
    for number in range(MOST + 1):
        write(scene, *TRACE, stream=f"api/api/{number}", ago=20.0 - number)
    ask(scene, "zztrace last 3m")
    first, *lines = file_of(scene).splitlines()
    assert first == f"(only the newest {MOST} places were looked at for whole stack traces, older ones may lack lines)"
    assert len(lines) == 2 + MOST * len(TRACE)


def test_the_more_traces_there_are_the_less_is_shown_of_each(scene: Scene) -> None:
    long = (*TRACE[:2], *['  File "/app/deep.py", line 3, in f'] * 30, TRACE[-1])
    for number in range(8):
        write(scene, *long[:-1], f"app.errors.ZzBoomError: the end of {number}", ago=100.0 - number * 5)
    said = ask(scene, "zztrace last 3m")
    assert all(f"the end of {number}" in said for number in range(8))


def test_traces_that_insights_found_lines_of_are_whole_too(scene: Scene) -> None:
    write(scene, *TRACE)
    (group,) = scene.logs.lines
    line = next(each for each in scene.logs.lines[group] if each.message == TRACE[-1])
    at = f"{datetime.fromtimestamp(line.at, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    row = {"@timestamp": at, "@message": line.message, "@logStream": STREAM, "@log": f"123456789012:{group}"}
    scene.insights.answer = QueryAnswer((row,), 1, 9, 100)
    said = ask(scene, "ZzBoomError last 2d")
    assert "\n".join(TRACE) in said and "*1* line matches" in said
    assert [each.partition(f"{STREAM} ")[2] for each in file_of(scene).splitlines()] == list(TRACE)
