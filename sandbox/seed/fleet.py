"""Images, load balancers and ECS services, deployed again and again over the past weeks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.seed.account import ACCOUNT, Account, in_parallel
from sandbox.seed.catalogue import ARM_ONLY, FATES, NEWER_GOOD, REGIONS, SERVICES, EcsService
from sandbox.seed.needs import Given

DAY = 86_400.0
PAST_DAYS = 21
"""How far back the accounts' history goes."""

_EARLY_CREATED = 3
"""The services exist since the third release; older task definitions are only registered."""


@dataclass(frozen=True)
class Front:
    """The load balancer of a service: its names as CloudWatch's dimensions have them."""

    load_balancer: str
    target_group: str
    target_group_arn: str


@dataclass(frozen=True)
class Network:
    """Where the tasks of a region run, and the load balancers in front of them by task family."""

    subnets: tuple[str, ...]
    security_group: str
    fronts: Mapping[str, Front]


def push_images(account: Account, region: str, *, unreleased: bool) -> None:
    """Push to the repositories of a region, which are made where they are missing.

    The releases of the services' history; or, ``unreleased``, good images nobody runs yet, one of every fate, and
    the one that is built for another architecture.
    """
    ecr = account.client("ecr", region)
    repositories = {service.repository: service for service in SERVICES if service.region == region}
    if not unreleased:
        in_parallel(lambda name: ecr.create_repository(repositoryName=name), repositories)
    pushed = [
        (name, tag, service.architectures)
        for name, service in repositories.items()
        for tag in ((*NEWER_GOOD, *FATES) if unreleased else service.history)
    ]
    if unreleased and ARM_ONLY[0] in repositories:
        pushed.append((*ARM_ONLY, ("arm64",)))
    in_parallel(
        lambda image: ecr.put_image(repositoryName=image[0], imageTag=image[1], imageManifest=manifest(*image)), pushed
    )


def build_network(account: Account, region: str) -> Network:
    """A load balancer with listener and target group for each service that has one, in the default network."""
    ec2 = account.client("ec2", region)
    subnets = ec2.describe_subnets()["Subnets"]
    places = tuple(subnet["SubnetId"] for subnet in subnets)[:2]
    vpc = subnets[0]["VpcId"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    open_ports = sorted({service.port for service in SERVICES if service.region == region and service.port})
    inside = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"]
    ec2.authorize_security_group_ingress(
        GroupId=groups[0]["GroupId"],
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": inside}]}
            for port in open_ports
        ],
    )
    elbv2 = account.client("elbv2", region)

    def build(service: EcsService) -> Front:
        balancer = elbv2.create_load_balancer(Name=service.load_balancer, Subnets=list(places))["LoadBalancers"][0]
        group = elbv2.create_target_group(
            Name=service.load_balancer,
            Protocol="HTTP",
            Port=service.port,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath=service.health_path,
        )["TargetGroups"][0]
        elbv2.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
        )
        return Front(
            load_balancer=balancer["LoadBalancerArn"].split(":loadbalancer/", 1)[1],
            target_group=group["TargetGroupArn"].rsplit(":", 1)[1],
            target_group_arn=group["TargetGroupArn"],
        )

    fronted = [service for service in SERVICES if service.region == region and service.port]
    fronts = {service.family: front for service, front in zip(fronted, in_parallel(build, fronted), strict=True)}
    return Network(places, groups[0]["GroupId"], fronts)


def deploy_history(account: Account, clock: Clock, networks: Mapping[str, Network], given: Given) -> None:
    """Register every release of every service and deploy it, one after another over the past three weeks.

    Moves the clock: to about a day before the instant that is ``PAST_DAYS`` after the start.
    """
    clusters = sorted({(service.region, service.cluster) for service in SERVICES})
    in_parallel(lambda cluster: account.client("ecs", cluster[0]).create_cluster(clusterName=cluster[1]), clusters)
    releases = max(len(service.history) for service in SERVICES)
    step = (PAST_DAYS - 1) * DAY / releases
    for release in range(releases):
        in_parallel(lambda service: _ship(account, service, release, networks[service.region], given), SERVICES)  # noqa: B023
        clock.advance(step)
        # A look lets what is computed on read happen at its time.
        in_parallel(lambda region: _look(account, region), REGIONS)


def _ship(account: Account, service: EcsService, release: int, network: Network, given: Given) -> None:
    ecs = account.client("ecs", service.region)
    definition = task_definition(service, service.history[release], given[service.family])
    registered = ecs.register_task_definition(**definition)
    arn = registered["taskDefinition"]["taskDefinitionArn"]
    if release > _EARLY_CREATED:
        ecs.update_service(cluster=service.cluster, service=service.service, taskDefinition=arn)
    elif release == _EARLY_CREATED:
        balancers = []
        if service.port:
            target = network.fronts[service.family].target_group_arn
            balancers = [{"targetGroupArn": target, "containerName": service.container, "containerPort": service.port}]
        ecs.create_service(
            cluster=service.cluster,
            serviceName=service.service,
            taskDefinition=arn,
            desiredCount=service.desired,
            launchType="FARGATE",
            loadBalancers=balancers,
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": list(network.subnets),
                    "securityGroups": [network.security_group],
                    "assignPublicIp": "DISABLED",
                }
            },
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
            },
        )


def _look(account: Account, region: str) -> None:
    ecs = account.client("ecs", region)
    for cluster in sorted({service.cluster for service in SERVICES if service.region == region}):
        names: Sequence[str] = [service.service for service in SERVICES if service.cluster == cluster]
        ecs.describe_services(cluster=cluster, services=names)


def task_definition(service: EcsService, tag: str, secrets: list[dict[str, str]]) -> dict[str, object]:
    """The arguments of RegisterTaskDefinition for a release of the service, which is given these secrets."""
    image = f"{ACCOUNT}.dkr.ecr.{service.region}.amazonaws.com/{service.repository}:{tag}"
    container: dict[str, object] = {
        "name": service.container,
        "image": image,
        "essential": True,
        "memory": service.memory,
        "environment": [{"name": "ENVIRONMENT", "value": service.environment}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": service.log_group,
                "awslogs-region": service.region,
                "awslogs-stream-prefix": "ecs",
            },
        },
    }
    if secrets:
        container["secrets"] = secrets
    if service.port:
        container["portMappings"] = [{"containerPort": service.port, "protocol": "tcp"}]
    return {
        "family": service.family,
        "cpu": str(service.cpu),
        "memory": str(service.memory),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": service.execution_role,
        "taskRoleArn": service.task_role,
        "containerDefinitions": [container],
    }


def manifest(repository: str, tag: str, architectures: tuple[str, ...] = ("amd64",)) -> str:
    """The manifest list of an image for these architectures, whose digest is the same on every start."""
    entries = []
    for architecture in architectures:
        name = f"{repository}:{tag}" if architecture == "amd64" else f"{repository}:{tag}/{architecture}"
        entries.append(
            {
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "size": 1_572,
                "digest": f"sha256:{hashlib.sha256(name.encode()).hexdigest()}",
                "platform": {"architecture": architecture, "os": "linux"},
            }
        )
    media = "application/vnd.docker.distribution.manifest.list.v2+json"
    return json.dumps({"schemaVersion": 2, "mediaType": media, "manifests": entries})
