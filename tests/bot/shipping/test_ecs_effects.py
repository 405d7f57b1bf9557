"""What shipping changes in ECS, done once whatever happens in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.command import Plan
from bot.errors import UpstreamError
from bot.shipping import images
from commands.deploy import DeployArgs
from commands.deploy import plan as plan_deploy
from commands.rollback import RollbackArgs
from commands.rollback import plan as plan_rollback
from tests.bot.shipping.shipment import EIGHT, SEVEN, Shipment
from tests.fake_aws import a_definition, a_deployment, a_record, a_revision, a_service
from tests.fakes import NOON, FakeRecent, a_past
from tests.scene import ALICE, NEW, OLD, REPOSITORY, Scene

AWAY = UpstreamError("AWS did not answer.", retryable=True)
DENIED = UpstreamError("AWS refused ecs:ListServiceDeployments.")


def deploying(scene: Scene) -> Plan:
    args = DeployArgs(service="api", environment="production", version="v2")
    return plan_deploy(args, scene.world, scene.chat.people[ALICE])


@pytest.fixture
def shipment(scene: Scene) -> Shipment:
    return Shipment(scene, deploying(scene))


def test_a_deployment_registers_a_copy_and_updates_the_service(shipment: Shipment) -> None:
    results = shipment.do()
    assert shipment.effects() == ["register", "update"]
    assert shipment.scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]
    made = shipment.scene.ecs.definitions[EIGHT]
    assert made.containers[0].image == f"{REPOSITORY}@{NEW}"
    assert made.tags == {images.OPERATION_TAG: "op-1", images.VERSION_TAG: "v2", images.BY_TAG: ALICE}
    assert results["update"] == {"deployment": "ecs-svc/8"}


def test_what_was_registered_is_kept_so_that_it_can_be_made_again(shipment: Shipment) -> None:
    kept = shipment.do("register")["register"]
    assert kept["task_definition"] == EIGHT
    assert kept["definition"] == shipment.scene.ecs.definitions[EIGHT].raw


def test_a_registration_whose_answer_was_lost_is_found_again(shipment: Shipment) -> None:
    shipment.scene.ecs.lost_answers.add("register", AWAY)
    with pytest.raises(UpstreamError):
        shipment.do("register")
    found = shipment.find("register")
    assert found is not None
    assert (found["task_definition"], found["definition"]) == (EIGHT, shipment.scene.ecs.definitions[EIGHT].raw)


def test_nothing_is_found_where_nothing_was_done(shipment: Shipment) -> None:
    assert shipment.find("register") is None
    shipment.do("register")
    assert shipment.find("update") is None


def test_an_update_whose_answer_was_lost_is_found_by_its_deployment(shipment: Shipment) -> None:
    shipment.do("register")
    shipment.scene.ecs.lost_answers.add("update_service", AWAY)
    with pytest.raises(UpstreamError):
        shipment.do("update")
    assert shipment.find("update") == {"deployment": "ecs-svc/8"}


def test_an_update_that_ecs_has_already_undone_is_found_by_its_record(shipment: Shipment) -> None:
    shipment.do("register")
    shipment.record("ROLLBACK_SUCCESSFUL")
    assert shipment.find("update") == {"deployment": ""}


def test_who_may_not_read_the_records_repeats_the_update(shipment: Shipment) -> None:
    shipment.do("register")
    shipment.scene.ecs.failures.add("service_deployments", DENIED)
    assert shipment.find("update") is None
    shipment.scene.ecs.failures.add("service_deployments", AWAY)
    with pytest.raises(UpstreamError):
        shipment.find("update")


def test_an_image_that_had_to_be_built_first_is_looked_up_when_it_is_registered(scene: Scene) -> None:
    made = deploying(scene)
    later = made.model_copy(update={"facts": {**made.facts, "image": "", "version": "v3"}})
    shipment = Shipment(scene, later)
    scene.ecs.add_image(REPOSITORY, "sha256:" + "c" * 64, "v3")
    shipment.do("register")
    assert scene.ecs.definitions[EIGHT].containers[0].image == f"{REPOSITORY}@sha256:{'c' * 64}"


def rolling_back(scene: Scene, image: str, *, forgotten: bool = False) -> Plan:
    """Revision 7 ran for long, and 9 runs."""
    scene.ecs.definitions[SEVEN] = seven = a_definition("api", 7, image)
    nine = a_definition("api", 9, f"{REPOSITORY}@{NEW}")
    scene.ecs.definitions[nine.arn] = nine
    scene.ecs.records = [
        a_record(nine.arn, at=NOON - 5000, target=a_revision(nine.arn, NEW)),
        a_record(SEVEN, at=NOON - 90000, target=a_revision(SEVEN, OLD)),
    ]
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment(nine.arn))
    world = scene.world
    if forgotten:
        del scene.ecs.definitions[SEVEN]
        kept = {"task_definition": SEVEN, "definition": seven.raw, "tags": {"team": "bi"}}
        world = replace(world, recent=FakeRecent(a_past(scene.api.key, results={"register": kept})))
    args = RollbackArgs(service="api", environment="production")
    return plan_rollback(args, world, scene.chat.people[ALICE])


def test_a_rollback_registers_a_copy_pinned_to_what_ran(scene: Scene) -> None:
    shipment = Shipment(scene, rolling_back(scene, f"{REPOSITORY}:v1"))
    shipment.do()
    made = scene.ecs.definitions["arn:aws:ecs:r:1:task-definition/api:10"]
    assert made.containers[0].image == f"{REPOSITORY}@{OLD}"
    assert made.tags[images.COPY_TAG] == SEVEN
    assert made.tags[images.VERSION_TAG] == "v1"
    assert scene.ecs.writes == ["register api:10", "update bi/production/api api:10"]


def test_a_revision_that_stands_as_it_ran_is_only_put_back(scene: Scene) -> None:
    shipment = Shipment(scene, rolling_back(scene, f"{REPOSITORY}@{OLD}"))
    assert shipment.effects() == ["update"]
    assert shipment.find("update") is None
    shipment.do()
    assert scene.ecs.writes == ["update bi/production/api api:7"]
    assert shipment.find("update") == {"deployment": "ecs-svc/7"}


def test_a_revision_that_aws_has_forgotten_is_registered_from_the_ledger(scene: Scene) -> None:
    shipment = Shipment(scene, rolling_back(scene, f"{REPOSITORY}:v1", forgotten=True))
    shipment.do()
    made = scene.ecs.definitions["arn:aws:ecs:r:1:task-definition/api:10"]
    assert made.containers[0].image == f"{REPOSITORY}@{OLD}"
    assert made.tags["team"] == "bi"
