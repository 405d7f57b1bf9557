"""What is looked at before ECS is told to change a service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import TargetHealth
from bot.command import CheckStatus, Override
from bot.errors import BotError, ConflictError, NotFoundError, UpstreamError
from bot.shipping_cloud import CodeDeployment, ScalableTarget, Scaling
from tests.bot.shipping.plans import change_service, check, planned, running
from tests.fake_aws import a_definition, a_deployment, a_record, a_service
from tests.fakes import NOON
from tests.scene import OLD, REPOSITORY, Scene


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


def test_every_check_passes_when_all_is_well(scene: Scene) -> None:
    assert {each.name: each.status for each in planned(scene).checks} == dict.fromkeys(
        (
            *("image", "architecture", "secrets", "roles", "log groups", "target groups", "deployments in flight"),
            *("active deployments", "alarms", "autoscaling", "rollout", "room to roll"),
        ),
        CheckStatus.PASSED,
    )


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


def test_records_that_cannot_be_read_leave_the_question_open(scene: Scene) -> None:
    change_service(scene, current_deployment="arn:x")
    scene.ecs.failures.add("service_deployment", UpstreamError("AWS refused ecs:DescribeServiceDeployments."))
    assert check(planned(scene), "deployments in flight") == (
        CheckStatus.UNKNOWN,
        "AWS refused ecs:DescribeServiceDeployments.",
    )
