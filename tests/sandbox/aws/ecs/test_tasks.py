from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import Shop


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def run(shop: Shop, tag: str, **more: Any) -> dict[str, Any]:
    definition = shop.register(tag)
    asked = {"cluster": "shop", "taskDefinition": definition, "networkConfiguration": shop.network}
    (task,) = shop.ecs.run_task(launchType="FARGATE", **asked, **more)["tasks"]
    return dict(task)


def described(shop: Shop, arn: str) -> dict[str, Any]:
    (found,) = shop.ecs.describe_tasks(cluster="shop", tasks=[arn])["tasks"]
    return dict(found)


def test_tasks_are_listed_by_service_family_starter_and_whether_they_should_run(shop: Shop, clock: Clock) -> None:
    shop.create()
    mine = {task["taskArn"] for task in shop.tasks()}
    job = run(shop, "v1", startedBy="alice")["taskArn"]

    def listed(**more: Any) -> set[str]:
        return set(shop.ecs.list_tasks(cluster="shop", **more)["taskArns"])

    assert listed() == mine | {job}
    assert listed(serviceName="api") == mine
    assert listed(startedBy="alice") == {job}
    assert listed(family="shop-api") == mine | {job}
    assert listed(family="shop") == set()
    assert listed(desiredStatus="STOPPED") == set()
    clock.advance(20)
    assert listed() == mine
    assert listed(desiredStatus="STOPPED") == {job}
    page = shop.ecs.list_tasks(cluster="shop", maxResults=1)
    rest = shop.ecs.list_tasks(cluster="shop", maxResults=1, nextToken=page["nextToken"])
    assert set(page["taskArns"] + rest["taskArns"]) == mine
    assert "nextToken" not in rest


def test_a_stopped_task_is_replaced_and_forgotten_after_an_hour(shop: Shop, clock: Clock) -> None:
    shop.create()
    arn = shop.tasks()[0]["taskArn"]
    stopping = shop.ecs.stop_task(cluster="shop", task=arn, reason="tried by hand")["task"]
    assert (stopping["desiredStatus"], stopping["lastStatus"]) == ("STOPPED", "STOPPING")
    clock.advance(10)
    task = described(shop, arn)
    assert (task["lastStatus"], task["stopCode"], task["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "tried by hand",
    )
    assert task["containers"][0]["exitCode"] == 143
    assert task["createdAt"] < task["startedAt"] < task["stoppingAt"] < task["stoppedAt"]
    assert shop.service()["runningCount"] == 2
    clock.advance(3600)
    assert shop.tasks("STOPPED") == []
    found = shop.ecs.describe_tasks(cluster="shop", tasks=[arn])
    assert (found["tasks"], found["failures"]) == ([], [{"arn": arn, "reason": "MISSING"}])


def test_a_task_tells_all_about_itself(shop: Shop) -> None:
    definition = shop.create(tags=[{"key": "team", "value": "shop"}], propagateTags="SERVICE")
    task = shop.tasks()[0]
    assert task["taskDefinitionArn"] == definition
    assert (task["group"], task["launchType"], task["cpu"], task["memory"]) == ("service:api", "FARGATE", "256", "512")
    assert task["startedBy"] == shop.service()["deployments"][0]["id"]
    assert task["healthStatus"] == "UNKNOWN"
    (container,) = task["containers"]
    assert (container["name"], container["lastStatus"], container["image"]) == (
        "api",
        "RUNNING",
        "example.com/shop/api:v1",
    )
    assert container["imageDigest"].startswith("sha256:")
    assert "tags" not in task or task["tags"] == []
    found = shop.ecs.describe_tasks(cluster="shop", tasks=[task["taskArn"]], include=["TAGS"])["tasks"][0]
    assert found["tags"] == [{"key": "team", "value": "shop"}]


@pytest.mark.parametrize(("fate", "health"), [("none", "HEALTHY"), ("unhealthy", "UNHEALTHY")])
def test_a_container_with_a_health_check_says_how_it_is(shop: Shop, clock: Clock, fate: str, health: str) -> None:
    shop.create()
    shop.ship("v2", healthCheck={"command": ["CMD", "true"]})
    clock.advance(20)
    shop.ecs.tag_resource(resourceArn=shop.service()["serviceArn"], tags=[{"key": "sandbox:fate", "value": fate}])
    clock.advance(2)
    (container,) = shop.tasks()[0]["containers"]
    assert container["healthStatus"] == shop.tasks()[0]["healthStatus"] == health


def test_a_cluster_is_not_deleted_from_under_its_services(shop: Shop, clock: Clock) -> None:
    shop.create()
    with pytest.raises(shop.ecs.exceptions.ClusterContainsServicesException):
        shop.ecs.delete_cluster(cluster="shop")
    shop.ecs.delete_service(cluster="shop", service="api", force=True)
    with pytest.raises(shop.ecs.exceptions.ClusterContainsTasksException):
        shop.ecs.delete_cluster(cluster="shop")
    clock.advance(20)
    assert shop.ecs.delete_cluster(cluster="shop")["cluster"]["status"] == "INACTIVE"


@pytest.mark.parametrize(("tag", "exit_code"), [("v1", 0), ("v1-crash", 1), ("v1-oom", 137)])
def test_a_job_runs_and_ends(shop: Shop, clock: Clock, tag: str, exit_code: int) -> None:
    overrides = {"containerOverrides": [{"name": "api", "command": ["migrate"]}]}
    task = run(shop, tag, overrides=overrides)
    assert (task["lastStatus"], task["group"]) == ("PROVISIONING", "family:shop-api")
    clock.advance(5)
    assert described(shop, task["taskArn"])["lastStatus"] == "RUNNING"
    clock.advance(20)
    ended = described(shop, task["taskArn"])
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert ended["containers"][0]["exitCode"] == exit_code
    assert ended["overrides"]["containerOverrides"][0]["command"] == ["migrate"]


def test_unknown_clusters_services_and_tasks_are_refused_in_ecs_s_words(shop: Shop) -> None:
    shop.create()
    ecs = shop.ecs
    for call, expected in (
        (lambda: ecs.describe_services(cluster="web", services=["api"]), "ClusterNotFoundException"),
        (lambda: ecs.list_tasks(cluster="web"), "ClusterNotFoundException"),
        (lambda: ecs.update_service(cluster="web", service="api"), "ClusterNotFoundException"),
        (lambda: ecs.update_service(cluster="shop", service="web"), "ServiceNotFoundException"),
        (lambda: ecs.list_tasks(cluster="shop", serviceName="web"), "ServiceNotFoundException"),
        (lambda: ecs.delete_service(cluster="shop", service="web"), "ServiceNotFoundException"),
        (lambda: ecs.delete_service(cluster="shop", service="api"), "InvalidParameterException"),
        (lambda: ecs.stop_task(cluster="shop", task="0"), "InvalidParameterException"),
        (lambda: ecs.describe_services(cluster="shop", services=["x"] * 11), "InvalidParameterException"),
        (shop.create, "InvalidParameterException"),
    ):
        with pytest.raises(ClientError) as error:
            call()
        assert code(error) == expected


def test_services_not_found_are_failures_beside_those_found(shop: Shop) -> None:
    shop.create()
    arn = shop.service()["serviceArn"]
    found = shop.ecs.describe_services(cluster="shop", services=[arn, "web"])
    assert [each["serviceName"] for each in found["services"]] == ["api"]
    missing = arn.replace("/api", "/web")
    assert found["failures"] == [{"arn": missing, "reason": "MISSING"}]


def test_services_are_listed_in_pages(shop: Shop) -> None:
    definition = shop.register("v1")
    for number in range(12):
        shop.ecs.create_service(
            cluster="shop",
            serviceName=f"api-{number:02}",
            taskDefinition=definition,
            desiredCount=0,
            networkConfiguration=shop.network,
        )
    assert len(shop.ecs.list_services(cluster="shop")["serviceArns"]) == 10
    pages = shop.ecs.get_paginator("list_services").paginate(cluster="shop")
    assert len([arn for page in pages for arn in page["serviceArns"]]) == 12


def test_a_deleted_service_takes_no_updates(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.ecs.delete_service(cluster="shop", service="api", force=True)
    clock.advance(10)
    assert shop.service()["status"] == "INACTIVE"
    with pytest.raises(ClientError) as error:
        shop.update(desiredCount=1)
    assert code(error) == "ServiceNotActiveException"
    shop.create()
    assert shop.service()["runningCount"] == 2
