"""Services that CodeDeploy ships: created once, watched to its end, undone by its own rollback."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cloud import HealthAnswer
from bot.command import Stage
from bot.errors import ConflictError, UpstreamError
from bot.shipping_cloud import CodeDeployment
from commands.deploy import DeployArgs
from commands.deploy import plan as plan_deploy
from commands.rollback import RollbackArgs
from commands.rollback import plan as plan_rollback
from tests.bot.shipping.shipment import EIGHT, SEVEN, Shipment
from tests.fake_aws import a_definition
from tests.fakes import NOON
from tests.scene import ALICE, HEALTH, OLD, REPOSITORY, Scene


@pytest.fixture
def blue(scene: Scene) -> Scene:
    """The service is CodeDeploy's."""
    live = scene.ecs.live[scene.api.key]
    scene.ecs.live[scene.api.key] = replace(live, controller="CODE_DEPLOY", deployments=(), running=2)
    scene.code_deploy.groups[scene.api.key] = ("app", "blue")
    return scene


@pytest.fixture
def shipment(blue: Scene) -> Shipment:
    args = DeployArgs(service="api", environment="production", version="v2")
    return Shipment(blue, plan_deploy(args, blue.world, blue.chat.people[ALICE]))


def rolling_back(scene: Scene) -> Shipment:
    args = RollbackArgs(service="api", environment="production")
    return Shipment(scene, plan_rollback(args, scene.world, scene.chat.people[ALICE]))


def past(scene: Scene, name: str, definition: str, status: str, at: float) -> None:
    ends = at + 300 if status != "InProgress" else 0.0
    scene.code_deploy.deployments[name] = CodeDeployment(
        *(name, "app", "blue", status, at, ends), task_definition=definition, creator="user"
    )


def test_a_deployment_registers_and_creates(shipment: Shipment) -> None:
    assert shipment.effects() == ["register", "create"]
    assert shipment.do()["create"] == {"deployment": "d-1"}
    made = shipment.scene.code_deploy.deployments["d-1"]
    assert made.task_definition == EIGHT
    assert "op-1" in made.description


def test_a_creation_whose_answer_was_lost_is_found_by_its_description(shipment: Shipment) -> None:
    shipment.do("register")
    assert shipment.find("create") is None
    shipment.scene.code_deploy.lost_answers.add("create", UpstreamError("AWS did not answer.", retryable=True))
    with pytest.raises(UpstreamError):
        shipment.do("create")
    assert shipment.find("create") == {"deployment": "d-1"}


def test_it_is_watched_from_start_to_end(shipment: Shipment) -> None:
    shipment.do()
    assert shipment.look().headline == "CodeDeploy is replacing the tasks"
    shipment.scene.code_deploy.move("d-1", "Baking")
    assert shipment.look(1).headline == "Traffic is on the new tasks; CodeDeploy watches its alarms"
    shipment.scene.code_deploy.move("d-1", "Succeeded")
    seen = shipment.look(1)
    assert seen.stage is Stage.SUCCEEDED
    assert seen.headline == f"Settled: 2 of 2 tasks of api:8 run, and {HEALTH} answers 200 v2"


def test_success_of_code_deploy_is_not_enough_for_the_health_address(shipment: Shipment) -> None:
    shipment.do()
    shipment.scene.code_deploy.move("d-1", "Succeeded")
    shipment.scene.web.answers[HEALTH] = HealthAnswer(ok=False, code=503, detail="answered 503 instead of 200")
    assert shipment.look().stage is Stage.ROLLING
    assert shipment.look(61).stage is Stage.FAILED


def test_a_deployment_that_waits_asks_for_its_answer(shipment: Shipment) -> None:
    shipment.do()
    shipment.scene.code_deploy.move("d-1", "Ready")
    seen = shipment.look()
    assert seen.calm
    assert [each.label for each in seen.buttons] == ["Continue", "Roll back"]
    assert shipment.answer(seen, "proceed") == "CodeDeploy lets the traffic over."
    assert shipment.answer(seen, "stop") == "CodeDeploy stops and goes back."
    assert shipment.scene.code_deploy.writes[-2:] == ["proceed d-1", "stop d-1"]


def test_an_answer_that_comes_too_late_changes_nothing(shipment: Shipment) -> None:
    shipment.do()
    shipment.scene.code_deploy.move("d-1", "Ready")
    seen = shipment.look()
    shipment.scene.code_deploy.failures.add("stop", ConflictError("It has ended."))
    assert shipment.answer(seen, "stop") == "It has ended already; nothing was changed by this."


def test_a_failure_is_told_when_its_rollback_is_done(shipment: Shipment) -> None:
    shipment.do()
    past(shipment.scene, "d-2", SEVEN, "InProgress", NOON + 5)
    shipment.scene.code_deploy.move("d-1", "Failed", error="too many tasks stopped", rollback="d-2")
    seen = shipment.look()
    assert (seen.stage, seen.headline) == (
        Stage.ROLLING,
        "Not deployed: CodeDeploy's d-1 failed (too many tasks stopped); d-2 is going back",
    )
    shipment.scene.code_deploy.move("d-2", "Succeeded")
    seen = shipment.look(1)
    assert (seen.stage, seen.unchanged) == (Stage.FAILED, True)


def test_a_failure_without_a_rollback_leaves_things_as_they_are(shipment: Shipment) -> None:
    shipment.do()
    live = shipment.scene.ecs.live[shipment.scene.api.key]
    shipment.scene.ecs.live[shipment.scene.api.key] = replace(live, task_definition=EIGHT)
    shipment.scene.code_deploy.move("d-1", "Failed")
    seen = shipment.look()
    assert (seen.stage, seen.unchanged) == (Stage.FAILED, False)


def test_a_rollback_stops_what_is_under_way(blue: Scene) -> None:
    blue.ecs.definitions[EIGHT] = a_definition("api", 8, f"{REPOSITORY}:v8")
    past(blue, "d-1", EIGHT, "InProgress", NOON - 60)
    shipment = rolling_back(blue)
    assert shipment.run.plan.strategy == "code_stop"
    assert shipment.run.plan.facts["from_definition"] == EIGHT
    assert shipment.find("stop") is None
    shipment.do()
    assert blue.code_deploy.writes == ["stop d-1"]
    assert shipment.find("stop") == {"stopped": "d-1"}
    past(blue, "d-2", SEVEN, "InProgress", NOON)
    blue.code_deploy.move("d-1", "Stopped", rollback="d-2")
    assert shipment.look().stage is Stage.ROLLING
    blue.code_deploy.move("d-2", "Succeeded")
    assert shipment.look(1).stage is Stage.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "rollback", "said"),
    [("Succeeded", "", "Too late: d-1 had succeeded"), ("Stopped", "d-2", "CodeDeploy could not go back: Failed")],
)
def test_a_stop_that_does_not_lead_back_is_told(blue: Scene, status: str, rollback: str, said: str) -> None:
    blue.ecs.definitions[EIGHT] = a_definition("api", 8, f"{REPOSITORY}:v8")
    past(blue, "d-1", EIGHT, "InProgress", NOON - 60)
    shipment = rolling_back(blue)
    shipment.do()
    past(blue, "d-2", SEVEN, "Failed", NOON)
    blue.code_deploy.move("d-1", status, rollback=rollback)
    seen = shipment.look()
    assert seen.stage is Stage.FAILED
    assert seen.headline.startswith(said)


def test_a_steady_service_goes_back_by_the_history_of_code_deploy(blue: Scene) -> None:
    six = a_definition("api", 6, f"{REPOSITORY}@{OLD}")
    blue.ecs.definitions[six.arn] = six
    past(blue, "d-1", six.arn, "Succeeded", NOON - 90000)
    past(blue, "d-2", SEVEN, "Succeeded", NOON - 9000)
    shipment = rolling_back(blue)
    assert shipment.run.plan.strategy == "code_deploy"
    assert shipment.effects() == ["create"]
    shipment.do()
    assert blue.code_deploy.deployments["d-3"].task_definition == six.arn
