from __future__ import annotations

from typing import Any

import pytest

from bot import shipping_ports
from bot.aws.scaling import Scalings
from bot.aws.session import Sessions
from bot.domain import Target
from bot.errors import UpstreamError
from bot.shipping_cloud import ScalableTarget, Scaling, ScheduledAction
from tests.bot.aws.scripted_aws import LostAnswer, Refusal, ScriptedAws

WHERE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/bi-production/api",
    "ScalableDimension": "ecs:service:DesiredCount",
}


def test_it_fills_the_port(sessions: Sessions) -> None:
    port: shipping_ports.Scalings = Scalings(sessions)
    assert port


def script(
    aws: ScriptedAws,
    targets: list[dict[str, Any]] | None = None,
    policies: list[dict[str, Any]] | None = None,
    actions: list[dict[str, Any]] | None = None,
) -> None:
    aws.on("DescribeScalableTargets", {"ScalableTargets": targets or []})
    aws.on("DescribeScalingPolicies", {"ScalingPolicies": policies or []})
    aws.on("DescribeScheduledActions", {"ScheduledActions": actions or []})


def test_a_service_that_nothing_scales_has_no_bounds(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script(aws)
    assert Scalings(sessions).scaling(target) == Scaling()
    asked = {key: value for key, value in WHERE.items() if key != "ResourceId"}
    assert aws.asked("DescribeScalableTargets") == [asked | {"ResourceIds": [WHERE["ResourceId"]]}]
    assert aws.asked("DescribeScalingPolicies") == aws.asked("DescribeScheduledActions") == [WHERE]


def test_bounds_switches_and_scheduled_actions_are_read(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    suspended = {"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": False}
    night = {
        "ScheduledActionName": "night",
        "Schedule": "cron(0 22 * * ? *)",
        "Timezone": "Asia/Tokyo",
        "ScalableTargetAction": {"MaxCapacity": 2},
    }
    once = {"ScheduledActionName": "once", "Schedule": "at(2026-12-24T18:00:00)"}
    script(aws, [{"MinCapacity": 2, "MaxCapacity": 10, "SuspendedState": suspended}], [], [night, once])
    found = Scalings(sessions).scaling(target)
    assert found.bounds == ScalableTarget(2, 10, suspended_in=True)
    assert found.scheduled == (
        ScheduledAction("night", "cron(0 22 * * ? *)", "Asia/Tokyo", None, 2),
        ScheduledAction("once", "at(2026-12-24T18:00:00)", "UTC", None, None),
    )


def tracking(**configuration: Any) -> dict[str, Any]:
    return {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0} | configuration,
    }


def predefined(name: str) -> dict[str, Any]:
    return {"PredefinedMetricSpecification": {"PredefinedMetricType": name}}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (tracking(**predefined("ECSServiceAverageCPUUtilization")), "keeps CPU at 60 %"),
        (tracking(**predefined("ECSServiceAverageCPUUtilizationHighResolution")), "keeps CPU at 60 %"),
        (
            tracking(**predefined("ECSServiceAverageMemoryUtilization"), TargetValue=72.5, DisableScaleIn=True),
            "keeps memory at 72.5 %, and never scales in",
        ),
        (tracking(**predefined("ALBRequestCountPerTarget"), TargetValue=900), "keeps requests per target at 900"),
        (
            tracking(CustomizedMetricSpecification={"Namespace": "BI", "MetricName": "Backlog"}),
            "keeps BI Backlog at 60",
        ),
        (
            tracking(
                CustomizedMetricSpecification={
                    "Metrics": [{"Id": "m", "ReturnData": False}, {"Id": "e", "Expression": "m/2", "Label": "per task"}]
                }
            ),
            "keeps per task at 60",
        ),
        ({"PolicyType": "StepScaling", "Alarms": [{"AlarmName": "api-busy"}]}, "follows alarm api-busy"),
        ({"PolicyType": "StepScaling", "Alarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}, "follows alarms a, b"),
        ({"PolicyType": "StepScaling"}, "follows no alarm"),
        (
            {"PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration": {"Mode": "ForecastAndScale"}},
            "scales ahead of a forecast",
        ),
        (
            {"PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration": {"Mode": "ForecastOnly"}},
            "only forecasts, and changes nothing",
        ),
    ],
)
def test_a_policy_says_in_words_what_it_does(
    aws: ScriptedAws, sessions: Sessions, target: Target, policy: dict[str, Any], words: str
) -> None:
    script(aws, policies=[policy | {"PolicyName": "p"}])
    (found,) = Scalings(sessions).scaling(target).policies
    assert (found.name, found.kind, found.detail) == ("p", policy["PolicyType"], words)


def test_bounds_are_set_without_touching_the_switches(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("RegisterScalableTarget", {"ScalableTargetARN": "arn:target"})
    Scalings(sessions).set_bounds(target, 0, 4)
    assert aws.asked("RegisterScalableTarget") == [WHERE | {"MinCapacity": 0, "MaxCapacity": 4}]


def test_all_three_switches_are_sent_without_touching_the_bounds(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    aws.on("RegisterScalableTarget", {"ScalableTargetARN": "arn:target"})
    Scalings(sessions).suspend(target, scale_in=True, scale_out=False, scheduled=True)
    state = {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }
    assert aws.asked("RegisterScalableTarget") == [WHERE | {"SuspendedState": state}]


def test_a_change_that_meets_another_is_tried_again(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    answers: list[Any] = [Refusal("ConcurrentUpdateException"), {"ScalableTargetARN": "arn:target"}]
    aws.on("RegisterScalableTarget", lambda _: answers.pop(0))
    pauses: list[float] = []
    Scalings(sessions, pause=pauses.append).set_bounds(target, 1, 2)
    assert (len(pauses), answers) == (1, [])


def test_a_change_that_meets_others_all_the_time_is_an_error_to_retry_later(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    aws.on("RegisterScalableTarget", Refusal("ConcurrentUpdateException"))
    with pytest.raises(UpstreamError) as caught:
        Scalings(sessions, pause=lambda _: None).set_bounds(target, 1, 2)
    assert caught.value.retryable
    assert len(aws.asked("RegisterScalableTarget")) == 4


def test_a_change_whose_answer_was_lost_is_not_repeated(aws: ScriptedAws, target: Target) -> None:
    aws.on("RegisterScalableTarget", LostAnswer())
    with pytest.raises(UpstreamError):
        Scalings(Sessions(attempts=3)).set_bounds(target, 1, 2)
    assert len(aws.asked("RegisterScalableTarget")) == 1


def test_a_denied_read_names_the_permission(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script(aws)
    aws.on("DescribeScalingPolicies", Refusal("AccessDeniedException"))
    with pytest.raises(UpstreamError, match="application-autoscaling:DescribeScalingPolicies"):
        Scalings(sessions).scaling(target)


def an_activity(at: float, **more: Any) -> dict[str, Any]:
    return {"StartTime": at, "Description": f"at {at:g}", "Cause": "alarm", "StatusCode": "Successful"} | more


def test_activities_are_read_back_to_the_time_asked_for_with_why_nothing_happened(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    idle = an_activity(
        300.0, Cause="", NotScaledReasons=[{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 10, "MinCapacity": 2}]
    )
    pages = {
        None: {"ScalingActivities": [idle, an_activity(200.0)], "NextToken": "b"},
        "b": {"ScalingActivities": [an_activity(150.0), an_activity(50.0)], "NextToken": "c"},
    }
    aws.on("DescribeScalingActivities", lambda asked: pages[asked.get("NextToken")])
    found = Scalings(sessions).activities(target, since=100.0)
    assert [each.at for each in found] == [300.0, 200.0, 150.0]
    assert found[0].cause == "(not scaled: already at max capacity (10))"
    assert (found[1].description, found[1].cause, found[1].status) == ("at 200", "alarm", "Successful")
    assert aws.asked("DescribeScalingActivities")[0] == WHERE | {"IncludeNotScaledActivities": True}
