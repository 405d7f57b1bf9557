"""Going back to a chosen version: what the plan of it says and checks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.command import CheckStatus
from bot.shipping import images
from commands.rollback import rollback
from tests.bot.shipping.rollbacks import check, define, going_back, ran, run_now, with_a_past
from tests.fake_aws import a_revision
from tests.fakes import a_past
from tests.scene import NEW, OLD, REPOSITORY, Scene


@pytest.fixture
def history(scene: Scene) -> Scene:
    """A service with a past."""
    return with_a_past(scene)


def test_the_newest_good_version_is_chosen_and_pinned_to_what_ran(history: Scene) -> None:
    made = going_back(history)
    assert [(each.what, each.before, each.after) for each in made.changes] == [
        ("Version", "v8", "v5"),
        ("Digest", "b" * 12, "a" * 12),
        ("Revision", "api:8", "a copy of api:5"),
    ]
    assert made.strategy == "ecs"
    assert made.facts["images"] == {"app": f"{REPOSITORY}@{OLD}"}
    assert made.facts["to_definition"] == made.facts["copy_of"] == "arn:aws:ecs:r:1:task-definition/api:5"
    assert made.facts["from_definition"] == "arn:aws:ecs:r:1:task-definition/api:8"
    assert check(made, "digest") == (CheckStatus.PASSED, "pinned to what ran")
    assert not made.blocking


def test_the_card_warns_of_migrations_and_of_the_circuit_breaker(history: Scene) -> None:
    details = going_back(history).details
    assert "If the newer version migrated a database, going back does not undo that." in details
    assert "If it fails, ECS returns to api:8, which you are leaving." in details


def test_a_revision_that_is_pinned_and_active_is_used_as_it_stands(scene: Scene) -> None:
    five = ran(scene, 5, OLD, 12, image=f"{REPOSITORY}@{OLD}")
    run_now(scene, ran(scene, 8, NEW, 1))
    made = going_back(scene)
    assert made.facts["stands"]
    assert made.facts["to_definition"] == five
    assert [effect.name for effect in rollback.strategies["ecs"].effects(made)] == ["update"]


def test_an_inactive_revision_is_registered_again(scene: Scene) -> None:
    five = ran(scene, 5, OLD, 12, image=f"{REPOSITORY}@{OLD}")
    scene.ecs.definitions[five] = replace(scene.ecs.definitions[five], status="INACTIVE")
    run_now(scene, ran(scene, 8, NEW, 1))
    made = going_back(scene)
    assert not made.facts["stands"]
    assert made.facts["saved"] is None
    assert [effect.name for effect in rollback.strategies["ecs"].effects(made)] == ["register", "update"]


def test_a_revision_that_was_deregistered_since_it_was_read_is_not_taken_as_it_stands(scene: Scene) -> None:
    five = ran(scene, 5, OLD, 12, image=f"{REPOSITORY}@{OLD}")
    run_now(scene, ran(scene, 8, NEW, 1))
    scene.ecs.retired = {five}
    assert not going_back(scene).facts["stands"]


def test_what_differs_is_told(history: Scene) -> None:
    made = going_back(history)
    assert "Differs: app image: api:v8 → api@aaaaaaaaaaaa" in made.details


def test_a_revision_that_aws_has_forgotten_is_made_again_from_the_ledger(history: Scene) -> None:
    five = history.ecs.definitions.pop("arn:aws:ecs:r:1:task-definition/api:5")
    made = {"task_definition": five.arn, "definition": five.raw, "tags": {images.VERSION_TAG: "v5"}}
    past = a_past(history.api.key, results={"register": made}, good=True)
    plan_made = going_back(history, "", past)
    assert plan_made.facts["saved"] == {"definition": five.raw, "tags": {images.VERSION_TAG: "v5"}}
    assert [each.after for each in plan_made.changes] == ["v5", "a" * 12, "a copy of api:5"]


def test_a_tag_that_moved_is_pinned_to_the_digest_that_ran(history: Scene) -> None:
    history.ecs.add_image(REPOSITORY, "sha256:" + "f" * 64, "v5")
    assert going_back(history).facts["images"] == {"app": f"{REPOSITORY}@{OLD}"}


def test_a_revision_that_says_latest_is_blocked_when_nobody_knows_what_ran(history: Scene) -> None:
    define(history, 7, f"{REPOSITORY}:latest")
    history.ecs.add_image(REPOSITORY, NEW, "latest")
    status, detail = check(going_back(history, "7"), "digest")
    assert status is CheckStatus.BLOCKING
    assert "whatever the tag names now" in detail
    define(history, 7, f"{REPOSITORY}:v7")
    assert check(going_back(history, "7"), "digest")[0] is CheckStatus.WARNED


def test_an_image_that_was_deleted_blocks(history: Scene) -> None:
    del history.ecs.images[f"{REPOSITORY}@{OLD}"]
    status, detail = check(going_back(history), "image")
    assert status is CheckStatus.BLOCKING
    assert detail.endswith("Tasks of api:5 could not start.")


def test_a_rollback_by_ecs_that_has_already_happened_is_told(scene: Scene) -> None:
    ran(scene, 4, "sha256:" + "4" * 64, 30)
    five = ran(scene, 5, OLD, 12)
    ran(scene, 6, NEW, 1, "ROLLBACK_SUCCESSFUL", back=a_revision(five, OLD))
    run_now(scene, five)
    made = going_back(scene)
    assert made.facts["version"] == "v4"
    assert made.warnings[0].startswith("ECS has already gone back from api:6")


def test_surroundings_that_a_rollback_does_not_restore_are_named(scene: Scene) -> None:
    ran(scene, 5, OLD, 12, surroundings={"network": "a", "load balancer": "x"})
    run_now(scene, ran(scene, 8, NEW, 1, surroundings={"network": "b", "load balancer": "x"}))
    assert going_back(scene).warnings == (
        "Network of the service is different now, and going back does not restore it.",
    )


def test_a_blue_green_service_does_not_flip_back_at_once(history: Scene) -> None:
    service = history.ecs.live[history.api.key]
    history.ecs.live[history.api.key] = replace(service, strategy="BLUE_GREEN")
    assert any("new blue/green deployment" in line for line in going_back(history).details)


def test_the_plan_is_stale_when_another_version_became_the_best(history: Scene) -> None:
    seen = going_back(history)
    assert going_back(history).fingerprint() == seen.fingerprint()
    history.ecs.records[-1] = replace(history.ecs.records[-1], status="ROLLBACK_FAILED")
    ran(history, 4, "sha256:" + "4" * 64, 30)
    assert going_back(history).fingerprint() != seen.fingerprint()
