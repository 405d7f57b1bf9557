"""The plan of a deployment: what it says, what it checks, and that it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import Container
from bot.command import CheckStatus, Plan
from bot.errors import BotError, ConflictError, NotFoundError, UpstreamError
from commands.deploy import DeployArgs, plan, target
from tests.fake_aws import a_deployment, a_service
from tests.scene import ALICE, NEW, REPOSITORY, Scene


def planned(scene: Scene, version: str = "v2", service: str = "api", environment: str = "production") -> Plan:
    """The plan, made by an ECS that can only be read."""
    for call in ("register", "update_service"):
        scene.ecs.failures.add(call, AssertionError("a plan never writes"))
    args = DeployArgs(service=service, environment=environment, version=version)
    made = plan(args, scene.world, scene.chat.people[ALICE])
    assert scene.ecs.writes == []
    return made


def check(made: Plan, name: str) -> tuple[CheckStatus, str]:
    (found,) = [each for each in made.checks if each.name == name]
    return found.status, found.detail


def change_service(scene: Scene, **changes: Any) -> None:
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], **changes)


def test_the_plan_pins_the_image_by_its_digest(scene: Scene) -> None:
    made = planned(scene)
    assert made.facts["image"] == f"{REPOSITORY}@{NEW}"
    assert [(each.what, each.before, each.after) for each in made.changes] == [
        ("Version", "v1", "v2"),
        ("Digest", "a" * 12, "b" * 12),
        ("Revision", "api:7", "a new revision"),
    ]
    assert not made.blocking


def test_every_check_passes_when_all_is_well(scene: Scene) -> None:
    assert {each.name: each.status for each in planned(scene).checks} == dict.fromkeys(
        (
            "image",
            "architecture",
            "deployments in flight",
            "alarms",
            "rollout",
            "room to roll",
        ),
        CheckStatus.PASSED,
    )


def test_two_plans_of_an_unchanged_world_are_the_same(scene: Scene) -> None:
    first = planned(scene)
    scene.clock.advance(86400)
    assert planned(scene).fingerprint() == first.fingerprint()


def test_the_running_version_is_a_plan_without_changes(scene: Scene) -> None:
    made = planned(scene, "v1")
    assert not made.changes_anything
    assert made.answer_text == "bi/api production already runs v1 (aaaaaaaaaaaa)."


def test_a_digest_is_a_version_too(scene: Scene) -> None:
    assert planned(scene, NEW).facts["image"] == f"{REPOSITORY}@{NEW}"


def test_a_missing_image_is_told_the_asker_with_the_newest(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match=r"There is no image .*v9\. The newest are v1, v2\."):
        planned(scene, "v9")


def test_a_misspelt_version_is_answered_with_the_nearest(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match=r"Did you mean v2\? The newest"):
        planned(scene, "vv2")


def test_an_image_for_another_cpu_blocks(scene: Scene) -> None:
    scene.ecs.platforms = ("ARM64",)
    assert check(planned(scene), "architecture") == (
        CheckStatus.BLOCKING,
        "tasks run on X86_64, the image is for ARM64",
    )


@pytest.mark.parametrize(
    ("platforms", "error", "said"),
    [((), None, "its manifest does not say"), (("X86_64",), UpstreamError("AWS refused."), "AWS refused.")],
)
def test_a_cpu_that_nobody_knows_is_said_and_blocks_nothing(
    scene: Scene, platforms: tuple[str, ...], error: BotError | None, said: str
) -> None:
    scene.ecs.platforms = platforms
    if error:
        scene.ecs.failures.add("architectures", error)
    made = planned(scene)
    assert check(made, "architecture") == (CheckStatus.UNKNOWN, said)
    assert not made.blocking


def test_a_deployment_in_flight_is_warned_of(scene: Scene) -> None:
    old, coming = a_deployment("x/api:7", status="ACTIVE"), a_deployment("x/api:8", rollout_state="IN_PROGRESS")
    scene.ecs.definitions["x/api:8"] = next(iter(scene.ecs.definitions.values()))
    scene.ecs.live[scene.api.key] = a_service("api", coming, old)
    assert check(planned(scene), "deployments in flight") == (
        CheckStatus.WARNED,
        "api:8 is still rolling out; this would supersede it",
    )


def test_a_version_that_is_still_rolling_out_may_be_deployed_again(scene: Scene) -> None:
    service = scene.ecs.live[scene.api.key]
    rolling = replace(service.deployments[0], rollout_state="IN_PROGRESS")
    change_service(scene, deployments=(rolling,))
    assert planned(scene, "v1").changes_anything


def test_red_alarms_are_named(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    status, detail = check(planned(scene), "alarms")
    assert status is CheckStatus.WARNED
    assert detail == "api-errors is red already, so ECS would not roll back on it"


@pytest.mark.parametrize(
    ("error", "said"),
    [(UpstreamError("AWS refused."), "AWS refused."), (TimeoutError(), "AWS did not answer in time")],
)
def test_alarms_that_cannot_be_read_are_unknown(scene: Scene, error: Exception, said: str) -> None:
    scene.metrics.failures.add("alarms", error)
    assert check(planned(scene), "alarms") == (CheckStatus.UNKNOWN, said)


def test_a_service_without_alarms_says_so(scene: Scene) -> None:
    made = planned(scene, environment="staging")
    assert check(made, "alarms") == (CheckStatus.UNKNOWN, "none are configured for this service")


def test_another_deployment_controller_blocks(scene: Scene) -> None:
    change_service(scene, controller="CODE_DEPLOY")
    status, detail = check(planned(scene), "rollout")
    assert status is CheckStatus.BLOCKING
    assert "CODE_DEPLOY" in detail


@pytest.mark.parametrize(
    ("desired", "least", "most", "status"),
    [
        (2, 100, 200, CheckStatus.PASSED),
        (1, 100, 100, CheckStatus.BLOCKING),
        (1, 50, 100, CheckStatus.BLOCKING),
        (1, 0, 100, CheckStatus.PASSED),
        (1, 100, 150, CheckStatus.BLOCKING),
        (3, 50, 100, CheckStatus.PASSED),
        (0, 100, 100, CheckStatus.PASSED),
    ],
)
def test_a_rollout_that_could_never_move_is_blocked(
    scene: Scene, desired: int, least: int, most: int, status: CheckStatus
) -> None:
    change_service(scene, desired=desired, minimum_healthy_percent=least, maximum_percent=most)
    assert check(planned(scene), "room to roll")[0] is status


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFoundError("ECS has no service bi/api production."), "ECS has no service bi/api production."),
        (TimeoutError(), "AWS did not answer in time."),
    ],
)
def test_a_service_that_cannot_be_read_is_the_answer(scene: Scene, error: Exception, said: str) -> None:
    scene.ecs.failures.add("service", error)
    with pytest.raises(BotError) as caught:
        planned(scene)
    assert caught.value.message == said


def test_a_service_that_is_being_deleted_is_not_deployed_to(scene: Scene) -> None:
    change_service(scene, status="DRAINING")
    with pytest.raises(ConflictError, match="is being deleted"):
        planned(scene)


def test_several_containers_need_a_word_in_the_configuration(scene: Scene) -> None:
    (arn,) = [arn for arn in scene.ecs.definitions if arn.endswith("/api:7")]
    definition = scene.ecs.definitions[arn]
    proxy = Container(name="proxy", image="envoy:1", essential=True)
    scene.ecs.definitions[arn] = replace(definition, containers=(*definition.containers, proxy))
    with pytest.raises(ConflictError, match=r"several containers \(app, proxy\)"):
        planned(scene)
    scene.ecs.definitions[arn] = replace(
        definition, containers=(replace(proxy, essential=False), *definition.containers)
    )
    assert planned(scene).facts["container"] == "app"


@pytest.mark.parametrize(("service", "said"), [("jobs", "is a Lambda function"), ("web", "is a static site")])
def test_what_cannot_be_deployed_yet_is_said_in_a_sentence(scene: Scene, service: str, said: str) -> None:
    args = DeployArgs(service=service, environment="production", version="v1")
    with pytest.raises(ConflictError, match=said):
        target(args, scene.catalog)
