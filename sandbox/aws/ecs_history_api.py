"""ECS's operations on rollouts that were: service deployments and service revisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse

from sandbox.aws import ecs_render, ecs_render_rollouts, ecs_rollout, ecs_stages
from sandbox.aws.ecs_lookup import cluster_of, no_more_than, page, refuse, service_of
from sandbox.aws.ecs_model import Service
from sandbox.aws.ecs_records import Revision, ServiceDeployment
from sandbox.aws.ecs_simulation import bring_up, now, services_of, simulating

PER_CALL = 20
KEPT = 90 * 86_400.0
"""Seconds ECS remembers a rollout."""

USER_REASON = "Service deployment rolled back by a user request."


def list_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    """ListServiceDeployments of the last 90 days, newest first."""
    params, backend = self._get_params(), self.ecs_backend
    cluster = cluster_of(backend, params.get("cluster"))
    between = params.get("createdAt") or {}
    after, before = _seconds(between.get("after")), _seconds(between.get("before"))
    with simulating:
        bring_up(backend)
        found = service_of(backend, cluster, params["service"])
        wanted = params.get("status") or []
        shown = [
            ecs_render_rollouts.record_brief(record, found)
            for record in found.records
            if record.created_at > now() - KEPT
            and (not wanted or record.status in wanted)
            and (after is None or record.created_at > after)
            and (before is None or record.created_at < before)
        ]
    listed, token = page(shown, params.get("nextToken"), params.get("maxResults"))
    return ActionResult({"serviceDeployments": listed, "nextToken": token})


def describe_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    """DescribeServiceDeployments of at most twenty."""
    backend, asked = self.ecs_backend, self._get_params().get("serviceDeploymentArns") or []
    no_more_than(PER_CALL, asked, "ServiceDeploymentArns")
    with simulating:
        bring_up(backend)
        known = {record.arn: (record, service) for service, record in _records(backend)}
        shown = [ecs_render_rollouts.record(*known[arn], now()) for arn in dict.fromkeys(asked) if arn in known]
    return ActionResult({"serviceDeployments": shown, "failures": _missing(asked, known)})


def describe_service_revisions(self: EC2ContainerServiceResponse) -> ActionResult:
    """DescribeServiceRevisions of at most twenty, images with their digests."""
    backend, asked = self.ecs_backend, self._get_params().get("serviceRevisionArns") or []
    no_more_than(PER_CALL, asked, "ServiceRevisionArns")
    with simulating:
        bring_up(backend)
        known: dict[str, tuple[Revision, Service]] = {
            revision.arn: (revision, service)
            for service in services_of(backend).values()
            for revision in service.revisions
        }
        shown = [ecs_render.revision(*known[arn]) for arn in dict.fromkeys(asked) if arn in known]
    return ActionResult({"serviceRevisions": shown, "failures": _missing(asked, known)})


def stop_service_deployment(self: EC2ContainerServiceResponse) -> ActionResult:
    """StopServiceDeployment: the service returns to what was completed last."""
    params, backend = self._get_params(), self.ecs_backend
    # The model has ABORT as well; the documentation says that only ROLLBACK is valid.
    if (params.get("stopType") or "ROLLBACK") != "ROLLBACK":
        raise InvalidParameterException("The stopType must be ROLLBACK.")
    with simulating:
        bring_up(backend)
        service, record = _record(backend, params["serviceDeploymentArn"])
        if record.finished_at is not None or not service.deployments:
            raise refuse("ConflictException", f"Service deployment {record.arn} is already in a terminal state.")
        primary = service.primary
        if not primary.rolls_back:
            ecs_rollout.go_back(service, primary, USER_REASON, now())
    return ActionResult({"serviceDeploymentArn": record.arn})


def continue_service_deployment(self: EC2ContainerServiceResponse) -> ActionResult:
    """ContinueServiceDeployment: what waits at a PAUSE hook goes on, or goes back."""
    params, backend = self._get_params(), self.ecs_backend
    with simulating:
        bring_up(backend)
        service, record = _record(backend, params["serviceDeploymentArn"])
        hook = next((each for each in record.hooks if each.id == params["hookId"]), None)
        # The model gives this operation no ConflictException.
        if hook is None:
            raise InvalidParameterException(f"Lifecycle hook {params['hookId']} not found.")
        if hook.status != "AWAITING_ACTION" or record.status != "IN_PROGRESS":
            raise InvalidParameterException(f"Lifecycle hook {hook.id} is not in the AWAITING_ACTION state.")
        ecs_stages.answer(service, service.primary, hook, params.get("action") or "CONTINUE", now())
    return ActionResult({"serviceDeploymentArn": record.arn})


def _record(backend: EC2ContainerServiceBackend, arn: str) -> tuple[Service, ServiceDeployment]:
    found = next(((service, record) for service, record in _records(backend) if record.arn == arn), None)
    if found is None:
        raise refuse("ServiceDeploymentNotFoundException", "Service deployment not found.")
    return found


def _records(backend: EC2ContainerServiceBackend) -> Iterator[tuple[Service, ServiceDeployment]]:
    for service in services_of(backend).values():
        for record in service.records:
            yield service, record


def _missing(asked: list[str], known: dict[str, Any]) -> list[dict[str, str]]:
    return [{"arn": arn, "reason": "MISSING"} for arn in dict.fromkeys(asked) if arn not in known]


def _seconds(at: Any) -> float | None:
    return at.timestamp() if isinstance(at, datetime) else None if at is None else float(at)


OPERATIONS = (
    list_service_deployments,
    describe_service_deployments,
    describe_service_revisions,
    stop_service_deployment,
    continue_service_deployment,
)
