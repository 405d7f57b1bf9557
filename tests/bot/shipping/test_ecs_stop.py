"""Rolling back what is under way: stopped once, and watched until the service is back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import HealthAnswer
from bot.command import Stage
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.rollouts import LifecycleHook, ServiceDeployment
from commands.rollback import RollbackArgs, plan
from tests.bot.shipping.shipment import EIGHT, SEVEN, Shipment
from tests.fake_aws import a_definition, a_deployment, a_record, a_revision, a_service
from tests.fakes import NOON
from tests.scene import ALICE, HEALTH, OLD, REPOSITORY, Scene

RECORD = a_record(EIGHT, "IN_PROGRESS", at=NOON - 40, sources=(a_revision(SEVEN, OLD),))


@pytest.fixture
def shipment(scene: Scene) -> Shipment:
    """Somebody's revision 8 is being rolled out over 7, and a rollback was confirmed."""
    scene.ecs.definitions[EIGHT] = a_definition("api", 8, f"{REPOSITORY}:v8")
    scene.ecs.records = [RECORD]
    coming = a_deployment(EIGHT, rollout_state="IN_PROGRESS", running=2)
    scene.ecs.live[scene.api.key] = a_service("api", coming, a_deployment(SEVEN, status="ACTIVE", running=1))
    args = RollbackArgs(service="api", environment="production")
    return Shipment(scene, plan(args, scene.world, scene.chat.people[ALICE]))


def become(shipment: Shipment, status: str, **changes: Any) -> ServiceDeployment:
    made = replace(RECORD, status=status, **changes)
    shipment.scene.ecs.records = [made]
    return made


def back(shipment: Shipment, **changes: Any) -> None:
    shipment.scene.ecs.live[shipment.scene.api.key] = a_service("api", a_deployment(SEVEN, **changes))


def test_the_deployment_is_stopped_with_a_rollback(shipment: Shipment) -> None:
    assert shipment.find("stop") is None
    shipment.do()
    assert shipment.scene.ecs.writes == [f"stop {RECORD.arn}"]


def test_a_paused_deployment_is_answered_instead(shipment: Shipment) -> None:
    hook = LifecycleHook("hook-1", "PAUSE", "AWAITING_ACTION", "POST_SCALE_UP", NOON + 60, "ROLLBACK")
    become(shipment, "IN_PROGRESS", hooks=(hook,))
    shipment.do()
    assert shipment.scene.ecs.writes == [f"roll back {RECORD.arn} hook-1"]


@pytest.mark.parametrize("status", ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "STOP_REQUESTED", "SUCCESSFUL"])
def test_what_has_been_told_already_is_not_told_again(shipment: Shipment, status: str) -> None:
    become(shipment, status)
    assert shipment.find("stop") == {"stopped": RECORD.arn, "status": status}
    shipment.do()
    assert shipment.scene.ecs.writes == []


def test_a_deployment_that_ended_in_that_moment_is_left_to_the_watch(shipment: Shipment) -> None:
    shipment.scene.ecs.failures.add("stop_deployment", ConflictError("It has ended."))
    assert shipment.do()["stop"]["status"] == "ENDED"


def test_a_deployment_that_ecs_has_forgotten_is_told(shipment: Shipment) -> None:
    shipment.scene.ecs.records = []
    with pytest.raises(NotFoundError, match="no longer knows"):
        shipment.do()


def test_going_back_is_watched_until_all_tasks_are_there(shipment: Shipment) -> None:
    shipment.do()
    become(shipment, "ROLLBACK_IN_PROGRESS")
    seen = shipment.look()
    assert (seen.stage, seen.headline) == (Stage.ROLLING, "ECS is going back to api:7")
    assert (seen.done, seen.total) == (1, 2)
    assert seen.lines == ("api:7: 1 of 2 tasks run", "2 tasks still to leave")
    become(shipment, "ROLLBACK_SUCCESSFUL")
    back(shipment, running=1)
    assert shipment.look(1).stage is Stage.ROLLING
    back(shipment)
    seen = shipment.look(1)
    assert seen.stage is Stage.SUCCEEDED
    assert seen.headline == f"Settled: 2 of 2 tasks of api:7 run, and {HEALTH} answers 200 v1"


def test_the_health_address_must_answer_after_a_rollback_too(shipment: Shipment) -> None:
    shipment.do()
    become(shipment, "ROLLBACK_SUCCESSFUL")
    back(shipment)
    shipment.scene.web.answers[HEALTH] = HealthAnswer(ok=False, code=503, detail="answered 503 instead of 200")
    assert shipment.look().stage is Stage.ROLLING
    assert shipment.look(61).stage is Stage.FAILED


def test_a_deployment_that_won_the_race_is_told(shipment: Shipment) -> None:
    shipment.do()
    become(shipment, "SUCCESSFUL")
    seen = shipment.look()
    assert (seen.stage, seen.unchanged) == (Stage.FAILED, True)
    assert seen.headline.startswith("Too late: api:8 had been deployed")


def test_a_rollback_that_fails_is_told(shipment: Shipment) -> None:
    shipment.do()
    become(shipment, "ROLLBACK_FAILED", reason="no capacity")
    seen = shipment.look()
    assert (seen.stage, seen.headline) == (Stage.FAILED, "ECS could not go back from api:8: no capacity")


def test_somebody_elses_deployment_meanwhile_is_named(shipment: Shipment) -> None:
    shipment.do()
    theirs = a_definition("api", 9, f"{REPOSITORY}:v9")
    shipment.scene.ecs.definitions[theirs.arn] = theirs
    become(shipment, "STOPPED")
    shipment.scene.ecs.live[shipment.scene.api.key] = a_service("api", a_deployment(theirs.arn))
    assert shipment.look().headline == "Superseded: another deployment moves the service to api:9"


def test_a_service_that_is_deleted_meanwhile_is_told(shipment: Shipment) -> None:
    shipment.do()
    del shipment.scene.ecs.live[shipment.scene.api.key]
    assert shipment.look().headline.startswith("The service was deleted while it was going back")


def test_who_may_not_read_the_record_sees_the_service(shipment: Shipment) -> None:
    shipment.do()
    denied = UpstreamError("AWS refused ecs:DescribeServiceDeployments.")
    shipment.scene.ecs.failures.add("service_deployment", denied, denied)
    back(shipment, rollout_state="IN_PROGRESS")
    assert shipment.look().stage is Stage.ROLLING
    back(shipment)
    assert shipment.look(1).stage is Stage.SUCCEEDED


def test_throttling_is_no_answer(shipment: Shipment) -> None:
    shipment.do()
    shipment.scene.ecs.failures.add("service_deployment", UpstreamError("Slow down.", retryable=True))
    with pytest.raises(UpstreamError):
        shipment.look()
