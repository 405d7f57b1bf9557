"""CodeDeploy's deployments and deployment groups as the API answers them."""

from __future__ import annotations

from typing import Any

from moto.codedeploy.models import DeploymentGroup
from moto.codedeploy.responses import _deployment_group_info as _group_of_moto

from sandbox.aws.codedeploy_model import ACTIVE, CodeDeployment
from sandbox.aws.ecs_values import given, moment


def deployment(found: CodeDeployment, now: float) -> dict[str, Any]:
    """A deployment as GetDeployment has it."""
    status, record = found.status(now), found.record
    group = found.group
    started = found.created_at + 1.0
    shown: dict[str, Any] = {
        "applicationName": group.application.application_name,
        "deploymentGroupName": group.deployment_group_name,
        "deploymentConfigName": found.config,
        "deploymentId": found.id,
        "revision": found.revision,
        "status": status,
        "errorInformation": _error(found, status),
        "createTime": moment(found.created_at),
        "startTime": moment(started) if started <= now else None,
        "completeTime": moment(found.ended_at),
        "deploymentOverview": _overview(status),
        "description": found.description or None,
        "creator": "codeDeployRollback" if found.undoes else "user",
        "ignoreApplicationStopFailures": False,
        "autoRollbackConfiguration": _rollback(found),
        "updateOutdatedInstancesOnly": False,
        "rollbackInfo": _rollback_info(found, now),
        "deploymentStyle": group.deployment_style,
        "instanceTerminationWaitTimeStarted": record is not None and record.stage == "BAKE_TIME",
        "blueGreenDeploymentConfiguration": group.blue_green_deployment_configuration,
        "loadBalancerInfo": group.load_balancer_info,
        "fileExistsBehavior": "DISALLOW",
        "deploymentStatusMessages": [],
        "computePlatform": "ECS",
    }
    return given(shown)


def deployment_group(found: DeploymentGroup, deployments: list[CodeDeployment], now: float) -> dict[str, Any]:
    """A deployment group as GetDeploymentGroup has it; ``deployments`` are its own, newest first."""
    shown = _group_of_moto(found)
    good = next((each for each in deployments if each.status(now) == "Succeeded"), None)
    shown["alarmConfiguration"] = found.alarm_configuration or {"enabled": False, "alarms": []}
    shown["targetRevision"] = good.revision if good else None
    shown["lastSuccessfulDeployment"] = _last(good, now) if good else None
    shown["lastAttemptedDeployment"] = _last(deployments[0], now) if deployments else None
    return given(shown)


def _last(found: CodeDeployment, now: float) -> dict[str, Any]:
    shown = {
        "deploymentId": found.id,
        "status": found.status(now),
        "createTime": moment(found.created_at),
        "endTime": moment(found.ended_at),
    }
    return given(shown)


def _error(found: CodeDeployment, status: str) -> dict[str, str] | None:
    error = found.error() if status in ("Failed", "Stopped") else None
    return {"code": error[0], "message": error[1]} if error else None


def _overview(status: str) -> dict[str, int]:
    counted = {"Pending": 0, "InProgress": 0, "Succeeded": 0, "Failed": 0, "Skipped": 0, "Ready": 0}
    key = {"Created": "Pending", "Queued": "Pending", "Stopped": "Skipped"}.get(status, status)
    return counted | {key: 1}


def _rollback(found: CodeDeployment) -> dict[str, Any]:
    return {"enabled": bool(found.rollback_on), "events": list(found.rollback_on)}


def _rollback_info(found: CodeDeployment, now: float) -> dict[str, str] | None:
    if found.undoes is not None:
        text = f"This deployment rolls back {found.undoes.id}."
        return {"rollbackTriggeringDeploymentId": found.undoes.id, "rollbackMessage": text}
    if found.undone_by is None:
        return None
    text = "in progress" if found.undone_by.status(now) in ACTIVE else "complete"
    return {"rollbackDeploymentId": found.undone_by.id, "rollbackMessage": f"Deployment rollback is {text}."}
