"""Services, tasks and deployments as the API answers them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.ecs_model import STARTING, Deployment, Revision, Service, ServiceDeployment, Task, hexadecimal

PLATFORM = "1.4.0"
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


def moment(at: float | None) -> datetime | None:
    """Seconds since the epoch as an aware datetime."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


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
        "platformVersion": _platform(found.settings),
        "deployments": [deployment(each, found, now) for each in found.deployments],
        "events": [{**event, "createdAt": moment(event["createdAt"])} for event in found.events],
        "createdAt": moment(found.created_at),
        "createdBy": found.created_by,
        "roleArn": _role(found),
        "taskSets": [],
        "currentServiceRevisions": [_current(found, revision, now) for revision in _revisions(found)],
    }
    if found.records:
        shown["currentServiceDeployment"] = found.records[0].arn
    if tags:
        shown["tags"] = found.tags
    return _given(shown)


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
        "platformVersion": _platform(settings),
        "platformFamily": "Linux",
        "rolloutState": found.rollout_state,
        "rolloutStateReason": found.reason,
    }
    return _given(shown)


def counts(tasks: Iterable[Task], now: float) -> tuple[int, int]:
    """How many tasks are pending and how many run."""
    states = [task.status(now) for task in tasks]
    return sum(state in STARTING for state in states), states.count("RUNNING")


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
    return _given(shown)


def record(found: ServiceDeployment, of: Service, now: float) -> dict[str, Any]:
    """A rollout as DescribeServiceDeployments has it."""
    rollback = dict(found.rollback or {})
    if rollback:
        rollback["startedAt"] = moment(rollback["startedAt"])
    shown = {
        **record_brief(found, of),
        "stoppedAt": moment(found.stopped_at),
        "updatedAt": moment(found.updated_at or found.created_at),
        "sourceServiceRevisions": [_current(of, revision, now) for revision in found.sources],
        "targetServiceRevision": _current(of, found.target, now),
        "lifecycleStage": None if found.finished_at else "SCALE_UP",
        "deploymentConfiguration": found.configuration,
        "rollback": rollback or None,
        "deploymentCircuitBreaker": {
            "status": found.breaker,
            "failureCount": found.failures,
            "threshold": found.threshold,
        },
    }
    del shown["targetServiceRevisionArn"]
    return _given(shown)


def record_brief(found: ServiceDeployment, of: Service) -> dict[str, Any]:
    """A rollout as ListServiceDeployments has it."""
    shown = {
        "serviceDeploymentArn": found.arn,
        "serviceArn": of.arn,
        "clusterArn": of.cluster_arn,
        "createdAt": moment(found.created_at),
        "startedAt": moment(found.created_at),
        "finishedAt": moment(found.finished_at),
        "targetServiceRevisionArn": found.target.arn,
        "status": found.status,
        "statusReason": found.status_reason or None,
    }
    return _given(shown)


def revision(found: Revision, of: Service) -> dict[str, Any]:
    """A service revision as DescribeServiceRevisions has it."""
    shown = {key: found.settings[key] for key in _OF_REVISION if found.settings.get(key) is not None}
    shown |= {
        "serviceRevisionArn": found.arn,
        "serviceArn": of.arn,
        "clusterArn": of.cluster_arn,
        "taskDefinition": found.definition.arn,
        "platformVersion": _platform(found.settings),
        "platformFamily": "Linux",
        "containerImages": found.images,
        "guardDutyEnabled": False,
        "createdAt": moment(found.created_at),
    }
    return _given(shown)


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
    return _given(shown)


def _attachments(of: Task, status: str) -> list[dict[str, Any]]:
    places = (of.network.get("awsvpcConfiguration") or {}).get("subnets") or []
    if not places:
        return []
    details = {
        "subnetId": places[0],
        "networkInterfaceId": f"eni-{hexadecimal(of.id, 'interface', size=17)}",
        "macAddress": "0a:" + ":".join(of.id[start : start + 2] for start in range(0, 10, 2)),
        "privateDnsName": f"ip-{of.ip.replace('.', '-')}.ec2.internal",
        "privateIPv4Address": of.ip,
    }
    state = "DELETED" if status == "STOPPED" else "PRECREATED" if status == "PROVISIONING" else "ATTACHED"
    listed = [{"name": name, "value": value} for name, value in details.items()]
    return [{"id": hexadecimal(of.id, "eni"), "type": "ElasticNetworkInterface", "status": state, "details": listed}]


def _health(of: Task, containers: Iterable[dict[str, Any]], now: float) -> str:
    if not any(each.get("healthCheck") for each in containers):
        return "UNKNOWN"
    if of.unhealthy_at is not None and of.unhealthy_at <= now:
        return "UNHEALTHY"
    return "HEALTHY" if of.healthy(now) else "UNKNOWN"


def _revisions(of: Service) -> list[Revision]:
    return list(dict.fromkeys(each.revision for each in of.deployments))


def _current(of: Service, found: Revision, now: float) -> dict[str, Any]:
    mine = [task for task in of.tasks if task.deployment is not None and task.deployment.revision is found]
    pending, running = counts(mine, now)
    requested = of.desired if of.deployments and of.primary.revision is found else 0
    return {
        "arn": found.arn,
        "requestedTaskCount": requested,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def _role(of: Service) -> str | None:
    if not of.target_groups:
        return None
    return f"arn:aws:iam::{of.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


def _platform(settings: dict[str, Any]) -> str | None:
    return settings.get("platformVersion") or (PLATFORM if settings.get("launchType") == "FARGATE" else None)


def _passed(at: float | None, now: float) -> float | None:
    return at if at is not None and at <= now else None


def _given(shown: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shown.items() if value is not None}
