"""Registering a scalable target: bounds hold at once, what is not said stays."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws.autoscaling.scaled import CPU, WHERE, Scaled

OFF = {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False}


@pytest.mark.parametrize(
    ("bounds", "desired", "cause"),
    [
        ((4, 6), 4, ["minimum capacity was set to 4"]),
        ((0, 1), 1, ["maximum capacity was set to 1"]),
        ((1, 9), 2, []),
    ],
)
def test_the_present_number_moves_inside_new_bounds_at_once(
    scaled: Scaled, bounds: tuple[int, int], desired: int, cause: list[str]
) -> None:
    scaled.register(*bounds)
    assert scaled.bounds() == bounds
    assert scaled.desired() == desired
    assert [each["Cause"] for each in scaled.activities()] == cause


def test_tasks_follow_the_new_number(scaled: Scaled) -> None:
    scaled.register(4, 6)
    scaled.shop.until(lambda: scaled.shop.service()["runningCount"] == 4)
    assert len(scaled.shop.service()["deployments"]) == 1


def test_bounds_that_are_set_again_move_nothing(scaled: Scaled) -> None:
    scaled.register(1, 4)
    scaled.shop.update(desiredCount=9)
    scaled.register(1, 4)
    assert scaled.desired() == 9


def test_what_is_not_said_stays(scaled: Scaled) -> None:
    scaled.register(1, 4, SuspendedState={"DynamicScalingInSuspended": True})
    scaled.register(maximum=8)
    assert scaled.bounds() == (1, 8)
    assert scaled.target()["SuspendedState"] == OFF | {"DynamicScalingInSuspended": True}


def test_a_switch_that_is_left_out_of_the_state_is_off(scaled: Scaled) -> None:
    scaled.register(1, 4, SuspendedState={"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": True})
    scaled.register(SuspendedState={"DynamicScalingOutSuspended": True})
    assert scaled.target()["SuspendedState"] == OFF | {"DynamicScalingOutSuspended": True}
    assert scaled.bounds() == (1, 4)


@pytest.mark.parametrize(
    ("resource", "bounds"),
    [
        ("service/shop/api", {"MinCapacity": 1}),
        ("service/shop/api", {"MinCapacity": 5, "MaxCapacity": 4}),
        ("service/shop/web", {"MinCapacity": 1, "MaxCapacity": 4}),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(scaled: Scaled, resource: str, bounds: dict[str, int]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        scaled.api.register_scalable_target(**WHERE | {"ResourceId": resource}, **bounds)
    assert scaled.api.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []


def test_a_policy_or_a_schedule_needs_a_target(scaled: Scaled) -> None:
    tracking = {"TargetValue": 60.0, "PredefinedMetricSpecification": CPU}
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaled.api.put_scaling_policy(
            PolicyName="p",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracking,
            **WHERE,
        )
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaled.api.put_scheduled_action(ScheduledActionName="a", Schedule="rate(1 hour)", **WHERE)


def test_a_target_that_goes_takes_everything_with_it(scaled: Scaled) -> None:
    scaled.register(1, 4)
    scaled.track()
    scaled.api.put_scheduled_action(ScheduledActionName="a", Schedule="rate(1 hour)", **WHERE)
    scaled.api.deregister_scalable_target(**WHERE)
    assert scaled.api.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    assert scaled.api.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"] == []
    assert scaled.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_other_services_are_still_scaled_by_moto(scaled: Scaled) -> None:
    where = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/t",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    scaled.api.register_scalable_target(**where, MinCapacity=1, MaxCapacity=2)
    (found,) = scaled.api.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert found["ResourceId"] == "table/t"
    assert scaled.api.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
