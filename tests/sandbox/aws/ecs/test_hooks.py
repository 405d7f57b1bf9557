"""Rollouts that wait for somebody: PAUSE hooks, and Lambda hooks that pass by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import Shop

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:check"


def pausing(*stages: str, strategy: str = "BLUE_GREEN", **timeout: Any) -> dict[str, Any]:
    hook: dict[str, Any] = {"targetType": "PAUSE", "lifecycleStages": list(stages)}
    if timeout:
        hook["timeoutConfiguration"] = timeout
    return {"strategy": strategy, "lifecycleHooks": [hook]}


def waiting(shop: Shop) -> dict[str, Any] | None:
    """The hook at which the newest rollout waits."""
    hooks = shop.history()[0].get("lifecycleHookDetails", [])
    return next((dict(each) for each in hooks if each["status"] == "AWAITING_ACTION"), None)


def status(shop: Shop) -> str:
    return str(shop.history()[0]["status"])


def go_on(shop: Shop, hook: str, action: str = "CONTINUE") -> None:
    arn = shop.service()["currentServiceDeployment"]
    answer = shop.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook, action=action)
    assert answer["serviceDeploymentArn"] == arn


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_a_rollout_waits_at_its_hook_until_somebody_lets_it_go_on(shop: Shop, clock: Clock) -> None:
    shop.create(deploymentConfiguration=pausing("POST_TEST_TRAFFIC_SHIFT", timeoutInMinutes=10, action="ROLLBACK"))
    new = shop.ship("v2")
    shop.until(lambda: waiting(shop))
    hook = waiting(shop)
    assert hook is not None
    assert (hook["targetType"], hook["timeoutAction"]) == ("PAUSE", "ROLLBACK")
    assert hook["hookId"].startswith("ecs-pause-")
    assert timedelta(minutes=9) < hook["expiresAt"] - clock.datetime() <= timedelta(minutes=10)
    assert shop.history()[0]["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    clock.advance(300)
    assert waiting(shop) == hook
    go_on(shop, hook["hookId"])
    shop.until(lambda: status(shop) == "SUCCESSFUL")
    assert shop.service()["taskDefinition"] == new


def test_a_rollout_that_waits_can_be_sent_back(shop: Shop) -> None:
    old = shop.create(deploymentConfiguration=pausing("PRE_PRODUCTION_TRAFFIC_SHIFT"))
    shop.ship("v2")
    shop.until(lambda: waiting(shop))
    go_on(shop, (waiting(shop) or {})["hookId"], "ROLLBACK")
    assert status(shop) == "ROLLBACK_IN_PROGRESS"
    shop.until(lambda: status(shop) == "ROLLBACK_SUCCESSFUL")
    assert shop.service()["taskDefinition"] == old


def test_a_rollout_that_waits_can_be_stopped(shop: Shop) -> None:
    shop.create(deploymentConfiguration=pausing("POST_SCALE_UP"))
    shop.ship("v2")
    shop.until(lambda: waiting(shop))
    hook = (waiting(shop) or {})["hookId"]
    shop.ecs.stop_service_deployment(serviceDeploymentArn=shop.service()["currentServiceDeployment"])
    assert waiting(shop) is None
    assert refused(lambda: go_on(shop, hook)) == "InvalidParameterException"
    shop.until(lambda: status(shop) == "ROLLBACK_SUCCESSFUL")


@pytest.mark.parametrize(("action", "end"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")])
def test_nobody_answered_in_time(shop: Shop, clock: Clock, action: str, end: str) -> None:
    shop.create(deploymentConfiguration=pausing("POST_SCALE_UP", timeoutInMinutes=5, action=action))
    shop.ship("v2")
    shop.until(lambda: waiting(shop))
    clock.advance(299)
    assert status(shop) == "IN_PROGRESS"
    clock.advance(2)
    assert waiting(shop) is None
    shop.until(lambda: status(shop) == end)


def test_without_a_timeout_a_day_passes_and_it_is_rolled_back(shop: Shop, clock: Clock) -> None:
    shop.create(deploymentConfiguration=pausing("POST_SCALE_UP"))
    shop.ship("v2")
    shop.until(lambda: waiting(shop))
    clock.advance(86_000)
    assert waiting(shop)
    clock.advance(500)
    assert status(shop) == "ROLLBACK_SUCCESSFUL"
    assert "hook timed out" in shop.history()[0]["statusReason"]


def test_a_canary_asks_before_every_step_with_a_new_id(shop: Shop) -> None:
    canary = {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 1}
    configured = pausing("PRE_PRODUCTION_TRAFFIC_SHIFT", strategy="CANARY") | {"canaryConfiguration": canary}
    shop.create(deploymentConfiguration=configured)
    shop.ship("v2")
    shop.until(lambda: waiting(shop))
    first = (waiting(shop) or {})["hookId"]
    go_on(shop, first)
    shop.until(lambda: waiting(shop), 120)
    second = (waiting(shop) or {})["hookId"]
    assert first != second
    target = shop.history()[0]["targetServiceRevision"]
    assert target["requestedProductionTrafficWeight"] == 10.0
    assert refused(lambda: go_on(shop, first)) == "InvalidParameterException"
    go_on(shop, second)
    shop.until(lambda: status(shop) == "SUCCESSFUL")


@pytest.mark.parametrize(("stage", "new_tasks"), [("PRE_SCALE_UP", 0), ("POST_SCALE_UP", 2)])
def test_a_rolling_deployment_waits_as_well(shop: Shop, clock: Clock, stage: str, new_tasks: int) -> None:
    shop.create(deploymentConfiguration=pausing(stage, strategy="ROLLING"))
    new = shop.ship("v2")
    shop.until(lambda: waiting(shop))
    clock.advance(60)
    assert shop.service()["deployments"][0]["runningCount"] == new_tasks
    assert shop.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    go_on(shop, (waiting(shop) or {})["hookId"])
    shop.until(lambda: status(shop) == "SUCCESSFUL")
    assert {task["taskDefinitionArn"] for task in shop.tasks()} == {new}


def test_a_lambda_hook_passes_by_itself(shop: Shop) -> None:
    hook = {"targetType": "AWS_LAMBDA", "hookTargetArn": LAMBDA, "lifecycleStages": ["POST_SCALE_UP"]}
    shop.create(deploymentConfiguration={"strategy": "BLUE_GREEN", "lifecycleHooks": [hook]})
    shop.ship("v2")
    shop.until(lambda: shop.history()[0].get("lifecycleHookDetails"))
    (shown,) = shop.history()[0]["lifecycleHookDetails"]
    assert (shown["targetArn"], shown["status"]) == (LAMBDA, "IN_PROGRESS")
    shop.until(lambda: status(shop) == "SUCCESSFUL")


def test_unknown_hooks_and_rollouts_are_refused(shop: Shop) -> None:
    shop.create(deploymentConfiguration=pausing("POST_SCALE_UP"))
    shop.ship("v2")
    shop.until(lambda: waiting(shop))
    hook = (waiting(shop) or {})["hookId"]
    assert refused(lambda: go_on(shop, "ecs-pause-nothing")) == "InvalidParameterException"
    arn = shop.service()["currentServiceDeployment"] + "0"
    ask = shop.ecs.continue_service_deployment
    assert refused(lambda: ask(serviceDeploymentArn=arn, hookId=hook, action="CONTINUE")) == (
        "ServiceDeploymentNotFoundException"
    )
    go_on(shop, hook)
    assert refused(lambda: go_on(shop, hook)) == "InvalidParameterException"


@pytest.mark.parametrize("stage", ["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"])
def test_nobody_may_pause_while_traffic_moves(shop: Shop, stage: str) -> None:
    assert refused(lambda: shop.create(deploymentConfiguration=pausing(stage))) == "InvalidParameterException"


def test_nobody_may_pause_for_longer_than_a_fortnight(shop: Shop) -> None:
    configured = pausing("POST_SCALE_UP", timeoutInMinutes=20_161)
    assert refused(lambda: shop.create(deploymentConfiguration=configured)) == "InvalidParameterException"
