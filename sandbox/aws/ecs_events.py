"""What ECS tells EventBridge: a task's status, how a deployment goes, and what befell a service.

Found out by looking: what has changed since the last look is told, so that a status which lasted shorter than that
may be left out.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.ecs_model import Service, Task
from sandbox.aws.ecs_render import task as described
from sandbox.aws.events import emit, listened_to

SOURCE = "aws.ecs"
_ACTIONS = (
    ("has reached a steady state", "INFO", "SERVICE_STEADY_STATE"),
    ("is unable to consistently start tasks", "WARN", "SERVICE_TASK_START_IMPAIRED"),
    ("was unable to place a task", "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE"),
)
"""Of a service's own events those that are told as service actions, by their words."""
_ROLLOUTS = {
    "IN_PROGRESS": ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"),
    "COMPLETED": ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
    "FAILED": ("ERROR", "SERVICE_DEPLOYMENT_FAILED"),
}


def tell(region: str, services: Iterable[Service], tasks: Iterable[Task], now: float) -> None:
    """Tell what is new at ``now`` (seconds since the epoch); what nobody listens to is old afterwards, too."""
    heard = listened_to(region)
    for service in services:
        _tell_of_deployments(region, service, now, heard=heard)
        _tell_of_actions(region, service, heard=heard)
    for task in tasks:
        status = task.status(now)
        if task.told != status:
            task.told = status
            if heard:
                detail = _plain(described(task, now)) | {"updatedAt": _stamp(now)}
                emit(region, SOURCE, "ECS Task State Change", [task.arn], detail, now)


def _tell_of_deployments(region: str, service: Service, now: float, *, heard: bool) -> None:
    for deployment in service.deployments if service.controller == "ECS" else ():
        if deployment.told == deployment.rollout_state:
            continue
        deployment.told = deployment.rollout_state
        kind, name = _ROLLOUTS[deployment.rollout_state]
        if heard:
            detail = {
                "eventType": kind,
                "eventName": name,
                "deploymentId": deployment.id,
                "updatedAt": _stamp(deployment.updated_at),
                "reason": deployment.reason,
            }
            emit(region, SOURCE, "ECS Deployment State Change", [service.arn], detail, now)


def _tell_of_actions(region: str, service: Service, *, heard: bool) -> None:
    if not service.events or service.events[0]["id"] == service.told:
        return
    new = []
    for event in service.events:
        if event["id"] == service.told:
            break
        new.append(event)
    service.told = service.events[0]["id"]
    for event in reversed(new) if heard else ():
        for words, kind, name in _ACTIONS:
            if words in event["message"]:
                at = event["createdAt"]
                detail = {
                    "eventType": kind,
                    "eventName": name,
                    "clusterArn": service.cluster_arn,
                    "createdAt": _stamp(at),
                }
                emit(region, SOURCE, "ECS Service Action", [service.arn], detail, at)


def _stamp(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _stamp(value.timestamp())
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
