"""What ECS itself still does with services that others deploy."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import Clock
from tests.sandbox.aws.codedeploy.counter import Counter
from tests.sandbox.aws.ecs.shop import Shop


def refusal(shop: Shop, **more: Any) -> str:
    with pytest.raises(ClientError) as error:
        shop.update(**more)
    answer = error.value.response["Error"]
    assert answer["Code"] == "InvalidParameterException"
    return str(answer["Message"])


def test_what_codedeploy_deploys_ecs_does_not(counter: Counter, shop: Shop) -> None:
    definition = counter.open()
    end = "services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
    assert refusal(shop, taskDefinition=definition) == f"Unable to update task definition on {end}"
    assert refusal(shop, forceNewDeployment=True) == f"Cannot force a new deployment on {end}"
    assert refusal(shop, networkConfiguration=shop.network) == f"Unable to update network parameters on {end}"
    balancer = {"targetGroupArn": counter.green, "containerName": "api", "containerPort": 8000}
    assert refusal(shop, loadBalancers=[balancer]) == f"Unable to update load balancers on {end}"


def test_the_number_of_tasks_is_still_ecs_s(counter: Counter, shop: Shop, clock: Clock) -> None:
    counter.open()
    shop.update(desiredCount=4, healthCheckGracePeriodSeconds=10)
    clock.advance(20)
    (tasks,) = counter.task_sets()
    assert (tasks["computedDesiredCount"], tasks["runningCount"], tasks["stabilityStatus"]) == (4, 4, "STEADY_STATE")
    assert shop.service()["healthCheckGracePeriodSeconds"] == 10
    shop.ecs.stop_task(cluster="shop", task=shop.tasks()[0]["taskArn"])
    clock.advance(20)
    assert shop.service()["runningCount"] == 4


def test_task_sets_are_described_by_name(counter: Counter, shop: Shop) -> None:
    counter.open()
    (tasks,) = counter.task_sets()
    ask = shop.ecs.describe_task_sets
    assert [each["id"] for each in ask(cluster="shop", service="api")["taskSets"]] == [tasks["id"]]
    assert ask(cluster="shop", service="api", taskSets=[tasks["taskSetArn"]])["taskSets"][0]["id"] == tasks["id"]
    found = ask(cluster="shop", service="api", taskSets=[tasks["id"], "ecs-svc/1"])
    assert ([each["id"] for each in found["taskSets"]], len(found["failures"])) == ([tasks["id"]], 1)


def test_a_service_that_somebody_else_deploys_is_there_and_no_more(shop: Shop, clock: Clock) -> None:
    made = shop.ecs.create_service(
        cluster="shop", serviceName="api", desiredCount=2, deploymentController={"type": "EXTERNAL"}
    )["service"]
    assert (made["status"], made["deployments"], made["taskSets"]) == ("ACTIVE", [], [])
    clock.advance(20)
    assert shop.service()["runningCount"] == 0
    assert "EXTERNAL deployment controller" in refusal(shop, taskDefinition=shop.register("v1"))
    assert "EXTERNAL deployment controller" in refusal(shop, forceNewDeployment=True)
    assert shop.update(desiredCount=3)["desiredCount"] == 3
    shop.ecs.delete_service(cluster="shop", service="api", force=True)
    clock.advance(5)
    assert shop.service()["status"] == "INACTIVE"
