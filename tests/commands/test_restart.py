"""``/restart``: the very same code, told apart from a deployment in disguise, and without an outage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import Container, RunningTask, TaskDefinition
from bot.command import CheckStatus, Override, Plan
from bot.errors import ConflictError, NotFoundError, UpstreamError, UsageError
from bot.operation import State
from commands.restart import RestartArgs, plan, target
from tests.fake_aws import a_definition, a_record, a_revision
from tests.fakes import NOON, texts
from tests.scene import ALICE, NEW, OLD, REPOSITORY, Scene

SEVEN = "arn:aws:ecs:r:1:task-definition/api:7"
FIRST, SECOND = "0f3a" + "0" * 28, "0f3b" + "0" * 28


def a_task(task: str, digest: str = OLD, **changes: object) -> RunningTask:
    running = RunningTask(task, SEVEN, NOON - 600, "HEALTHY", {"app": digest})
    return replace(running, **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def tasks(scene: Scene) -> None:
    scene.ecs.tasks = [a_task(FIRST), a_task(SECOND)]


def planned(scene: Scene, *words: str, service: str = "api") -> Plan:
    args = RestartArgs(**dict(zip(("only", "task"), words, strict=False)), service=service, environment="production")
    made = plan(args, scene.world, scene.chat.people[ALICE])
    assert scene.ecs.writes == []
    return made


def check(made: Plan, name: str) -> tuple[CheckStatus, str]:
    (found,) = [each for each in made.checks if each.name == name]
    return found.status, found.detail


def with_sidecar(definition: TaskDefinition) -> TaskDefinition:
    sidecar = Container(name="envoy", image="envoyproxy/envoy:v1", essential=False)
    return replace(definition, containers=(*definition.containers, sidecar))


def runs(scene: Scene, definition: TaskDefinition) -> None:
    scene.ecs.add(scene.api, definition)


def test_a_plain_restart_starts_the_same_revision_anew(scene: Scene) -> None:
    made = planned(scene)
    assert made.strategy == "ecs_restart"
    assert [(each.before, each.after) for each in made.changes] == [("2 of v1", "2 new ones"), ("api:7", "api:7")]
    assert check(made, "same code") == (CheckStatus.PASSED, "the tags mean what runs")
    assert not made.blocking


def test_a_tag_that_moved_is_told_and_what_runs_is_pinned(scene: Scene) -> None:
    scene.ecs.add_image(REPOSITORY, NEW, "v1")
    made = planned(scene)
    status, detail = check(made, "same code")
    assert (status, "v1 means another image by now" in detail) == (CheckStatus.WARNED, True)
    assert made.strategy == "ecs"
    assert made.facts["images"] == {"app": f"{REPOSITORY}@{OLD}"}
    assert made.changes[1].after == "a copy of api:7, pinned to what runs"
    assert [each.text for each in made.choices] == ["deploy bi/api production v1"]


def test_what_most_tasks_run_is_what_is_pinned(scene: Scene) -> None:
    scene.ecs.add_image(REPOSITORY, NEW, "v1")
    scene.ecs.tasks = [a_task("a" * 32, NEW), a_task(FIRST), a_task(SECOND)]
    assert planned(scene).facts["images"] == {"app": f"{REPOSITORY}@{OLD}"}


def test_a_pinned_revision_needs_no_look_at_its_tag(scene: Scene) -> None:
    runs(scene, a_definition("api", 8, f"{REPOSITORY}@{OLD}"))
    scene.ecs.failures.add("image", AssertionError("nothing to ask"))
    assert check(planned(scene), "same code") == (CheckStatus.PASSED, "every image is pinned by its digest")


def recorded(scene: Scene, digest: str = "") -> None:
    """ECS's record of the deployment that runs, with the digest that its revision says."""
    record = a_record(SEVEN, target=a_revision(SEVEN, digest))
    scene.ecs.records = [record]
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], current_deployment=record.arn)


@pytest.mark.parametrize("running", [[], [{}]], ids=["no task", "a task without digest"])
def test_where_no_task_tells_what_runs_the_revision_of_ecs_is_pinned(
    scene: Scene, running: list[dict[str, str]]
) -> None:
    scene.ecs.tasks = [a_task(FIRST, images=each) for each in running]
    scene.ecs.add_image(REPOSITORY, NEW, "v1")
    recorded(scene, OLD)
    made = planned(scene)
    assert check(made, "same code")[0] is CheckStatus.WARNED
    assert made.facts["images"] == {"app": f"{REPOSITORY}@{OLD}"}


def test_a_tag_that_means_what_the_revision_of_ecs_ran_needs_no_pin(scene: Scene) -> None:
    scene.ecs.tasks = []
    recorded(scene, OLD)
    made = planned(scene)
    assert check(made, "same code") == (CheckStatus.PASSED, "the tags mean what runs")
    assert made.facts["images"] is None


def test_what_nobody_knows_to_have_run_is_blocked(scene: Scene) -> None:
    scene.ecs.tasks = []
    (found,) = planned(scene).blocking
    assert (found.name, found.override) == ("same code", Override.REASON)
    assert found.detail == "which image ran is not known (app)"
    recorded(scene)
    assert [each.name for each in planned(scene).blocking] == ["same code"]


def test_what_ran_is_not_known_either_while_the_record_of_ecs_cannot_be_read(scene: Scene) -> None:
    scene.ecs.tasks = []
    recorded(scene, OLD)
    scene.ecs.failures.add("service_deployment", UpstreamError("AWS denied ecs:DescribeServiceDeployments."))
    assert check(planned(scene), "same code") == (
        CheckStatus.BLOCKING,
        "which image ran is not known (app): AWS denied ecs:DescribeServiceDeployments.",
    )


def test_a_tag_in_another_registry_cannot_be_compared(scene: Scene) -> None:
    runs(scene, a_definition("api", 8, "public.ecr.aws/nginx/nginx:1.27"))
    assert check(planned(scene), "same code") == (
        CheckStatus.UNKNOWN,
        "public.ecr.aws/nginx/nginx:1.27 is not in ECR and cannot be compared",
    )


def test_a_tag_in_another_registry_is_told_beside_those_that_mean_what_runs(scene: Scene) -> None:
    runs(scene, with_sidecar(a_definition("api", 8, f"{REPOSITORY}:v1")))
    assert check(planned(scene), "same code") == (
        CheckStatus.UNKNOWN,
        "envoyproxy/envoy:v1 is not in ECR and cannot be compared",
    )
    scene.ecs.add_image(REPOSITORY, NEW, "v1")
    status, detail = check(planned(scene), "same code")
    assert status is CheckStatus.WARNED
    assert detail.startswith("v1 means another image by now")
    assert detail.endswith("; envoyproxy/envoy:v1 is not in ECR and cannot be compared")


@pytest.mark.parametrize("call", ["image", "running_tasks"])
def test_what_could_not_be_looked_at_is_unknown_and_says_why(scene: Scene, call: str) -> None:
    scene.ecs.failures.add(call, UpstreamError("AWS does not allow this."))
    assert check(planned(scene), "same code") == (CheckStatus.UNKNOWN, "AWS does not allow this.")


def test_the_only_task_is_protected_from_an_outage(scene: Scene) -> None:
    alone = replace(scene.ecs.live[scene.api.key], desired=1, minimum_healthy_percent=0, maximum_percent=100)
    scene.ecs.live[scene.api.key] = alone
    assert [each.name for each in planned(scene).blocking] == ["outage"]
    scene.ecs.live[scene.api.key] = replace(alone, minimum_healthy_percent=100, maximum_percent=200)
    assert not planned(scene).blocking


@pytest.mark.parametrize(
    ("changes", "blocked"),
    [
        ({}, ["outage"]),
        ({"maximum_percent": 200}, []),
        ({"minimum_healthy_percent": 50}, []),
        ({"strategy": "BLUE_GREEN"}, []),
    ],
)
def test_several_tasks_that_may_all_be_stopped_at_once_are_an_outage(
    scene: Scene, changes: dict[str, Any], blocked: list[str]
) -> None:
    limits = {"desired": 3, "minimum_healthy_percent": 0, "maximum_percent": 100} | changes
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], **limits)
    assert [each.name for each in planned(scene).blocking] == blocked


def test_nothing_that_could_never_move_is_begun(scene: Scene) -> None:
    scene.ecs.stand_still(scene.api)
    assert [each.name for each in planned(scene).blocking] == ["room to roll"]


def test_during_a_deployment_it_is_blocked(scene: Scene) -> None:
    service = scene.ecs.live[scene.api.key]
    rolling = replace(service.deployments[0], rollout_state="IN_PROGRESS")
    scene.ecs.live[scene.api.key] = replace(service, deployments=(rolling,))
    assert [each.name for each in planned(scene).blocking] == ["deployments in flight"]


def test_zero_tasks_cannot_be_restarted(scene: Scene) -> None:
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], desired=0)
    with pytest.raises(ConflictError, match="has no tasks"):
        planned(scene)


@pytest.mark.parametrize(("name", "said"), [("jobs", "is a Lambda function"), ("web", "is a static site")])
def test_only_ecs_services_have_tasks(scene: Scene, name: str, said: str) -> None:
    with pytest.raises(ConflictError, match=said):
        planned(scene, service=name)


def test_it_is_carried_out_and_watched_and_nothing_soaks(scene: Scene) -> None:
    scene.type("ops", "restart api production")
    scene.press("confirm")
    scene.run(3)
    assert scene.ecs.writes == ["restart bi/production/api"]
    row_id = scene.operation()[0].id
    assert scene.state(row_id) == State.SETTLING
    scene.ecs.settle(scene.api, id="ecs-svc/again", created_at=scene.clock.now())
    scene.run(3)
    assert scene.state(row_id) == State.DONE


@pytest.mark.parametrize("call", ["restart_service"])
def test_a_lost_answer_restarts_once(scene: Scene, call: str) -> None:
    scene.ecs.lost_answers.add(call, UpstreamError("lost", retryable=True))
    scene.type("ops", "restart api production")
    scene.press("confirm")
    scene.run(5)
    assert scene.ecs.writes == ["restart bi/production/api"]


def test_a_pinned_restart_registers_and_updates(scene: Scene) -> None:
    scene.ecs.add_image(REPOSITORY, NEW, "v1")
    scene.type("ops", "restart api production")
    scene.press("confirm")
    scene.run(3)
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]
    assert scene.ecs.definitions["arn:aws:ecs:r:1:task-definition/api:8"].containers[0].image == f"{REPOSITORY}@{OLD}"


def test_one_task_is_named_by_the_beginning_of_its_id(scene: Scene) -> None:
    made = planned(scene, "task", "0f3a")
    assert (made.strategy, made.facts["task"]) == ("task", FIRST)
    assert check(made, "outage") == (CheckStatus.PASSED, "1 other tasks go on")


@pytest.mark.parametrize(("word", "said"), [("0f3", "2 tasks of"), ("beef", "No task of")])
def test_a_task_that_is_not_one_is_answered_with_those_that_run(scene: Scene, word: str, said: str) -> None:
    with pytest.raises(NotFoundError, match=f"{said} .*Running are: 0f3a0000, 0f3b0000"):
        planned(scene, "task", word)


def test_the_word_task_wants_an_id(scene: Scene) -> None:
    with pytest.raises(UsageError, match="which task"):
        target(RestartArgs(service="api", environment="production", only="task"), scene.catalog)


def test_a_protected_task_and_the_only_one_are_blocked(scene: Scene) -> None:
    scene.ecs.tasks = [a_task(FIRST, protected_until=scene.clock.now() + 600)]
    assert [each.name for each in planned(scene, "task", "0f3a").blocking] == ["protection", "outage"]


def test_a_task_is_stopped_and_another_takes_its_place(scene: Scene) -> None:
    scene.type("ops", "restart api production task 0f3a")
    scene.press("confirm")
    scene.run(3)
    assert scene.ecs.writes == [f"stop task {FIRST}"]
    row_id = scene.operation()[0].id
    scene.ecs.tasks = [a_task(SECOND)]
    scene.run(2)
    assert "Another task is starting" in texts(scene.card(row_id).message)
    scene.ecs.tasks = [a_task(SECOND), a_task("c" * 32)]
    scene.run(3)
    assert scene.state(row_id) == State.DONE
