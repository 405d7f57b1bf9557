"""Two log groups of one service whose streams have the same name: what is of one is never taken for the other's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cloud import LogLine
from bot.telemetry import QueryAnswer
from tests.commands.test_logs import told
from tests.commands.test_logs_follows import start
from tests.commands.test_logs_traces import JAVA, STREAM, TRACE, ask, file_of
from tests.scene import Scene
from tests.the_logs import logs_scene

OTHER = "/audit"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path, zone="UTC")
    object.__setattr__(made.api.service, "log_groups", (OTHER,))
    made.logs.lines[OTHER] = []
    yield made
    made.close()


def groups(scene: Scene) -> tuple[str, str]:
    """The group of its container, and the configured one."""
    (own,) = (name for name in scene.logs.lines if name != OTHER)
    return own, OTHER


def write(scene: Scene, group: str, *messages: str, ago: float = 30.0) -> None:
    first = scene.clock.now() - ago
    scene.logs.lines[group] += [
        LogLine(first + number / 1000, each, STREAM, f"e{number}") for number, each in enumerate(messages)
    ]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_trace_is_read_from_the_group_in_which_its_line_was_found(scene: Scene, swapped: bool) -> None:
    first, second = reversed(groups(scene)) if swapped else groups(scene)
    write(scene, first, *TRACE)
    write(scene, second, *JAVA, ago=20.0)
    said = ask(scene, "zztrace last 3m")
    assert "\n".join(TRACE) in said and "\n".join(JAVA) in said and "may lack" not in said
    lines = [each.partition(f"{STREAM} ")[2] for each in file_of(scene).splitlines()]
    assert lines == [*TRACE, *JAVA]


def test_a_trace_of_which_insights_found_a_line_is_read_from_that_group(scene: Scene) -> None:
    own, other = groups(scene)
    write(scene, own, *TRACE)
    write(scene, other, *JAVA)
    rows = []
    for group, text in ((own, TRACE[0]), (other, JAVA[0])):
        line = next(each for each in scene.logs.lines[group] if each.message == text)
        at = f"{datetime.fromtimestamp(line.at, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
        rows.append({"@timestamp": at, "@message": text, "@logStream": STREAM, "@log": f"123456789012:{group}"})
    scene.insights.answer = QueryAnswer(tuple(rows), 2, 9, 100)
    said = ask(scene, "zztrace last 2d")
    assert "\n".join(TRACE) in said and "\n".join(JAVA) in said


def test_lines_of_two_groups_in_the_same_moment_are_not_glued_together(scene: Scene) -> None:
    own, other = groups(scene)
    write(scene, own, "ERROR it failed", "INFO served")
    write(scene, other, "  the audit of order 7", "INFO noted", ago=29.9995)
    said = ask(scene, "last 3m")
    assert "ERROR it failed\n  the audit" not in said and "the audit of order 7" in said


def test_a_key_is_taken_out_though_another_group_writes_between_its_lines(scene: Scene) -> None:
    own, other = groups(scene)
    body = ("MIIEpAIBAAKCAQEAzz" + "Q0pX" * 10, "zz" + "Kd7h" * 15, "zzab==")
    write(scene, own, f"-----BEGIN RSA {'PRIVATE'} KEY-----", *body, f"-----END RSA {'PRIVATE'} KEY-----")
    write(scene, other, *["INFO noted"] * 5)
    said = ask(scene, "last 3m")
    everything = said + file_of(scene)
    assert "INFO noted" in said and not [part for part in body if part in everything]


def test_lines_of_two_groups_with_the_same_id_are_both_followed(scene: Scene) -> None:
    shown = start(scene)
    own, other = groups(scene)
    write(scene, own, "INFO of the service", ago=0.1)
    scene.run(4)
    write(scene, other, "INFO of the audit", ago=0.1)
    scene.run(4)
    said = told(shown.message)
    assert "INFO of the service" in said and "INFO of the audit" in said and "2 lines so far" in said
