"""What is new since the deployment, where Logs Insights looked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cloud import LogLine
from bot.errors import UpstreamError
from bot.search.asking import NOT_COMPARED
from bot.telemetry import LogSearch, QueryAnswer
from tests.scene import ALICE, Scene
from tests.the_logs import logs_scene

HOUR = 3600.0
RUNNING = QueryAnswer((), is_whole=False)
NEW = "\N{SQUARED NEW} ERROR no tariff"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path)
    made.deploy()
    made.run(30)
    made.clock.advance(5 * HOUR)
    yield made
    made.close()


def found(scene: Scene, *said: tuple[float, str], is_whole: bool = True) -> QueryAnswer:
    """Rows of so many hours ago."""
    moments = [(datetime.fromtimestamp(scene.clock.now() - hours * HOUR, UTC), text) for hours, text in said]
    named = [(f"{at:%Y-%m-%d %H:%M:%S}.000", text) for at, text in moments]
    rows = tuple({"@timestamp": at, "@message": text, "@logStream": "s"} for at, text in named)
    return QueryAnswer(rows, matched=len(rows), is_whole=is_whole)


def remember(scene: Scene, hours: float, text: str) -> None:
    """A line that FilterLogEvents finds."""
    (group,) = scene.logs.lines
    scene.logs.lines[group].append(LogLine(scene.clock.now() - hours * HOUR, text, "s", f"{hours}{text}"))


def ask(scene: Scene, words: str) -> str:
    scene.type("ops", f"logs bi/api production {words}")
    scene.run(4)
    return str(scene.said_to(ALICE)[-1].blocks)


def test_what_the_range_has_of_before_the_deployment_is_compared_at_no_cost(scene: Scene) -> None:
    lines = found(scene, (8, "ERROR disk full"), (2, "ERROR disk full"), (1, "ERROR no tariff"))
    scene.insights.answers = [RUNNING, RUNNING, lines]
    said = ask(scene, "level error last 10h")
    assert NEW in said and "\N{SQUARED NEW} ERROR disk" not in said
    assert "no line like it matched in the hour before the deployment at" in said and NOT_COMPARED not in said
    assert scene.logs.patterns == [], "nobody else had to look"


def test_an_id_of_digits_alone_is_not_marked_as_new(scene: Scene) -> None:
    remember(scene, 5.5, "ERROR failed: request=7be40a31")
    scene.insights.answers = [RUNNING, found(scene, (2, "ERROR failed: request=20734918"), (1, "ERROR no tariff"))]
    said = ask(scene, "level error since deploy")
    assert NEW in said and "\N{SQUARED NEW} ERROR failed" not in said


def test_of_what_is_looked_for_it_is_said_that_only_what_matches_was_compared(scene: Scene) -> None:
    remember(scene, 5.5, "INFO cart emptied customer_id=cus_2217")
    remember(scene, 5.6, "INFO request completed customer_id=cus_1")
    scene.insights.answers = [RUNNING, found(scene, (1, "INFO request completed customer_id=cus_2217"))]
    said = ask(scene, "customer_id=cus_2217 since deploy")
    assert "\N{SQUARED NEW} INFO request completed" in said
    assert ":new: no line like it matched in the hour before the deployment at" in said


def test_since_the_deployment_the_hour_before_it_is_looked_at(scene: Scene) -> None:
    remember(scene, 5.5, "ERROR disk full")
    scene.insights.answers = [RUNNING, found(scene, (2, "ERROR disk full"), (1, "ERROR no tariff"))]
    said = ask(scene, "level error since deploy")
    assert NEW in said and "\N{SQUARED NEW} ERROR disk" not in said and NOT_COMPARED not in said


def test_where_nobody_could_look_before_the_deployment_it_is_said(scene: Scene) -> None:
    (group,) = scene.logs.lines
    scene.logs.failures.add(f"search {group}", UpstreamError("AWS is throttling logs:FilterLogEvents."))
    scene.insights.answer = found(scene, (2, "ERROR disk full"), (1, "ERROR no tariff"))
    said = ask(scene, "level error since deploy")
    assert NOT_COMPARED in said and "\N{SQUARED NEW}" not in said


def test_a_range_that_holds_both_sides_is_compared_where_nobody_else_could_look(scene: Scene) -> None:
    (group,) = scene.logs.lines
    scene.logs.failures.add(f"search {group}", UpstreamError("AWS is throttling logs:FilterLogEvents."))
    scene.insights.answer = found(scene, (5.2, "ERROR disk full"), (2, "ERROR disk full"), (1, "ERROR no tariff"))
    said = ask(scene, "level error last 5h30m")
    assert NEW in said and "\N{SQUARED NEW} ERROR disk" not in said


def test_a_query_that_was_stopped_knows_too_little_of_before_the_deployment(scene: Scene) -> None:
    (group,) = scene.logs.lines
    scene.logs.failures.add(f"search {group}", UpstreamError("AWS is throttling logs:FilterLogEvents."))
    part = found(scene, (8, "ERROR disk full"), (1, "ERROR no tariff"), is_whole=False)
    scene.insights.answers = [QueryAnswer(part.rows, scanned_bytes=30e9, is_whole=False)]
    said = ask(scene, "level error last 10h")
    assert NOT_COMPARED in said and "\N{SQUARED NEW}" not in said


def test_without_a_deployment_in_the_last_day_nothing_is_said_of_one(scene: Scene) -> None:
    scene.clock.advance(2 * 86_400.0)
    scene.insights.answer = found(scene, (1, "ERROR no tariff"))
    said = ask(scene, "level error last 10h")
    assert NOT_COMPARED not in said and "\N{SQUARED NEW}" not in said


def test_where_nothing_is_found_nothing_is_said_of_the_deployment(scene: Scene) -> None:
    said = ask(scene, "level error since deploy")
    assert "*No line matches*" in said and NOT_COMPARED not in said


def test_where_filter_log_events_could_not_look_before_it_either_that_is_said(scene: Scene) -> None:
    scene.deploy("v1")
    scene.run(60)
    remember(scene, 0.0001, "ERROR no tariff")
    read = scene.logs.read

    def only_now(*asked: Any, **more: Any) -> LogSearch:
        if more["end"] < scene.clock.now() - 10:
            raise UpstreamError("AWS refused logs:FilterLogEvents.")
        return read(*asked, **more)

    scene.logs.read = only_now  # type: ignore[method-assign]
    said = ask(scene, "level error last 5m")
    assert "all of the range was read" in said and "ERROR no tariff" in said and NOT_COMPARED in said
    assert scene.insights.asked == []
