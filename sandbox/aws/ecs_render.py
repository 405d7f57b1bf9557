"""Services, tasks and deployments as the API answers them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.aws.ecs_model import Deployment, Service, Task
from sandbox.aws.ecs_records import Revision, hexadecimal
from sandbox.aws.ecs_render_rollouts import current_revisions, task_sets
from sandbox.aws.ecs_values import PLATFORM, counts, given, moment, platform

_ECHOED = (
    "loadBalancers",
    "serviceRegistries",
    "launchType",
    "capacityProviderStrategy",
    "taskDefinition",
    "deploymentConfiguration",
    "placementConstraints",
    "placementStrategy",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "schedulingStrategy",
    "deploymentController",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
)
_OF_DEPLOYMENT = (
    "capacityProviderStrategy",
    "launchType",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)
_OF_REVISION = (*_OF_DEPLOYMENT, "loadBalancers", "serviceRegistries")


def service(found: Service, now: float, *, tags: bool) -> dict[str, Any]:
    """A service as DescribeServices has it."""
    shown = {key: found.settings[key] for key in _ECHOED if found.settings.get(key) is not None}
    pending, running = counts(found.tasks, now)
    shown |= {
        "serviceArn": found.arn,
        "serviceName": found.name,
        "clusterArn": found.cluster_arn,
        "status": found.status,
        "desiredCount": found.desired,
        "runningCount": running,
        "pendingCount": pending,
        "platformFamily": "Linux",
        "platformVersion": platform(found.settings),
        "deployments": _deployments(found, now),
        "events": [{**event, "createdAt": moment(event["createdAt"])} for event in found.events],
        "createdAt": moment(found.created_at),
        "createdBy": found.created_by,
        "roleArn": _role(found),
        "taskSets": task_sets(found, now),
        "currentServiceRevisions": current_revisions(found, now),
    }
    if found.controller == "CODE_DEPLOY" and found.serving is not None:
        shown["taskDefinition"] = found.serving.definition.arn
    if found.records:
        shown["currentServiceDeployment"] = found.records[0].arn
    if tags:
        shown["tags"] = found.tags
    return given(shown)


def _deployments(of: Service, now: float) -> list[dict[str, Any]]:
    """What others deploy has task sets instead."""
    return [deployment(each, of, now) for each in of.deployments] if of.controller == "ECS" else []


def deployment(found: Deployment, of: Service, now: float) -> dict[str, Any]:
    """An entry of ``deployments``."""
    pending, running = counts((task for task in of.tasks if task.deployment is found), now)
    settings = found.revision.settings
    shown = {key: settings[key] for key in _OF_DEPLOYMENT if settings.get(key) is not None}
    shown |= {
        "id": found.id,
        "status": found.status,
        "taskDefinition": found.revision.definition.arn,
        "desiredCount": of.desired if found.status == "PRIMARY" else len(of.of(found)),
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": found.failed,
        "createdAt": moment(found.created_at),
        "updatedAt": moment(found.updated_at),
        "platformVersion": platform(settings),
        "platformFamily": "Linux",
        "rolloutState": found.rollout_state,
        "rolloutStateReason": found.reason,
    }
    return given(shown)


def task(found: Task, now: float, *, tags: bool = False) -> dict[str, Any]:
    """A task as DescribeTasks has it."""
    status = found.status(now)
    started = found.running_at if found.running_at is not None and found.running_at <= now else None
    definition = found.definition
    shown = {
        "taskArn": found.arn,
        "clusterArn": found.cluster_arn,
        "taskDefinitionArn": definition.arn,
        "group": found.group,
        "startedBy": found.started_by or None,
        "launchType": found.launch_type,
        "platformVersion": PLATFORM if found.launch_type == "FARGATE" else None,
        "platformFamily": "Linux",
        "availabilityZone": f"{found.arn.split(':')[3]}a",
        "cpu": definition.cpu,
        "memory": definition.memory,
        "attachments": _attachments(found, status),
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "connectivity": "CONNECTED" if started else None,
        "connectivityAt": moment(started),
        "containers": [_container(found, each, now) for each in definition.container_definitions],
        "createdAt": moment(found.created_at),
        "pullStartedAt": moment(_passed(found.created_at + found.pace, now)),
        "pullStoppedAt": moment(started),
        "startedAt": moment(started),
        "desiredStatus": "RUNNING" if found.alive else "STOPPED",
        "lastStatus": status,
        "healthStatus": _health(found, definition.container_definitions, now),
        "enableExecuteCommand": False,
        "overrides": found.overrides or {"containerOverrides": []},
        "version": 1 + sum(at is not None for at in (started, found.stopping_at, _passed(found.stopped_at, now))),
        "tags": found.tags if tags else [],
    }
    if not found.alive:
        shown |= {
            "stopCode": found.stop_code,
            "stoppedReason": found.stopped_reason,
            "stoppingAt": moment(found.stopping_at),
            "executionStoppedAt": moment(_passed(found.exited_at, now)),
            "stoppedAt": moment(_passed(found.stopped_at, now)),
        }
    return given(shown)


def revision(found: Revision, of: Service) -> dict[str, Any]:
    """A service revision as DescribeServiceRevisions has it."""
    shown = {key: found.settings[key] for key in _OF_REVISION if found.settings.get(key) is not None}
    shown |= {
        "serviceRevisionArn": found.arn,
        "serviceArn": of.arn,
        "clusterArn": of.cluster_arn,
        "taskDefinition": found.definition.arn,
        "platformVersion": platform(found.settings),
        "platformFamily": "Linux",
        "containerImages": found.images,
        "guardDutyEnabled": False,
        "createdAt": moment(found.created_at),
    }
    return given(shown)


def _container(of: Task, definition: dict[str, Any], now: float) -> dict[str, Any]:
    name, status = definition["name"], of.status(now)
    image = next((each for each in of.images if each["containerName"] == name), {})
    code, reason = of.exits.get(name, (None, "")) if status in ("STOPPED", "DEPROVISIONING") else (None, "")
    state = {"RUNNING": "RUNNING", "DEACTIVATING": "RUNNING", "STOPPING": "RUNNING"}.get(status, "PENDING")
    pulled = code is not None or state == "RUNNING"
    shown = {
        "containerArn": f"{of.arn.replace(':task/', ':container/')}/{hexadecimal(of.id, name)}",
        "taskArn": of.arn,
        "name": name,
        "image": definition.get("image"),
        "imageDigest": image.get("imageDigest") if pulled else None,
        "runtimeId": f"{of.id}-{hexadecimal(name, size=10)}" if pulled else None,
        "lastStatus": "STOPPED" if not of.alive and status in ("STOPPED", "DEPROVISIONING") else state,
        "exitCode": code,
        "reason": reason or None,
        "healthStatus": _health(of, [definition], now),
        "cpu": str(definition.get("cpu") or 0),
        "memory": str(definition["memory"]) if definition.get("memory") else None,
        "networkBindings": [],
        "networkInterfaces": [{"attachmentId": hexadecimal(of.id, "eni"), "privateIpv4Address": of.ip}],
    }
    return given(shown)


def interface_of(of: Task) -> dict[str, str]:
    """A task's network interface: ``attachment`` and the details of it; empty for a task that has none."""
    places = (of.network.get("awsvpcConfiguration") or {}).get("subnets") or []
    if not places:
        return {}
    return {
        "attachment": hexadecimal(of.id, "eni"),
        "subnetId": places[0],
        "networkInterfaceId": f"eni-{hexadecimal(of.id, 'interface', size=17)}",
        "macAddress": "0a:" + ":".join(of.id[start : start + 2] for start in range(0, 10, 2)),
        "privateDnsName": f"ip-{of.ip.replace('.', '-')}.ec2.internal",
        "privateIPv4Address": of.ip,
    }


def _attachments(of: Task, status: str) -> list[dict[str, Any]]:
    details = interface_of(of)
    if not details:
        return []
    identity = details.pop("attachment")
    state = "DELETED" if status == "STOPPED" else "PRECREATED" if status == "PROVISIONING" else "ATTACHED"
    listed = [{"name": name, "value": value} for name, value in details.items()]
    return [{"id": identity, "type": "ElasticNetworkInterface", "status": state, "details": listed}]


def _health(of: Task, containers: Iterable[dict[str, Any]], now: float) -> str:
    if not any(each.get("healthCheck") for each in containers):
        return "UNKNOWN"
    if of.unhealthy_at is not None and of.unhealthy_at <= now:
        return "UNHEALTHY"
    return "HEALTHY" if of.healthy(now) else "UNKNOWN"


def _role(of: Service) -> str | None:
    if not of.target_groups:
        return None
    return f"arn:aws:iam::{of.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


def _passed(at: float | None, now: float) -> float | None:
    return at if at is not None and at <= now else None
