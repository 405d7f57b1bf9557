from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import Shop


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def register(shop: Shop, family: str, **more: Any) -> dict[str, Any]:
    container = {"name": "api", "image": "example.com/api:v1", "memory": 128}
    made: dict[str, Any] = shop.ecs.register_task_definition(family=family, containerDefinitions=[container], **more)
    return made


def test_a_registered_definition_knows_when_and_carries_its_tags(shop: Shop, clock: Clock) -> None:
    tags = [{"key": "version", "value": "v1"}]
    made = register(shop, "shop", tags=tags)
    assert made["tags"] == tags
    assert made["taskDefinition"]["registeredAt"].timestamp() == pytest.approx(clock.now(), abs=1)
    found = shop.ecs.describe_task_definition(taskDefinition="shop", include=["TAGS"])
    assert found["tags"] == tags
    assert not shop.ecs.describe_task_definition(taskDefinition="shop").get("tags")


@pytest.mark.parametrize(
    ("cpu", "memory", "fits"),
    [
        ("256", "512", True),
        (".25 vCPU", "1 GB", False),
        ("1 vCPU", "2 GB", True),
        ("256", "4096", False),
        ("300", "512", False),
        ("16384", "122880", True),
    ],
)
def test_fargate_has_only_certain_sizes(shop: Shop, cpu: str, memory: str, fits: bool) -> None:
    asked = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": cpu, "memory": memory}
    if fits:
        assert register(shop, "shop", **asked)["taskDefinition"]["compatibilities"] == ["EC2", "FARGATE"]
        return
    with pytest.raises(ClientError, match="No Fargate configuration exists for given values") as error:
        register(shop, "shop", **asked)
    assert code(error) == "ClientException"


def test_definitions_are_listed_by_revision_in_pages_and_by_the_whole_family_name(shop: Shop) -> None:
    for _ in range(11):
        register(shop, "shop")
    register(shop, "shop-web")
    listed = shop.ecs.list_task_definitions
    page = listed(familyPrefix="shop", sort="DESC", maxResults=5)
    assert [arn.rpartition(":")[2] for arn in page["taskDefinitionArns"]] == ["11", "10", "9", "8", "7"]
    pages = shop.ecs.get_paginator("list_task_definitions").paginate(familyPrefix="shop", maxResults=4)
    arns = [arn for page in pages for arn in page["taskDefinitionArns"]]
    assert [arn.rpartition(":")[2] for arn in arns] == [str(number) for number in range(1, 12)]
    shop.ecs.deregister_task_definition(taskDefinition="shop:11")
    assert len(listed(familyPrefix="shop")["taskDefinitionArns"]) == 10
    assert len(listed(familyPrefix="shop", status="INACTIVE")["taskDefinitionArns"]) == 1


def test_a_family_alone_is_its_newest_active_revision(shop: Shop) -> None:
    shop.create()
    second = shop.register("v2")
    shop.register("v3")
    gone = shop.ecs.deregister_task_definition(taskDefinition="shop-api:3")["taskDefinition"]
    assert gone["status"] == "INACTIVE"
    assert gone["deregisteredAt"]
    assert shop.update(taskDefinition="shop-api")["taskDefinition"] == second
    assert shop.register("v4").endswith(":4")


@pytest.mark.parametrize("reference", ["shop-api:99", "shop-web", "shop-api:two"])
def test_a_definition_that_does_not_exist_is_refused_and_nothing_changes(shop: Shop, reference: str) -> None:
    shop.create()
    with pytest.raises(ClientError) as error:
        shop.update(taskDefinition=reference, desiredCount=7)
    assert code(error) == "ClientException"
    with pytest.raises(ClientError) as error:
        shop.ecs.describe_task_definition(taskDefinition=reference)
    assert code(error) == "ClientException"
    service = shop.service()
    assert (service["desiredCount"], len(service["deployments"])) == (2, 1)


def test_an_inactive_definition_cannot_be_shipped_but_still_be_read(shop: Shop) -> None:
    shop.create()
    arn = shop.register("v2")
    shop.ecs.deregister_task_definition(taskDefinition=arn)
    with pytest.raises(ClientError, match="TaskDefinition is inactive") as error:
        shop.update(taskDefinition=arn)
    assert code(error) == "ClientException"
    assert shop.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["status"] == "INACTIVE"
