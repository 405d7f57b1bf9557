"""A deployment that begins with a build, on the real road: started once, then shipped or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.command import Change, Command, Effect, Plan, Progress, Run, Stage, Strategy
from bot.domain import Build, Person
from bot.errors import UpstreamError
from bot.operation import State
from bot.ports import World
from bot.shipping import builds
from bot.shipping_cloud import BuildStatus
from bot.target_args import TargetArgs, target
from commands import COMMANDS
from tests.bot.workshop import Workshop
from tests.fakes import texts
from tests.scene import Scene

BUILD = Build(codebuild="bi-api-build")
LINK = "https://ci.example.com/1"


def ship(run: Run, world: World) -> dict[str, Any]:
    return {"shipped": run.results["build"]["id"]}


def plan(args: TargetArgs, world: World, person: Person) -> Plan:
    changes = (builds.change(BUILD, "v9"), Change(what="Image", before="v1", after="v9"))
    return Plan(
        title=f"Deploy v9 to {target(args, world.catalog).label}",
        changes=changes,
        checks=(builds.check(BUILD, "v9"),),
        facts={"version": "v9", **builds.facts(BUILD)},
    )


def a_command() -> Command:
    last = Effect(name="ship", find=lambda run, world: None, do=ship)
    strategy = Strategy(
        effects=lambda plan: (*builds.effects(plan), last),
        watch=lambda run, world: Progress(stage=Stage.ROLLING, headline="On its way"),
    )
    return replace(Workshop().deploy, plan=plan, strategies={"ecs": strategy})


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, commands={**COMMANDS, "deploy": a_command()})
    yield made
    made.close()


def begun(scene: Scene) -> str:
    scene.type("deploy", "api production")
    scene.press("confirm")
    scene.run(2)
    return scene.operation()[0].id


def ends(scene: Scene, state: str, detail: str = "") -> None:
    scene.builds.states["build-1"] = BuildStatus("build-1", state, detail, LINK)


def test_the_card_shows_where_the_build_is_and_a_way_there(scene: Scene) -> None:
    scene.type("deploy", "api production")
    assert "v9 does not exist yet; it will be built by CodeBuild project bi-api-build" in texts(scene.card().message)
    scene.press("confirm")
    scene.run(2)
    ends(scene, "running", "build 7, phase BUILD")
    scene.run(15)
    shown = texts(scene.card().message)
    assert "Building v9" in shown and "build 7, phase BUILD" in shown
    assert f"<{LINK}|Watch it there>" in shown


def test_after_the_build_the_deployment_goes_on(scene: Scene) -> None:
    row_id = begun(scene)
    ends(scene, "succeeded")
    scene.run(12)
    assert scene.state(row_id) == State.SETTLING
    assert scene.operation()[1].results == {
        "build": {"id": "build-1", "url": LINK, "state": "succeeded"},
        "ship": {"shipped": "build-1"},
    }
    assert list(scene.builds.keys) == [row_id]


def test_a_failed_build_ships_nothing(scene: Scene) -> None:
    row_id = begun(scene)
    ends(scene, "failed", "failed in phase BUILD: exit status 1")
    scene.run(12)
    assert scene.state(row_id) == State.FAILED
    assert "ship" not in scene.operation()[1].results
    assert "failed in phase BUILD: exit status 1" in texts(scene.card().message)
    assert "nothing was deployed" in texts(scene.chat.by_key(f"op:{row_id}:outcome").message)
    assert scene.pager.changes == []


def test_a_start_whose_answer_was_lost_is_found_and_not_repeated(scene: Scene) -> None:
    scene.builds.lost_answers.add("start", UpstreamError("no answer", retryable=True))
    row_id = begun(scene)
    scene.run(5)
    assert scene.operation()[1].results["build"]["id"] == "build-1"
    assert list(scene.builds.states) == ["build-1"]
    ends(scene, "succeeded")
    scene.run(12)
    assert scene.state(row_id) == State.SETTLING


def test_a_build_that_nobody_can_look_at_is_waited_for(scene: Scene) -> None:
    row_id = begun(scene)
    scene.builds.failures.add("status", *[UpstreamError("throttled", retryable=True)] * 5)
    scene.run(45)
    assert scene.state(row_id) == State.RUNNING
    ends(scene, "succeeded")
    scene.run(30)
    assert scene.state(row_id) == State.SETTLING
