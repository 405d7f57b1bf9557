"""Blue/green, linear and canary deployments of ECS's own: stages, traffic, bake time, going back."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import ROLLS_BACK, Shop

BLUE_GREEN: dict[str, Any] = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 2}
STAGES = [
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
]


def newest(shop: Shop) -> dict[str, Any]:
    return shop.history()[0]


def at_stage(shop: Shop, stage: str, seconds: float = 60) -> dict[str, Any]:
    shop.until(lambda: newest(shop).get("lifecycleStage") == stage, seconds)
    return newest(shop)


def traffic(rollout: dict[str, Any]) -> tuple[float, float]:
    """Percent of production traffic on the old revision and on the new one."""
    old, new = rollout["sourceServiceRevisions"][0], rollout["targetServiceRevision"]
    return old["requestedProductionTrafficWeight"], new["requestedProductionTrafficWeight"]


def weights_seen(shop: Shop, seconds: float) -> list[float]:
    seen: list[float] = []

    def ended() -> bool:
        rollout = newest(shop)
        weight = rollout["targetServiceRevision"]["requestedProductionTrafficWeight"]
        if weight not in seen:
            seen.append(weight)
        return str(rollout["status"]) == "SUCCESSFUL"

    shop.until(ended, seconds)
    return seen


def test_blue_green_goes_through_its_stages_and_keeps_the_old_tasks_until_the_end(shop: Shop) -> None:
    old = shop.create(deploymentConfiguration=BLUE_GREEN)
    new = shop.ship("v2")
    seen: list[str] = []

    def ended() -> bool:
        rollout = newest(shop)
        stage = rollout.get("lifecycleStage")
        if stage and stage not in seen:
            seen.append(stage)
        if stage not in ("CLEAN_UP", None):
            (source,) = rollout["sourceServiceRevisions"]
            assert (source["runningTaskCount"], source["requestedTaskCount"]) == (2, 2)
            assert shop.service()["deployments"][1]["taskDefinition"] == old
        return str(rollout["status"]) == "SUCCESSFUL"

    shop.until(ended, 200)
    assert seen == STAGES
    service = shop.service()
    assert [each["taskDefinition"] for each in service["deployments"]] == [new]
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert newest(shop)["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    assert "lifecycleStage" not in newest(shop)


def test_traffic_moves_all_at_once_after_the_test_traffic(shop: Shop) -> None:
    shop.create(deploymentConfiguration=BLUE_GREEN)
    shop.ship("v2")
    assert traffic(newest(shop)) == (100.0, 0.0)
    rollout = at_stage(shop, "POST_TEST_TRAFFIC_SHIFT")
    assert rollout["targetServiceRevision"]["requestedTestTrafficWeight"] == 100.0
    assert traffic(rollout) == (100.0, 0.0)
    assert traffic(at_stage(shop, "BAKE_TIME")) == (0.0, 100.0)


def test_while_it_bakes_both_run_for_as_long_as_configured_and_stopping_goes_back_fast(
    shop: Shop, clock: Clock
) -> None:
    old = shop.create(deploymentConfiguration=BLUE_GREEN)
    before = {task["taskArn"] for task in shop.tasks()}
    shop.ship("v2")
    at_stage(shop, "BAKE_TIME")
    clock.advance(110)
    assert newest(shop)["lifecycleStage"] == "BAKE_TIME"
    assert shop.service()["runningCount"] == 4
    shop.ecs.stop_service_deployment(serviceDeploymentArn=newest(shop)["serviceDeploymentArn"])
    assert newest(shop)["status"] == "ROLLBACK_IN_PROGRESS"
    assert shop.until(lambda: traffic(newest(shop)) == (100.0, 0.0)) <= 1
    assert shop.until(lambda: newest(shop)["status"] == "ROLLBACK_SUCCESSFUL") <= 10
    assert shop.service()["taskDefinition"] == old
    assert {task["taskArn"] for task in shop.tasks()} == before


def test_canary_sends_a_little_first_and_all_after_the_wait(shop: Shop, clock: Clock) -> None:
    canary = {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 3}
    shop.create(deploymentConfiguration={"strategy": "CANARY", "canaryConfiguration": canary, "bakeTimeInMinutes": 0})
    shop.ship("v2")
    shop.until(lambda: traffic(newest(shop)) == (80.0, 20.0))
    clock.advance(170)
    assert traffic(newest(shop)) == (80.0, 20.0)
    assert weights_seen(shop, 60) == [20.0, 100.0]


def test_linear_sends_more_step_by_step(shop: Shop) -> None:
    linear = {"stepPercent": 40.0, "stepBakeTimeInMinutes": 1}
    shop.create(deploymentConfiguration={"strategy": "LINEAR", "linearConfiguration": linear, "bakeTimeInMinutes": 0})
    shop.ship("v2")
    assert weights_seen(shop, 200) == [0.0, 40.0, 80.0, 100.0]


@pytest.mark.parametrize("tag", ["v2-crash", "v2-oom", "v2-nopull", "v2-unhealthy"])
def test_a_bad_image_never_gets_traffic_and_is_rolled_back_by_the_breaker(shop: Shop, tag: str) -> None:
    shop.balance()
    old = shop.create(deploymentConfiguration=BLUE_GREEN | ROLLS_BACK)
    shop.ship(tag)
    weights = set()

    def ended() -> bool:
        rollout = newest(shop)
        weights.add(rollout["targetServiceRevision"]["requestedProductionTrafficWeight"])
        return str(rollout["status"]) == "ROLLBACK_SUCCESSFUL"

    shop.until(ended, 120)
    assert weights == {0.0}
    assert shop.service()["taskDefinition"] == old
    assert shop.service()["runningCount"] == 2


def test_the_colours_take_turns_with_the_two_target_groups(shop: Shop) -> None:
    blue = shop.balance()
    green = shop.pair()
    balancer = {
        "targetGroupArn": blue,
        "containerName": "api",
        "containerPort": 8000,
        "advancedConfiguration": {"alternateTargetGroupArn": green},
    }
    shop.create(deploymentConfiguration={"strategy": "BLUE_GREEN"}, loadBalancers=[balancer])
    assert (shop.health(blue), shop.health(green)) == (["healthy"] * 2, [])
    for full, empty in ((green, blue), (blue, green)):
        shop.ship("v2")
        shop.until(lambda: newest(shop)["status"] == "SUCCESSFUL")
        assert (shop.health(full), shop.health(empty)) == (["healthy"] * 2, [])


def test_a_deployment_on_top_of_another_is_reconciled_first(shop: Shop) -> None:
    old = shop.create(deploymentConfiguration=BLUE_GREEN)
    middle = shop.ship("v2")
    at_stage(shop, "POST_SCALE_UP")
    new = shop.ship("v3")
    assert [each["status"] for each in shop.history()[:2]] == ["IN_PROGRESS", "STOPPED"]
    assert newest(shop)["lifecycleStage"] == "RECONCILE_SERVICE"
    at_stage(shop, "SCALE_UP")
    alive = {task["taskDefinitionArn"] for task in shop.tasks()}
    assert (old in alive, middle in alive) == (True, False)
    shop.until(lambda: newest(shop)["status"] == "SUCCESSFUL", 200)
    assert {task["taskDefinitionArn"] for task in shop.tasks()} == {new}


def test_an_old_task_that_dies_meanwhile_is_replaced(shop: Shop, clock: Clock) -> None:
    old = shop.create(deploymentConfiguration=BLUE_GREEN)
    shop.ship("v2")
    at_stage(shop, "BAKE_TIME")
    victim = next(task["taskArn"] for task in shop.tasks() if task["taskDefinitionArn"] == old)
    shop.ecs.stop_task(cluster="shop", task=victim)
    clock.advance(15)
    assert [task["taskDefinitionArn"] for task in shop.tasks()].count(old) == 2


def test_the_first_deployment_has_nothing_to_shift_from(shop: Shop) -> None:
    shop.create(deploymentConfiguration=BLUE_GREEN)
    assert newest(shop)["status"] == "SUCCESSFUL"


def test_an_ended_rollout_cannot_be_stopped(shop: Shop) -> None:
    shop.create(deploymentConfiguration=BLUE_GREEN)
    with pytest.raises(ClientError) as error:
        shop.ecs.stop_service_deployment(serviceDeploymentArn=newest(shop)["serviceDeploymentArn"])
    assert error.value.response["Error"]["Code"] == "ConflictException"
