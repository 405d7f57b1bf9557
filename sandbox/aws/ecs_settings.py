"""What a service is configured with: ECS's defaults, and what it refuses."""

from __future__ import annotations

from typing import Any

from moto.ecs.exceptions import InvalidParameterException

NOT_SETTINGS = (
    "cluster",
    "service",
    "serviceName",
    "desiredCount",
    "taskDefinition",
    "forceNewDeployment",
    "tags",
    "clientToken",
)
LONGEST_PAUSE = 20_160
"""Minutes a PAUSE hook may wait: fourteen days."""

_NO_PAUSE = ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
_BY_CODE_DEPLOY = {
    "taskDefinition": "Unable to update task definition on",
    "forceNewDeployment": "Cannot force a new deployment on",
    "networkConfiguration": "Unable to update network parameters on",
    "loadBalancers": "Unable to update load balancers on",
    "platformVersion": "Unable to update platform version on",
    "serviceRegistries": "Unable to update service registries on",
    "capacityProviderStrategy": "Unable to update capacity provider strategy on",
}


def given(params: dict[str, Any]) -> dict[str, Any]:
    """The settings among the parameters of a call."""
    return {key: value for key, value in params.items() if key not in NOT_SETTINGS and value is not None}


def settings_of(params: dict[str, Any]) -> dict[str, Any]:
    """The settings of a new service. Raises InvalidParameterException."""
    settings = given(params)
    settings["deploymentConfiguration"] = merged(settings.get("deploymentConfiguration") or {}, {})
    if not settings.get("capacityProviderStrategy"):
        settings.setdefault("launchType", "EC2")
    settings.setdefault("loadBalancers", [])
    settings.setdefault("serviceRegistries", [])
    settings.setdefault("placementConstraints", [])
    settings.setdefault("placementStrategy", [])
    settings.setdefault("schedulingStrategy", "REPLICA")
    settings.setdefault("deploymentController", {"type": "ECS"})
    settings.setdefault("propagateTags", "NONE")
    settings.setdefault("enableExecuteCommand", False)
    settings.setdefault("enableECSManagedTags", False)
    return settings


def merged(asked: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """A deployment configuration over the one before, over ECS's defaults. Raises InvalidParameterException."""
    for hook in asked.get("lifecycleHooks") or []:
        _check_hook(hook)
    usual = {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }
    return usual | before | {key: value for key, value in asked.items() if value is not None}


def _check_hook(hook: dict[str, Any]) -> None:
    stages = hook.get("lifecycleStages") or []
    if not stages:
        raise InvalidParameterException("lifecycleStages must be specified for lifecycle hooks.")
    if hook.get("targetType") != "PAUSE":
        if not hook.get("hookTargetArn"):
            raise InvalidParameterException("hookTargetArn must be specified for AWS_LAMBDA lifecycle hooks.")
        return
    for stage in stages:
        if stage in _NO_PAUSE:
            raise InvalidParameterException(f"PAUSE hooks cannot be configured at {stage}.")
    minutes = (hook.get("timeoutConfiguration") or {}).get("timeoutInMinutes")
    if minutes is not None and not 1 <= int(minutes) <= LONGEST_PAUSE:
        raise InvalidParameterException(f"timeoutInMinutes must be between 1 and {LONGEST_PAUSE}.")


def check_controller(controller: str, params: dict[str, Any]) -> None:
    """UpdateService changes what tasks run only of services that ECS deploys. Raises InvalidParameterException.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    if controller == "ECS":
        return
    way = "Use AWS CodeDeploy to trigger a new deployment." if controller == "CODE_DEPLOY" else "Create a new task set."
    article = "a" if controller == "CODE_DEPLOY" else "an"
    for key, refusal in _BY_CODE_DEPLOY.items():
        if params.get(key):
            raise InvalidParameterException(
                f"{refusal} services with {article} {controller} deployment controller. {way}"
            )
