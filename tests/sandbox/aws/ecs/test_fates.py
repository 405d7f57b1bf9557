from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import GIVES_UP, ROLLS_BACK, Shop


def fail(shop: Shop, tag: str) -> dict[str, Any]:
    """Ship it, and wait for the first stopped task of it."""
    shop.balance()
    shop.create()
    definition = shop.ship(tag)
    mine: list[dict[str, Any]] = []

    def stopped() -> bool:
        mine[:] = [task for task in shop.tasks("STOPPED") if task["taskDefinitionArn"] == definition]
        return bool(mine)

    shop.until(stopped)
    shop.until(lambda: all(task["lastStatus"] == "STOPPED" for task in shop.tasks("STOPPED")))
    stopped()
    return mine[0]


def test_a_crashing_image_ends_with_exit_code_1(shop: Shop) -> None:
    task = fail(shop, "v2-crash")
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["containers"][0]["exitCode"] == 1
    ran = task["stoppedAt"] - task["startedAt"]
    assert 1 < ran.total_seconds() < 4
    assert any("Traceback" in line for line in shop.lines())


def test_an_image_that_eats_memory_is_killed(shop: Shop) -> None:
    container = fail(shop, "v2-oom")["containers"][0]
    assert (container["exitCode"], container["reason"]) == (
        137,
        "OutOfMemoryError: Container killed due to memory usage",
    )
    assert any("MemoryError" in line for line in shop.lines())


def test_an_image_that_cannot_be_pulled_never_runs(shop: Shop) -> None:
    task = fail(shop, "v2-nopull")
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
        "example.com/shop/api:v2-nopull"
    )
    assert task["stoppedReason"].endswith(": not found")
    assert "startedAt" not in task
    assert "exitCode" not in task["containers"][0]


def test_an_unhealthy_image_runs_until_the_load_balancer_has_had_enough(shop: Shop) -> None:
    task = fail(shop, "v2-unhealthy")
    assert task["stopCode"] == "ServiceSchedulerInitiated"
    assert task["stoppedReason"] == f"Task failed ELB health checks in (target-group {shop.target_group})"


def test_an_unhealthy_target_says_what_it_answered(shop: Shop) -> None:
    shop.balance()
    shop.create()
    shop.ship("v2-unhealthy")
    shop.until(lambda: "unhealthy" in shop.health())
    found = shop.elb.describe_target_health(TargetGroupArn=shop.target_group)["TargetHealthDescriptions"]
    (sick, *_) = [each["TargetHealth"] for each in found if each["TargetHealth"]["State"] == "unhealthy"]
    assert sick["Reason"] == "Target.ResponseCodeMismatch"
    assert sick["Description"] == "Health checks failed with these codes: [502]"


def test_a_slow_image_takes_four_times_as_long(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.ship("v2-slow")
    clock.advance(12)
    assert shop.service()["deployments"][0]["runningCount"] == 0
    assert shop.until(lambda: len(shop.service()["deployments"]) == 1) > 12
    assert shop.service()["deployments"][0]["failedTasks"] == 0


def test_a_stuck_image_is_never_placed(shop: Shop, clock: Clock) -> None:
    shop.create(deploymentConfiguration=ROLLS_BACK)
    shop.ship("v2-stuck")
    clock.advance(100)
    service = shop.service()
    assert (service["deployments"][0]["rolloutState"], service["runningCount"]) == ("IN_PROGRESS", 2)
    assert sum("was unable to place a task" in message for message in shop.messages()) == 4


def test_the_breaker_goes_back_to_what_was_completed(shop: Shop, clock: Clock) -> None:
    shop.balance()
    good = shop.create(deploymentConfiguration=ROLLS_BACK)
    kept = {task["taskArn"] for task in shop.tasks()}
    bad = shop.ship("v2-crash")
    failing = shop.service()["deployments"][0]["id"]
    shop.until(lambda: shop.service()["deployments"][0]["id"] != failing)
    primary, *others = shop.service()["deployments"]
    assert (primary["taskDefinition"], primary["rolloutState"]) == (good, "IN_PROGRESS")
    reason = f"ECS deployment circuit breaker: rolling back to deploymentId {primary['id']}."
    assert primary["rolloutStateReason"] == reason
    (failed,) = [each for each in others if each["id"] == failing]
    assert (failed["rolloutState"], failed["failedTasks"], failed["taskDefinition"]) == ("FAILED", 3, bad)
    assert failed["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert shop.history()[0]["status"] == "ROLLBACK_IN_PROGRESS"
    shop.until(lambda: len(shop.service()["deployments"]) == 1)
    service = shop.service()
    assert (service["taskDefinition"], service["deployments"][0]["rolloutState"]) == (good, "COMPLETED")
    assert {task["taskArn"] for task in shop.tasks()} == kept
    newest = shop.history()[0]
    assert newest["status"] == "ROLLBACK_SUCCESSFUL"
    assert "circuit breaker" in newest["statusReason"]
    assert newest["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    said = shop.messages()
    assert f"(service api) (deployment {failing}) deployment failed: tasks failed to start." in said
    assert f"(service api) rolling back to deployment {primary['id']}." in said


@pytest.mark.parametrize("tag", ["v2-oom", "v2-nopull", "v2-unhealthy"])
def test_the_breaker_acts_on_every_kind_of_failure(shop: Shop, tag: str) -> None:
    shop.balance()
    good = shop.create(deploymentConfiguration=ROLLS_BACK)
    shop.ship(tag)
    shop.until(lambda: shop.history()[0]["status"] == "ROLLBACK_SUCCESSFUL", 120)
    assert shop.service()["taskDefinition"] == good
    assert shop.health() == ["healthy", "healthy"]


def test_a_breaker_that_may_not_go_back_gives_up(shop: Shop, clock: Clock) -> None:
    shop.create(deploymentConfiguration=GIVES_UP)
    shop.ship("v2-crash")
    shop.until(lambda: shop.service()["deployments"][0]["rolloutState"] == "FAILED")
    clock.advance(60)
    primary, old = shop.service()["deployments"]
    assert (primary["runningCount"], primary["pendingCount"], old["runningCount"]) == (0, 0, 2)
    assert shop.history()[0]["status"] == "STOPPED"


def test_without_a_breaker_it_is_tried_again_and_again_but_ever_more_slowly(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.ship("v2-crash")
    clock.advance(3600)
    primary = shop.service()["deployments"][0]
    assert primary["rolloutState"] == "IN_PROGRESS"
    assert 20 < primary["failedTasks"] < 200
    assert any("is unable to consistently start tasks successfully" in message for message in shop.messages())
    assert shop.service()["runningCount"] == 2


def test_the_first_deployment_of_a_service_has_nothing_to_go_back_to(shop: Shop, clock: Clock) -> None:
    shop.create("v1-crash", deploymentConfiguration=ROLLS_BACK)
    clock.advance(60)
    (only,) = shop.service()["deployments"]
    assert (only["rolloutState"], only["failedTasks"]) == ("FAILED", 3)


def test_a_pinned_image_has_the_fate_of_its_newest_tag(shop: Shop) -> None:
    shop.ecr.create_repository(repositoryName="api")
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"})
    for tag in ("v2", "v2-oom"):
        pushed = shop.ecr.put_image(repositoryName="api", imageTag=tag, imageManifest=manifest)["image"]
    digest = pushed["imageId"]["imageDigest"]
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/api@{digest}"
    task = fail(shop, image)
    assert task["containers"][0]["exitCode"] == 137
    assert task["containers"][0]["imageDigest"] == digest


def test_a_container_says_its_own_last_words(shop: Shop) -> None:
    shop.create()
    shop.ship("v2-crash", environment=[{"name": "SANDBOX_LOG", "value": "Kernel panic: no more coffee"}])
    shop.until(lambda: "Kernel panic: no more coffee" in shop.lines())
    task = next(task for task in shop.tasks("STOPPED"))
    stream = f"ecs/api/{task['taskArn'].rpartition('/')[2]}"
    found = shop.logs.get_log_events(logGroupName="/ecs/shop", logStreamName=stream)["events"]
    assert found[-1]["message"] == "Kernel panic: no more coffee"
    assert "Started server process" in found[0]["message"]


def test_a_log_read_finds_what_was_written_meanwhile(shop: Shop, clock: Clock) -> None:
    shop.create()
    before = len(shop.lines())
    shop.ship("v2-crash")
    clock.advance(20)
    assert len(shop.lines()) > before


def test_a_tick_lets_tasks_live_on(shop: Shop, clock: Clock, aws: AwsServer) -> None:
    shop.create()
    shop.ship("v2-crash")
    clock.advance(20)
    aws.tick()
    assert any("Traceback" in line for line in shop.lines())
