"""Deployments that CloudWatch's alarms end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import Shop


def watched(rollback: bool = True) -> dict[str, Any]:
    return {"alarms": {"alarmNames": ["errors", "latency"], "enable": True, "rollback": rollback}}


@pytest.fixture
def turn(shop: Shop, client: Callable[..., Any]) -> Callable[[str], None]:
    """Set the alarm ``errors`` to a state."""
    del shop
    cloudwatch = client("cloudwatch")
    for name in ("errors", "latency"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Shop",
            MetricName=name,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=2,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
        )

    def set_state(state: str) -> None:
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="the test says so")

    set_state("OK")
    return set_state


def test_an_alarm_that_goes_off_rolls_the_deployment_back(
    shop: Shop, clock: Clock, turn: Callable[[str], None]
) -> None:
    old = shop.create(deploymentConfiguration=watched())
    clock.advance(300)
    shop.ship("v2")
    clock.advance(4)
    assert shop.history()[0]["alarms"]["status"] == "MONITORING"
    turn("ALARM")
    rollout = shop.history()[0]
    assert rollout["status"] == "ROLLBACK_IN_PROGRESS"
    assert rollout["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors", "latency"],
        "triggeredAlarmNames": ["errors"],
    }
    failed = next(each for each in shop.service()["deployments"] if each["rolloutState"] == "FAILED")
    assert "alarm" in failed["rolloutStateReason"]
    shop.until(lambda: shop.history()[0]["status"] == "ROLLBACK_SUCCESSFUL")
    assert shop.service()["taskDefinition"] == old
    assert "errors" in shop.history()[0]["statusReason"]


def test_the_deployment_goes_on_until_its_alarms_could_have_noticed(
    shop: Shop, clock: Clock, turn: Callable[[str], None]
) -> None:
    old = shop.create(deploymentConfiguration=watched())
    clock.advance(300)
    shop.ship("v2")
    shop.until(lambda: len(shop.service()["deployments"]) == 1)
    clock.advance(100)
    assert shop.history()[0]["lifecycleStage"] == "BAKE_TIME"
    assert shop.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    turn("ALARM")
    shop.until(lambda: shop.history()[0]["status"] == "ROLLBACK_SUCCESSFUL")
    assert {task["taskDefinitionArn"] for task in shop.tasks()} == {old}


def test_quiet_alarms_let_it_succeed(shop: Shop, clock: Clock, turn: Callable[[str], None]) -> None:
    shop.create(deploymentConfiguration=watched())
    shop.ship("v2")
    clock.advance(150)
    rollout = shop.history()[0]
    assert (rollout["status"], rollout["alarms"]["status"]) == ("SUCCESSFUL", "MONITORING_COMPLETE")
    turn("ALARM")
    clock.advance(10)
    assert shop.history()[0]["status"] == "SUCCESSFUL"


def test_alarms_that_are_red_at_the_start_are_ignored(shop: Shop, clock: Clock, turn: Callable[[str], None]) -> None:
    shop.create(deploymentConfiguration=watched())
    clock.advance(300)
    turn("ALARM")
    new = shop.ship("v2")
    assert shop.history()[0]["alarms"]["status"] == "DISABLED"
    clock.advance(30)
    assert shop.history()[0]["status"] == "SUCCESSFUL"
    assert shop.service()["taskDefinition"] == new


def test_an_alarm_may_stop_a_deployment_without_going_back(
    shop: Shop, clock: Clock, turn: Callable[[str], None]
) -> None:
    shop.create(deploymentConfiguration=watched(rollback=False))
    clock.advance(300)
    shop.ship("v2")
    clock.advance(2)
    turn("ALARM")
    clock.advance(60)
    assert shop.history()[0]["status"] == "STOPPED"
    assert shop.service()["deployments"][0]["rolloutState"] == "FAILED"


def test_an_alarm_during_the_bake_time_flips_the_traffic_back(
    shop: Shop, clock: Clock, turn: Callable[[str], None]
) -> None:
    shop.create(deploymentConfiguration=watched() | {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5})
    clock.advance(300)
    shop.ship("v2")
    shop.until(lambda: shop.history()[0].get("lifecycleStage") == "BAKE_TIME")
    turn("ALARM")
    assert shop.until(lambda: shop.history()[0]["status"] == "ROLLBACK_SUCCESSFUL") < 10
    assert shop.service()["runningCount"] == 2
