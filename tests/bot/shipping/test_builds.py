"""The build before a deployment: started once, watched to its end, and nothing is deployed without it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.command import CheckStatus, Plan, Progress, Run, Stage
from bot.domain import Actor, Build
from bot.errors import NotFoundError, UpstreamError
from bot.shipping import builds
from bot.shipping_cloud import BuildStatus
from tests.fakes import NOON
from tests.scene import Scene

CODEBUILD = Build(codebuild="bi-api-build")
GITHUB = Build(github="example/api", workflow="release.yml")
LINK = "https://ci.example.com/1"


def a_run(scene: Scene, build: Build = CODEBUILD) -> Run:
    plan = Plan(title="Deploy v9", facts={"version": "v9", **builds.facts(build)})
    return Run("op1", Actor(user="U0ALICE"), scene.api, plan, NOON)


def look(scene: Scene, state: str, detail: str = "phase BUILD", build: Build = CODEBUILD) -> Progress:
    """What is seen of a build that was started and is now in this state."""
    effect = builds.effect()
    run = a_run(scene, build)
    run = replace(run, results={"build": effect.do(run, scene.world)})
    scene.builds.states["build-1"] = BuildStatus("build-1", state, detail, LINK)
    assert effect.wait is not None
    return effect.wait(run, scene.world)


def test_the_plan_says_who_builds() -> None:
    assert builds.change(CODEBUILD, "v9").after == "v9 by CodeBuild project bi-api-build"
    found = builds.check(GITHUB, "v9")
    assert found.status is CheckStatus.WARNED
    assert found.detail == "v9 does not exist yet; it will be built by workflow release.yml of example/api on main"


def test_only_a_plan_that_asks_for_a_build_begins_with_one(scene: Scene) -> None:
    assert [effect.name for effect in builds.effects(a_run(scene).plan)] == ["build"]
    assert builds.effects(Plan(title="Deploy v2", facts={"version": "v2"})) == ()


def test_a_build_is_keyed_by_the_operation(scene: Scene) -> None:
    effect, run = builds.effect(), a_run(scene)
    assert effect.find(run, scene.world) is None
    assert effect.do(run, scene.world) == {"id": "build-1"}
    assert effect.find(run, scene.world) == {"id": "build-1"}
    assert list(scene.builds.keys) == ["op1"]


def test_an_answer_that_was_lost_starts_no_second_build(scene: Scene) -> None:
    effect, run = builds.effect(), a_run(scene)
    scene.builds.lost_answers.add("start", UpstreamError("no answer", retryable=True))
    with pytest.raises(UpstreamError):
        effect.do(run, scene.world)
    assert effect.find(run, scene.world) == {"id": "build-1"}
    assert len(scene.builds.states) == 1


def test_a_running_build_is_looked_at_calmly_and_can_be_followed(scene: Scene) -> None:
    progress = look(scene, "running")
    assert (progress.stage, progress.calm, progress.link) == (Stage.ROLLING, True, LINK)
    assert progress.headline == "Building v9"
    assert progress.lines == ("by CodeBuild project bi-api-build", "phase BUILD")


def test_after_a_good_build_the_deployment_goes_on(scene: Scene) -> None:
    progress = look(scene, "succeeded", "", GITHUB)
    assert (progress.stage, progress.headline) == (Stage.SUCCEEDED, "Built v9")
    assert progress.facts == {"url": LINK, "state": "succeeded"}
    assert progress.lines == ("by workflow release.yml of example/api on main",)


@pytest.mark.parametrize(("state", "word"), [("failed", "failed"), ("stopped", "was stopped")])
def test_a_build_that_ends_badly_leaves_everything_as_it_was(scene: Scene, state: str, word: str) -> None:
    progress = look(scene, state, "failed in phase BUILD: exit status 1")
    assert (progress.stage, progress.unchanged, progress.link) == (Stage.FAILED, True, LINK)
    assert progress.headline == f"The build of v9 {word}, and nothing was deployed"
    assert progress.lines[1] == "failed in phase BUILD: exit status 1"


def test_a_build_that_is_gone_has_failed(scene: Scene) -> None:
    scene.builds.failures.add("status", NotFoundError("CodeBuild has no build build-1 in r."))
    progress = look(scene, "running")
    assert (progress.stage, progress.unchanged) == (Stage.FAILED, True)
    assert "no build build-1" in progress.headline


def test_not_being_able_to_look_is_no_verdict(scene: Scene) -> None:
    scene.builds.failures.add("status", UpstreamError("throttled", retryable=True))
    with pytest.raises(UpstreamError):
        look(scene, "running")
