"""AWS CodeDeploy, for ECS services that it deploys."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bot.aws.app_spec import carried, parse, task_definition_of, with_task_definition
from bot.aws.calls import Calls, in_batches, seconds
from bot.aws.errors import ask, ask_all
from bot.cloud import EcsService
from bot.domain import Account, Target
from bot.errors import BotError, ConflictError, NotFoundError, UpstreamError
from bot.shipping_cloud import CodeDeployment

PER_BATCH = 25
"""Deployments one BatchGetDeployments takes."""
NEWEST = 200
"""Deployments of a group that are read at most."""
_LONGEST_DESCRIPTION = 512
_DEPLOYMENT = re.compile(r"\bd-[A-Z0-9]+\b")
_NOT_NOW = ("DeploymentAlreadyCompletedException", "DeploymentIsNotInReadyStateException")


class CodeDeploy(Calls):
    """Fills ``bot.shipping_ports.CodeDeploy``."""

    def group(self, target: Target, service: EcsService) -> tuple[str, str]:
        """Application and deployment group: the configured ones, else those that made the running task set.

        Raises NotFoundError, saying which keys to configure, when neither is known.
        """
        if target.service.application and target.service.deployment_group:
            return target.service.application, target.service.deployment_group
        for deployment in service.code_deployments[:1]:
            found = self._found(target.account, deployment)
            if found is not None:
                return found["applicationName"], found["deploymentGroupName"]
        raise NotFoundError(
            f"CodeDeploy deploys {target.label}, and I do not know which of its deployment groups does.",
            hint="Set `application:` and `deployment_group:` of the service in config/systems.",
        )

    def create(
        self, target: Target, group: tuple[str, str], service: EcsService, task_definition: str, description: str
    ) -> str:
        """CreateDeployment of a task definition behind the service's load balancer; returns the id.

        The AppSpec is that of the service's newest deployment, so that a team's validation hooks are kept; one that
        cannot be read is an UpstreamError. Raises ConflictError when another deployment of the group is active, naming
        it, and NotFoundError when the service has no load balancer.
        """
        if not service.load_balancers:
            raise NotFoundError(f"{target.label} has no load balancer, and CodeDeploy deploys only behind one.")
        before = self._spec_before(target.account, service)
        spec = with_task_definition(before, task_definition, service.load_balancers[0])
        content = json.dumps(spec)
        digest = hashlib.sha256(content.encode()).hexdigest()
        # There is no idempotency token; what became of a lost call is the engine's to look up.
        client = self._client(target.account, "codedeploy", repeat=False)
        try:
            answer = ask(
                client,
                "create_deployment",
                applicationName=group[0],
                deploymentGroupName=group[1],
                description=description[:_LONGEST_DESCRIPTION],
                revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": digest}},
            )
        except UpstreamError as error:
            raise _refused(error, target, group) from error
        return str(answer["deploymentId"])

    def deployment(self, account: Account, deployment: str) -> CodeDeployment:
        """GetDeployment. Raises NotFoundError."""
        found = self._found(account, deployment)
        if found is None:
            raise _no_deployment(deployment)
        return _read(found)

    def recent(self, account: Account, group: tuple[str, str], *, since: float) -> tuple[CodeDeployment, ...]:
        """Deployments of a group created since then, newest first. AWS lists the newest first by itself."""
        client = self._client(account, "codedeploy")
        ids = ask_all(
            client,
            "list_deployments",
            "deployments[]",
            applicationName=group[0],
            deploymentGroupName=group[1],
            createTimeRange={"start": datetime.fromtimestamp(since, UTC)},
        )
        answers = self._each(
            lambda batch: ask(client, "batch_get_deployments", deploymentIds=list(batch)),
            in_batches(list(islice(ids, NEWEST)), PER_BATCH),
        )
        found = [_read(each) for answer in answers for each in answer["deploymentsInfo"]]
        return tuple(sorted(found, key=lambda each: each.created_at, reverse=True))

    def stop(self, account: Account, deployment: str) -> None:
        """StopDeployment with automatic rollback. Raises ConflictError when it has ended already."""
        self._tell(account, deployment, "stop_deployment", autoRollbackEnabled=True)

    def proceed(self, account: Account, deployment: str) -> None:
        """Let the traffic over where a deployment waits for that. Raises ConflictError when it does not."""
        self._tell(account, deployment, "continue_deployment", deploymentWaitType="READY_WAIT")

    def _spec_before(self, account: Account, service: EcsService) -> dict[str, Any] | None:
        found = self._found(account, service.code_deployments[0]) if service.code_deployments else None
        if found is None:
            return None
        revision = found.get("revision", {})
        text = self._from_s3(account, revision["s3Location"]) if "s3Location" in revision else carried(revision)
        spec = parse(text)
        if spec is None:
            raise UpstreamError(
                f"I cannot read the AppSpec of the CodeDeploy deployment {found['deploymentId']}.",
                hint="Deploying without it would drop its hooks.",
                code="AppSpec",
            )
        return spec

    def _from_s3(self, account: Account, place: dict[str, Any]) -> str:
        version = {"VersionId": place["version"]} if place.get("version") else {}
        answer = ask(self._client(account, "s3"), "get_object", Bucket=place["bucket"], Key=place["key"], **version)
        body: bytes = answer["Body"].read()
        return body.decode("utf-8", "replace")

    def _tell(self, account: Account, deployment: str, operation: str, **parameters: Any) -> None:
        client = self._client(account, "codedeploy", repeat=False)
        try:
            ask(client, operation, deploymentId=deployment, **parameters)
        except UpstreamError as error:
            if error.code == "DeploymentDoesNotExistException":
                raise _no_deployment(deployment) from error
            if error.code in _NOT_NOW:
                state = "has ended already" if error.code == _NOT_NOW[0] else "does not wait for anybody"
                raise ConflictError(f"The CodeDeploy deployment {deployment} {state}.") from error
            raise

    def _found(self, account: Account, deployment: str) -> dict[str, Any] | None:
        try:
            answer = ask(self._client(account, "codedeploy"), "get_deployment", deploymentId=deployment)
        except UpstreamError as error:
            if error.code == "DeploymentDoesNotExistException":
                return None
            raise
        found: dict[str, Any] = answer["deploymentInfo"]
        return found


def _no_deployment(deployment: str) -> NotFoundError:
    return NotFoundError(f"CodeDeploy has no deployment {deployment}.")


def _refused(error: UpstreamError, target: Target, group: tuple[str, str]) -> BotError:
    if error.code == "DeploymentLimitExceededException":
        active = _DEPLOYMENT.search(error.message)
        which = f"the CodeDeploy deployment {active[0]}" if active else "another CodeDeploy deployment"
        return ConflictError(
            f"{which[0].upper()}{which[1:]} of {target.label} is active, and CodeDeploy runs one at a time.",
            hint="Wait for it, or stop it.",
        )
    if error.code in ("ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException"):
        return NotFoundError(
            f"CodeDeploy has no deployment group {group[1]} in an application {group[0]}.",
            hint="See `application:` and `deployment_group:` in config/systems.",
        )
    return error


def _read(found: dict[str, Any]) -> CodeDeployment:
    error = found.get("errorInformation", {})
    rollback = found.get("rollbackInfo", {})
    return CodeDeployment(
        id=found["deploymentId"],
        application=found.get("applicationName", ""),
        group=found.get("deploymentGroupName", ""),
        status=found.get("status", ""),
        created_at=seconds(found.get("createTime")),
        ended_at=seconds(found.get("completeTime")),
        description=found.get("description", ""),
        creator=found.get("creator", ""),
        error=" ".join(part for part in (error.get("message", ""), f"({error.get('code')})") if part) if error else "",
        task_definition=task_definition_of(parse(carried(found.get("revision", {})))),
        rollback=rollback.get("rollbackDeploymentId", ""),
        undoes=rollback.get("rollbackTriggeringDeploymentId", ""),
    )
