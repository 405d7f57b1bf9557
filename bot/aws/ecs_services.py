"""ECS services: what runs now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.aws.answer_cache import AnswerCache
from bot.aws.calls import Calls, cluster_of, in_batches, seconds, service_of
from bot.aws.errors import ask
from bot.cloud import Deployment, EcsService, LoadBalancer, ServiceEvent
from bot.domain import Account, Target
from bot.errors import BotError, NotFoundError, UpstreamError

PER_CALL = 10
"""Services one DescribeServices takes."""


class Services(Calls):
    """Fills the part of ``bot.ports.Ecs`` that reads services."""

    def __init__(self, *more: Any, **options: Any) -> None:
        super().__init__(*more, **options)
        self._answers: AnswerCache[EcsService] = AnswerCache()

    def service(self, target: Target, *, age: float = 0.0) -> EcsService:
        """DescribeServices for one target, or what it said within ``age`` seconds.

        Raises NotFoundError when cluster or service do not exist.
        """
        account, cluster, name = target.account, cluster_of(target), service_of(target)

        def ask_now() -> EcsService:
            return _present(self._described(account, cluster, [name]), target)

        return self._answers.of((account, cluster, name), age, ask_now)

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
        return {each["serviceName"]: read_service(each, cluster) for each in alive}


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


def read_service(found: dict[str, Any], cluster: str) -> EcsService:
    """A service as DescribeServices and UpdateService answer it."""
    rules = found.get("deploymentConfiguration", {})
    breaker = rules.get("deploymentCircuitBreaker", {})
    alarms = rules.get("alarms", {}) if rules.get("alarms", {}).get("enable") else {}
    deployments = [_read_deployment(each) for each in found.get("deployments", [])]
    # Task sets take the place of deployments where another controller than ECS makes them.
    deployments += [_read_task_set(each) for each in found.get("taskSets", [])]
    events = [ServiceEvent(each["id"], seconds(each["createdAt"]), each["message"]) for each in found.get("events", [])]
    balancers = list(_balancers(found))
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
        target_groups=tuple(_target_groups(balancers)),
        # What ECS assumes where the service says nothing.
        minimum_healthy_percent=rules.get("minimumHealthyPercent", 100),
        maximum_percent=rules.get("maximumPercent", 200),
        breaker_enabled=breaker.get("enable", False),
        breaker_rollback=breaker.get("rollback", False),
        strategy=rules.get("strategy", "ROLLING"),
        scheduling=found.get("schedulingStrategy", "REPLICA"),
        alarms=tuple(alarms.get("alarmNames", ())),
        alarm_rollback=alarms.get("rollback", False),
        load_balancers=tuple(
            LoadBalancer(each["targetGroupArn"], each.get("containerName", ""), each.get("containerPort", 0))
            for each in balancers
            if each.get("targetGroupArn")
        ),
        current_deployment=found.get("currentServiceDeployment", ""),
        code_deployments=tuple(_code_deployments(found)),
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


def _read_task_set(found: dict[str, Any]) -> Deployment:
    # ECS knows of no rollout here, only of how far the set is scaled.
    desired = {"desiredCount": found.get("computedDesiredCount", 0)}
    return _read_deployment(found | desired)


def _balancers(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of the service, and of its task sets where it names none itself."""
    yield from found.get("loadBalancers", [])
    if not found.get("loadBalancers"):
        for task_set in sorted(found.get("taskSets", []), key=lambda each: bool(each["status"] != "PRIMARY")):
            yield from task_set.get("loadBalancers", [])


def _code_deployments(found: dict[str, Any]) -> Iterator[str]:
    """CodeDeploy leaves its deployment's id as ``externalId`` of the task set; one made by CreateService has none."""
    made = [each for each in found.get("taskSets", []) if each.get("startedBy") == "CODE_DEPLOY"]
    for task_set in sorted(made, key=lambda each: seconds(each.get("createdAt")), reverse=True):
        if task_set.get("externalId"):
            yield task_set["externalId"]


def _target_groups(balancers: Sequence[dict[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for balancer in balancers:
        # The second group is the one a blue/green deployment shifts to.
        for arn in (
            balancer.get("targetGroupArn"),
            balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn"),
        ):
            if arn and arn not in seen:
                seen.add(arn)
                yield arn
