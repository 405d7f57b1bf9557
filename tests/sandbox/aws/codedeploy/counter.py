"""The shop's API as CodeDeploy deploys it: an application, a deployment group, two target groups."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws.ecs.shop import Shop

NAMES = {"applicationName": "shop", "deploymentGroupName": "api"}
ROLE = "arn:aws:iam::123456789012:role/codedeploy"
ALL_EVENTS = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]


class Counter:
    """``shop`` with what CodeDeploy needs besides; nothing is deployed yet."""

    def __init__(self, shop: Shop, client: Callable[..., Any]) -> None:
        self.shop = shop
        self.codedeploy = client("codedeploy")
        self.blue = shop.balance()
        self.green = shop.pair()

    def open(
        self, config: str = "CodeDeployDefault.ECSAllAtOnce", *, waits: int = 0, ends: int = 0, **more: Any
    ) -> str:
        """The service and its group; ``waits`` and ``ends`` are minutes before and after the traffic moves."""
        definition = self.shop.create(deploymentController={"type": "CODE_DEPLOY"})
        ready: dict[str, Any] = {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}
        if waits:
            ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": waits}
        terminate = {"action": "TERMINATE", "terminationWaitTimeInMinutes": ends}
        pair = {"targetGroups": [{"name": "shop"}, {"name": "other"}], "prodTrafficRoute": {"listenerArns": []}}
        asked: dict[str, Any] = {
            **NAMES,
            "deploymentConfigName": config,
            "serviceRoleArn": ROLE,
            "ecsServices": [{"serviceName": "api", "clusterName": "shop"}],
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "blueGreenDeploymentConfiguration": {
                "deploymentReadyOption": ready,
                "terminateBlueInstancesOnDeploymentSuccess": terminate,
            },
            "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
            "autoRollbackConfiguration": {"enabled": True, "events": ALL_EVENTS},
        }
        self.codedeploy.create_application(applicationName="shop", computePlatform="ECS")
        self.codedeploy.create_deployment_group(**asked | more)
        return definition

    def deploy(self, definition: str, container: str = "api", **more: Any) -> str:
        return str(
            self.codedeploy.create_deployment(**NAMES, revision=revision(definition, container), **more)["deploymentId"]
        )

    def ship(self, tag: str, **more: Any) -> str:
        """Deploy an image; returns the deployment's id."""
        return self.deploy(self.shop.register(tag), **more)

    def deployment(self, identity: str) -> dict[str, Any]:
        return dict(self.codedeploy.get_deployment(deploymentId=identity)["deploymentInfo"])

    def status(self, identity: str) -> str:
        return str(self.deployment(identity)["status"])

    def until(self, identity: str, status: str, seconds: float = 60) -> float:
        return self.shop.until(lambda: self.status(identity) == status, seconds)

    def task_sets(self) -> list[dict[str, Any]]:
        return list(self.shop.service()["taskSets"])


def revision(definition: str, container: str = "api") -> dict[str, Any]:
    properties = {
        "TaskDefinition": definition,
        "LoadBalancerInfo": {"ContainerName": container, "ContainerPort": 8000},
    }
    service = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [service]})
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    """The code and the message with which AWS refuses a call."""
    with pytest.raises(ClientError) as error:
        call()
    answer = error.value.response["Error"]
    return str(answer["Code"]), str(answer["Message"])
