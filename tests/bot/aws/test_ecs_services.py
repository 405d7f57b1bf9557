from __future__ import annotations

from typing import Any

import pytest

from bot import aws_ports
from bot.aws.ecs import Ecs
from bot.aws.session import Sessions
from bot.cloud import EcsService, LoadBalancer
from bot.domain import Account, Target
from bot.errors import NotFoundError
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws, a_target

FAMILY = "arn:aws:ecs:us-east-1:123456789012:task-definition/bi-api"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/bi/1"
OTHER_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/bi/2"


def a_deployment(id: str, status: str, at: float, **changes: Any) -> dict[str, Any]:
    counts = {"desiredCount": 2, "runningCount": 1, "pendingCount": 1, "failedTasks": 0}
    state = {"rolloutState": "IN_PROGRESS", "rolloutStateReason": "in progress"}
    found = {"id": id, "status": status, "taskDefinition": f"{FAMILY}:7", "createdAt": at, "updatedAt": at + 1}
    return found | counts | state | changes


def a_service(name: str = "api", **changes: Any) -> dict[str, Any]:
    found = {
        "serviceArn": f"arn:aws:ecs:us-east-1:123456789012:service/bi-production/{name}",
        "serviceName": name,
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 2,
        "pendingCount": 0,
        "taskDefinition": f"{FAMILY}:7",
        "deployments": [a_deployment("ecs-svc/1", "PRIMARY", 100.0, rolloutState="COMPLETED")],
        "events": [],
        "loadBalancers": [],
    }
    return found | changes


def all_asked_for(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"services": [a_service(name) for name in parameters["services"]], "failures": []}


def test_the_adapter_fills_the_port(sessions: Sessions) -> None:
    port: aws_ports.Ecs = Ecs(sessions)
    assert port


def test_a_service_is_described_in_one_call(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    deployments = [
        a_deployment("ecs-svc/1", "ACTIVE", 100.0, rolloutState="COMPLETED"),
        a_deployment("ecs-svc/2", "PRIMARY", 200.0, failedTasks=3),
    ]
    events = [{"id": "a", "createdAt": 100.0, "message": "old"}, {"id": "b", "createdAt": 200.0, "message": "new"}]
    balancers = [{"targetGroupArn": GROUP, "advancedConfiguration": {"alternateTargetGroupArn": OTHER_GROUP}}]
    rules = {
        "minimumHealthyPercent": 50,
        "maximumPercent": 150,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    }
    found = a_service(
        deployments=deployments, events=events, loadBalancers=balancers, deploymentConfiguration=rules, pendingCount=1
    )
    aws.on("DescribeServices", {"services": [found], "failures": []})
    service = Ecs(sessions).service(target)
    assert aws.asked("DescribeServices") == [{"cluster": "bi-production", "services": ["api"]}]
    assert [each.id for each in service.deployments] == ["ecs-svc/2", "ecs-svc/1"]
    assert service.primary is not None
    assert (service.primary.failed_tasks, service.primary.created_at, service.primary.updated_at) == (3, 200.0, 201.0)
    assert service.in_flight
    assert [each.message for each in service.events] == ["new", "old"]
    assert service.target_groups == (GROUP, OTHER_GROUP)
    assert (service.minimum_healthy_percent, service.maximum_percent) == (50, 150)
    assert (service.breaker_enabled, service.breaker_rollback) == (True, True)
    assert (service.cluster, service.controller, service.desired, service.pending) == ("bi-production", "ECS", 2, 1)


def test_what_a_service_does_not_say_is_what_ecs_assumes(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("DescribeServices", all_asked_for)
    service = Ecs(sessions).service(target)
    assert (service.minimum_healthy_percent, service.maximum_percent, service.breaker_enabled) == (100, 200, False)
    assert not service.in_flight


def test_a_missing_service_is_not_found(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("DescribeServices", {"services": [], "failures": [{"arn": "api", "reason": "MISSING"}]})
    with pytest.raises(NotFoundError, match="no service api in cluster bi-production"):
        Ecs(sessions).service(target)


def test_a_deleted_service_is_not_found(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("DescribeServices", {"services": [a_service(status="INACTIVE")], "failures": []})
    with pytest.raises(NotFoundError):
        Ecs(sessions).service(target)


def test_a_missing_cluster_is_not_found(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("DescribeServices", Refusal("ClusterNotFoundException", "Cluster not found."))
    with pytest.raises(NotFoundError, match="no cluster bi-production in us-east-1"):
        Ecs(sessions).service(target)


def test_many_services_are_described_ten_at_a_time(aws: ScriptedAws, sessions: Sessions) -> None:
    aws.on("DescribeServices", all_asked_for)
    targets = [a_target(f"s{number:02}") for number in range(23)] + [a_target("web", cluster="other")]
    found = Ecs(sessions).services(targets)
    assert sorted(len(each["services"]) for each in aws.asked("DescribeServices")) == [1, 3, 10, 10]
    assert list(found) == [target.key for target in targets]
    assert all(isinstance(each, EcsService) for each in found.values())


def test_services_of_two_regions_are_asked_for_apart(aws: ScriptedAws, sessions: Sessions) -> None:
    aws.on("DescribeServices", all_asked_for)
    targets = [a_target("one"), a_target("two", account=Account("eu-central-1"))]
    assert len(Ecs(sessions).services(targets)) == 2
    assert len(aws.asked("DescribeServices")) == 2


def test_one_cluster_that_cannot_be_read_does_not_hide_the_others(aws: ScriptedAws, sessions: Sessions) -> None:
    def answer(asked: dict[str, Any]) -> Any:
        if asked["cluster"] == "gone":
            return Refusal("ClusterNotFoundException", "Cluster not found.")
        return {"services": [a_service("api")], "failures": [{"arn": "web", "reason": "MISSING"}]}

    aws.on("DescribeServices", answer)
    targets = [a_target("api"), a_target("web"), a_target("lost", cluster="gone")]
    api, web, lost = Ecs(sessions).services(targets).values()
    assert isinstance(api, EcsService)
    assert isinstance(web, NotFoundError)
    assert isinstance(lost, NotFoundError)


def test_no_targets_need_no_call(aws: ScriptedAws, sessions: Sessions) -> None:
    assert Ecs(sessions).services([]) == {}
    assert aws.calls == []


def test_strategy_alarms_and_load_balancers_are_read(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    rules = {"strategy": "CANARY", "alarms": {"alarmNames": ["5xx"], "enable": True, "rollback": True}}
    balancer = {"targetGroupArn": GROUP, "containerName": "api", "containerPort": 8000}
    record = "arn:aws:ecs:us-east-1:123456789012:service-deployment/bi-production/api/1"
    found = a_service(
        deploymentConfiguration=rules,
        loadBalancers=[balancer, {"loadBalancerName": "classic"}],
        schedulingStrategy="DAEMON",
        currentServiceDeployment=record,
    )
    aws.on("DescribeServices", {"services": [found], "failures": []})
    service = Ecs(sessions).service(target)
    assert (service.strategy, service.scheduling, service.current_deployment) == ("CANARY", "DAEMON", record)
    assert (service.alarms, service.alarm_rollback) == (("5xx",), True)
    assert service.load_balancers == (LoadBalancer(GROUP, "api", 8000),)


def test_alarms_that_are_switched_off_are_none(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    rules = {"alarms": {"alarmNames": ["5xx"], "enable": False, "rollback": True}}
    aws.on("DescribeServices", {"services": [a_service(deploymentConfiguration=rules)], "failures": []})
    service = Ecs(sessions).service(target)
    assert (service.alarms, service.alarm_rollback, service.strategy) == ((), False, "ROLLING")


def a_task_set(number: int, status: str, **changes: Any) -> dict[str, Any]:
    found = {
        "id": f"ecs-svc/{number}",
        "status": status,
        "startedBy": "CODE_DEPLOY",
        "externalId": f"d-{number}",
        "taskDefinition": f"{FAMILY}:{number}",
        "computedDesiredCount": 2,
        "runningCount": 2,
        "pendingCount": 0,
        "createdAt": 100.0 + number,
        "loadBalancers": [{"targetGroupArn": f"{GROUP}{number}", "containerName": "api", "containerPort": 80}],
    }
    return found | changes


def test_task_sets_are_the_deployments_of_a_service_that_codedeploy_deploys(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    first = a_task_set(1, "DRAINING", externalId=None, startedBy="ecs-svc")
    sets = [first, a_task_set(2, "PRIMARY"), a_task_set(3, "ACTIVE", runningCount=1)]
    found = a_service(deployments=[], taskSets=sets, deploymentController={"type": "CODE_DEPLOY"})
    aws.on("DescribeServices", {"services": [found], "failures": []})
    service = Ecs(sessions).service(target)
    assert (service.controller, service.code_deployments) == ("CODE_DEPLOY", ("d-3", "d-2"))
    assert [each.id for each in service.deployments] == ["ecs-svc/2", "ecs-svc/3", "ecs-svc/1"]
    assert service.primary is not None
    assert (service.primary.task_definition, service.primary.desired) == (f"{FAMILY}:2", 2)
    assert service.in_flight
    assert service.load_balancers[0] == LoadBalancer(f"{GROUP}2", "api", 80)


def test_a_lone_task_set_that_scales_is_no_deployment(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    sets = [a_task_set(2, "PRIMARY", stabilityStatus="STABILIZING", runningCount=1)]
    aws.on("DescribeServices", {"services": [a_service(deployments=[], taskSets=sets)], "failures": []})
    assert not Ecs(sessions).service(target).in_flight


def test_who_takes_an_older_answer_asks_nobody(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("DescribeServices", all_asked_for)
    ecs = Ecs(sessions)
    known = ecs.service(target, age=60.0)
    assert ecs.service(target, age=60.0) is known
    assert len(aws.asked("DescribeServices")) == 1
    assert ecs.service(target) is not known
    assert len(aws.asked("DescribeServices")) == 2
