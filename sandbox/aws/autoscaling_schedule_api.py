"""Application Auto Scaling's operations on scheduled actions; each function takes the place of moto's method."""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.responses import ActionResult

from sandbox.aws.autoscaling_api import backend_of, page, params_of, refuse, target_of
from sandbox.aws.autoscaling_model import DIMENSION, NAMESPACE, ScalableTarget, ScheduledAction, targets_of
from sandbox.aws.autoscaling_schedule import Schedule, ScheduleError
from sandbox.aws.ecs_simulation import now, simulating


def put_scheduled_action(self: ApplicationAutoScalingResponse) -> ActionResult:
    """PutScheduledAction; of one that exists what is not given stays."""
    params, backend, at = params_of(self), backend_of(self), now()
    with simulating:
        target = target_of(backend, params)
        known = target.scheduled.get(params["ScheduledActionName"])
        try:
            made = _made(target, params, known, at)
        except ScheduleError as error:
            raise refuse("ValidationException", str(error)) from None
        target.scheduled[made.name] = made
    return ActionResult({})


def describe_scheduled_actions(self: ApplicationAutoScalingResponse) -> ActionResult:
    """DescribeScheduledActions."""
    params, backend = params_of(self), backend_of(self)
    names, wanted = params.get("ScheduledActionNames"), params.get("ResourceId")
    with simulating:
        found = [
            _described(target, action)
            for target in targets_of(backend).values()
            if wanted in (None, target.resource_id)
            for action in target.scheduled.values()
            if not names or action.name in names
        ]
    shown, token = page(found, params)
    return ActionResult({"ScheduledActions": shown, "NextToken": token})


def delete_scheduled_action(self: ApplicationAutoScalingResponse) -> ActionResult:
    """DeleteScheduledAction."""
    params, backend = params_of(self), backend_of(self)
    with simulating:
        if target_of(backend, params).scheduled.pop(params["ScheduledActionName"], None) is None:
            raise refuse("ObjectNotFoundException", f"No scheduled action found: {params['ScheduledActionName']}")
    return ActionResult({})


def _made(target: ScalableTarget, params: dict[str, Any], known: ScheduledAction | None, at: float) -> ScheduledAction:
    expression = params.get("Schedule") or (known.schedule.expression if known else "")
    zone = params.get("Timezone") or (known.schedule.timezone if known else "UTC")
    schedule, name = Schedule(expression, zone), params["ScheduledActionName"]
    arn = target.arn.replace(":application-autoscaling:", ":autoscaling:").partition(":scalable-target/")[0]
    made = ScheduledAction(
        name=name,
        arn=f"{arn}:scheduledAction:{NAMESPACE}/{target.resource_id}:scheduledActionName/{name}",
        schedule=schedule,
        change=dict(params.get("ScalableTargetAction") or (known.change if known else {})),
        created_at=known.created_at if known else at,
        starts_at=params.get("StartTime"),
        ends_at=params.get("EndTime"),
    )
    made.plan(at)
    return made


def _described(target: ScalableTarget, action: ScheduledAction) -> dict[str, Any]:
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": target.resource_id,
        "ScalableDimension": DIMENSION,
        "ScheduledActionName": action.name,
        "ScheduledActionARN": action.arn,
        "Schedule": action.schedule.expression,
        "Timezone": action.schedule.timezone,
        "StartTime": action.starts_at,
        "EndTime": action.ends_at,
        "ScalableTargetAction": action.change,
        "CreationTime": action.created_at,
    }


OPERATIONS = (put_scheduled_action, describe_scheduled_actions, delete_scheduled_action)
