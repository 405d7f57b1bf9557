"""The lab: two services whose deployments move traffic, one by ECS itself and one by CodeDeploy, and wait for people.

``sandbox/config/systems/lab.yaml`` tells the bot of them; no runbook does.
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.clock import Clock
from sandbox.seed.account import ACCOUNT, Account, in_parallel
from sandbox.seed.catalogue import FATES, NEWER_GOOD, RUNNING, US, EcsService
from sandbox.seed.fleet import Network, manifest, task_definition
from sandbox.seed.needs import make_roles

CLUSTER = "lab"
APPLICATION = "lab"

_HOUR = 3600.0
_INSTALLED = 60.0
"""Seconds after which new tasks are healthy and a deployment waits for somebody."""

_PAUSE = {
    "targetType": "PAUSE",
    "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
    "timeoutConfiguration": {"timeoutInMinutes": 30, "action": "ROLLBACK"},
}
_MINUTES_TO_DECIDE = 30


def _service(name: str) -> EcsService:
    return EcsService(
        system="lab",
        environment="staging",
        name=name,
        region=US,
        cluster=CLUSTER,
        service=name,
        family=f"lab-{name}",
        container=name,
        repository=f"lab-{name}",
        log_group=f"/ecs/lab-{name}",
        log_style="",
        desired=2,
        cpu=256,
        memory=512,
        port=8080,
        health_path="/health",
        history=("v1.4.0", "v1.4.1", RUNNING),
    )


STOREFRONT, CHECKOUT = _service("storefront"), _service("checkout")
LAB = (STOREFRONT, CHECKOUT)


def build_lab(account: Account, clock: Clock, network: Network) -> None:
    """Make both services and deploy each of their releases; moves the clock by some hours."""
    account.client("ecs", US).create_cluster(clusterName=CLUSTER)
    make_roles(account, LAB)
    in_parallel(lambda service: _prepare(account, service), LAB)
    pairs = in_parallel(lambda service: _balance(account, service, network), LAB)
    for service, pair in zip(LAB, pairs, strict=True):
        _create(account, service, pair, network)
    clock.advance(_HOUR)
    _make_group(account)
    for release in range(1, len(STOREFRONT.history)):
        _update(account, STOREFRONT, release)
        deployment = _deploy(account, CHECKOUT, release)
        clock.advance(_INSTALLED)
        account.client("codedeploy", US).continue_deployment(deploymentId=deployment, deploymentWaitType="READY_WAIT")
        clock.advance(_HOUR)
    hooked = {"lifecycleHooks": [_PAUSE]}
    account.client("ecs", US).update_service(
        cluster=CLUSTER, service=STOREFRONT.service, deploymentConfiguration=hooked
    )
    in_parallel(lambda service: _push(account, service, (*NEWER_GOOD, *FATES)), LAB)


def _prepare(account: Account, service: EcsService) -> None:
    account.client("logs", US).create_log_group(logGroupName=service.log_group)
    account.client("ecr", US).create_repository(repositoryName=service.repository)
    _push(account, service, service.history)


def _push(account: Account, service: EcsService, tags: tuple[str, ...]) -> None:
    for tag in tags:
        account.client("ecr", US).put_image(
            repositoryName=service.repository, imageTag=tag, imageManifest=manifest(service.repository, tag)
        )


def _balance(account: Account, service: EcsService, network: Network) -> dict[str, Any]:
    """A load balancer with two target groups, and a listener for each: production and test traffic."""
    elbv2, ec2 = account.client("elbv2", US), account.client("ec2", US)
    vpc = ec2.describe_subnets(SubnetIds=list(network.subnets))["Subnets"][0]["VpcId"]
    made = elbv2.create_load_balancer(Name=service.load_balancer, Subnets=list(network.subnets))["LoadBalancers"][0]
    found: dict[str, Any] = {}
    for colour, port in (("blue", 80), ("green", 8080)):
        group = elbv2.create_target_group(
            Name=f"{service.family}-{colour}",
            Protocol="HTTP",
            Port=service.port,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath=service.health_path,
        )["TargetGroups"][0]["TargetGroupArn"]
        listener = elbv2.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"],
            Protocol="HTTP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )["Listeners"][0]["ListenerArn"]
        found[colour] = group
        found[f"{colour}-rule"] = elbv2.describe_rules(ListenerArn=listener)["Rules"][0]["RuleArn"]
    return found


def _create(account: Account, service: EcsService, pair: dict[str, Any], network: Network) -> None:
    balancer = {
        "targetGroupArn": pair["blue"],
        "containerName": service.container,
        "containerPort": service.port,
    }
    more: dict[str, Any] = {"deploymentController": {"type": "CODE_DEPLOY"}}
    if service is STOREFRONT:
        balancer["advancedConfiguration"] = {
            "alternateTargetGroupArn": pair["green"],
            "productionListenerRule": pair["blue-rule"],
            "testListenerRule": pair["green-rule"],
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/lab-load-balancer",
        }
        breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
        more = {"deploymentConfiguration": breaker | {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}}
    account.client("ecs", US).create_service(
        cluster=CLUSTER,
        serviceName=service.service,
        taskDefinition=_register(account, service, 0),
        desiredCount=service.desired,
        launchType="FARGATE",
        loadBalancers=[balancer],
        networkConfiguration={
            "awsvpcConfiguration": {"subnets": list(network.subnets), "securityGroups": [network.security_group]}
        },
        **more,
    )


def _register(account: Account, service: EcsService, release: int) -> str:
    registered = account.client("ecs", US).register_task_definition(
        **task_definition(service, service.history[release], [])
    )
    return str(registered["taskDefinition"]["taskDefinitionArn"])


def _update(account: Account, service: EcsService, release: int) -> None:
    account.client("ecs", US).update_service(
        cluster=CLUSTER, service=service.service, taskDefinition=_register(account, service, release)
    )


def _make_group(account: Account) -> None:
    codedeploy = account.client("codedeploy", US)
    codedeploy.create_application(applicationName=APPLICATION, computePlatform="ECS")
    groups = [{"name": f"{CHECKOUT.family}-{colour}"} for colour in ("blue", "green")]
    codedeploy.create_deployment_group(
        applicationName=APPLICATION,
        deploymentGroupName=CHECKOUT.name,
        deploymentConfigName="CodeDeployDefault.ECSAllAtOnce",
        serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/lab-codedeploy",
        ecsServices=[{"serviceName": CHECKOUT.service, "clusterName": CLUSTER}],
        deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        blueGreenDeploymentConfiguration={
            "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": _MINUTES_TO_DECIDE},
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 1},
        },
        loadBalancerInfo={"targetGroupPairInfoList": [{"targetGroups": groups}]},
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]},
    )


def _deploy(account: Account, service: EcsService, release: int) -> str:
    properties = {
        "TaskDefinition": _register(account, service, release),
        "LoadBalancerInfo": {"ContainerName": service.container, "ContainerPort": service.port},
    }
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [resource]})
    made = account.client("codedeploy", US).create_deployment(
        applicationName=APPLICATION,
        deploymentGroupName=service.name,
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    )
    return str(made["deploymentId"])
