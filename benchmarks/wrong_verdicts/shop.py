"""Services that are shipped to, one for each scenario and contender, and what befalls their deployments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.town import ROOT, Town
from sandbox.seed.account import ACCOUNT
from sandbox.seed.catalogue import US
from sandbox.seed.fleet import manifest

SYSTEM, ENVIRONMENT, CHANNEL = "bench", "staging", "#ops"
CLUSTER, REPOSITORY, CONTAINER = "bench", "bench", "app"
OLD, GOOD, OTHER = "v1", "v2", "v3"

GIVES_UP = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
ROLLS_BACK = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


class Shop:
    """The account that the services are in, by boto3 as any script would."""

    def __init__(self, town: Town) -> None:
        self.ecs, self.alarms = town.stage.aws("ecs", US), town.stage.aws("cloudwatch", US)
        self._elb, self._ecr = town.stage.aws("elbv2", US), town.stage.aws("ecr", US)
        subnets = town.stage.aws("ec2", US).describe_subnets()["Subnets"]
        self._subnets = [subnet["SubnetId"] for subnet in subnets][:2]
        self._vpc = subnets[0]["VpcId"]
        self.ecs.create_cluster(clusterName=CLUSTER)
        self._ecr.create_repository(repositoryName=REPOSITORY)
        for tag in (OLD, OTHER, *sorted({each.version for each in SCENARIOS})):
            self._ecr.put_image(repositoryName=REPOSITORY, imageTag=tag, imageManifest=manifest(REPOSITORY, tag))

    def create(self, name: str, scenario: Scenario) -> None:
        """A service that runs the old version."""
        configuration = dict(scenario.configuration)
        if scenario.alarm:
            self.set_alarm(name, "OK")
            configuration["alarms"] = {"alarmNames": [name], "enable": True, "rollback": True}
        balancers = []
        if scenario.balanced:
            balancers = [{"targetGroupArn": self._balance(name), "containerName": CONTAINER, "containerPort": 8000}]
        self.ecs.create_service(
            cluster=CLUSTER,
            serviceName=name,
            taskDefinition=self.register(name, OLD),
            desiredCount=2,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": self._subnets}},
            loadBalancers=balancers,
            deploymentConfiguration=configuration,
        )

    def register(self, name: str, version: str) -> str:
        """A task definition of a service's that runs a version."""
        made = self.ecs.register_task_definition(
            family=name,
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[{"name": CONTAINER, "image": image(version), "essential": True}],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def set_alarm(self, name: str, state: str) -> None:
        """The alarm of a service's, in that state."""
        if state == "OK":
            self.alarms.put_metric_alarm(
                AlarmName=name,
                Namespace="Bench",
                MetricName=name,
                Statistic="Sum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=1.0,
                ComparisonOperator="GreaterThanThreshold",
            )
        self.alarms.set_alarm_state(AlarmName=name, StateValue=state, StateReason="the benchmark says so")

    def service(self, name: str) -> dict[str, Any]:
        """A service as DescribeServices tells it."""
        return dict(self.ecs.describe_services(cluster=CLUSTER, services=[name])["services"][0])

    def stands(self, name: str) -> bool | None:
        """True once a service runs what it was created with."""
        return self.service(name)["deployments"][0]["rolloutState"] == "COMPLETED" or None

    def record(self, arn: str) -> dict[str, Any]:
        """ECS's record of a rollout."""
        return dict(self.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0])

    def _balance(self, name: str) -> str:
        made = self._elb.create_load_balancer(Name=name, Subnets=self._subnets)["LoadBalancers"][0]
        group = self._elb.create_target_group(Name=name, Protocol="HTTP", Port=8000, VpcId=self._vpc, TargetType="ip")
        arn = str(group["TargetGroups"][0]["TargetGroupArn"])
        self._elb.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )
        return arn


Meddling = Callable[[Shop, str], object]


def _supersede(shop: Shop, name: str) -> object:
    return shop.ecs.update_service(cluster=CLUSTER, service=name, taskDefinition=shop.register(name, OTHER))


def _delete(shop: Shop, name: str) -> object:
    return shop.ecs.delete_service(cluster=CLUSTER, service=name, force=True)


@dataclass(frozen=True)
class Scenario:
    """One way a deployment goes.

    ``version`` is what is shipped; its ending is its fate. ``meddle`` is done three seconds after ECS was told.
    ``timeout`` is what the peer is given, in seconds.
    """

    title: str
    version: str = GOOD
    configuration: Mapping[str, Any] = field(default_factory=lambda: GIVES_UP)
    meddle: Meddling | None = None
    alarm: bool = False
    balanced: bool = False
    timeout: int = 90

    @property
    def name(self) -> str:
        """As a service may be called."""
        return self.title.replace(" ", "-")


SCENARIOS = (
    Scenario("bad image", "v2-nopull"),
    Scenario("crash loop", "v2-crash"),
    Scenario("out of memory", "v2-oom"),
    Scenario("unhealthy target", "v2-unhealthy", balanced=True),
    Scenario("breaker rollback", "v2-crash", ROLLS_BACK),
    Scenario("superseded", meddle=_supersede),
    Scenario("stuck placement", "v2-stuck", ROLLS_BACK, timeout=30),
    Scenario("slow start", "v2-slow", ROLLS_BACK, timeout=15),
    Scenario("alarm rollback", configuration={}, meddle=lambda shop, name: shop.set_alarm(name, "ALARM"), alarm=True),
    Scenario("deleted service", meddle=_delete),
)


def image(version: str) -> str:
    """An image by its address."""
    return f"{ACCOUNT}.dkr.ecr.{US}.amazonaws.com/{REPOSITORY}:{version}"


def configured(folder: Path) -> Path:
    """The project's configuration with a system of these services; ``folder`` is made for it."""
    services = {each.name: {"kind": "ecs", "cluster": CLUSTER} for each in SCENARIOS}
    system = {
        "system": SYSTEM,
        "title": "Bench",
        "channel": CHANNEL,
        "region": US,
        "environments": {ENVIRONMENT: {"services": services}},
    }
    (folder / "systems").mkdir(parents=True)
    for source in (ROOT / "config").rglob("*.yaml"):
        copied = folder / source.relative_to(ROOT / "config")
        copied.parent.mkdir(exist_ok=True)
        copied.write_text(source.read_text())
    (folder / "systems" / "bench.yaml").write_text(yaml.safe_dump(system, sort_keys=False))
    return folder
