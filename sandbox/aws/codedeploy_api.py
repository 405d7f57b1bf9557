"""CodeDeploy's operations on deployments of ECS services; each function takes the place of moto's method."""

from __future__ import annotations

from typing import Any

from moto.codedeploy.exceptions import CodeDeployException, DeploymentDoesNotExistException
from moto.codedeploy.models import CodeDeployBackend, DeploymentGroup
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.elbv2.models import elbv2_backends

from sandbox.aws import codedeploy_render, ecs_rollout, ecs_stages
from sandbox.aws.codedeploy_model import (
    ACTIVE,
    LONGEST_INSTALL,
    CodeDeployment,
    as_ecs_has_it,
    deployments_of,
    make_id,
    revision_of,
    target_of,
)
from sandbox.aws.ecs_lookup import definition_of, page
from sandbox.aws.ecs_model import Service
from sandbox.aws.ecs_simulation import bring_up, now, services_of, simulating

PER_CALL = 25
LONGEST_DESCRIPTION = 512

_STOPPED = "Deployment stopped by a user request."


def create_deployment(self: CodeDeployResponse) -> ActionResult:
    """CreateDeployment of an ECS service from an AppSpec; one at a time in a group."""
    backend, at = self.codedeploy_backend, now()
    name = self._get_param("applicationName")
    if not self._get_param("deploymentGroupName"):
        raise CodeDeployException("DeploymentGroupNameRequiredException", "Deployment group name is required.")
    group = backend.get_deployment_group(name, self._get_param("deploymentGroupName"))
    definition, container = _target(self._get_param("revision") or {})
    if len(self._get_param("description") or "") > LONGEST_DESCRIPTION:
        raise CodeDeployException("DescriptionTooLongException", f"At most {LONGEST_DESCRIPTION} characters.")
    with simulating:
        active = next((each for each in _of_group(backend, group) if each.status(at) in ACTIVE), None)
        if active is not None:
            message = f"The Deployment Group '{group.deployment_group_name}' already has an active Deployment"
            raise CodeDeployException("DeploymentLimitExceededException", f"{message} '{active.id}'")
        made = CodeDeployment(
            id=make_id(name, group.deployment_group_name, len(deployments_of(backend)), at),
            group=group,
            revision=self._get_param("revision"),
            definition=definition,
            container=container,
            config=self._get_param("deploymentConfigName") or str(group.deployment_config_name),
            created_at=at,
            service=_service(backend, group),
            description=self._get_param("description") or "",
            rollback_on=_rollback_on(self._get_param("autoRollbackConfiguration") or group.auto_rollback_configuration),
        )
        _begin(backend, made, at)
        _keep(backend, made)
    return ActionResult({"deploymentId": made.id})


def _target(revision: dict[str, Any]) -> tuple[str, str]:
    written = revision.get("appSpecContent") or revision.get("string") or {}
    if not written.get("content"):
        raise CodeDeployException("RevisionRequiredException", "The revision must have an AppSpec.")
    try:
        return target_of(written["content"])
    except ValueError as error:
        raise CodeDeployException("InvalidRevisionException", str(error)) from error


def _service(backend: CodeDeployBackend, group: DeploymentGroup) -> Service:
    named: dict[str, str] = next(iter(group.ecs_services), {})
    found = services_of(_ecs(backend)).get(f"{named.get('clusterName')}:{named.get('serviceName')}")
    if found is None or found.status != "ACTIVE" or found.controller != "CODE_DEPLOY":
        message = "The ECS service does not exist, is not active, or is not deployed by CodeDeploy."
        raise CodeDeployException("InvalidECSServiceException", message)
    return found


def _begin(backend: CodeDeployBackend, made: CodeDeployment, at: float) -> None:
    definition, service = definition_of(_ecs(backend), made.definition), made.service
    if definition is None or definition.status != "ACTIVE":
        made.refusal = ("ECS_UPDATE_ERROR", "The ECS service cannot be updated: TaskDefinition is inactive.")
        return
    made.definition = definition.arn
    if made.container not in [each["name"] for each in definition.container_definitions]:
        message = f"The ECS service cannot be updated: the task definition has no container {made.container}."
        made.refusal = ("ECS_UPDATE_ERROR", message)
        return
    service.pairs |= _pairs(backend, made.group, service)
    configuration = as_ecs_has_it(made.group, made.config, made.rollback_on)
    revision = ecs_rollout.revise(service, definition, at)
    deployment = ecs_rollout.begin(service, revision, at, configuration=configuration, longest=LONGEST_INSTALL)
    deployment.external_id = made.id
    made.record = deployment.record
    made.record.goes_back = "DEPLOYMENT_FAILURE" in made.rollback_on


def _pairs(backend: CodeDeployBackend, group: DeploymentGroup, service: Service) -> dict[str, str]:
    """The other target group for each one of the service's."""
    groups = elbv2_backends[backend.account_id][backend.region_name].target_groups
    known = {each.name: each.arn for each in groups.values()}
    found: dict[str, str] = {}
    for pair in group.load_balancer_info.get("targetGroupPairInfoList") or []:
        arns = [known[each["name"]] for each in pair.get("targetGroups") or [] if each["name"] in known]
        found |= {own: other for own in service.target_groups for other in arns if own in arns and other != own}
    return found


def get_deployment(self: CodeDeployResponse) -> ActionResult:
    """GetDeployment, as it is now."""
    with simulating:
        found = _one(self)
        return ActionResult({"deploymentInfo": codedeploy_render.deployment(found, now())})


def batch_get_deployments(self: CodeDeployResponse) -> ActionResult:
    """BatchGetDeployments of at most 25; those unknown are left out."""
    asked = self._get_param("deploymentIds") or []
    if len(asked) > PER_CALL:
        raise CodeDeployException("BatchLimitExceededException", f"At most {PER_CALL} deployments.")
    with simulating:
        known = _bring_up(self.codedeploy_backend)
        shown = [codedeploy_render.deployment(known[each], now()) for each in asked if each in known]
    return ActionResult({"deploymentsInfo": shown})


def list_deployments(self: CodeDeployResponse) -> ActionResult:
    """ListDeployments of a group, or of all, newest first."""
    backend, name = self.codedeploy_backend, self._get_param("applicationName")
    group = self._get_param("deploymentGroupName")
    if bool(name) != bool(group):
        missing = "DeploymentGroupName" if name else "ApplicationName"
        raise CodeDeployException(f"{missing}RequiredException", f"{missing} must be specified.")
    wanted = self._get_param("includeOnlyStatuses") or []
    between = self._get_param("createTimeRange") or {}
    with simulating:
        if name:
            found = _of_group(backend, backend.get_deployment_group(name, group))
        else:
            found = list(reversed(_bring_up(backend).values()))
        at = now()
        ids = [
            each.id for each in found if not wanted or each.status(at) in wanted if _within(each.created_at, between)
        ]
    shown, token = page(ids, self._get_param("nextToken"), None)
    return ActionResult({"deployments": shown, "nextToken": token})


def _within(at: float, between: dict[str, Any]) -> bool:
    start, end = between.get("start"), between.get("end")
    return not (start and at < start.timestamp()) and not (end and at > end.timestamp())


def stop_deployment(self: CodeDeployResponse) -> ActionResult:
    """StopDeployment; with automatic rollback another deployment puts everything back."""
    with simulating:
        found, at = _one(self), now()
        record = found.record
        if found.status(at) not in ACTIVE or record is None:
            raise CodeDeployException(
                "DeploymentAlreadyCompletedException", f"The deployment {found.id} has already completed."
            )
        asked = self._get_param("autoRollbackEnabled")
        goes_back = "DEPLOYMENT_STOP_ON_REQUEST" in found.rollback_on if asked is None else asked
        found.stopped_by_hand = True
        if goes_back and found.undoes is None:
            ecs_rollout.go_back(found.service, found.service.primary, _STOPPED, at)
        else:
            ecs_rollout.stop(found.service.primary, _STOPPED, at)
    return ActionResult({"status": "Pending", "statusMessage": "The deployment is being stopped."})


def continue_deployment(self: CodeDeployResponse) -> EmptyResult:
    """ContinueDeployment: let the traffic over (READY_WAIT), or stop the old tasks now (TERMINATION_WAIT)."""
    with simulating:
        found, at = _one(self), now()
        record = found.record
        if found.status(at) not in ACTIVE or record is None:
            raise CodeDeployException(
                "DeploymentAlreadyCompletedException", f"The deployment {found.id} has already completed."
            )
        terminates = self._get_param("deploymentWaitType") == "TERMINATION_WAIT"
        if terminates and record.stage == "BAKE_TIME":
            record.step_ends = at
            ecs_rollout.wake(found.service, at)
        elif found.waits and not terminates:
            for hook in record.hooks:
                ecs_stages.answer(found.service, found.service.primary, hook, "CONTINUE", at)
        else:
            raise CodeDeployException(
                "DeploymentIsNotInReadyStateException", f"The deployment {found.id} is not in a ready state."
            )
    return EmptyResult()


def get_deployment_group(self: CodeDeployResponse) -> ActionResult:
    """GetDeploymentGroup with the deployments it had."""
    backend = self.codedeploy_backend
    group = backend.get_deployment_group(self._get_param("applicationName"), self._get_param("deploymentGroupName"))
    with simulating:
        return ActionResult({"deploymentGroupInfo": _shown(backend, group)})


def batch_get_deployment_groups(self: CodeDeployResponse) -> ActionResult:
    """BatchGetDeploymentGroups of one application."""
    backend, name = self.codedeploy_backend, self._get_param("applicationName")
    with simulating:
        groups = [backend.get_deployment_group(name, each) for each in self._get_param("deploymentGroupNames") or []]
        return ActionResult({"deploymentGroupsInfo": [_shown(backend, group) for group in groups]})


def _shown(backend: CodeDeployBackend, group: DeploymentGroup) -> dict[str, Any]:
    return codedeploy_render.deployment_group(group, _of_group(backend, group), now())


def _one(self: CodeDeployResponse) -> CodeDeployment:
    wanted = self._get_param("deploymentId")
    found = _bring_up(self.codedeploy_backend).get(wanted)
    if found is None:
        raise DeploymentDoesNotExistException(f"The deployment {wanted} could not be found")
    return found


def _of_group(backend: CodeDeployBackend, group: DeploymentGroup) -> list[CodeDeployment]:
    return [each for each in reversed(_bring_up(backend).values()) if each.group is group]


def _bring_up(backend: CodeDeployBackend) -> dict[str, CodeDeployment]:
    """All deployments, with those that CodeDeploy itself has made meanwhile to undo others."""
    bring_up(_ecs(backend))
    for found in deployments_of(backend).values():
        if found.undoes is None and found.undone_by is None and found.record is not None and found.record.rollback:
            found.undone_by = _undoing(found)
            _keep(backend, found.undone_by)
    return deployments_of(backend)


def _undoing(found: CodeDeployment) -> CodeDeployment:
    record, before = found.record, found.service.completed
    definition = before.definition.arn if before else found.definition
    return CodeDeployment(
        id=make_id(found.id, "rollback"),
        group=found.group,
        revision=revision_of(definition, found.container),
        definition=definition,
        container=found.container,
        config=found.config,
        created_at=float(record.rollback["startedAt"]) if record and record.rollback else found.created_at,
        service=found.service,
        record=record,
        undoes=found,
    )


def _keep(backend: CodeDeployBackend, made: CodeDeployment) -> None:
    deployments: dict[str, Any] = backend.deployments
    deployments[made.id] = made


def _rollback_on(configuration: dict[str, Any]) -> tuple[str, ...]:
    return tuple(configuration.get("events") or ()) if configuration.get("enabled") else ()


def _ecs(backend: CodeDeployBackend) -> EC2ContainerServiceBackend:
    return ecs_backends[backend.account_id][backend.region_name]


OPERATIONS = (
    create_deployment,
    get_deployment,
    batch_get_deployments,
    list_deployments,
    stop_deployment,
    continue_deployment,
    get_deployment_group,
    batch_get_deployment_groups,
)
