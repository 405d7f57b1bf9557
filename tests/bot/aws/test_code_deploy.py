from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from bot import shipping_ports
from bot.aws.code_deploy import CodeDeploy
from bot.aws.session import Sessions
from bot.cloud import EcsService, LoadBalancer
from bot.domain import Account, Target
from bot.errors import ConflictError, NotFoundError, UpstreamError
from tests.bot.aws.scripted_aws import LostAnswer, Refusal, ScriptedAws
from tests.fake_aws import a_deployment as a_task_set
from tests.fake_aws import a_service

NEW = "arn:aws:ecs:us-east-1:123456789012:task-definition/bi-api:8"
OLD = "arn:aws:ecs:us-east-1:123456789012:task-definition/bi-api:7"
GROUP = ("bi", "bi-api")


@pytest.fixture
def service() -> EcsService:
    balancer = LoadBalancer("arn:group", "api", 8000)
    return a_service("api", a_task_set(OLD), load_balancers=(balancer,), code_deployments=("d-NEW", "d-OLD"))


def an_app_spec(task_definition: str, **more: Any) -> dict[str, Any]:
    properties = {
        "TaskDefinition": task_definition,
        "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 80},
        "PlatformVersion": "1.4.0",
    }
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    return {"version": 0.0, "Resources": [resource]} | more


def a_deployment(id: str = "d-NEW", **changes: Any) -> dict[str, Any]:
    found = {
        "deploymentId": id,
        "applicationName": "bi",
        "deploymentGroupName": "bi-api",
        "status": "InProgress",
        "createTime": 1000.0,
        "creator": "user",
        "description": "operation op1",
        "revision": {"revisionType": "AppSpecContent", "string": {"content": json.dumps(an_app_spec(OLD))}},
    }
    return found | changes


def test_it_fills_the_port(sessions: Sessions) -> None:
    port: shipping_ports.CodeDeploy = CodeDeploy(sessions)
    assert port


def test_a_configured_group_needs_no_call(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    configured = target.service.model_copy(update={"application": "a", "deployment_group": "g"})
    assert CodeDeploy(sessions).group(replace(target, service=configured), service) == ("a", "g")
    assert aws.calls == []


def test_the_group_is_the_one_that_made_the_newest_task_set(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    aws.on("GetDeployment", {"deploymentInfo": a_deployment()})
    assert CodeDeploy(sessions).group(target, service) == GROUP
    assert aws.asked("GetDeployment") == [{"deploymentId": "d-NEW"}]


def test_a_group_that_nobody_knows_names_the_keys_to_configure(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    aws.on("GetDeployment", Refusal("DeploymentDoesNotExistException"))
    for each in (service, replace(service, code_deployments=())):
        with pytest.raises(NotFoundError, match="`application:` and `deployment_group:`"):
            CodeDeploy(sessions).group(target, each)


def test_a_deployment_changes_task_definition_container_and_port_and_keeps_the_hooks_of_the_team(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    hooks = [{"AfterAllowTestTraffic": "arn:aws:lambda:us-east-1:123456789012:function:smoke"}]
    content = json.dumps(an_app_spec(OLD, Hooks=hooks))
    revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
    aws.on("GetDeployment", {"deploymentInfo": a_deployment(revision=revision)})
    aws.on("CreateDeployment", {"deploymentId": "d-3"})
    assert CodeDeploy(sessions).create(target, GROUP, service, NEW, "operation op2 " + "x" * 600) == "d-3"
    (asked,) = aws.asked("CreateDeployment")
    assert (asked["applicationName"], asked["deploymentGroupName"]) == GROUP
    assert len(asked["description"]) == 512
    sent = asked["revision"]["appSpecContent"]
    assert sent["sha256"] == hashlib.sha256(sent["content"].encode()).hexdigest()
    expected = an_app_spec(NEW, Hooks=hooks)
    properties = expected["Resources"][0]["TargetService"]["Properties"]
    properties["LoadBalancerInfo"] = {"ContainerName": "api", "ContainerPort": 8000}
    assert json.loads(sent["content"]) == expected


def test_the_first_deployment_has_the_shortest_app_spec(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    aws.on("CreateDeployment", {"deploymentId": "d-3"})
    CodeDeploy(sessions).create(target, GROUP, replace(service, code_deployments=()), NEW, "operation op2")
    sent = json.loads(aws.asked("CreateDeployment")[0]["revision"]["appSpecContent"]["content"])
    balancer = {"ContainerName": "api", "ContainerPort": 8000}
    properties = {"TaskDefinition": NEW, "LoadBalancerInfo": balancer}
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    assert sent == {"version": 0.0, "Resources": [resource]}


def test_an_app_spec_that_cannot_be_read_stops_the_deployment_since_its_hooks_would_be_lost(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    aws.on("GetDeployment", {"deploymentInfo": a_deployment(revision={"string": {"content": "x"}})})
    with pytest.raises(UpstreamError, match="AppSpec of the CodeDeploy deployment d-NEW"):
        CodeDeploy(sessions).create(target, GROUP, service, NEW, "operation op2")
    assert aws.asked("CreateDeployment") == []


def test_an_app_spec_in_s3_is_fetched(sessions: Sessions, target: Target, service: EcsService) -> None:
    place = {"bucket": "specs", "key": "bi/appspec.yaml", "version": "v1"}
    text = b"version: 0.0\nResources: [{Web: {Type: x, Properties: {TaskDefinition: old}}}]\nHooks: [{A: b}]\n"
    code_deploy, s3 = (sessions.client(target.account, name, repeat=True) for name in ("codedeploy", "s3"))
    creating = sessions.client(target.account, "codedeploy", repeat=False)
    with Stubber(code_deploy) as deployed, Stubber(s3) as stored, Stubber(creating) as made:
        info = {"deploymentId": "d-NEW", "revision": {"revisionType": "S3", "s3Location": place}}
        deployed.add_response("get_deployment", {"deploymentInfo": info})
        wanted = {"Bucket": "specs", "Key": "bi/appspec.yaml", "VersionId": "v1"}
        stored.add_response("get_object", {"Body": StreamingBody(io.BytesIO(text), len(text))}, wanted)
        spec = {
            "version": 0.0,
            "Resources": [{"Web": {"Type": "x", "Properties": {"TaskDefinition": NEW}}}],
            "Hooks": [{"A": "b"}],
        }
        balancer = {"ContainerName": "api", "ContainerPort": 8000}
        spec["Resources"][0]["Web"]["Properties"]["LoadBalancerInfo"] = balancer  # type: ignore[index]
        content = json.dumps(spec)
        carried = {"content": content, "sha256": hashlib.sha256(content.encode()).hexdigest()}
        expected = {
            "applicationName": "bi",
            "deploymentGroupName": "bi-api",
            "description": "op2",
            "revision": {"revisionType": "AppSpecContent", "appSpecContent": carried},
        }
        made.add_response("create_deployment", {"deploymentId": "d-3"}, expected)
        assert CodeDeploy(sessions).create(target, GROUP, service, NEW, "op2") == "d-3"


def test_another_active_deployment_is_named(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    text = "The Deployment Group 'bi-api' already has an active Deployment 'd-ABC123XYZ'"
    aws.on("CreateDeployment", Refusal("DeploymentLimitExceededException", text))
    first = replace(service, code_deployments=())
    with pytest.raises(ConflictError, match="deployment d-ABC123XYZ of bi/api production is active"):
        CodeDeploy(sessions).create(target, GROUP, first, NEW, "operation op2")


def test_a_group_that_does_not_exist_is_not_found(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    aws.on("CreateDeployment", Refusal("DeploymentGroupDoesNotExistException"))
    with pytest.raises(NotFoundError, match="no deployment group bi-api in an application bi"):
        CodeDeploy(sessions).create(target, GROUP, replace(service, code_deployments=()), NEW, "operation op2")


def test_a_service_without_a_load_balancer_cannot_be_deployed(
    aws: ScriptedAws, sessions: Sessions, target: Target, service: EcsService
) -> None:
    with pytest.raises(NotFoundError, match="no load balancer"):
        CodeDeploy(sessions).create(target, GROUP, replace(service, load_balancers=()), NEW, "operation op2")
    assert aws.calls == []


def test_a_deployment_whose_answer_was_lost_is_not_made_again(
    aws: ScriptedAws, target: Target, service: EcsService
) -> None:
    aws.on("CreateDeployment", LostAnswer())
    with pytest.raises(UpstreamError) as caught:
        CodeDeploy(Sessions(attempts=3)).create(target, GROUP, replace(service, code_deployments=()), NEW, "op2")
    assert caught.value.retryable
    assert len(aws.asked("CreateDeployment")) == 1


def test_a_deployment_tells_what_went_wrong_and_what_undid_it(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    found = a_deployment(
        status="Stopped",
        completeTime=1100.0,
        errorInformation={"code": "ALARM_ACTIVE", "message": "One or more alarms fired."},
        rollbackInfo={"rollbackDeploymentId": "d-UNDO", "rollbackTriggeringDeploymentId": "d-BAD"},
    )
    aws.on("GetDeployment", {"deploymentInfo": found})
    read = CodeDeploy(sessions).deployment(account, "d-NEW")
    assert (read.id, read.application, read.group, read.status) == ("d-NEW", "bi", "bi-api", "Stopped")
    assert (read.created_at, read.ended_at, read.creator) == (1000.0, 1100.0, "user")
    assert (read.description, read.task_definition) == ("operation op1", OLD)
    assert read.error == "One or more alarms fired. (ALARM_ACTIVE)"
    assert (read.rollback, read.undoes) == ("d-UNDO", "d-BAD")


def test_an_app_spec_in_yaml_is_read_too(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    content = f"version: 0.0\nResources:\n  - Web:\n      Type: x\n      Properties:\n        TaskDefinition: {OLD}\n"
    aws.on("GetDeployment", {"deploymentInfo": a_deployment(revision={"string": {"content": content}})})
    assert CodeDeploy(sessions).deployment(account, "d-NEW").task_definition == OLD


def test_a_deployment_that_does_not_exist_is_not_found(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    for operation in ("GetDeployment", "StopDeployment", "ContinueDeployment"):
        aws.on(operation, Refusal("DeploymentDoesNotExistException"))
    deploy = CodeDeploy(sessions)
    for ask in (deploy.deployment, deploy.stop, deploy.proceed):
        with pytest.raises(NotFoundError, match="no deployment d-9"):
            ask(account, "d-9")


def test_recent_deployments_come_newest_first_from_every_page(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ids = [f"d-{number}" for number in range(30)]
    pages = {None: {"deployments": ids[:20], "nextToken": "more"}, "more": {"deployments": ids[20:]}}
    aws.on("ListDeployments", lambda asked: pages[asked.get("nextToken")])
    aws.on(
        "BatchGetDeployments",
        lambda asked: {
            "deploymentsInfo": [
                a_deployment(each, createTime=1000.0 + int(each[2:])) for each in asked["deploymentIds"]
            ]
        },
    )
    found = CodeDeploy(sessions).recent(account, GROUP, since=900.0)
    assert [each.id for each in found] == list(reversed(ids))
    first = aws.asked("ListDeployments")[0]
    assert (first["applicationName"], first["deploymentGroupName"]) == GROUP
    assert first["createTimeRange"] == {"start": 900}
    assert sorted(len(each["deploymentIds"]) for each in aws.asked("BatchGetDeployments")) == [5, 25]


def test_a_deployment_is_stopped_with_a_rollback_and_let_over_where_it_waits(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("StopDeployment", {"status": "Pending"})
    aws.on("ContinueDeployment", {})
    CodeDeploy(sessions).stop(account, "d-1")
    CodeDeploy(sessions).proceed(account, "d-1")
    assert aws.asked("StopDeployment") == [{"deploymentId": "d-1", "autoRollbackEnabled": True}]
    assert aws.asked("ContinueDeployment") == [{"deploymentId": "d-1", "deploymentWaitType": "READY_WAIT"}]


def test_a_deployment_that_has_ended_or_does_not_wait_is_a_conflict(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("StopDeployment", Refusal("DeploymentAlreadyCompletedException"))
    aws.on("ContinueDeployment", Refusal("DeploymentIsNotInReadyStateException"))
    with pytest.raises(ConflictError, match="d-1 has ended already"):
        CodeDeploy(sessions).stop(account, "d-1")
    with pytest.raises(ConflictError, match="d-1 does not wait for anybody"):
        CodeDeploy(sessions).proceed(account, "d-1")
