"""The plan of a deployment: what it says, what it checks, and that it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import Container, TargetHealth, TaskDefinition
from bot.command import CheckStatus, Override, Plan
from bot.errors import BotError, ConflictError, NotFoundError, UpstreamError
from bot.shipping import images
from bot.shipping_cloud import CodeDeployment, ScalableTarget, Scaling
from commands.deploy import DeployArgs, plan, target, versions
from tests.fake_aws import a_definition, a_deployment, a_record, a_revision, a_service
from tests.fakes import NOON
from tests.scene import ALICE, HEALTH, NEW, OLD, REPOSITORY, Scene


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


def running(scene: Scene) -> TaskDefinition:
    return scene.ecs.definitions["arn:aws:ecs:r:1:task-definition/api:7"]


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
            *("image", "architecture", "secrets", "roles", "log groups", "target groups", "deployments in flight"),
            *("active deployments", "alarms", "autoscaling", "rollout", "room to roll"),
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
    theirs = a_definition("api", 8, f"{REPOSITORY}@{OLD}")
    scene.ecs.definitions[theirs.arn] = theirs
    old = a_deployment("x/api:7", status="ACTIVE")
    coming = a_deployment(theirs.arn, rollout_state="IN_PROGRESS", created_at=NOON - 40)
    scene.ecs.live[scene.api.key] = a_service("api", coming, old)
    assert check(planned(scene), "deployments in flight") == (
        CheckStatus.WARNED,
        "api:8, by role ci (build-7), is still rolling out since 40 s; this would supersede it",
    )


def test_a_deployment_that_only_bakes_is_in_flight_too(scene: Scene) -> None:
    baking = a_record(running(scene).arn, "IN_PROGRESS", stage="BAKE_TIME")
    scene.ecs.records = [baking]
    change_service(scene, current_deployment=baking.arn)
    assert check(planned(scene), "deployments in flight")[0] is CheckStatus.WARNED


def test_a_version_that_is_still_rolling_out_may_be_deployed_again(scene: Scene) -> None:
    service = scene.ecs.live[scene.api.key]
    rolling = replace(service.deployments[0], rollout_state="IN_PROGRESS")
    change_service(scene, deployments=(rolling,))
    assert planned(scene, "v1").changes_anything


def test_red_alarms_are_named(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    status, detail = check(planned(scene), "alarms")
    assert status is CheckStatus.WARNED
    assert detail == "api-errors is red already, so it cannot tell whether this makes things worse"


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


def test_a_configured_alarm_that_does_not_exist_is_told(scene: Scene) -> None:
    del scene.metrics.states["api-errors"]
    assert check(planned(scene), "alarms") == (CheckStatus.WARNED, "CloudWatch has no api-errors")


def test_an_alarm_that_is_red_already_makes_ecs_ignore_them_all(scene: Scene) -> None:
    change_service(scene, alarms=("cpu", "latency"), alarm_rollback=True)
    scene.metrics.states |= {"cpu": "OK", "latency": "OK"}
    assert check(planned(scene), "rollback alarms") == (CheckStatus.PASSED, "ECS rolls back on cpu, latency")
    scene.metrics.states["latency"] = "ALARM"
    assert check(planned(scene), "rollback alarms") == (
        CheckStatus.WARNED,
        "latency is red already, so ECS would not roll back on any of them",
    )


def test_a_controller_of_somebody_elses_program_is_refused_with_the_reason(scene: Scene) -> None:
    change_service(scene, controller="EXTERNAL")
    with pytest.raises(ConflictError, match="another program makes its task sets"):
        planned(scene)


def test_a_service_of_code_deploy_is_shipped_through_it(scene: Scene) -> None:
    change_service(scene, controller="CODE_DEPLOY")
    scene.code_deploy.groups[scene.api.key] = ("app", "blue")
    made = planned(scene)
    assert (made.strategy, made.facts["group"]) == ("code_deploy", ["app", "blue"])
    assert check(made, "deployments in flight") == (CheckStatus.PASSED, "none")


def test_code_deploy_runs_one_deployment_at_a_time(scene: Scene) -> None:
    change_service(scene, controller="CODE_DEPLOY")
    scene.code_deploy.groups[scene.api.key] = ("app", "blue")
    scene.code_deploy.deployments["d-1"] = CodeDeployment(
        *("d-1", "app", "blue", "InProgress", NOON - 60, 0.0), creator="user"
    )
    (found,) = [each for each in planned(scene).checks if each.name == "deployments in flight"]
    assert (found.status, found.override) == (CheckStatus.BLOCKING, Override.NEVER)
    assert "d-1" in found.detail


def test_a_missing_group_of_code_deploy_says_what_to_configure(scene: Scene) -> None:
    change_service(scene, controller="CODE_DEPLOY")
    with pytest.raises(NotFoundError, match="deployment group"):
        planned(scene)


def test_a_rollout_without_a_circuit_breaker_is_warned_of(scene: Scene) -> None:
    change_service(scene, breaker_enabled=False, breaker_rollback=False)
    assert check(planned(scene), "rollout") == (
        CheckStatus.WARNED,
        "rolling; no circuit breaker: a bad version is tried again and again",
    )


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


def test_a_daemon_has_no_room_to_want(scene: Scene) -> None:
    change_service(scene, scheduling="DAEMON", minimum_healthy_percent=100, maximum_percent=100)
    assert check(planned(scene), "room to roll")[0] is CheckStatus.PASSED


def test_blue_and_green_need_no_room(scene: Scene) -> None:
    change_service(scene, strategy="BLUE_GREEN", minimum_healthy_percent=100, maximum_percent=100)
    assert check(planned(scene), "room to roll")[0] is CheckStatus.PASSED


@pytest.mark.parametrize(
    ("many", "status"), [(3, CheckStatus.PASSED), (4, CheckStatus.WARNED), (5, CheckStatus.BLOCKING)]
)
def test_ecs_takes_five_deployments_at_most(scene: Scene, many: int, status: CheckStatus) -> None:
    primary = scene.ecs.live[scene.api.key].deployments[0]
    old = [a_deployment(f"x/api:{number}", status="ACTIVE") for number in range(1, many)]
    change_service(scene, deployments=(primary, *old))
    assert check(planned(scene), "active deployments")[0] is status


def test_the_bounds_of_auto_scaling_are_compared_with_the_tasks(scene: Scene) -> None:
    scene.scaling.known[scene.api.key] = Scaling(ScalableTarget(1, 4))
    assert check(planned(scene), "autoscaling") == (CheckStatus.PASSED, "2 tasks, between 1 and 4")
    scene.scaling.known[scene.api.key] = Scaling(ScalableTarget(3, 4))
    assert check(planned(scene), "autoscaling")[0] is CheckStatus.WARNED


def need(scene: Scene, **members: Any) -> None:
    """The running task definition has these members of its container, and two roles."""
    definition = running(scene)
    (container,) = definition.raw["containerDefinitions"]
    raw = {
        **definition.raw,
        "taskRoleArn": "arn:aws:iam::1:role/api",
        "executionRoleArn": "arn:aws:iam::1:role/starts",
        "containerDefinitions": [{**container, **members}],
    }
    scene.ecs.definitions[definition.arn] = replace(definition, raw=raw)


@pytest.mark.parametrize(
    ("absent", "name", "said"),
    [
        ("arn:aws:secretsmanager:r:1:secret:db-x1", "secrets", "db-x1 missing: tasks could not start"),
        ("/api/token", "secrets", "/api/token missing: tasks could not start"),
        ("arn:aws:iam::1:role/starts", "roles", "starts missing: tasks could not start"),
        ("/ecs/api", "log groups", "/ecs/api missing: tasks could not start"),
    ],
)
def test_what_a_task_needs_and_is_not_there_blocks(scene: Scene, absent: str, name: str, said: str) -> None:
    secrets = [
        {"name": "DB", "valueFrom": "arn:aws:secretsmanager:r:1:secret:db-x1"},
        {"name": "TOKEN", "valueFrom": "/api/token"},
    ]
    need(scene, secrets=secrets)
    assert not planned(scene).blocking
    scene.needs.absent = {absent}
    assert check(planned(scene), name) == (CheckStatus.BLOCKING, said)


def test_a_log_group_that_the_driver_makes_itself_is_not_looked_for(scene: Scene) -> None:
    options = {"awslogs-group": "/ecs/api", "awslogs-create-group": "true"}
    need(scene, logConfiguration={"logDriver": "awslogs", "options": options})
    scene.needs.absent = {"/ecs/api"}
    assert check(planned(scene), "log groups") == (CheckStatus.PASSED, "none needed")


def test_a_check_that_could_not_run_names_the_permission_it_lacked(scene: Scene) -> None:
    need(scene)
    scene.needs.failures.add("role", UpstreamError("AWS refused iam:GetRole."))
    made = planned(scene)
    assert check(made, "roles") == (CheckStatus.UNKNOWN, "AWS refused iam:GetRole.")
    assert not made.blocking


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (("healthy", "healthy"), CheckStatus.PASSED),
        (("healthy", "unhealthy"), CheckStatus.WARNED),
        (("initial",), CheckStatus.WARNED),
    ],
)
def test_the_load_balancer_is_asked_how_things_are_now(
    scene: Scene, states: tuple[str, ...], status: CheckStatus
) -> None:
    change_service(scene, target_groups=("tg",))
    scene.ecs.health = tuple(TargetHealth("tg", "i", 80, each, "", "Health checks failed") for each in states)
    assert check(planned(scene), "target groups")[0] is status


def test_the_card_tells_who_shipped_what_runs_and_what_differs(scene: Scene) -> None:
    assert planned(scene).details == (
        "Now: v1, for 2 h, shipped by role ci (build-7)",
        "Then: v2, pushed 1 h ago",
        "Differs from api:7: the image of app, and nothing else",
        f"Verified: 2 new tasks run, {HEALTH} answers 200, then api-down, api-errors stay quiet",
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


def test_the_newest_images_are_offered_with_their_age(scene: Scene) -> None:
    assert [each.label for each in versions(scene.api, scene.world)] == ["v1 · 1 h ago", "v2 · 1 h ago"]


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
