"""Deployments of an ECS service by CodeDeploy, from Created to their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.clock import Clock
from tests.sandbox.aws.codedeploy.counter import Counter, refused
from tests.sandbox.aws.ecs.shop import Shop


def test_a_deployment_goes_from_created_to_succeeded(counter: Counter, shop: Shop) -> None:
    old = counter.open()
    new = shop.register("v2")
    identity = counter.deploy(new, description="operation 7")
    assert identity.startswith("d-")
    seen: list[str] = []

    def ended() -> bool:
        status = counter.status(identity)
        if status not in seen:
            seen.append(status)
        return status == "Succeeded"

    assert shop.service()["taskDefinition"] == old
    shop.until(ended)
    assert seen == ["Created", "Queued", "InProgress", "Succeeded"]
    found = counter.deployment(identity)
    assert (found["description"], found["creator"], found["computePlatform"]) == ("operation 7", "user", "ECS")
    assert found["createTime"] < found["startTime"] < found["completeTime"]
    assert found["revision"]["revisionType"] == "AppSpecContent"
    assert shop.service()["taskDefinition"] == new
    assert {task["taskDefinitionArn"] for task in shop.tasks()} == {new}


def test_the_service_has_task_sets_and_no_deployments(counter: Counter, shop: Shop) -> None:
    old = counter.open(ends=5)
    (first,) = counter.task_sets()
    assert (first["status"], first["taskDefinition"], "externalId" in first) == ("PRIMARY", old, False)
    identity = counter.ship("v2")
    shop.until(lambda: len(counter.task_sets()) == 2)
    primary, replacement = counter.task_sets()
    assert (primary["id"], primary["status"]) == (first["id"], "PRIMARY")
    assert (replacement["status"], replacement["externalId"], replacement["startedBy"]) == (
        "ACTIVE",
        identity,
        "CODE_DEPLOY",
    )
    assert replacement["stabilityStatus"] == "STABILIZING"
    shop.until(
        lambda: counter.task_sets()[0]["externalId"] == identity if "externalId" in counter.task_sets()[0] else False
    )
    primary, before = counter.task_sets()
    assert (primary["runningCount"], before["status"], before["runningCount"]) == (2, "ACTIVE", 2)
    service = shop.service()
    assert (service["deployments"], service["deploymentController"]) == ([], {"type": "CODE_DEPLOY"})
    assert shop.ecs.list_service_deployments(cluster="shop", service="api")["serviceDeployments"] == []


def test_the_traffic_changes_sides(counter: Counter, shop: Shop) -> None:
    counter.open()
    assert (shop.health(counter.blue), shop.health(counter.green)) == (["healthy"] * 2, [])
    for full, empty in ((counter.green, counter.blue), (counter.blue, counter.green)):
        counter.until(counter.ship("v2"), "Succeeded")
        assert (shop.health(full), shop.health(empty)) == (["healthy"] * 2, [])
        assert counter.task_sets()[0]["loadBalancers"][0]["targetGroupArn"] == full


def test_it_is_not_over_until_the_old_tasks_are_gone(counter: Counter, shop: Shop, clock: Clock) -> None:
    counter.open(ends=5)
    identity = counter.ship("v2")
    shop.until(lambda: counter.deployment(identity)["instanceTerminationWaitTimeStarted"])
    clock.advance(280)
    assert counter.status(identity) == "InProgress"
    assert shop.service()["runningCount"] == 4
    counter.codedeploy.continue_deployment(deploymentId=identity, deploymentWaitType="TERMINATION_WAIT")
    counter.until(identity, "Succeeded", 10)


@pytest.mark.parametrize(
    ("config", "seconds"),
    [
        ("CodeDeployDefault.ECSAllAtOnce", 0),
        ("CodeDeployDefault.ECSCanary10Percent5Minutes", 300),
        ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", 540),
    ],
)
def test_traffic_moves_as_the_configuration_says(counter: Counter, config: str, seconds: int) -> None:
    counter.open(config)
    assert seconds < counter.until(counter.ship("v2"), "Succeeded", 700) < seconds + 60


def test_it_waits_to_be_told_to_go_on(counter: Counter, shop: Shop, clock: Clock) -> None:
    counter.open(waits=10)
    identity = counter.ship("v2")
    ask = counter.codedeploy.continue_deployment
    go_on = {"deploymentId": identity, "deploymentWaitType": "READY_WAIT"}
    assert refused(lambda: ask(**go_on))[0] == "DeploymentIsNotInReadyStateException"
    counter.until(identity, "Ready")
    clock.advance(500)
    assert counter.status(identity) == "Ready"
    ask(**go_on)
    counter.until(identity, "Succeeded")
    assert refused(lambda: ask(**go_on))[0] == "DeploymentAlreadyCompletedException"


def test_nobody_told_it_to_go_on(counter: Counter, shop: Shop, clock: Clock) -> None:
    old = counter.open(waits=10)
    identity = counter.ship("v2")
    counter.until(identity, "Ready")
    clock.advance(700)
    assert counter.status(identity) == "Stopped"
    assert shop.service()["taskDefinition"] == old


@pytest.mark.parametrize("tag", ["v2-crash", "v2-oom", "v2-nopull", "v2-unhealthy", "v2-stuck"])
def test_a_bad_image_times_out_and_another_deployment_puts_everything_back(
    counter: Counter, shop: Shop, tag: str
) -> None:
    old = counter.open()
    identity = counter.ship(tag)
    counter.until(identity, "Failed", 200)
    found = counter.deployment(identity)
    assert found["errorInformation"]["code"] == "TIMEOUT"
    assert "replacement task set" in found["errorInformation"]["message"]
    rollback = found["rollbackInfo"]["rollbackDeploymentId"]
    counter.until(rollback, "Succeeded")
    undoing = counter.deployment(rollback)
    assert (undoing["creator"], undoing["rollbackInfo"]["rollbackTriggeringDeploymentId"]) == (
        "codeDeployRollback",
        identity,
    )
    assert old in undoing["revision"]["appSpecContent"]["content"]
    assert {task["taskDefinitionArn"] for task in shop.tasks()} == {old}
    assert shop.service()["taskDefinition"] == old


def test_a_slow_image_is_only_slow(counter: Counter) -> None:
    counter.open()
    assert 12 < counter.until(counter.ship("v2-slow"), "Succeeded") < 60


def test_without_automatic_rollback_a_failed_deployment_leaves_its_tasks(counter: Counter, shop: Shop) -> None:
    old = counter.open(autoRollbackConfiguration={"enabled": False, "events": []})
    identity = counter.ship("v2-unhealthy")
    counter.until(identity, "Failed", 200)
    assert "rollbackInfo" not in counter.deployment(identity)
    assert shop.service()["taskDefinition"] == old
    counter.until(counter.ship("v3"), "Succeeded")
    assert len(counter.task_sets()) == 1


@pytest.mark.parametrize(("before", "goes_back"), [("InProgress", None), ("Ready", True), ("InProgress", True)])
def test_a_stopped_deployment_is_put_back_by_a_deployment_of_its_own(
    counter: Counter, shop: Shop, before: str, goes_back: bool | None
) -> None:
    old = counter.open(waits=30)
    first = counter.task_sets()[0]["id"]
    identity = counter.ship("v2")
    counter.until(identity, before)
    more = {} if goes_back is None else {"autoRollbackEnabled": goes_back}
    assert counter.codedeploy.stop_deployment(deploymentId=identity, **more)["status"] == "Pending"
    found = counter.deployment(identity)
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    rollback = found["rollbackInfo"]["rollbackDeploymentId"]
    assert refused(lambda: counter.ship("v3"))[0] == "DeploymentLimitExceededException"
    counter.until(rollback, "Succeeded")
    assert [each["id"] for each in counter.task_sets()] == [first]
    assert {task["taskDefinitionArn"] for task in shop.tasks()} == {old}


def test_after_the_traffic_moved_stopping_brings_it_back(counter: Counter, shop: Shop) -> None:
    old = counter.open(ends=30)
    identity = counter.ship("v2")
    shop.until(lambda: counter.deployment(identity)["instanceTerminationWaitTimeStarted"])
    assert shop.service()["taskDefinition"] != old
    counter.codedeploy.stop_deployment(deploymentId=identity, autoRollbackEnabled=True)
    rollback = counter.deployment(identity)["rollbackInfo"]["rollbackDeploymentId"]
    assert counter.until(rollback, "Succeeded") < 15
    assert shop.service()["taskDefinition"] == old


def test_a_deployment_can_be_stopped_without_going_back(counter: Counter, shop: Shop, clock: Clock) -> None:
    counter.open()
    identity = counter.ship("v2")
    clock.advance(3)
    counter.codedeploy.stop_deployment(deploymentId=identity, autoRollbackEnabled=False)
    found = counter.deployment(identity)
    assert (found["status"], "rollbackInfo" in found) == ("Stopped", False)
    code, _ = refused(lambda: counter.codedeploy.stop_deployment(deploymentId=identity))
    assert code == "DeploymentAlreadyCompletedException"


def test_only_one_deployment_of_a_group_is_active(counter: Counter) -> None:
    counter.open()
    identity = counter.ship("v2")
    assert refused(lambda: counter.ship("v3")) == (
        "DeploymentLimitExceededException",
        f"The Deployment Group 'api' already has an active Deployment '{identity}'",
    )


def test_an_alarm_of_the_group_stops_it(counter: Counter, shop: Shop, client: Callable[..., Any], clock: Clock) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="Shop",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    counter.open(alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]})
    identity = counter.ship("v2")
    clock.advance(4)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="the test says so")
    found = counter.deployment(identity)
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    counter.until(found["rollbackInfo"]["rollbackDeploymentId"], "Succeeded")
