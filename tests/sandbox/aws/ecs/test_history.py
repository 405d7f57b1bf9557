from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import ROLLS_BACK, Shop


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_every_rollout_is_remembered_with_what_it_came_from_and_went_to(shop: Shop) -> None:
    old = shop.create()
    new = shop.ship("v2")
    current, first = shop.history()
    assert (first["status"], current["status"]) == ("SUCCESSFUL", "IN_PROGRESS")
    assert shop.service()["currentServiceDeployment"] == current["serviceDeploymentArn"]
    assert "finishedAt" not in current
    assert current["targetServiceRevision"]["requestedTaskCount"] == 2
    arns = [current["targetServiceRevision"]["arn"], current["sourceServiceRevisions"][0]["arn"]]
    found = shop.ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
    assert [each["taskDefinition"] for each in found] == [new, old]
    assert {each["arn"] for each in shop.service()["currentServiceRevisions"]} == set(arns)
    (image,) = found[0]["containerImages"]
    assert (image["containerName"], image["image"]) == ("api", "example.com/shop/api:v2")
    assert image["imageDigest"].startswith("sha256:")
    shop.until(lambda: shop.history()[0]["status"] == "SUCCESSFUL")
    assert shop.history()[0]["finishedAt"] > shop.history()[0]["createdAt"]


def test_a_rollback_names_the_revision_it_went_back_to(shop: Shop) -> None:
    good = shop.create(deploymentConfiguration=ROLLS_BACK)
    shop.ship("v2-crash")
    shop.until(lambda: shop.history()[0]["status"] == "ROLLBACK_SUCCESSFUL")
    back = shop.history()[0]["rollback"]["serviceRevisionArn"]
    (revision,) = shop.ecs.describe_service_revisions(serviceRevisionArns=[back])["serviceRevisions"]
    assert revision["taskDefinition"] == good
    assert len(shop.history()) == 2


def test_rollouts_are_listed_by_time_and_state_and_in_pages(shop: Shop, clock: Clock) -> None:
    shop.create()
    middle = clock.datetime()
    clock.advance(5)
    shop.ship("v2")
    asked = {"cluster": "shop", "service": "api"}
    listed = shop.ecs.list_service_deployments

    def targets(**more: object) -> list[str]:
        return [each["status"] for each in listed(**asked, **more)["serviceDeployments"]]

    assert targets(createdAt={"after": middle}) == ["IN_PROGRESS"]
    assert targets(createdAt={"before": middle}) == ["SUCCESSFUL"]
    assert targets(createdAt={"after": middle + timedelta(days=1)}) == []
    assert targets(status=["SUCCESSFUL"]) == ["SUCCESSFUL"]
    page = listed(**asked, maxResults=1)
    assert len(page["serviceDeployments"]) == 1
    assert len(listed(**asked, maxResults=1, nextToken=page["nextToken"])["serviceDeployments"]) == 1
    with pytest.raises(ClientError) as error:
        listed(cluster="shop", service="web")
    assert code(error) == "ServiceNotFoundException"


def test_stopping_a_rollout_goes_back_even_without_a_breaker(shop: Shop, clock: Clock) -> None:
    old = shop.create()
    shop.ship("v2")
    clock.advance(3)
    arn = shop.service()["currentServiceDeployment"]
    assert shop.ecs.stop_service_deployment(serviceDeploymentArn=arn)["serviceDeploymentArn"] == arn
    assert shop.history()[0]["status"] == "ROLLBACK_IN_PROGRESS"
    shop.until(lambda: len(shop.service()["deployments"]) == 1)
    assert shop.service()["taskDefinition"] == old
    assert shop.history()[0]["status"] == "ROLLBACK_SUCCESSFUL"
    with pytest.raises(ClientError) as error:
        shop.ecs.stop_service_deployment(serviceDeploymentArn=arn)
    assert code(error) == "ConflictException"
    with pytest.raises(ClientError) as error:
        shop.ecs.stop_service_deployment(serviceDeploymentArn=f"{arn}0")
    assert code(error) == "ServiceDeploymentNotFoundException"


def test_what_is_not_remembered_is_missing(shop: Shop) -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:service-{}/shop/api/0123456789"
    found = shop.ecs.describe_service_deployments(serviceDeploymentArns=[arn.format("deployment")])
    assert found["failures"] == [{"arn": arn.format("deployment"), "reason": "MISSING"}]
    found = shop.ecs.describe_service_revisions(serviceRevisionArns=[arn.format("revision")])
    assert found["failures"] == [{"arn": arn.format("revision"), "reason": "MISSING"}]
