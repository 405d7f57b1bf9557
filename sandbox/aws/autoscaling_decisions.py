"""When Auto Scaling changes a service's number of tasks, and to what.

As in AWS a number set by hand outside the bounds stays until an alarm of a policy goes off: then it comes back inside.
While a deployment runs nothing is scaled in.
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.cloudwatch.models import cloudwatch_backends

from sandbox.aws.autoscaling_model import Policy, ScalableTarget, service_of, targets_of
from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_evaluation import queries_of
from sandbox.aws.cloudwatch_region import alarms_of, metrics_of
from sandbox.aws.cloudwatch_suppression import mute_of
from sandbox.aws.ecs_desired import set_desired
from sandbox.aws.ecs_model import Service
from sandbox.aws.metrics_queries import series_of

COOLDOWN = 300.0
"""Seconds between two actions of a policy in one direction, where it does not say otherwise (AWS's own for ECS)."""
AGAIN = 60.0
"""Seconds after which an alarm that stays red runs its scaling action again."""
FRESH = 300.0
"""Seconds for which a metric's last value counts."""


def scale(backend: ApplicationAutoscalingBackend, now: float) -> None:
    """Let every target of a region be scaled as its schedules and policies want it now."""
    cloudwatch = cloudwatch_backends[backend.account_id][backend.region_name]
    for target in targets_of(backend).values():
        service = service_of(backend, target.resource_id)
        if service is None:
            continue
        _run_schedules(target, service, now)
        for policy in target.policies.values():
            for alarm in alarms_for(backend, policy):
                if mute_of(cloudwatch, alarm, now) is None and _is_run(policy, alarm, now):
                    _follow(backend, target, policy, alarm, service, now)


def set_bounds(target: ScalableTarget, service: Service, change: dict[str, Any], cause: str, now: float) -> None:
    """Set what ``change`` has of MinCapacity and MaxCapacity; the present number is moved inside at once."""
    before = (target.minimum, target.maximum)
    target.minimum = before[0] if change.get("MinCapacity") is None else int(change["MinCapacity"])
    target.maximum = before[1] if change.get("MaxCapacity") is None else int(change["MaxCapacity"])
    if (target.minimum, target.maximum) == before:
        return
    if service.desired < target.minimum:
        _set(target, service, target.minimum, cause or f"minimum capacity was set to {target.minimum}", now)
    elif service.desired > target.maximum:
        _set(target, service, target.maximum, cause or f"maximum capacity was set to {target.maximum}", now)


def alarms_for(backend: ApplicationAutoscalingBackend, policy: Policy) -> Iterator[Alarm]:
    """The alarms that run a policy: made for it, or with its ARN among their actions."""
    cloudwatch = cloudwatch_backends[backend.account_id][backend.region_name]
    # Others may make alarms meanwhile.
    for alarm in list(alarms_of(cloudwatch).values()):
        if alarm.name in policy.alarms or policy.arn in alarm.actions_for("ALARM"):
            yield alarm


def _is_run(policy: Policy, alarm: Alarm, now: float) -> bool:
    """Alarms run scaling actions when they go off, and again every minute while they stay so."""
    if alarm.state_value != "ALARM" or not alarm.actions_enabled:
        return False
    last = policy.run_at.get(alarm.name, 0.0)
    if last >= alarm.state_transitioned and now < last + AGAIN:
        return False
    policy.run_at[alarm.name] = now
    return True


def _run_schedules(target: ScalableTarget, service: Service, now: float) -> None:
    for action in target.scheduled.values():
        while action.next_at is not None and action.next_at <= now:
            action.plan(action.next_at)
            if not target.suspended["ScheduledScalingSuspended"]:
                set_bounds(target, service, action.change, f"scheduled action name {action.name} was triggered", now)


def _follow(
    backend: ApplicationAutoscalingBackend,
    target: ScalableTarget,
    policy: Policy,
    alarm: Alarm,
    service: Service,
    now: float,
) -> None:
    wanted, direction, cooldown = _wanted(backend, policy, alarm, service.desired, now)
    switch = "DynamicScalingInSuspended" if direction == "in" else "DynamicScalingOutSuspended"
    if target.suspended[switch] or now < policy.quiet_until.get(direction, 0.0):
        return
    cause = f"monitor alarm {alarm.name} in state ALARM triggered policy {policy.name}"
    reason = _reason_not_to(target, service, direction)
    if reason is not None:
        # An alarm that stays red is told of once.
        if policy.told.get(alarm.name) != alarm.state_transitioned:
            policy.told[alarm.name] = alarm.state_transitioned
            words = "Attempting to scale due to alarm triggered"
            target.note(now, words, cause, StatusCode="Failed", NotScaledReasons=[reason])
        return
    if direction == "out":
        count = target.minimum if service.desired < target.minimum else min(wanted, target.maximum)
    else:
        count = target.maximum if service.desired > target.maximum else max(wanted, target.minimum)
    policy.quiet_until[direction] = now + cooldown
    _set(target, service, count, cause, now)


def _reason_not_to(target: ScalableTarget, service: Service, direction: str) -> dict[str, Any] | None:
    if direction == "out" and service.desired >= target.maximum:
        return {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": target.maximum, "CurrentCapacity": service.desired}
    if direction == "in" and service.desired <= target.minimum:
        return {"Code": "AlreadyAtMinCapacity", "MinCapacity": target.minimum, "CurrentCapacity": service.desired}
    if direction == "in" and any(each.rollout_state == "IN_PROGRESS" for each in service.deployments):
        return {"Code": "TargetServicePutResourceAsUnscalable", "CurrentCapacity": service.desired}
    return None


def _wanted(
    backend: ApplicationAutoscalingBackend, policy: Policy, alarm: Alarm, current: int, now: float
) -> tuple[int, str, float]:
    """How many tasks a policy wants, which direction that is, and for how many seconds it then rests."""
    value = _latest(backend, alarm, now)
    if policy.kind == "StepScaling":
        wanted = _stepped(policy, alarm, current, value)
        return wanted, "in" if wanted < current else "out", float(policy.configuration.get("Cooldown", COOLDOWN))
    goal = float(policy.configuration["TargetValue"])
    share = math.ceil(current * value / goal) if value is not None else current
    if "-AlarmHigh-" in alarm.name:
        return max(share, current + 1), "out", float(policy.configuration.get("ScaleOutCooldown", COOLDOWN))
    return min(share, current - 1), "in", float(policy.configuration.get("ScaleInCooldown", COOLDOWN))


def _stepped(policy: Policy, alarm: Alarm, current: int, value: float | None) -> int:
    threshold = float(alarm.settings.get("Threshold") or 0.0)
    breach = 0.0 if value is None else value - threshold
    steps = policy.configuration.get("StepAdjustments") or []
    if not steps:
        return current
    step = next((each for each in steps if _holds(each, breach)), steps[0])
    by, kind = int(step["ScalingAdjustment"]), policy.configuration.get("AdjustmentType")
    if kind == "ExactCapacity":
        return by
    if kind == "PercentChangeInCapacity":
        part = max(1, abs(current * by) // 100, int(policy.configuration.get("MinAdjustmentMagnitude") or 0))
        by = part if by > 0 else -part
    return max(0, current + by)


def _holds(step: dict[str, Any], breach: float) -> bool:
    """Whether a breach lies in a step: the bound that is nearer to the threshold belongs to it, the other does not."""
    low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    above = (low is None or breach >= low) and (high is None or breach < high)
    below = (low is None or breach > low) and (high is None or breach <= high)
    return (breach >= 0 and above) or (breach <= 0 and below)


def _latest(backend: ApplicationAutoscalingBackend, alarm: Alarm, now: float) -> float | None:
    """The last value of the alarm's metric, unless it is old or computed from others."""
    query = queries_of(alarm)[0]
    store = metrics_of(cloudwatch_backends[backend.account_id][backend.region_name])
    series = series_of(query, store) if "MetricStat" in query else None
    recent = series.between(now - FRESH, now + 1) if series is not None else []
    return recent[-1].total / recent[-1].weight if recent else None


def _set(target: ScalableTarget, service: Service, count: int, cause: str, now: float) -> None:
    set_desired(service, count, now)
    done = f"Successfully set desired count to {count}. Change successfully fulfilled by ecs."
    target.note(now, f"Setting desired count to {count}.", cause, StatusMessage=done)
