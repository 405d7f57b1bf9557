"""``/logs`` when AWS is so slow that nobody waits any more for the thread that begins the query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UpstreamError
from bot.telemetry import QueryAnswer
from tests.fakes import Failures, serially
from tests.scene import ALICE, Scene
from tests.the_logs import logs_scene

QUESTION = "logs bi/api production timeout last 2d"


class Slow:
    """Waits in vain for the next ``times`` plans; their threads, in ``abandoned``, go on whenever a test says so."""

    def __init__(self) -> None:
        self.times = 0
        self.just_in_time = False
        self.abandoned: list[Callable[[], Any]] = []

    def __call__(self, reads: Mapping[str, Callable[[], Any]], *, seconds: float) -> dict[str, Any]:
        if "plan" not in reads or not self.times:
            return serially(reads, seconds=seconds)
        self.times -= 1
        self.abandoned.append(reads["plan"])
        if self.just_in_time:
            reads["plan"]()
        return {"plan": TimeoutError("no answer")}


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def scene(tmp_path: Path, slow: Slow) -> Iterator[Scene]:
    made = logs_scene(tmp_path)
    object.__setattr__(made.world, "gather", slow)
    made.insights.answer = QueryAnswer((), is_whole=False)
    yield made
    made.close()


def said(scene: Scene) -> str:
    return str(scene.said_to(ALICE)[-1])


def test_a_query_that_begins_when_nobody_waits_any_more_is_stopped(scene: Scene, slow: Slow) -> None:
    slow.times = 1
    scene.type("ops", QUESTION)
    assert "AWS did not answer within 12 s" in said(scene) and scene.state() == "refused"
    assert scene.insights.asked == []
    slow.abandoned[0]()
    assert len(scene.insights.asked) == 1 and scene.insights.stopped == ["q1"]


def test_one_that_aws_does_not_let_be_stopped_then_is_stopped_later(scene: Scene, slow: Slow) -> None:
    slow.times = 1
    scene.type("ops", QUESTION)
    scene.insights.failures.add("stop", UpstreamError("AWS is throttling logs:StopQuery.", retryable=True))
    slow.abandoned[0]()
    assert scene.insights.stopped == []
    scene.run(10)
    assert scene.insights.stopped == ["q1"]


def test_a_query_that_began_at_the_last_moment_is_gone_on_with(scene: Scene, slow: Slow) -> None:
    slow.times, slow.just_in_time = 1, True
    scene.type("ops", QUESTION)
    scene.run(3)
    assert scene.state() == "looking" and scene.insights.stopped == []
    assert len(scene.insights.asked) == 1


def test_a_look_that_is_late_does_not_stop_the_query_it_looks_at(scene: Scene, slow: Slow) -> None:
    scene.type("ops", QUESTION)
    slow.times = 1
    scene.run(3)
    (late,) = slow.abandoned
    late()
    assert scene.state() == "looking" and scene.insights.stopped == []
    scene.insights.answer = QueryAnswer(())
    scene.run(3)
    assert scene.state() == "done" and len(scene.insights.asked) == 1


def test_a_query_that_a_late_look_began_is_stopped_and_begun_anew(scene: Scene, slow: Slow) -> None:
    scene.insights.failures.add("start", *[UpstreamError("AWS has no place.", retryable=True)] * 9)
    scene.type("ops", QUESTION)
    slow.times = 1
    scene.run(1)
    (late,) = slow.abandoned
    assert scene.insights.asked == []
    scene.insights.failures = Failures()
    late()
    assert scene.insights.stopped == ["q1"]
    scene.insights.answer = QueryAnswer(())
    scene.run(5)
    assert scene.state() == "done" and len(scene.insights.asked) == 2
    assert scene.insights.stopped == ["q1"]


@pytest.mark.parametrize("busy_for", [11.0, 5.0, 3.0])
def test_an_asker_is_told_in_time_however_often_a_slow_aws_is_asked_again(scene: Scene, busy_for: float) -> None:
    def slow(reads: Mapping[str, Callable[[], Any]], *, seconds: float) -> dict[str, Any]:
        if "plan" not in reads:
            return serially(reads, seconds=seconds)
        scene.clock.advance(min(seconds, busy_for))
        late, busy = TimeoutError("no answer"), UpstreamError("AWS did not answer in time.", retryable=True)
        return {"plan": late if seconds < busy_for else busy}

    object.__setattr__(scene.world, "gather", slow)
    scene.type("ops", QUESTION)
    scene.run(60)
    (row,) = scene.store.rows("operation")
    assert row.state == "refused" and "AWS did not answer" in said(scene)
    assert row.updated_at - row.created_at <= 15.0


def test_who_waited_in_vain_is_told_what_to_do(scene: Scene, slow: Slow) -> None:
    slow.times = 1
    scene.type("ops", QUESTION)
    assert "Ask again, or for less at once" in said(scene)
