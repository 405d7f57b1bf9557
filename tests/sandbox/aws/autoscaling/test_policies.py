"""Policies undo what a person did, as soon as one of their alarms goes off."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws.autoscaling.scaled import WHERE, Scaled


def test_a_tracking_policy_makes_alarms_above_and_below_its_target(scaled: Scaled) -> None:
    scaled.register(1, 6)
    names = scaled.track()
    found = {alarm["AlarmName"]: alarm for alarm in scaled.cloudwatch.describe_alarms()["MetricAlarms"]}
    high, low = found[names["High"]], found[names["Low"]]
    assert (high["Threshold"], high["ComparisonOperator"]) == (60.0, "GreaterThanThreshold")
    assert (low["Threshold"], low["ComparisonOperator"]) == (54.0, "LessThanThreshold")
    dimensions = {each["Name"]: each["Value"] for each in high["Dimensions"]}
    assert (high["MetricName"], dimensions) == ("CPUUtilization", {"ClusterName": "shop", "ServiceName": "api"})


def test_a_policy_that_is_changed_keeps_its_arn_and_alarms(scaled: Scaled) -> None:
    scaled.register(1, 6)
    names = scaled.track()
    (before,) = scaled.api.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert scaled.track(TargetValue=40.0) == names
    (after,) = scaled.api.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["cpu"])["ScalingPolicies"]
    assert after["PolicyARN"] == before["PolicyARN"]
    assert after["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 40.0
    assert scaled.cloudwatch.describe_alarms(AlarmNames=[names["High"]])["MetricAlarms"][0]["Threshold"] == 40.0
    assert scaled.track(DisableScaleIn=True).keys() == {"High"}
    assert len(scaled.cloudwatch.describe_alarms()["MetricAlarms"]) == 1


def test_a_busy_service_is_scaled_out_by_how_busy_it_is(scaled: Scaled) -> None:
    scaled.register(1, 6)
    names = scaled.track()
    scaled.use(90.0, minutes=4)
    assert scaled.desired() == 3
    (activity,) = scaled.activities()
    assert activity["Description"] == "Setting desired count to 3."
    assert activity["Cause"] == f"monitor alarm {names['High']} in state ALARM triggered policy cpu"
    assert activity["StatusCode"] == "Successful"


def test_a_number_set_by_hand_is_undone_while_the_service_is_idle(scaled: Scaled) -> None:
    scaled.register(2, 6)
    scaled.track()
    scaled.use(28.0, minutes=16)
    scaled.shop.update(desiredCount=5)
    assert scaled.desired() == 5
    seen = []
    for _ in range(6):
        scaled.use(28.0)
        seen.append(scaled.desired())
    # 5 × 28 / 60 within a minute, and no more until the cooldown of five minutes is over.
    assert seen == [3, 3, 3, 3, 3, 2]


def test_an_alarm_that_is_set_by_hand_scales_too_and_again_after_each_cooldown(scaled: Scaled) -> None:
    scaled.register(1, 6)
    names = scaled.track(ScaleOutCooldown=60)
    scaled.fire(names["High"])
    seen = []
    for _ in range(4):
        scaled.pass_seconds(30)
        seen.append(scaled.desired())
    assert seen == [3, 3, 4, 4]


@pytest.mark.parametrize(
    ("by_hand", "side", "expected"), [(9, "Low", 6), (0, "High", 2), (9, "High", 9), (0, "Low", 0)]
)
def test_a_number_outside_the_bounds_stays_until_an_alarm_brings_it_back(
    scaled: Scaled, by_hand: int, side: str, expected: int
) -> None:
    scaled.register(2, 6)
    names = scaled.track()
    scaled.shop.update(desiredCount=by_hand)
    scaled.pass_seconds(60)
    assert scaled.desired() == by_hand
    scaled.fire(names[side])
    scaled.pass_seconds(1)
    assert scaled.desired() == expected


@pytest.mark.parametrize(
    ("switch", "side", "expected"),
    [
        ("DynamicScalingInSuspended", "Low", 4),
        ("DynamicScalingInSuspended", "High", 5),
        ("DynamicScalingOutSuspended", "High", 4),
        ("DynamicScalingOutSuspended", "Low", 3),
    ],
)
def test_what_is_suspended_does_not_scale(scaled: Scaled, switch: str, side: str, expected: int) -> None:
    scaled.register(1, 9, SuspendedState={switch: True})
    scaled.shop.update(desiredCount=4)
    scaled.fire(scaled.track()[side])
    scaled.pass_seconds(1)
    assert scaled.desired() == expected


def test_nothing_is_scaled_in_while_a_deployment_runs(scaled: Scaled) -> None:
    scaled.register(1, 6)
    names = scaled.track()
    scaled.shop.ship("v2-slow")
    scaled.fire(names["Low"])
    scaled.pass_seconds(1)
    assert scaled.desired() == 2
    (idle,) = scaled.activities(IncludeNotScaledActivities=True)
    assert idle["NotScaledReasons"] == [{"Code": "TargetServicePutResourceAsUnscalable", "CurrentCapacity": 2}]


def test_why_nothing_was_scaled_is_told_once_and_only_when_asked_for(scaled: Scaled) -> None:
    scaled.register(1, 2)
    scaled.fire(scaled.track()["High"])
    for _ in range(3):
        scaled.pass_seconds(60)
    assert scaled.activities() == []
    (idle,) = scaled.activities(IncludeNotScaledActivities=True)
    assert idle["StatusCode"] == "Failed"
    reason = {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2, "CurrentCapacity": 2}
    assert idle["NotScaledReasons"] == [reason]


SMALL = {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 50.0, "ScalingAdjustment": 1}
LARGE = {"MetricIntervalLowerBound": 50.0, "ScalingAdjustment": 3}


@pytest.mark.parametrize(
    ("backlog", "kind", "steps", "expected"),
    [
        (120.0, "ChangeInCapacity", [SMALL, LARGE], 3),
        (150.0, "ChangeInCapacity", [SMALL, LARGE], 5),
        (120.0, "ExactCapacity", [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 6}], 6),
        (120.0, "PercentChangeInCapacity", [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 100}], 4),
        (120.0, "ChangeInCapacity", [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": -1}], 1),
    ],
)
def test_steps_are_chosen_by_how_far_the_alarm_is_breached(
    scaled: Scaled, backlog: float, kind: str, steps: list[dict[str, Any]], expected: int
) -> None:
    scaled.register(1, 8)
    arn = scaled.step(*steps, kind=kind)
    (policy,) = scaled.api.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert (policy["PolicyARN"], [each["AlarmName"] for each in policy["Alarms"]]) == (arn, ["busy"])
    scaled.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Backlog", "Value": backlog}])
    scaled.pass_seconds(61)
    assert scaled.desired() == expected


def test_an_alarm_of_a_step_policy_that_is_set_by_hand_takes_the_step_at_the_threshold(scaled: Scaled) -> None:
    scaled.register(1, 8)
    scaled.step(SMALL, LARGE)
    scaled.fire("busy")
    scaled.pass_seconds(1)
    assert scaled.desired() == 3


def test_a_policy_that_is_deleted_takes_its_alarms_along(scaled: Scaled) -> None:
    scaled.register(1, 6)
    scaled.track()
    scaled.api.delete_scaling_policy(PolicyName="cpu", **WHERE)
    assert scaled.cloudwatch.describe_alarms()["MetricAlarms"] == []
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaled.api.delete_scaling_policy(PolicyName="cpu", **WHERE)


def test_lists_come_in_pages(scaled: Scaled) -> None:
    scaled.register(1, 9)
    for number in (3, 4, 5):
        scaled.register(number, 9)
    first = scaled.api.describe_scaling_activities(**WHERE, MaxResults=2)
    second = scaled.api.describe_scaling_activities(**WHERE, MaxResults=2, NextToken=first["NextToken"])
    causes = [each["Cause"] for answer in (first, second) for each in answer["ScalingActivities"]]
    assert causes == [f"minimum capacity was set to {number}" for number in (5, 4, 3)]
    assert "NextToken" not in second


def test_a_muted_alarm_does_not_scale_either(scaled: Scaled) -> None:
    scaled.register(1, 6)
    names = scaled.track()
    now = scaled.aws.clock.datetime()
    scaled.cloudwatch.put_alarm_mute_rule(
        Name="quiet",
        Rule={"Schedule": {"Expression": f"at({now:%Y-%m-%dT%H:%M})", "Duration": "PT1H"}},
        MuteTargets={"AlarmNames": [names["High"]]},
    )
    scaled.use(90.0, minutes=4)
    assert scaled.cloudwatch.describe_alarms(AlarmNames=[names["High"]])["MetricAlarms"][0]["StateValue"] == "ALARM"
    assert (scaled.desired(), scaled.activities()) == (2, [])
    scaled.cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")
    scaled.use(90.0)
    assert scaled.desired() == 3
