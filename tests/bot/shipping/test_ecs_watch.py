"""Watching a rollout: what is said while it goes, and that nothing but the truth ends it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.cloud import ContainerExit, HealthAnswer, LogLine, StoppedTask
from bot.command import Stage
from bot.errors import UpstreamError
from bot.log_settings import LogSettings
from commands.deploy import DeployArgs, plan
from tests.bot.shipping.shipment import EIGHT, SEVEN, Shipment
from tests.fake_aws import a_definition, a_deployment, a_revision, a_service
from tests.fakes import NOON
from tests.scene import ALICE, HEALTH, REPOSITORY, Scene, the_systems

ARGS = DeployArgs(service="api", environment="production", version="v2")
AWAY = UpstreamError("AWS did not answer.", retryable=True)
DENIED = UpstreamError("AWS refused ecs:DescribeServiceDeployments.")


@pytest.fixture
def shipment(scene: Scene) -> Shipment:
    """A deployment that ECS was told of a moment ago."""
    made = Shipment(scene, plan(ARGS, scene.world, scene.chat.people[ALICE]))
    made.do()
    return made


def change(shipment: Shipment, **changes: Any) -> None:
    """The service is different from now on."""
    ecs, key = shipment.scene.ecs, shipment.scene.api.key
    ecs.live[key] = replace(ecs.live[key], **changes)


def ours(shipment: Shipment, **changes: Any) -> None:
    """Our deployment is different from now on."""
    first, *others = shipment.scene.ecs.live[shipment.scene.api.key].deployments
    change(shipment, deployments=(replace(first, **changes), *others))


def settle(shipment: Shipment) -> None:
    shipment.scene.ecs.settle(shipment.scene.api, created_at=NOON)


def went_back(shipment: Shipment, state: str = "COMPLETED") -> None:
    shipment.scene.ecs.live[shipment.scene.api.key] = a_service("api", a_deployment(SEVEN, rollout_state=state))


def test_tasks_old_and_new_are_counted(shipment: Shipment) -> None:
    ours(shipment, running=1, pending=1)
    seen = shipment.look()
    assert (seen.stage, seen.headline, seen.done, seen.total) == (Stage.ROLLING, "Rolling out", 1, 2)
    assert seen.lines == ("new tasks: 1 of 2 running, 1 starting; old tasks: 2",)


def test_a_record_is_found_once_and_then_asked_for_by_its_name(shipment: Shipment) -> None:
    record = shipment.record()
    assert shipment.look().facts["record"] == record.arn
    shipment.scene.ecs.failures.add("service_deployments", AssertionError("asked for the whole list again"))
    assert shipment.look(1).facts["record"] == record.arn


def test_the_record_that_the_service_names_needs_no_list(shipment: Shipment) -> None:
    record = shipment.record()
    change(shipment, current_deployment=record.arn)
    shipment.scene.ecs.failures.add("service_deployments", AssertionError("asked for the whole list"))
    assert shipment.look().facts["record"] == record.arn


@pytest.mark.parametrize(
    ("desired", "failed", "breaker", "failing"),
    [
        (2, 2, False, False),
        (2, 3, False, True),
        (9, 4, False, False),
        (9, 5, False, True),
        (900, 199, False, False),
        (900, 200, False, True),
        (2, 9, True, False),
    ],
)
def test_as_many_failed_tasks_as_end_a_rollout_with_a_breaker_are_too_many_without_one(
    shipment: Shipment, *, desired: int, failed: int, breaker: bool, failing: bool
) -> None:
    change(shipment, breaker_enabled=breaker)
    ours(shipment, desired=desired, running=0, failed_tasks=failed)
    seen = shipment.look()
    assert (seen.stage, seen.failing) == (Stage.ROLLING, failing)
    assert ("New tasks keep failing" in seen.headline) is failing
    assert f"{failed} new tasks failed so far" in seen.lines


def test_what_came_up_after_all_is_failing_no_more(shipment: Shipment) -> None:
    change(shipment, breaker_enabled=False)
    ours(shipment, running=2, failed_tasks=9)
    assert not shipment.look().failing


def test_an_older_deployment_of_the_same_revision_is_not_ours(shipment: Shipment) -> None:
    """A rollback may put back a revision that still has tasks of an earlier deployment."""
    old = a_deployment(EIGHT, id="ecs-svc/old", status="ACTIVE", created_at=NOON - 900, running=2)
    coming = a_deployment(SEVEN, rollout_state="IN_PROGRESS")
    change(shipment, deployments=(old, coming))
    shipment.run = replace(shipment.run, results={**shipment.run.results, "update": {"deployment": ""}})
    assert shipment.look().headline == "Waiting for ECS to begin"


def test_the_record_the_service_names_is_ours_only_if_it_moves_to_our_revision(shipment: Shipment) -> None:
    theirs = replace(shipment.record(), arn="arn:theirs", task_definition=SEVEN)
    mine = shipment.record()
    shipment.scene.ecs.records.append(theirs)
    change(shipment, current_deployment=theirs.arn)
    assert shipment.look().facts["record"] == mine.arn


def test_it_settles_when_its_tasks_run_and_the_service_answers(shipment: Shipment) -> None:
    settle(shipment)
    seen = shipment.look()
    assert (seen.stage, seen.headline) == (
        Stage.SUCCEEDED,
        f"Settled: 2 of 2 tasks of api:8 run, and {HEALTH} answers 200 v2",
    )


def test_completed_with_too_few_tasks_is_not_settled(shipment: Shipment) -> None:
    settle(shipment)
    ours(shipment, running=1)
    assert shipment.look().stage is Stage.ROLLING


def test_a_record_that_is_not_done_is_waited_for_though_the_deployment_says_completed(shipment: Shipment) -> None:
    shipment.record(stage="BAKE_TIME", weight=100.0)
    settle(shipment)
    assert shipment.look().stage is Stage.ROLLING
    shipment.record("SUCCESSFUL")
    assert shipment.look(1).stage is Stage.SUCCEEDED


def test_a_record_of_success_is_believed_before_the_service_shows_it(shipment: Shipment) -> None:
    shipment.record("SUCCESSFUL")
    ours(shipment, running=2)
    assert shipment.look().stage is Stage.SUCCEEDED


def test_success_of_a_deployment_that_another_has_replaced_since_is_told_as_both(shipment: Shipment) -> None:
    theirs = a_definition("api", 9, f"{REPOSITORY}:v3")
    shipment.scene.ecs.definitions[theirs.arn] = theirs
    shipment.record("SUCCESSFUL")
    change(shipment, deployments=(a_deployment(theirs.arn, created_at=NOON + 50),))
    seen = shipment.look(60)
    assert (seen.stage, seen.unchanged) == (Stage.FAILED, True)
    assert seen.headline == "It was deployed, and then superseded: the service moves to api:9"
    assert seen.lines == ("api:9 was shipped by role ci (build-7), 10 s ago",)


def test_the_circuit_breaker_is_told_at_once_and_awaited(shipment: Shipment) -> None:
    shipment.record("ROLLBACK_IN_PROGRESS", reason="tasks failed to start")
    went_back(shipment, "IN_PROGRESS")
    seen = shipment.look()
    assert (seen.stage, seen.headline) == (
        Stage.ROLLING,
        "Not deployed: ECS is going back to api:7 (tasks failed to start)",
    )
    shipment.record("ROLLBACK_SUCCESSFUL", reason="tasks failed to start", back=a_revision(SEVEN))
    went_back(shipment)
    seen = shipment.look(1)
    assert (seen.stage, seen.unchanged) == (Stage.FAILED, True)
    assert seen.headline == "Not deployed: ECS went back to api:7 (tasks failed to start)"


def test_alarms_that_made_ecs_go_back_are_named(shipment: Shipment) -> None:
    shipment.record("ROLLBACK_SUCCESSFUL", alarms=("api-errors",))
    went_back(shipment)
    assert shipment.look().headline == "Not deployed: ECS went back to api:7 (the alarms api-errors went off)"


def test_a_rollback_that_the_service_does_not_show_yet_is_waited_for_a_moment(shipment: Shipment) -> None:
    shipment.record("ROLLBACK_SUCCESSFUL", finished_at=NOON + 30)
    assert shipment.look(31).stage is Stage.ROLLING
    seen = shipment.look(20)
    assert (seen.stage, seen.unchanged) == (Stage.FAILED, False)


def test_a_rollback_that_failed_is_no_rollback(shipment: Shipment) -> None:
    shipment.record("ROLLBACK_FAILED", reason="no capacity")
    seen = shipment.look()
    assert (seen.stage, seen.unchanged) == (Stage.FAILED, False)
    assert seen.headline == "Not deployed, and ECS could not go back (no capacity)"


def test_another_deployment_that_pushes_ours_aside_is_named_with_who_and_when(shipment: Shipment) -> None:
    theirs = a_definition("api", 9, f"{REPOSITORY}:v3")
    shipment.scene.ecs.definitions[theirs.arn] = theirs
    shipment.record("STOPPED")
    change(shipment, deployments=(a_deployment(theirs.arn, created_at=NOON + 20),))
    seen = shipment.look(30)
    assert seen.headline == "Superseded: another deployment moves the service to api:9"
    assert seen.lines == ("api:9 was shipped by role ci (build-7), 10 s ago",)
    assert seen.unchanged


def test_a_deployment_that_somebody_stopped_leaves_what_ran_before(shipment: Shipment) -> None:
    shipment.record("STOPPED", reason="by alice")
    went_back(shipment)
    seen = shipment.look()
    assert (seen.stage, seen.headline, seen.unchanged) == (
        Stage.FAILED,
        "Not deployed: it was stopped (by alice)",
        True,
    )


def test_a_stop_that_leaves_our_revision_half_done_is_a_failure(shipment: Shipment) -> None:
    shipment.record("STOPPED")
    seen = shipment.look()
    assert (seen.stage, seen.headline, seen.unchanged) == (Stage.FAILED, "Stopped before it was done", False)


def test_a_breaker_without_rollback_leaves_the_failure_as_it_is(shipment: Shipment) -> None:
    shipment.record("IN_PROGRESS")
    ours(shipment, rollout_state="FAILED", rollout_reason="tasks failed to start")
    seen = shipment.look()
    assert (seen.stage, seen.headline, seen.unchanged) == (
        Stage.FAILED,
        "ECS gave up: tasks failed to start",
        False,
    )


@pytest.mark.parametrize("status", ["DRAINING", ""])
def test_a_service_that_is_deleted_meanwhile_is_told(shipment: Shipment, status: str) -> None:
    if status:
        change(shipment, status=status)
    else:
        del shipment.scene.ecs.live[shipment.scene.api.key]
    seen = shipment.look()
    assert seen.stage is Stage.FAILED
    assert seen.headline.startswith("The service was deleted while it was being changed")


def test_who_may_not_read_records_sees_the_deployments(shipment: Shipment) -> None:
    shipment.scene.ecs.failures.add("service_deployments", DENIED)
    seen = shipment.look()
    assert "ECS's own record of it could not be read: AWS refused ecs:DescribeServiceDeployments." in seen.lines
    shipment.record("IN_PROGRESS")
    again = shipment.look(1)
    assert again.facts["blind"]
    assert not any("could not be read" in line for line in again.lines)
    went_back(shipment, "IN_PROGRESS")
    assert shipment.look(30).headline == "Not deployed: ECS is going back to api:7"
    went_back(shipment)
    assert shipment.look(1).unchanged


def test_throttling_is_no_answer(shipment: Shipment) -> None:
    shipment.record()
    shipment.scene.ecs.failures.add("service_deployments", AWAY)
    with pytest.raises(UpstreamError):
        shipment.look()
    assert shipment.look(10).facts["record"]


def test_a_service_without_records_is_not_searched_for_ever(shipment: Shipment) -> None:
    assert "record" not in shipment.look(30).facts
    shipment.look(31)
    shipment.scene.ecs.failures.add("service_deployments", AssertionError("searched again"))
    assert shipment.look(1).stage is Stage.ROLLING


def test_the_first_failed_task_is_diagnosed_at_once_and_not_forgotten(shipment: Shipment) -> None:
    exits = (ContainerExit("app", 1, ""),)
    shipment.scene.ecs.stopped = [StoppedTask("t1", EIGHT, "", "EssentialContainerExited", "", NOON + 9, exits)]
    shipment.scene.logs.streams[("/ecs/api", "ecs/app/t1")] = [LogLine(0.0, "KeyError: 'DATABASE_URL'", "s")]
    ours(shipment, failed_tasks=1)
    seen = shipment.look(10)
    assert "the application ended with an error (exit code 1)" in seen.lines
    assert "1 new task failed so far" in seen.lines
    assert seen.logs == ("KeyError: 'DATABASE_URL'",)
    shipment.scene.ecs.stopped = []
    later = shipment.look(3600)
    assert "the application ended with an error (exit code 1)" in later.lines
    assert later.logs == seen.logs


def test_last_lines_of_a_failed_task_are_without_masked_fields(tmp_path: Path) -> None:
    (system,) = the_systems()
    masking = Catalog([system.model_copy(update={"logs": LogSettings(masked=("customer_id",))})])
    scene = Scene(tmp_path, catalog=masking)
    shipment = Shipment(scene, plan(ARGS, scene.world, scene.chat.people[ALICE]))
    shipment.do()
    exits = (ContainerExit("app", 1, "customer_id=cus_0260 has no plan"),)
    scene.ecs.stopped = [StoppedTask("t1", EIGHT, "", "EssentialContainerExited", "", NOON + 9, exits)]
    line = LogLine(0.0, "GET /customers/cus_0260 customer_id=cus_0260 failed", "s")
    scene.logs.streams[("/ecs/api", "ecs/app/t1")] = [line]
    ours(shipment, failed_tasks=1)
    seen = shipment.look(10)
    assert seen.logs == ("GET /customers/[masked] customer_id=[masked] failed",)
    assert "cus_0260" not in str(seen)
    scene.close()


def test_hours_are_no_failure(shipment: Shipment) -> None:
    assert shipment.look(48 * 3600).stage is Stage.ROLLING


def test_a_health_address_that_stays_wrong_is_a_failure_after_a_minute(shipment: Shipment) -> None:
    shipment.scene.web.answers[HEALTH] = HealthAnswer(ok=False, code=200, detail="answered version v1", version="v1")
    shipment.record("SUCCESSFUL")
    settle(shipment)
    assert shipment.look().headline == "Settled; waiting for the health address"
    assert shipment.look(59).stage is Stage.ROLLING
    seen = shipment.look(2)
    assert (seen.stage, seen.unchanged) == (Stage.FAILED, False)
    assert "answered version v1" in seen.headline
