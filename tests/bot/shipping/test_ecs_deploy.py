"""The plan of a deployment to ECS: what it says, and that it changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cloud import Container
from bot.command import CheckStatus
from bot.domain import Build
from bot.errors import BotError, ConflictError, NotFoundError
from bot.shipping import images
from bot.shipping.ecs_deploy import plan as plan_ecs
from tests.bot.shipping.plans import change_service, check, planned, running
from tests.bot.shipping.shipment import Shipment
from tests.fake_aws import a_record, a_revision
from tests.scene import ALICE, HEALTH, NEW, OLD, REPOSITORY, Scene


def test_the_plan_pins_the_image_by_its_digest(scene: Scene) -> None:
    made = planned(scene)
    assert made.facts["image"] == f"{REPOSITORY}@{NEW}"
    assert [(each.what, each.before, each.after) for each in made.changes] == [
        ("Version", "v1", "v2"),
        ("Digest", "a" * 12, "b" * 12),
        ("Revision", "api:7", "a new revision"),
    ]
    assert not made.blocking


def test_two_plans_of_an_unchanged_world_are_the_same(scene: Scene) -> None:
    first = planned(scene)
    scene.clock.advance(86400)
    assert planned(scene).fingerprint() == first.fingerprint()


def test_the_running_version_is_a_plan_without_changes(scene: Scene) -> None:
    made = planned(scene, "v1")
    assert not made.changes_anything
    assert made.answer_text == (
        "bi/api production already runs v1 (aaaaaaaaaaaa). To start its tasks anew: /restart bi/api production"
    )
    assert [each.text for each in made.choices] == ["restart bi/api production"]


def test_a_digest_is_a_version_too(scene: Scene) -> None:
    assert planned(scene, NEW).facts["image"] == f"{REPOSITORY}@{NEW}"


def test_a_missing_image_is_told_the_asker_with_the_newest(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match=r"There is no image .*v9\. The newest are v1, v2\."):
        planned(scene, "v9")


def test_a_misspelt_version_is_answered_with_the_nearest(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match=r"Did you mean v2\? The newest"):
        planned(scene, "vv2")


def test_the_card_tells_who_shipped_what_runs_and_what_differs(scene: Scene) -> None:
    assert planned(scene).details == (
        "Now: v1, for 2 h, shipped by role ci (build-7)",
        "Then: v2, pushed 1 h ago",
        "Differs from api:7: the image of app, and nothing else",
        f"Verified: 2 new tasks run, {HEALTH} answers 200, then its 2 alarms stay quiet",
    )


def test_whoever_shipped_it_through_the_bot_is_named(scene: Scene) -> None:
    scene.ecs.definitions[running(scene).arn] = replace(running(scene), tags={images.BY_TAG: ALICE})
    assert "shipped by alice" in planned(scene).details[0]


def test_a_tag_that_moved_since_is_no_reason_to_do_nothing(scene: Scene) -> None:
    record = a_record(running(scene).arn, target=a_revision(running(scene).arn, OLD))
    scene.ecs.records = [record]
    change_service(scene, current_deployment=record.arn)
    assert not planned(scene, "v1").changes_anything
    scene.ecs.add_image(REPOSITORY, NEW, "v1")
    made = planned(scene, "v1")
    assert [(each.before, each.after) for each in made.changes if each.what == "Digest"] == [("a" * 12, "b" * 12)]


def test_a_tag_that_moves_after_the_plan_makes_it_stale(scene: Scene) -> None:
    seen = planned(scene)
    scene.ecs.add_image(REPOSITORY, "sha256:" + "c" * 64, "v2")
    assert planned(scene).fingerprint() != seen.fingerprint()


def test_a_service_of_no_tasks_proves_nothing(scene: Scene) -> None:
    change_service(scene, desired=0)
    assert planned(scene).warnings == ("It is asked to run no task, so nothing will prove the version.",)


def test_what_ran_is_kept_with_the_plan_so_that_it_can_be_made_again(scene: Scene) -> None:
    made = planned(scene)
    assert made.facts["from_raw"] == running(scene).raw
    assert made.facts["from_definition"] == running(scene).arn


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


def test_an_image_that_can_be_built_is_built_first(scene: Scene) -> None:
    build = Build(codebuild="api-image")
    aim = replace(scene.api, service=scene.api.service.model_copy(update={"build": build}))
    made = plan_ecs(aim, "v9", scene.world, scene.chat.people[ALICE])
    assert [(each.what, each.after) for each in made.changes][:3] == [
        ("build", "v9 by CodeBuild project api-image"),
        ("Version", "v9"),
        ("Digest", "to be built"),
    ]
    assert (made.facts["image"], made.facts["repository"]) == ("", REPOSITORY)
    assert Shipment(scene, made, aim).effects() == ["build", "register", "update"]
    assert check(made, "build")[0] is CheckStatus.WARNED
    assert not [each for each in made.checks if each.name in ("image", "architecture")]


def test_a_digest_cannot_be_built(scene: Scene) -> None:
    aim = replace(scene.api, service=scene.api.service.model_copy(update={"build": Build(codebuild="api-image")}))
    with pytest.raises(NotFoundError):
        plan_ecs(aim, "sha256:" + "9" * 64, scene.world, scene.chat.people[ALICE])
