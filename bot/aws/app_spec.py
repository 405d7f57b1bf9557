"""The AppSpec of an ECS deployment: what CodeDeploy is told to put into service.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
"""

from __future__ import annotations

import copy
from typing import Any

import yaml

from bot.cloud import LoadBalancer

_EMPTY: dict[str, Any] = {
    "version": 0.0,
    "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {}}}],
}


def carried(revision: dict[str, Any]) -> str:
    """The text of the AppSpec that a deployment's revision carries; nothing where it lies elsewhere (in S3)."""
    return str((revision.get("appSpecContent") or revision.get("string") or {}).get("content") or "")


def parse(text: str) -> dict[str, Any] | None:
    """An AppSpec in JSON or YAML; None when the text is none."""
    try:
        found = yaml.safe_load(text)
        _properties(found)
    except (yaml.YAMLError, KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
    spec: dict[str, Any] = found
    return spec


def task_definition_of(spec: dict[str, Any] | None) -> str:
    """ARN of the task definition that an AppSpec puts into service; nothing where it is not known."""
    return str(_properties(spec).get("TaskDefinition", "")) if spec else ""


def with_task_definition(spec: dict[str, Any] | None, task_definition: str, balancer: LoadBalancer) -> dict[str, Any]:
    """A copy that puts this task definition into service; hooks and all else stay as they were."""
    made = copy.deepcopy(spec or _EMPTY)
    _properties(made).update(
        TaskDefinition=task_definition,
        LoadBalancerInfo={"ContainerName": balancer.container, "ContainerPort": balancer.port},
    )
    return made


def _properties(spec: dict[str, Any]) -> dict[str, Any]:
    # The one resource may bear any name; "TargetService" is only what examples call it.
    (resource,) = spec["Resources"][0].values()
    properties = resource["Properties"]
    if not isinstance(properties, dict):
        raise TypeError("Properties is no mapping")
    return properties
