"""The ten ways a deployment goes that a deploy tool must tell apart, and how each is brought about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import ROLLS_BACK, Shop

ALARMS = {"alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True}}


def stopped(shop: Shop, definition: str) -> dict[str, Any]:
    """The first task of a definition that ended."""
    shop.until(lambda: [each for each in shop.tasks("STOPPED") if each["taskDefinitionArn"] == definition])
    return next(each for each in reversed(shop.tasks("STOPPED")) if each["taskDefinitionArn"] == definition)


def verdict(shop: Shop) -> str:
    return str(shop.history()[0]["status"])


@pytest.mark.parametrize(
    ("tag", "stop_code"),
    [
        ("v2-nopull", "TaskFailedToStart"),
        ("v2-crash", "EssentialContainerExited"),
        ("v2-oom", "EssentialContainerExited"),
        ("v2-unhealthy", "ServiceSchedulerInitiated"),
    ],
)
@pytest.mark.parametrize("breaker", [False, True])
def test_a_bad_image_a_crash_loop_no_memory_and_an_unhealthy_target(
    shop: Shop, clock: Clock, tag: str, stop_code: str, breaker: bool
) -> None:
    """Without a breaker ECS tries for ever and never says FAILED; with one it goes back."""
    shop.balance()
    shop.create(deploymentConfiguration=ROLLS_BACK if breaker else {})
    definition = shop.ship(tag)
    assert stopped(shop, definition)["stopCode"] == stop_code
    clock.advance(600)
    assert verdict(shop) == ("ROLLBACK_SUCCESSFUL" if breaker else "IN_PROGRESS")
    assert (shop.service()["taskDefinition"] == definition) is not breaker


def test_another_deployer_supersedes(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.ship("v2")
    clock.advance(3)
    ours = shop.service()["currentServiceDeployment"]
    shop.ship("v3")
    clock.advance(30)
    (rollout,) = shop.ecs.describe_service_deployments(serviceDeploymentArns=[ours])["serviceDeployments"]
    assert rollout["status"] == "STOPPED"
    assert "newer service deployment" in rollout["statusReason"]
    assert verdict(shop) == "SUCCESSFUL"


def test_no_room_for_the_tasks(shop: Shop, clock: Clock) -> None:
    shop.create(deploymentConfiguration=ROLLS_BACK)
    shop.ship("v2-stuck")
    clock.advance(600)
    assert verdict(shop) == "IN_PROGRESS"
    assert shop.service()["deployments"][0]["runningCount"] == 0
    assert "unable to place a task" in shop.messages()[-1]


def test_a_slow_start(shop: Shop, clock: Clock) -> None:
    shop.create(deploymentConfiguration=ROLLS_BACK)
    shop.ship("v2-slow")
    clock.advance(15)
    assert verdict(shop) == "IN_PROGRESS"
    clock.advance(45)
    assert verdict(shop) == "SUCCESSFUL"


def test_an_alarm_rolls_back(shop: Shop, clock: Clock, client: Callable[..., Any]) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="Shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    old = shop.create(deploymentConfiguration=ALARMS)
    clock.advance(120)
    shop.ship("v2")
    clock.advance(5)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="the test says so")
    shop.until(lambda: verdict(shop) == "ROLLBACK_SUCCESSFUL")
    assert shop.service()["taskDefinition"] == old


def test_the_service_is_deleted(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.ship("v2")
    clock.advance(3)
    arn = shop.service()["currentServiceDeployment"]
    shop.ecs.delete_service(cluster="shop", service="api", force=True)
    clock.advance(10)
    assert shop.service()["status"] == "INACTIVE"
    (rollout,) = shop.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    assert rollout["status"] == "STOPPED"


@pytest.mark.parametrize(
    ("configured", "failures"),
    [
        ({}, 3),
        ({"thresholdConfiguration": {"type": "COUNT", "value": 7}}, 7),
        ({"thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 50}}, 2),
        ({"thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 200}}, 8),
    ],
)
def test_the_breaker_counts_as_far_as_configured(shop: Shop, configured: dict[str, Any], failures: int) -> None:
    breaker = {"enable": True, "rollback": True} | configured
    shop.create(desired=4, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    shop.ship("v2-crash")
    shop.until(lambda: verdict(shop) == "ROLLBACK_SUCCESSFUL", 120)
    assert shop.history()[0]["deploymentCircuitBreaker"]["threshold"] == failures
    assert shop.history()[0]["deploymentCircuitBreaker"]["failureCount"] == failures
