"""Application Auto Scaling's operations on ECS services; each function takes the place of moto's method."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from sandbox.aws import autoscaling_alarms
from sandbox.aws.autoscaling_decisions import alarms_for, set_bounds
from sandbox.aws.autoscaling_model import DIMENSION, NAMESPACE, Policy, ScalableTarget, service_of, targets_of
from sandbox.aws.ecs_model import Service
from sandbox.aws.ecs_records import hexadecimal
from sandbox.aws.ecs_simulation import now, simulating

Item = TypeVar("Item")

_PER_PAGE = 50
_SWITCHES = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
_CONFIGURATIONS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
}
_ROLE = (
    "arn:aws:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)


def register_scalable_target(self: ApplicationAutoScalingResponse) -> ActionResult:
    """RegisterScalableTarget: what is not given stays; new bounds move the present number inside them at once."""
    params, backend, at = params_of(self), backend_of(self), now()
    resource_id = params["ResourceId"]
    with simulating:
        service = _existing_service(backend, resource_id)
        known = targets_of(backend).get(resource_id)
        low, high = (
            params.get(key, getattr(known, attribute, None))
            for key, attribute in (("MinCapacity", "minimum"), ("MaxCapacity", "maximum"))
        )
        if low is None or high is None:
            raise refuse("ValidationException", "MinCapacity and MaxCapacity are required for a new scalable target.")
        if int(low) < 0 or int(low) > int(high):
            message = f"Maximum capacity {high} cannot be less than minimum capacity {low}."
            raise refuse("ValidationException", message)
        if known is None:
            arn = f"{_prefix(backend, 'application-autoscaling')}:scalable-target/{hexadecimal(resource_id, size=36)}"
            role = params.get("RoleARN") or _ROLE.format(backend.account_id)
            suspended = dict.fromkeys(_SWITCHES, False)
            # Bounds that hold nothing, so that the ones asked for are new.
            known = ScalableTarget(resource_id, arn, role, -1, -1, at, suspended)
            targets_of(backend)[resource_id] = known
        if params.get("SuspendedState") is not None:
            known.suspended = {key: bool(params["SuspendedState"].get(key)) for key in _SWITCHES}
        set_bounds(known, service, {"MinCapacity": low, "MaxCapacity": high}, "", at)
        return ActionResult({"ScalableTargetARN": known.arn})


def deregister_scalable_target(self: ApplicationAutoScalingResponse) -> ActionResult:
    """DeregisterScalableTarget, with its policies, their alarms and its scheduled actions."""
    params, backend = params_of(self), backend_of(self)
    with simulating:
        target = target_of(backend, params)
        for policy in target.policies.values():
            autoscaling_alarms.delete(backend, list(policy.alarms))
        del targets_of(backend)[target.resource_id]
    return ActionResult({})


def describe_scalable_targets(self: ApplicationAutoScalingResponse) -> ActionResult:
    """DescribeScalableTargets, of all or of some services."""
    params, backend = params_of(self), backend_of(self)
    wanted = params.get("ResourceIds")
    with simulating:
        found = [each for each in targets_of(backend).values() if not wanted or each.resource_id in wanted]
        shown, token = page(found, params)
        described = [
            {
                **_where(each),
                "ScalableTargetARN": each.arn,
                "MinCapacity": each.minimum,
                "MaxCapacity": each.maximum,
                "RoleARN": each.role,
                "CreationTime": each.created_at,
                "SuspendedState": dict(each.suspended),
            }
            for each in shown
        ]
    return ActionResult({"ScalableTargets": described, "NextToken": token})


def put_scaling_policy(self: ApplicationAutoScalingResponse) -> ActionResult:
    """PutScalingPolicy; one of the same name is changed and keeps its ARN."""
    params, backend, at = params_of(self), backend_of(self), now()
    name, kind = params["PolicyName"], params.get("PolicyType") or "StepScaling"
    with simulating:
        target = target_of(backend, params)
        configuration = _configuration(params, kind)
        policy = target.policies.get(name)
        if policy is None:
            number = hexadecimal(target.arn, name, size=36)
            arn = f"{_prefix(backend, 'autoscaling')}:scalingPolicy:{number}:resource/{NAMESPACE}/{target.resource_id}"
            policy = Policy(name, f"{arn}:policyName/{name}", kind, configuration, at)
            target.policies[name] = policy
        policy.kind, policy.configuration = kind, configuration
        if kind == "TargetTrackingScaling":
            policy.alarms = autoscaling_alarms.make(backend, policy, target.resource_id)
        return ActionResult({"PolicyARN": policy.arn, "Alarms": _alarms(backend, policy)})


def describe_scaling_policies(self: ApplicationAutoScalingResponse) -> ActionResult:
    """DescribeScalingPolicies, with the alarms that run them."""
    params, backend = params_of(self), backend_of(self)
    names = params.get("PolicyNames")
    with simulating:
        found = [
            (target, policy)
            for target in _asked(backend, params)
            for policy in target.policies.values()
            if not names or policy.name in names
        ]
        shown, token = page(found, params)
        described = [
            {
                **_where(target),
                "PolicyARN": policy.arn,
                "PolicyName": policy.name,
                "PolicyType": policy.kind,
                _CONFIGURATIONS[policy.kind]: policy.configuration,
                "Alarms": _alarms(backend, policy),
                "CreationTime": policy.created_at,
            }
            for target, policy in shown
        ]
    return ActionResult({"ScalingPolicies": described, "NextToken": token})


def delete_scaling_policy(self: ApplicationAutoScalingResponse) -> ActionResult:
    """DeleteScalingPolicy, with the alarms made for it."""
    params, backend = params_of(self), backend_of(self)
    with simulating:
        policy = target_of(backend, params).policies.pop(params["PolicyName"], None)
        if policy is None:
            raise refuse("ObjectNotFoundException", f"No scaling policy found: {params['PolicyName']}")
        autoscaling_alarms.delete(backend, list(policy.alarms))
    return ActionResult({})


def describe_scaling_activities(self: ApplicationAutoScalingResponse) -> ActionResult:
    """DescribeScalingActivities, newest first; what was not done only when it is asked for."""
    params, backend = params_of(self), backend_of(self)
    idle = bool(params.get("IncludeNotScaledActivities"))
    with simulating:
        found = [
            each
            for target in _asked(backend, params)
            for each in target.activities
            if idle or "NotScaledReasons" not in each
        ]
    found.sort(key=lambda each: float(each["StartTime"]), reverse=True)
    shown, token = page(found, params)
    return ActionResult({"ScalingActivities": shown, "NextToken": token})


def params_of(self: ApplicationAutoScalingResponse) -> dict[str, Any]:
    """The parameters of a call; moto does not take them apart for this service."""
    params: dict[str, Any] = json.loads(self.body or "{}")
    return params


def backend_of(self: ApplicationAutoScalingResponse) -> ApplicationAutoscalingBackend:
    """The region that is asked."""
    return self.applicationautoscaling_backend


def refuse(code: str, message: str) -> JsonRESTError:
    """An error of Application Auto Scaling's."""
    return JsonRESTError(code, message)


def target_of(backend: ApplicationAutoscalingBackend, params: dict[str, Any]) -> ScalableTarget:
    """The scalable target a call names. Raises ObjectNotFoundException."""
    found = targets_of(backend).get(params["ResourceId"])
    if found is None:
        raise refuse(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {NAMESPACE}, resource ID: {params['ResourceId']}, "
            f"scalable dimension: {DIMENSION}",
        )
    return found


def page(found: Sequence[Item], params: dict[str, Any]) -> tuple[list[Item], str | None]:
    """One page of a list, and the token of the next."""
    size = int(params.get("MaxResults") or _PER_PAGE)
    token = str(params.get("NextToken") or "0")
    if not token.isdigit():
        raise refuse("InvalidNextTokenException", "The next token is not valid.")
    start = int(token)
    return list(found[start : start + size]), str(start + size) if start + size < len(found) else None


def _configuration(params: dict[str, Any], kind: str) -> dict[str, Any]:
    configuration = params.get(_CONFIGURATIONS.get(kind, ""))
    if not configuration:
        raise refuse("ValidationException", f"The sandbox needs the configuration of a policy of the type {kind}.")
    predefined = configuration.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    if predefined and predefined not in autoscaling_alarms.PREDEFINED:
        raise refuse("ValidationException", f"The sandbox does not follow the metric {predefined}.")
    return dict(configuration)


def _existing_service(backend: ApplicationAutoscalingBackend, resource_id: str) -> Service:
    service = service_of(backend, resource_id)
    if service is None:
        raise refuse("ValidationException", f"ECS service doesn't exist: {resource_id}")
    return service


def _asked(backend: ApplicationAutoscalingBackend, params: dict[str, Any]) -> list[ScalableTarget]:
    wanted = params.get("ResourceId")
    return [each for each in targets_of(backend).values() if wanted in (None, each.resource_id)]


def _alarms(backend: ApplicationAutoscalingBackend, policy: Policy) -> list[dict[str, str]]:
    return [{"AlarmName": each.name, "AlarmARN": each.alarm_arn} for each in alarms_for(backend, policy)]


def _where(target: ScalableTarget) -> dict[str, Any]:
    return {"ServiceNamespace": NAMESPACE, "ResourceId": target.resource_id, "ScalableDimension": DIMENSION}


def _prefix(backend: ApplicationAutoscalingBackend, service: str) -> str:
    return f"arn:aws:{service}:{backend.region_name}:{backend.account_id}"


OPERATIONS = (
    register_scalable_target,
    deregister_scalable_target,
    describe_scalable_targets,
    put_scaling_policy,
    describe_scaling_policies,
    delete_scaling_policy,
    describe_scaling_activities,
)
