"""The changes of ECS services. None has an idempotency token, so none is ever repeated by botocore.

What became of a call whose answer was lost is the engine's to look up.
"""

from __future__ import annotations

from typing import Any

from bot.aws.calls import Calls, cluster_of, missing, service_of
from bot.aws.ecs_services import read_service
from bot.aws.errors import ask
from bot.domain import Target
from bot.errors import ConflictError, NotFoundError, UpstreamError

_LONGEST_REASON = 255
# ContinueServiceDeployment has no error of its own for a hook that was answered; arn and hook came from ECS itself.
_NO_LONGER_WAITS = ("ConflictException", "InvalidParameterException", "ClientException")


class Changes(Calls):
    """Fills the part of ``bot.ports.Ecs`` that changes services and tasks."""

    def update_service(self, target: Target, task_definition: str) -> str:
        """UpdateService with nothing but the task definition; returns the id of the PRIMARY deployment."""
        return self._deployed(target, taskDefinition=task_definition)

    def restart_service(self, target: Target) -> str:
        """UpdateService with nothing but forceNewDeployment; returns the id of the PRIMARY deployment."""
        return self._deployed(target, forceNewDeployment=True)

    def set_desired(self, target: Target, count: int) -> None:
        """UpdateService with nothing but the desired count, which starts no deployment."""
        self._update(target, desiredCount=count)

    def stop_deployment(self, target: Target, arn: str) -> None:
        """StopServiceDeployment with ROLLBACK, the only kind the documents allow.

        Raises ConflictError when it has ended already, NotFoundError when ECS does not know it.
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
        """
        client = self._client(target.account, "ecs", repeat=False)
        try:
            ask(client, "stop_service_deployment", serviceDeploymentArn=arn, stopType="ROLLBACK")
        except UpstreamError as error:
            if error.code == "ConflictException":
                raise ConflictError(
                    f"This deployment of {target.label} has ended already; nothing is left to stop."
                ) from error
            raise _unknown(error, target) from error

    def continue_deployment(self, target: Target, arn: str, hook: str, *, go_on: bool) -> None:
        """Answer a PAUSE hook: go on or roll back.

        Raises ConflictError when it no longer waits, NotFoundError when ECS does not know the deployment.
        """
        client = self._client(target.account, "ecs", repeat=False)
        action = "CONTINUE" if go_on else "ROLLBACK"
        try:
            ask(client, "continue_service_deployment", serviceDeploymentArn=arn, hookId=hook, action=action)
        except UpstreamError as error:
            if error.code in _NO_LONGER_WAITS:
                raise ConflictError(
                    f"This deployment of {target.label} no longer waits for an answer: {error.message}"
                ) from error
            raise _unknown(error, target) from error

    def stop_task(self, target: Target, task: str, reason: str) -> None:
        """StopTask; ECS starts another in its place. Stopping one that has stopped, or is forgotten, is no error."""
        client = self._client(target.account, "ecs", repeat=False)
        try:
            ask(client, "stop_task", cluster=cluster_of(target), task=task, reason=reason[:_LONGEST_REASON])
        except UpstreamError as error:
            if error.code != "InvalidParameterException" or "not found" not in error.message:
                raise missing(error, target) from error

    def _deployed(self, target: Target, **change: Any) -> str:
        primary = read_service(self._update(target, **change), cluster_of(target)).primary
        return primary.id if primary else ""

    def _update(self, target: Target, **change: Any) -> dict[str, Any]:
        client = self._client(target.account, "ecs", repeat=False)
        try:
            answer = ask(client, "update_service", cluster=cluster_of(target), service=service_of(target), **change)
        except UpstreamError as error:
            raise missing(error, target) from error
        updated: dict[str, Any] = answer["service"]
        return updated


def _unknown(error: UpstreamError, target: Target) -> Exception:
    if error.code == "ServiceDeploymentNotFoundException":
        return NotFoundError(f"ECS does not know this deployment of {target.label} any more.")
    return missing(error, target)
