"""Where a rollback begins: what is under way is stopped, and without a history nothing is guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.command import CheckStatus
from bot.errors import ConflictError, UpstreamError
from bot.shipping import images
from tests.bot.shipping.rollbacks import DAY, DENIED, check, define, going_back, in_flight, ran, run_now, with_a_past
from tests.fake_aws import a_record, a_revision
from tests.fakes import NOON, a_past
from tests.scene import NEW, OLD, REPOSITORY, Scene


@pytest.fixture
def history(scene: Scene) -> Scene:
    """A service with a past."""
    return with_a_past(scene)


def test_when_everything_is_bad_people_choose(scene: Scene) -> None:
    one, two = ran(scene, 1, OLD, 40), ran(scene, 2, NEW, 30)
    for number, days in ((1, 20), (2, 10)):
        again = {1: one, 2: two}[number]
        scene.ecs.records.insert(
            0, a_record(again, at=NOON - days * DAY, target=a_revision(again, OLD if number == 1 else NEW))
        )
    run_now(scene, two)
    with pytest.raises(ConflictError, match=r"I know to be good\. Pick one yourself.* api:1 \(somebody went back"):
        going_back(scene)
    made = going_back(scene, "1")
    assert made.warnings[0] == "It is known to be bad: somebody went back from it."


def test_a_service_older_than_the_history_goes_back_by_the_ledger(scene: Scene) -> None:
    """ECS keeps its records for ninety days; what the bot saw prove good it keeps for longer."""
    six = define(scene, 6, f"{REPOSITORY}@{OLD}", **{images.VERSION_TAG: "v1"})
    made = {"task_definition": six.arn, "definition": six.raw}
    past = a_past(scene.api.key, results={"register": made}, good=True, started_at=NOON - 200 * DAY)
    plan_made = going_back(scene, "", past)
    assert (plan_made.facts["version"], plan_made.facts["stands"]) == ("v1", True)


def test_without_any_history_revisions_are_offered_and_none_is_chosen(scene: Scene) -> None:
    define(scene, 6, f"{REPOSITORY}:v6")
    define(scene, 4, f"{REPOSITORY}:v4")
    with pytest.raises(ConflictError, match=r"Pick one yourself.*: api:6 \(nobody saw it prove itself\); api:4"):
        going_back(scene)


def test_who_may_not_read_the_history_is_told_and_has_the_ledger(scene: Scene) -> None:
    scene.ecs.failures.add("service_deployments", DENIED)
    with pytest.raises(ConflictError, match="ECS's own history could not be read: AWS refused"):
        going_back(scene)
    six = define(scene, 6, f"{REPOSITORY}@{OLD}")
    scene.ecs.failures.add("service_deployments", DENIED)
    made = going_back(scene, "", a_past(scene.api.key, results={"register": {"task_definition": six.arn}}, good=True))
    assert made.facts["to_definition"] == six.arn
    assert made.warnings[0].startswith("ECS's own history could not be read")


def test_a_history_that_is_late_is_asked_for_again_rather_than_guessed_at(scene: Scene) -> None:
    scene.ecs.failures.add("service_deployments", TimeoutError())
    with pytest.raises(UpstreamError, match="did not answer in time"):
        going_back(scene)


@pytest.mark.parametrize("to", ["", "previous"])
def test_what_is_under_way_is_stopped_and_goes_back_to_where_it_came_from(scene: Scene, to: str) -> None:
    record = in_flight(scene)
    made = going_back(scene, to)
    assert made.strategy == "ecs_stop"
    assert [(each.what, each.before, each.after) for each in made.changes] == [
        ("Version", "v9", "v1"),
        ("Deployment", "rolling out", "stopped and rolled back"),
        ("Revision", "api:9", "api:7"),
    ]
    assert made.facts["deployment"] == record.arn
    assert made.facts["from_definition"] == record.task_definition
    assert made.details[1] == "Under way: v9, shipped by role ci (build-7), for 40 s"


def test_what_is_going_back_already_is_only_watched(scene: Scene) -> None:
    in_flight(scene, "ROLLBACK_IN_PROGRESS")
    (_, deployment, _) = going_back(scene).changes
    assert (deployment.before, deployment.after) == ("ECS is going back already", "watched until it is back")


def test_a_first_deployment_has_nothing_to_go_back_to(scene: Scene) -> None:
    record = in_flight(scene)
    scene.ecs.records = [replace(record, sources=())]
    with pytest.raises(ConflictError, match="api:9 is the first deployment"):
        going_back(scene)


def test_a_named_version_supersedes_what_is_under_way(history: Scene) -> None:
    in_flight(history)
    made = going_back(history, "5")
    assert made.strategy == "ecs"
    assert check(made, "deployments in flight")[0] is CheckStatus.WARNED


def test_who_may_not_list_the_history_can_still_stop_what_is_under_way(scene: Scene) -> None:
    record = in_flight(scene)
    service = scene.ecs.live[scene.api.key]
    scene.ecs.live[scene.api.key] = replace(service, current_deployment=record.arn)
    scene.ecs.failures.add("service_deployments", DENIED)
    assert going_back(scene).strategy == "ecs_stop"


def test_without_records_what_still_runs_beside_a_rollout_is_the_way_back(scene: Scene) -> None:
    in_flight(scene)
    scene.ecs.records = []
    scene.ecs.failures.add("service_deployments", DENIED)
    made = going_back(scene)
    assert made.strategy == "ecs"
    assert made.facts["to_definition"] == "arn:aws:ecs:r:1:task-definition/api:7"


def test_a_deployment_under_way_that_cannot_be_read_now_is_asked_for_again(scene: Scene) -> None:
    record = in_flight(scene)
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], current_deployment=record.arn)
    scene.ecs.failures.add("service_deployments", DENIED)
    scene.ecs.failures.add("service_deployment", UpstreamError("Slow down.", retryable=True))
    with pytest.raises(UpstreamError, match="Slow down"):
        going_back(scene)
