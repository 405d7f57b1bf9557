"""Tasks that may not be stopped, deployments that pile up, tags that moved, and services that vanish."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import Shop

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/api:stable"


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    answer = error.value.response["Error"]
    return str(answer["Code"]), str(answer["Message"])


def protect(shop: Shop, tasks: list[str], minutes: int | None = None, enabled: bool = True) -> dict[str, Any]:
    more = {"expiresInMinutes": minutes} if minutes else {}
    asked = {"cluster": "shop", "tasks": tasks, "protectionEnabled": enabled}
    return dict(shop.ecs.update_task_protection(**asked, **more))


def test_a_protected_task_stays_and_keeps_its_deployment_active(shop: Shop, clock: Clock) -> None:
    old = shop.create()
    arn = shop.tasks()[0]["taskArn"]
    (protected,) = protect(shop, [arn], minutes=10)["protectedTasks"]
    assert (protected["taskArn"], protected["protectionEnabled"]) == (arn, True)
    assert abs(protected["expirationDate"] - clock.datetime() - timedelta(minutes=10)) < timedelta(seconds=1)
    shop.ship("v2")
    clock.advance(120)
    primary, active = shop.service()["deployments"]
    assert (primary["rolloutState"], primary["runningCount"]) == ("IN_PROGRESS", 2)
    assert (active["status"], active["taskDefinition"], active["runningCount"]) == ("ACTIVE", old, 1)
    clock.advance(500)
    assert len(shop.service()["deployments"]) == 1
    assert shop.history()[0]["status"] == "SUCCESSFUL"


def test_a_protected_task_survives_scaling_in_until_it_is_let_go(shop: Shop, clock: Clock) -> None:
    shop.create(desired=3)
    arns = [task["taskArn"] for task in shop.tasks()]
    protect(shop, arns[:2])
    shop.update(desiredCount=1)
    clock.advance(60)
    assert {task["taskArn"] for task in shop.tasks()} == set(arns[:2])
    found = shop.ecs.get_task_protection(cluster="shop", tasks=arns)
    assert {each["taskArn"]: each["protectionEnabled"] for each in found["protectedTasks"]} == dict.fromkeys(
        arns[:2], True
    )
    assert found["failures"] == [{"arn": arns[2], "reason": "MISSING"}]
    protect(shop, arns[:2], enabled=False)
    clock.advance(10)
    assert len(shop.tasks()) == 1


def test_protection_lasts_two_hours_unless_said_otherwise(shop: Shop, clock: Clock) -> None:
    shop.create()
    arn = shop.tasks()[0]["taskArn"]
    protect(shop, [arn])
    clock.advance(7_190)
    assert shop.ecs.get_task_protection(cluster="shop", tasks=[arn])["protectedTasks"][0]["protectionEnabled"]
    clock.advance(20)
    (found,) = shop.ecs.get_task_protection(cluster="shop", tasks=[arn])["protectedTasks"]
    assert found == {"taskArn": arn, "protectionEnabled": False}
    assert refused(lambda: protect(shop, [arn], minutes=2_881))[0] == "InvalidParameterException"


def test_a_sixth_deployment_is_refused_while_five_are_active(shop: Shop, clock: Clock) -> None:
    shop.create(desired=5)
    for number in range(2, 6):
        primary = shop.service()["deployments"][0]["id"]
        protect(shop, [next(task["taskArn"] for task in shop.tasks() if task["startedBy"] == primary)])
        shop.ship(f"v{number}")
        clock.advance(30)
    assert len(shop.service()["deployments"]) == 5
    code, message = refused(lambda: shop.update(forceNewDeployment=True))
    assert (code, message) == (
        "InvalidParameterException",
        "5 active deployments exist, unable to create new deployment.",
    )
    shop.update(desiredCount=6)
    protect(shop, [task["taskArn"] for task in shop.tasks()], enabled=False)
    clock.advance(30)
    shop.update(forceNewDeployment=True)


def push(shop: Shop, manifest: str, tag: str = "stable") -> str:
    pushed = shop.ecr.put_image(repositoryName="api", imageTag=tag, imageManifest=manifest)["image"]
    return str(pushed["imageId"]["imageDigest"])


def digests(shop: Shop) -> set[str]:
    return {container["imageDigest"] for task in shop.tasks() for container in task["containers"]}


def test_a_restart_takes_what_the_tag_means_now_but_a_replaced_task_does_not(shop: Shop, clock: Clock) -> None:
    shop.ecr.create_repository(repositoryName="api")
    first = push(shop, "one")
    definition = shop.create(IMAGE)
    second = push(shop, "two")
    shop.ecs.stop_task(cluster="shop", task=shop.tasks()[0]["taskArn"])
    shop.update(desiredCount=3)
    clock.advance(20)
    assert digests(shop) == {first}
    shop.update(forceNewDeployment=True)
    shop.until(lambda: len(shop.service()["deployments"]) == 1)
    assert digests(shop) == {second}
    assert shop.service()["taskDefinition"] == definition
    arn = shop.history()[0]["targetServiceRevision"]["arn"]
    (revision,) = shop.ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    assert revision["containerImages"][0]["imageDigest"] == second


def test_a_tag_that_was_moved_to_a_bad_image_has_its_fate(shop: Shop) -> None:
    shop.ecr.create_repository(repositoryName="api")
    push(shop, "one")
    shop.create(IMAGE)
    push(shop, "two", "v2-crash")
    push(shop, "two")
    shop.update(forceNewDeployment=True)
    shop.until(lambda: any(task["stopCode"] == "EssentialContainerExited" for task in shop.tasks("STOPPED")))


def test_an_inactive_task_definition_is_not_deployed_again(shop: Shop) -> None:
    old = shop.create()
    shop.ship("v2")
    shop.until(lambda: len(shop.service()["deployments"]) == 1)
    shop.ecs.deregister_task_definition(taskDefinition=old)
    assert refused(lambda: shop.update(taskDefinition=old)) == ("ClientException", "TaskDefinition is inactive")


def test_a_service_that_is_deleted_while_it_rolls_out_ends_its_rollout(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.ship("v2")
    clock.advance(3)
    arn = shop.service()["currentServiceDeployment"]
    shop.ecs.delete_service(cluster="shop", service="api", force=True)
    (rollout,) = shop.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    assert rollout["status"] == "STOPPED"
    assert refused(lambda: shop.ecs.stop_service_deployment(serviceDeploymentArn=arn))[0] == "ConflictException"
    clock.advance(30)
    service = shop.service()
    assert (service["status"], service["runningCount"], service["deployments"]) == ("INACTIVE", 0, [])
