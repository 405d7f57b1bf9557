"""``task 0f3a``: only the streams of a task are read, where it is known how they are named; else all, as ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cloud import LogLine
from bot.errors import NotFoundError
from tests.commands.test_logs_traces import ask, file_of
from tests.scene import Scene
from tests.the_logs import logs_scene

TASK, OTHER = "0f3a91c2" * 4, "77c0ffee" * 4


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path, zone="UTC")
    # So long after the deployment nobody compares with the time before it.
    made.clock.advance(2 * 86_400.0)
    yield made
    made.close()


def write(scene: Scene, message: str, stream: str, group: str = "") -> None:
    group = group or next(iter(scene.logs.lines))
    now = scene.clock.now()
    scene.logs.lines[group].append(LogLine(now - 1, message, stream, f"{len(scene.logs.lines[group])}"))


def contain(scene: Scene, name: str = "proxy", log_stream_prefix: str = "ecs") -> None:
    """Give the service's task definition one more container."""
    arn = scene.ecs.live[scene.api.key].task_definition
    definition = scene.ecs.definitions[arn]
    (app,) = definition.containers
    scene.ecs.definitions[arn] = replace(
        definition, containers=(app, replace(app, name=name, log_stream_prefix=log_stream_prefix))
    )


@pytest.mark.parametrize("said", [TASK, TASK[:4], f'"{TASK[:8]}"'])
def test_only_the_stream_of_the_task_is_read(scene: Scene, said: str) -> None:
    write(scene, "INFO of this task", f"ecs/app/{TASK}")
    write(scene, "INFO of another", f"ecs/app/{OTHER}")
    answer = ask(scene, f"task {said}")
    assert "INFO of this task" in answer and "of another" not in answer and "*1* line matches" in answer
    assert scene.logs.only == [(f"ecs/app/{TASK}",)]
    assert "INFO of this task" in file_of(scene) and scene.logs.only[1:] == scene.logs.only[:1]


def test_what_is_no_task_s_is_read_as_ever(scene: Scene) -> None:
    write(scene, "INFO of this task", f"ecs/app/{TASK}")
    assert "INFO of this task" in ask(scene, "INFO")
    assert scene.logs.only == [()]


def test_every_container_of_a_group_and_every_other_group_is_read(scene: Scene) -> None:
    contain(scene)
    object.__setattr__(scene.api.service, "log_groups", ("/audit",))
    scene.logs.lines["/audit"] = []
    write(scene, "INFO of the app", f"ecs/app/{TASK}")
    write(scene, "INFO of the proxy", f"ecs/proxy/{TASK}")
    write(scene, "INFO of the audit", f"audit-{TASK}", "/audit")
    write(scene, "INFO of another", f"audit-{OTHER}", "/audit")
    answer = ask(scene, f"task {TASK}")
    assert all(f"INFO of the {each}" in answer for each in ("app", "proxy", "audit")) and "of another" not in answer
    assert sorted(scene.logs.only) == [(), (f"ecs/app/{TASK}", f"ecs/proxy/{TASK}")]


@pytest.mark.parametrize(
    ("stream", "changes"),
    [
        (f"before/app/{TASK}", {}),
        (f"ecs/app/{TASK}", {"name": "proxy"}),
        (f"ecs/app/{TASK}", {"log_stream_prefix": ""}),
    ],
)
def test_where_nobody_knows_all_its_streams_all_lines_are_read_and_sorted_out(
    scene: Scene, stream: str, changes: dict[str, str]
) -> None:
    if changes:
        contain(scene, **changes)
    write(scene, "INFO of this task", stream)
    write(scene, "INFO of another", f"ecs/app/{OTHER}")
    answer = ask(scene, f"task {TASK}")
    assert "INFO of this task" in answer and "of another" not in answer
    assert scene.logs.only == [()]


def test_a_stream_that_is_deleted_meanwhile_hides_no_line(scene: Scene) -> None:
    (group,) = scene.logs.lines
    write(scene, "INFO of this task", f"ecs/app/{TASK}")
    scene.logs.failures.add(f"streams {group}", NotFoundError("There is no such stream."))
    assert "INFO of this task" in ask(scene, f"task {TASK}")
    assert scene.logs.only == [(f"ecs/app/{TASK}",), ()]


def test_more_streams_than_can_be_named_are_not(scene: Scene) -> None:
    for number in range(51):
        write(scene, f"INFO of {number}", f"ecs/app/0f{number:030x}")
    assert "*51* lines match" in ask(scene, "task 0f")
    assert scene.logs.only == [()]


def test_a_task_is_followed_by_its_stream(scene: Scene) -> None:
    write(scene, "INFO of this task", f"ecs/app/{TASK}")
    scene.type("ops", f"logs bi/api production task {TASK} follow")
    write(scene, "INFO of another", f"ecs/app/{OTHER}")
    scene.run(4)
    (shown,) = scene.chat.posts
    assert "INFO of this task" in str(shown.message.blocks) and "of another" not in str(shown.message.blocks)
    assert set(scene.logs.only) == {(f"ecs/app/{TASK}",)}


def test_insights_is_asked_for_the_stream_too(scene: Scene) -> None:
    ask(scene, f"task {TASK} last 2d")
    (asked,) = scene.insights.asked
    assert f'filter @logStream like "{TASK}"' in asked.query
