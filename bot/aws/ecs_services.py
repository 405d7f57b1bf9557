"""ECS services: what runs now, and the one change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.aws.calls import Calls, cluster_of, in_batches, missing, seconds, service_of
from bot.aws.errors import ask
from bot.cloud import Deployment, EcsService, ServiceEvent
from bot.domain import Account, Target
from bot.errors import BotError, NotFoundError, UpstreamError

PER_CALL = 10
"""Services one DescribeServices takes."""


class Services(Calls):
    """Fills the service part of ``bot.ports.Ecs``."""

    def service(self, target: Target) -> EcsService:
        """DescribeServices for one target. Raises NotFoundError when cluster or service do not exist."""
        found = self._described(target.account, cluster_of(target), [service_of(target)])
        return _present(found, target)

    def services(self, targets: Sequence[Target]) -> Mapping[str, EcsService | Exception]:
        """Many at once, by target key: one call for ten services of a cluster, calls in parallel."""
        batches = list(_batches(targets))
        answers = self._each_or_error(
            lambda batch: self._described(batch[0].account, cluster_of(batch[0]), [service_of(each) for each in batch]),
            batches,
        )
        result: dict[str, EcsService | Exception] = {}
        for batch, answer in zip(batches, answers, strict=True):
            for target in batch:
                result[target.key] = _present_or_error(answer, target)
        return result

    def update_service(self, target: Target, task_definition: str) -> str:
        """UpdateService with nothing but the task definition; returns the id of the PRIMARY deployment."""
        # What became of a call whose answer was lost is the engine's to look up; botocore would just call again.
        client = self._client(target.account, "ecs", repeat=False)
        cluster, service = cluster_of(target), service_of(target)
        try:
            answer = ask(client, "update_service", cluster=cluster, service=service, taskDefinition=task_definition)
        except UpstreamError as error:
            raise missing(error, target) from error
        primary = _read_service(answer["service"], cluster).primary
        return primary.id if primary else ""

    def _described(self, account: Account, cluster: str, names: Sequence[str]) -> dict[str, EcsService]:
        client = self._client(account, "ecs")
        try:
            answer = ask(client, "describe_services", cluster=cluster, services=sorted(set(names)))
        except UpstreamError as error:
            if error.code == "ClusterNotFoundException":
                raise NotFoundError(f"ECS has no cluster {cluster} in {account.region}.") from error
            raise
        # A service that was deleted stays visible for a while, as INACTIVE.
        alive = [each for each in answer["services"] if each["status"] != "INACTIVE"]
        return {each["serviceName"]: _read_service(each, cluster) for each in alive}


def _batches(targets: Sequence[Target]) -> Iterator[Sequence[Target]]:
    together: dict[tuple[Account, str], list[Target]] = defaultdict(list)
    for target in targets:
        together[target.account, cluster_of(target)].append(target)
    for group in together.values():
        yield from in_batches(group, PER_CALL)


def _present(found: Mapping[str, EcsService], target: Target) -> EcsService:
    service = found.get(service_of(target))
    if service is None:
        raise NotFoundError(f"ECS has no service {service_of(target)} in cluster {cluster_of(target)}.")
    return service


def _present_or_error(answer: Mapping[str, EcsService] | BotError, target: Target) -> EcsService | Exception:
    if isinstance(answer, BotError):
        return answer
    try:
        return _present(answer, target)
    except NotFoundError as error:
        return error


def _read_service(found: dict[str, Any], cluster: str) -> EcsService:
    rules = found.get("deploymentConfiguration", {})
    breaker = rules.get("deploymentCircuitBreaker", {})
    deployments = [_read_deployment(each) for each in found.get("deployments", [])]
    events = [ServiceEvent(each["id"], seconds(each["createdAt"]), each["message"]) for each in found.get("events", [])]
    return EcsService(
        arn=found["serviceArn"],
        name=found["serviceName"],
        cluster=cluster,
        status=found["status"],
        controller=found.get("deploymentController", {}).get("type", "ECS"),
        desired=found["desiredCount"],
        running=found["runningCount"],
        pending=found["pendingCount"],
        task_definition=found.get("taskDefinition", ""),
        deployments=tuple(sorted(deployments, key=lambda each: (each.status != "PRIMARY", -each.created_at))),
        events=tuple(sorted(events, key=lambda each: each.at, reverse=True)),
        target_groups=tuple(_target_groups(found)),
        # What ECS assumes where the service says nothing.
        minimum_healthy_percent=rules.get("minimumHealthyPercent", 100),
        maximum_percent=rules.get("maximumPercent", 200),
        breaker_enabled=breaker.get("enable", False),
        breaker_rollback=breaker.get("rollback", False),
    )


def _read_deployment(found: dict[str, Any]) -> Deployment:
    return Deployment(
        id=found["id"],
        status=found["status"],
        task_definition=found["taskDefinition"],
        desired=found.get("desiredCount", 0),
        running=found.get("runningCount", 0),
        pending=found.get("pendingCount", 0),
        failed_tasks=found.get("failedTasks", 0),
        rollout_state=found.get("rolloutState", ""),
        rollout_reason=found.get("rolloutStateReason", ""),
        created_at=seconds(found.get("createdAt")),
        updated_at=seconds(found.get("updatedAt")),
    )


def _target_groups(found: dict[str, Any]) -> Iterator[str]:
    seen: set[str] = set()
    for balancer in found.get("loadBalancers", []):
        # The second group is the one a blue/green deployment shifts to.
        for arn in (
            balancer.get("targetGroupArn"),
            balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn"),
        ):
            if arn and arn not in seen:
                seen.add(arn)
                yield arn
