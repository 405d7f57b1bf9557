"""Rollouts as the API answers them: service deployments, the revisions in them, and CodeDeploy's task sets."""

from __future__ import annotations

from typing import Any

from sandbox.aws.ecs_model import Deployment, Service
from sandbox.aws.ecs_records import Hook, Revision, ServiceDeployment
from sandbox.aws.ecs_values import counts, given, moment, platform


def record(found: ServiceDeployment, of: Service, now: float) -> dict[str, Any]:
    """A rollout as DescribeServiceDeployments has it."""
    rollback = dict(found.rollback or {})
    if rollback:
        rollback["startedAt"] = moment(rollback["startedAt"])
    sources = [current(of, revision, now) for revision in found.sources]
    target = current(of, found.target, now)
    if found.shifts:
        target |= _traffic(found.production, found.test)
        for number, source in enumerate(sources):
            source.update(_traffic(0.0 if number else 100.0 - found.production, 0.0))
    shown = {
        **record_brief(found, of),
        "stoppedAt": moment(found.stopped_at),
        "updatedAt": moment(found.updated_at or found.created_at),
        "sourceServiceRevisions": sources,
        "targetServiceRevision": target,
        "lifecycleStage": None if found.finished_at else found.stage,
        "lifecycleHookDetails": [_hook(each) for each in found.hooks],
        "deploymentConfiguration": found.configuration,
        "rollback": rollback or None,
        "deploymentCircuitBreaker": {
            "status": found.breaker,
            "failureCount": found.failures,
            "threshold": found.threshold,
        },
    }
    if found.alarms:
        shown["alarms"] = {
            "status": found.watching,
            "alarmNames": list(found.alarms),
            "triggeredAlarmNames": list(found.red),
        }
    del shown["targetServiceRevisionArn"]
    return given(shown)


def _traffic(production: float, test: float) -> dict[str, float]:
    return {"requestedProductionTrafficWeight": production, "requestedTestTrafficWeight": test}


def _hook(found: Hook) -> dict[str, Any]:
    shown = {
        "hookId": found.id,
        "targetType": found.kind,
        "targetArn": found.target or None,
        "status": found.status,
        "expiresAt": moment(found.expires_at),
        "timeoutAction": found.action,
    }
    return given(shown)


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
    return given(shown)


def current_revisions(of: Service, now: float) -> list[dict[str, Any]]:
    """What a service runs, and how many tasks of each; only of services that ECS deploys."""
    if of.controller != "ECS":
        return []
    return [current(of, found, now) for found in dict.fromkeys(each.revision for each in of.deployments)]


def current(of: Service, found: Revision, now: float) -> dict[str, Any]:
    """A revision with its numbers of tasks."""
    pending, running = counts((task for task in of.tasks if _is_of(task.deployment, found)), now)
    return {
        "arn": found.arn,
        "requestedTaskCount": _requested(of, found),
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def _requested(of: Service, found: Revision) -> int:
    if not of.deployments:
        return 0
    return of.desired if found in (of.primary.revision, of.primary.record.kept) else 0


def _is_of(deployment: Deployment | None, revision: Revision) -> bool:
    return deployment is not None and deployment.revision is revision


def task_sets(of: Service, now: float) -> list[dict[str, Any]]:
    """The task sets of a service that CodeDeploy deploys: PRIMARY has the traffic, others are ACTIVE or DRAINING."""
    if of.controller != "CODE_DEPLOY":
        return []
    return [_task_set(each, of, now) for each in sorted(of.deployments, key=lambda one: one.revision is not of.serving)]


def _task_set(found: Deployment, of: Service, now: float) -> dict[str, Any]:
    mine = [task for task in of.tasks if task.deployment is found]
    pending, running = counts(mine, now)
    wanted = of.desired if found is of.primary or found.revision is of.serving else len(of.of(found))
    steady = running == wanted and pending == 0
    status = "PRIMARY" if found.revision is of.serving or of.serving is None else "ACTIVE"
    settings = found.revision.settings
    groups = dict(zip(of.target_groups, of.groups_of(found.revision.turn), strict=True))
    shown = {
        "id": found.id,
        "taskSetArn": f"{of.arn.replace(':service/', ':task-set/')}/{found.id}",
        "serviceArn": of.arn,
        "clusterArn": of.cluster_arn,
        "startedBy": "CODE_DEPLOY" if found.external_id else None,
        "externalId": found.external_id or None,
        "status": "DRAINING" if status == "ACTIVE" and mine and not of.of(found) else status,
        "taskDefinition": found.revision.definition.arn,
        "computedDesiredCount": wanted,
        "pendingCount": pending,
        "runningCount": running,
        "createdAt": moment(found.created_at),
        "updatedAt": moment(found.updated_at),
        "launchType": settings.get("launchType"),
        "platformVersion": platform(settings),
        "platformFamily": "Linux",
        "networkConfiguration": settings.get("networkConfiguration"),
        "loadBalancers": [
            {key: groups.get(value, value) if key == "targetGroupArn" else value for key, value in each.items()}
            for each in of.settings.get("loadBalancers") or []
        ],
        "serviceRegistries": [],
        "scale": {"value": 100.0, "unit": "PERCENT"},
        "stabilityStatus": "STEADY_STATE" if steady else "STABILIZING",
        "stabilityStatusAt": moment(found.updated_at),
        "tags": [],
    }
    return given(shown)
