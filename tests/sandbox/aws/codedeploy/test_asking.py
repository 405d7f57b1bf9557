"""What CodeDeploy answers about deployments and groups, and what it refuses."""

from __future__ import annotations

from sandbox.clock import Clock
from tests.sandbox.aws.codedeploy.counter import NAMES, Counter, refused, revision
from tests.sandbox.aws.ecs.shop import Shop


def test_what_ecs_refuses_fails_at_once(counter: Counter, shop: Shop) -> None:
    counter.open()
    gone = shop.register("v2")
    shop.ecs.deregister_task_definition(taskDefinition=gone)
    for identity in (counter.deploy(gone), counter.deploy(shop.register("v3"), container="web")):
        found = counter.deployment(identity)
        assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "ECS_UPDATE_ERROR")


def test_an_app_spec_may_be_yaml_but_not_nonsense(counter: Counter, shop: Shop) -> None:
    counter.open()
    definition = shop.register("v2")
    text = (
        "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n"
        f"        TaskDefinition: {definition}\n        LoadBalancerInfo: {{ContainerName: api, ContainerPort: 8000}}\n"
    )

    def create(content: str) -> str:
        asked = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        return str(counter.codedeploy.create_deployment(**NAMES, revision=asked)["deploymentId"])

    assert refused(lambda: create("version: 0.0"))[0] == "InvalidRevisionException"
    assert refused(lambda: create("{"))[0] == "InvalidRevisionException"
    counter.until(create(text), "Succeeded")
    assert shop.service()["taskDefinition"] == definition


def test_deployments_are_found_by_group_status_and_time(counter: Counter, clock: Clock) -> None:
    counter.open()
    first = counter.ship("v2")
    counter.until(first, "Succeeded")
    clock.advance(10)
    between = clock.datetime()
    clock.advance(10)
    second = counter.ship("v3")
    ask = counter.codedeploy.list_deployments
    assert ask(**NAMES)["deployments"] == [second, first]
    assert ask()["deployments"] == [second, first]
    assert ask(**NAMES, includeOnlyStatuses=["Succeeded"])["deployments"] == [first]
    assert ask(**NAMES, createTimeRange={"start": between})["deployments"] == [second]
    assert ask(**NAMES, createTimeRange={"end": between})["deployments"] == [first]
    found = counter.codedeploy.batch_get_deployments(deploymentIds=[first, "d-UNKNOWN00", second])["deploymentsInfo"]
    assert [(each["deploymentId"], each["status"]) for each in found] == [(first, "Succeeded"), (second, "Created")]


def test_a_group_tells_what_it_is_for_and_what_it_did_last(counter: Counter) -> None:
    counter.open()
    good = counter.ship("v2")
    counter.until(good, "Succeeded")
    newest = counter.ship("v3")
    group = counter.codedeploy.get_deployment_group(**NAMES)["deploymentGroupInfo"]
    assert group["ecsServices"] == [{"serviceName": "api", "clusterName": "shop"}]
    assert group["lastSuccessfulDeployment"]["deploymentId"] == good
    assert (group["lastAttemptedDeployment"]["deploymentId"], group["computePlatform"]) == (newest, "ECS")
    found = counter.codedeploy.batch_get_deployment_groups(applicationName="shop", deploymentGroupNames=["api"])
    assert found["deploymentGroupsInfo"][0]["deploymentGroupName"] == "api"
    assert counter.codedeploy.list_applications()["applications"] == ["shop"]
    assert counter.codedeploy.list_deployment_groups(applicationName="shop")["deploymentGroups"] == ["api"]


def test_unknown_things_are_refused_in_codedeploy_s_words(counter: Counter, shop: Shop) -> None:
    ask = counter.codedeploy
    definition = counter.open()
    elsewhere = {"applicationName": "shop", "deploymentGroupName": "web"}
    for call, expected in (
        (lambda: ask.get_deployment(deploymentId="d-UNKNOWN00"), "DeploymentDoesNotExistException"),
        (lambda: ask.stop_deployment(deploymentId="d-UNKNOWN00"), "DeploymentDoesNotExistException"),
        (
            lambda: ask.create_deployment(**elsewhere, revision=revision(definition)),
            "DeploymentGroupDoesNotExistException",
        ),
        (lambda: ask.create_deployment(**NAMES), "RevisionRequiredException"),
        (lambda: counter.deploy(definition, description="x" * 513), "DescriptionTooLongException"),
        (lambda: ask.list_deployments(applicationName="shop"), "DeploymentGroupNameRequiredException"),
    ):
        assert refused(call)[0] == expected
    shop.ecs.delete_service(cluster="shop", service="api", force=True)
    assert refused(lambda: counter.deploy(definition))[0] == "InvalidECSServiceException"
