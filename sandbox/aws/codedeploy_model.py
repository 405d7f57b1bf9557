"""CodeDeploy's deployments of ECS services: what they lead to, and how they are doing at an instant."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml
from moto.codedeploy.models import CodeDeployBackend, DeploymentGroup

from sandbox.aws.ecs_model import Service
from sandbox.aws.ecs_records import ServiceDeployment, hexadecimal
from sandbox.aws.ecs_stages import TIMED_OUT, TOO_SLOW

ACTIVE = ("Created", "Queued", "InProgress", "Ready")
"""Statuses of a deployment that has not ended."""

READY_WAIT = "POST_TEST_TRAFFIC_SHIFT"
"""The stage, in ECS's terms, at which a deployment waits to be told to let the traffic over."""

LONGEST_INSTALL = 120.0
"""Seconds until new tasks that do not become healthy are given up. CodeDeploy waits an hour; in the sandbox tasks need
seconds, not minutes, to start."""

_CREATED_FOR, _QUEUED_UNTIL = 0.5, 1.0
_CANARY = re.compile(r"Canary(\d+)Percent(\d+)Minutes")
_LINEAR = re.compile(r"Linear(\d+)PercentEvery(\d+)Minutes")
_TOO_SLOW = (
    "The deployment timed out while waiting for the replacement task set to become healthy. "
    "This time out period is 60 minutes."
)


@dataclass(eq=False)
class CodeDeployment:
    """A deployment. ``undoes`` is the one that it puts back, ``undone_by`` the one that puts this one back.

    ``record`` is the rollout in ECS, shared by a deployment and the one that undoes it; None for one that could not
    begin, for the ``refusal`` (code and message).
    """

    id: str
    group: DeploymentGroup
    revision: dict[str, Any]
    definition: str
    container: str
    config: str
    created_at: float
    service: Service
    record: ServiceDeployment | None = None
    description: str = ""
    rollback_on: tuple[str, ...] = ()
    refusal: tuple[str, str] | None = None
    stopped_by_hand: bool = False
    undoes: CodeDeployment | None = None
    undone_by: CodeDeployment | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody has to let the traffic over."""
        record = self.record
        return record is not None and any(hook.status == "AWAITING_ACTION" for hook in record.hooks)

    @property
    def ended_at(self) -> float | None:
        """When it ended; None while it is under way."""
        if self.record is None:
            return self.created_at
        if self.undoes is None and self.record.rollback:
            return float(self.record.rollback["startedAt"])
        return self.record.finished_at

    def status(self, now: float) -> str:
        """CodeDeploy's status at an instant."""
        record = self.record
        if record is None:
            return "Failed"
        if self.ended_at is not None:
            return self._end(record)
        if now < self.created_at + _CREATED_FOR:
            return "Created"
        if now < self.created_at + _QUEUED_UNTIL:
            return "Queued"
        return "Ready" if self.undoes is None and self.waits else "InProgress"

    def _end(self, record: ServiceDeployment) -> str:
        if self.undoes is not None:
            return {"ROLLBACK_SUCCESSFUL": "Succeeded", "STOPPED": "Stopped"}.get(record.status, "Failed")
        if record.status == "SUCCESSFUL":
            return "Succeeded"
        stopped = self.stopped_by_hand or record.red or record.status_reason == TIMED_OUT
        return "Stopped" if stopped else "Failed"

    def error(self) -> tuple[str, str] | None:
        """CodeDeploy's code and message for what went wrong."""
        record = self.record
        if record is None or self.undoes is not None:
            return self.refusal
        if self.stopped_by_hand:
            return "MANUAL_STOP", "The deployment was stopped by the user."
        if record.red:
            return "ALARM_ACTIVE", f"One or more alarms have been activated: {', '.join(record.red)}."
        if record.status_reason == TOO_SLOW:
            return "TIMEOUT", _TOO_SLOW
        return None


def deployments_of(backend: CodeDeployBackend) -> dict[str, CodeDeployment]:
    """A region's deployments by id, oldest first; moto's own dictionary, which a reset empties."""
    deployments: Any = backend.deployments
    return dict(deployments)


def make_id(*parts: object) -> str:
    """An id such as CodeDeploy gives."""
    return f"d-{hexadecimal(*parts, size=9).upper()}"


def target_of(content: str) -> tuple[str, str]:
    """The task definition and container that an AppSpec names. Raises ValueError."""
    try:
        spec = {key.lower(): value for key, value in yaml.safe_load(content).items()}
        properties = spec["resources"][0]["TargetService"]["Properties"]
        return str(properties["TaskDefinition"]), str(properties["LoadBalancerInfo"]["ContainerName"])
    except (yaml.YAMLError, AttributeError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"The AppSpec file cannot be read: {error!r}") from error


def revision_of(definition: str, container: str) -> dict[str, Any]:
    """A revision whose AppSpec names this task definition."""
    properties = {"TaskDefinition": definition, "LoadBalancerInfo": {"ContainerName": container}}
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [resource]})
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def as_ecs_has_it(group: DeploymentGroup, config: str, rollback_on: tuple[str, ...]) -> dict[str, Any]:
    """A deployment group's settings, written as ECS's own strategies are."""
    blue_green: dict[str, Any] = group.blue_green_deployment_configuration
    terminate = blue_green.get("terminateBlueInstancesOnDeploymentSuccess") or {}
    ready = blue_green.get("deploymentReadyOption") or {}
    found: dict[str, Any] = {"strategy": "BLUE_GREEN"}
    found["bakeTimeInMinutes"] = terminate.get("terminationWaitTimeInMinutes") or 0
    canary, linear = _CANARY.search(config), _LINEAR.search(config)
    if canary:
        found["strategy"] = "CANARY"
        found["canaryConfiguration"] = {"canaryPercent": int(canary[1]), "canaryBakeTimeInMinutes": int(canary[2])}
    if linear:
        found["strategy"] = "LINEAR"
        found["linearConfiguration"] = {"stepPercent": int(linear[1]), "stepBakeTimeInMinutes": int(linear[2])}
    if ready.get("actionOnTimeout") == "STOP_DEPLOYMENT":
        timeout = {"timeoutInMinutes": ready.get("waitTimeInMinutes") or 0, "action": "ROLLBACK"}
        hook = {"targetType": "PAUSE", "lifecycleStages": [READY_WAIT], "timeoutConfiguration": timeout}
        found["lifecycleHooks"] = [hook]
    alarms: Any = group.alarm_configuration or {}
    if alarms.get("enabled"):
        names = [each["name"] for each in alarms.get("alarms") or []]
        found["alarms"] = {"enable": True, "alarmNames": names, "rollback": "DEPLOYMENT_STOP_ON_ALARM" in rollback_on}
    return found
