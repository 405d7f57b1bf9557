"""What ECS remembers of a service: its rollouts and the tasks that stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.aws.calls import Calls, cluster_of, in_batches, missing, seconds, service_of
from bot.aws.errors import ask
from bot.cloud import ContainerExit, ServiceDeployment, StoppedTask
from bot.domain import Target
from bot.errors import UpstreamError

PER_PAGE = 100
"""Entries of one page, and tasks of one DescribeTasks."""
PAGES = 5
"""Pages read of a list; a service in a crash loop stops hundreds of tasks an hour."""
PER_DETAIL = 20
"""Service deployments, or service revisions, of one describe call."""


class History(Calls):
    """Fills the part of ``bot.ports.Ecs`` that looks back."""

    def service_deployments(self, target: Target, *, since: float) -> tuple[ServiceDeployment, ...]:
        """ECS's own history of rollouts created since then, newest first.

        ``rolled_back_to`` is the task definition ECS returned to; images are ``name@digest`` where it is known.
        """
        client = self._client(target.account, "ecs")
        listed = self._listed(
            client,
            target,
            ("list_service_deployments", "serviceDeployments"),
            service=service_of(target),
            createdAt={"after": datetime.fromtimestamp(since, UTC)},
        )
        arns = [each["serviceDeploymentArn"] for each in listed]
        operation = ("describe_service_deployments", "serviceDeploymentArns", "serviceDeployments")
        found = self._detailed(client, operation, arns)
        revision_arns = sorted({arn for each in found for arn in (_went_to(each), _went_back_to(each)) if arn})
        operation = ("describe_service_revisions", "serviceRevisionArns", "serviceRevisions")
        revisions = {each["serviceRevisionArn"]: each for each in self._detailed(client, operation, revision_arns)}
        deployments = [_read_service_deployment(each, revisions) for each in found]
        # AWS promises no order.
        return tuple(sorted(deployments, key=lambda each: each.created_at, reverse=True))

    def stopped_tasks(self, target: Target, *, since: float, started_by: str = "") -> tuple[StoppedTask, ...]:
        """Tasks of the service that stopped since then, newest first; ECS keeps them about an hour."""
        client = self._client(target.account, "ecs")
        # ListTasks takes startedBy only as its sole filter, so that one is applied here.
        arns = self._listed(
            client, target, ("list_tasks", "taskArns"), serviceName=service_of(target), desiredStatus="STOPPED"
        )
        cluster = cluster_of(target)
        answers = self._each(
            lambda batch: ask(client, "describe_tasks", cluster=cluster, tasks=list(batch)),
            in_batches(arns, PER_PAGE),
        )
        tasks = [_read_task(each) for answer in answers for each in answer["tasks"]]
        wanted = [each for each in tasks if each.stopped_at >= since and started_by in ("", each.started_by)]
        return tuple(sorted(wanted, key=lambda each: each.stopped_at, reverse=True))

    def _listed(self, client: Any, target: Target, operation: tuple[str, str], **parameters: Any) -> list[Any]:
        name, field = operation
        found: list[Any] = []
        for _ in range(PAGES):
            try:
                answer = ask(client, name, cluster=cluster_of(target), maxResults=PER_PAGE, **parameters)
            except UpstreamError as error:
                raise missing(error, target) from error
            found += answer[field]
            if not answer.get("nextToken"):
                break
            parameters["nextToken"] = answer["nextToken"]
        return found

    def _detailed(self, client: Any, operation: tuple[str, str, str], arns: Sequence[str]) -> list[dict[str, Any]]:
        name, parameter, field = operation
        answers = self._each(lambda batch: ask(client, name, **{parameter: list(batch)}), in_batches(arns, PER_DETAIL))
        return [each for answer in answers for each in answer[field]]


def _went_to(found: dict[str, Any]) -> str:
    return str(found.get("targetServiceRevision", {}).get("arn", ""))


def _went_back_to(found: dict[str, Any]) -> str:
    return str(found.get("rollback", {}).get("serviceRevisionArn", ""))


def _read_service_deployment(found: dict[str, Any], revisions: dict[str, dict[str, Any]]) -> ServiceDeployment:
    revision = revisions.get(_went_to(found), {})
    back = revisions.get(_went_back_to(found), {})
    return ServiceDeployment(
        arn=found["serviceDeploymentArn"],
        status=found["status"],
        reason=found.get("rollback", {}).get("reason") or found.get("statusReason", ""),
        created_at=seconds(found.get("createdAt")),
        finished_at=seconds(found.get("finishedAt") or found.get("stoppedAt")),
        task_definition=revision.get("taskDefinition", ""),
        rolled_back_to=back.get("taskDefinition", ""),
        images=tuple(_pinned(each) for each in revision.get("containerImages", [])),
    )


def _pinned(container: dict[str, Any]) -> str:
    image, digest = str(container.get("image", "")), container.get("imageDigest")
    return f"{image}@{digest}" if digest and "@" not in image else image


def _read_task(found: dict[str, Any]) -> StoppedTask:
    # A task that is still being stopped has no stoppedAt yet.
    stopped = found.get("stoppedAt") or found.get("executionStoppedAt") or found.get("stoppingAt")
    return StoppedTask(
        id=found["taskArn"].rpartition("/")[2],
        task_definition=found["taskDefinitionArn"],
        started_by=found.get("startedBy", ""),
        stop_code=found.get("stopCode", ""),
        reason=found.get("stoppedReason", ""),
        stopped_at=seconds(stopped),
        containers=tuple(
            ContainerExit(each.get("name", ""), each.get("exitCode"), each.get("reason", ""))
            for each in found.get("containers", [])
        ),
    )
