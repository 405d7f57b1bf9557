"""Application Auto Scaling of an ECS service's desired count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from bot.aws.calls import Calls, cluster_of, seconds, service_of
from bot.aws.errors import ask, ask_all
from bot.domain import Target
from bot.errors import UpstreamError
from bot.shipping_cloud import ScalableTarget, Scaling, ScalingActivity, ScalingPolicy, ScheduledAction

PAGES = 4
"""Pages of fifty activities read at most."""
_METRICS = {
    "ECSServiceAverageCPUUtilization": ("CPU", " %"),
    "ECSServiceAverageMemoryUtilization": ("memory", " %"),
    "ALBRequestCountPerTarget": ("requests per target", ""),
}


class Scalings(Calls):
    """Fills ``bot.shipping_ports.Scalings``."""

    def scaling(self, target: Target) -> Scaling:
        """Bounds, policies and scheduled actions, read in parallel."""
        client = self._client(target.account, "application-autoscaling")
        where = _where(target)
        listed = {"ServiceNamespace": where["ServiceNamespace"], "ResourceIds": [where["ResourceId"]]}
        listed |= {"ScalableDimension": where["ScalableDimension"]}
        reads: list[Callable[[], list[Any]]] = [
            lambda: ask_all(client, "describe_scalable_targets", "ScalableTargets[]", **listed),
            lambda: ask_all(client, "describe_scaling_policies", "ScalingPolicies[]", **where),
            lambda: ask_all(client, "describe_scheduled_actions", "ScheduledActions[]", **where),
        ]
        bounds, policies, scheduled = self._each(lambda read: read(), reads)
        return Scaling(
            bounds=_read_bounds(bounds[0]) if bounds else None,
            policies=tuple(ScalingPolicy(each["PolicyName"], each["PolicyType"], _words(each)) for each in policies),
            scheduled=tuple(_read_scheduled(each) for each in scheduled),
        )

    def set_bounds(self, target: Target, minimum: int, maximum: int) -> None:
        """RegisterScalableTarget with these bounds; AWS moves the number inside them at once.

        https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
        """
        self._register(target, MinCapacity=minimum, MaxCapacity=maximum)

    def suspend(self, target: Target, *, scale_in: bool, scale_out: bool, scheduled: bool) -> None:
        """Set all three switches of SuspendedState, since one that is left out is switched off; the bounds stay."""
        state = {
            "DynamicScalingInSuspended": scale_in,
            "DynamicScalingOutSuspended": scale_out,
            "ScheduledScalingSuspended": scheduled,
        }
        self._register(target, SuspendedState=state)

    def activities(self, target: Target, *, since: float) -> tuple[ScalingActivity, ...]:
        """What Auto Scaling did, or decided not to, since then; newest first, as AWS lists them (kept six weeks)."""
        client = self._client(target.account, "application-autoscaling")
        parameters: dict[str, Any] = _where(target) | {"IncludeNotScaledActivities": True}
        found: list[ScalingActivity] = []
        for _ in range(PAGES):
            answer = ask(client, "describe_scaling_activities", **parameters)
            page = [_read_activity(each) for each in answer["ScalingActivities"]]
            found += page
            if not answer.get("NextToken") or any(each.at < since for each in page):
                break
            parameters["NextToken"] = answer["NextToken"]
        return tuple(sorted((each for each in found if each.at >= since), key=lambda each: each.at, reverse=True))

    def _register(self, target: Target, **change: Any) -> None:
        client = self._client(target.account, "application-autoscaling", repeat=False)
        self._insist(lambda: ask(client, "register_scalable_target", **_where(target), **change), _is_concurrent)


def _where(target: Target) -> dict[str, Any]:
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{cluster_of(target)}/{service_of(target)}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }


def _is_concurrent(error: UpstreamError) -> bool:
    return error.code == "ConcurrentUpdateException"


def _read_bounds(found: dict[str, Any]) -> ScalableTarget:
    suspended = found.get("SuspendedState", {})
    return ScalableTarget(
        minimum=found["MinCapacity"],
        maximum=found["MaxCapacity"],
        suspended_in=suspended.get("DynamicScalingInSuspended", False),
        suspended_out=suspended.get("DynamicScalingOutSuspended", False),
        suspended_scheduled=suspended.get("ScheduledScalingSuspended", False),
    )


def _read_scheduled(found: dict[str, Any]) -> ScheduledAction:
    action = found.get("ScalableTargetAction", {})
    return ScheduledAction(
        name=found["ScheduledActionName"],
        schedule=found.get("Schedule", ""),
        timezone=found.get("Timezone") or "UTC",
        minimum=action.get("MinCapacity"),
        maximum=action.get("MaxCapacity"),
    )


def _read_activity(found: dict[str, Any]) -> ScalingActivity:
    reasons = "; ".join(_reason(each) for each in found.get("NotScaledReasons", []))
    cause = found.get("Cause", "")
    return ScalingActivity(
        at=seconds(found.get("StartTime")),
        description=found.get("Description", ""),
        cause=f"{cause} (not scaled: {reasons})".strip() if reasons else cause,
        status=found.get("StatusCode", ""),
    )


def _reason(found: dict[str, Any]) -> str:
    """AWS's ``AlreadyAtMaxCapacity`` as "already at max capacity (10)"."""
    code = found.get("Code", "")
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", code).lower()
    limit = next((found[key] for key in ("MaxCapacity", "MinCapacity") if code.endswith(key) and key in found), None)
    return words if limit is None else f"{words} ({limit})"


def _words(policy: dict[str, Any]) -> str:
    """What a policy does, in words: "keeps CPU at 60 %", "follows alarm api-busy"."""
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
    if tracking:
        name, unit = _tracked(tracking)
        never_in = ", and never scales in" if tracking.get("DisableScaleIn") else ""
        return f"keeps {name} at {tracking['TargetValue']:g}{unit}{never_in}"
    forecast = policy.get("PredictiveScalingPolicyConfiguration")
    if forecast:
        acts = forecast.get("Mode") == "ForecastAndScale"
        return "scales ahead of a forecast" if acts else "only forecasts, and changes nothing"
    alarms = [each["AlarmName"] for each in policy.get("Alarms", [])]
    return f"follows alarm{'s' * (len(alarms) > 1)} {', '.join(alarms)}" if alarms else "follows no alarm"


def _tracked(tracking: dict[str, Any]) -> tuple[str, str]:
    """The name of the metric that is kept at a value, and its unit."""
    predefined = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", "")
    if predefined:
        return _METRICS.get(predefined.removesuffix("HighResolution"), (predefined, ""))
    custom = tracking.get("CustomizedMetricSpecification", {})
    return next(_names(custom), "a metric"), ""


def _names(custom: dict[str, Any]) -> Iterator[str]:
    if custom.get("MetricName"):
        yield f"{custom.get('Namespace', '')} {custom['MetricName']}".strip()
    for query in custom.get("Metrics", []):
        if query.get("ReturnData", True):
            metric = query.get("MetricStat", {}).get("Metric", {}).get("MetricName", "")
            yield query.get("Label") or query.get("Expression") or metric or "a metric"
