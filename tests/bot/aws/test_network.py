from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bot import reach_ports
from bot.aws.ecs import Ecs
from bot.aws.network import Network
from bot.aws.session import Sessions
from bot.domain import Target
from bot.errors import NotFoundError
from bot.reach_ports import GroupRule, TaskAddress
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

TASK = "arn:aws:ecs:us-east-1:1:task/bi-production"


def a_task(name: str, status: str = "RUNNING", **changes: Any) -> dict[str, Any]:
    return {"taskArn": f"{TASK}/{name}", "lastStatus": status, "attachments": [], "containers": [], **changes}


def interface(address: str, name: str = "privateIPv4Address") -> list[dict[str, Any]]:
    details = [{"name": "subnetId", "value": "subnet-1"}, {"name": name, "value": address}]
    return [{"type": "service-connect", "details": []}, {"type": "ElasticNetworkInterface", "details": details}]


def test_running_tasks_have_the_address_of_their_own_interface(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    tasks = [
        a_task("b", attachments=interface("10.0.1.9")),
        a_task("a", attachments=interface("10.0.0.4")),
        a_task("starting", "PENDING", attachments=interface("10.0.0.5")),
        a_task("bridge"),
        a_task("six", attachments=interface("2001:db8::1", "privateIPv6Address")),
        a_task("old", containers=[{"networkInterfaces": [{"privateIpv4Address": "10.0.2.2"}]}]),
    ]
    aws.on("ListTasks", {"taskArns": [each["taskArn"] for each in tasks]})
    aws.on("DescribeTasks", {"tasks": tasks, "failures": []})
    filled: reach_ports.Network = Network(sessions)
    assert filled.task_addresses(target) == (
        TaskAddress("bridge", ""),
        TaskAddress("a", "10.0.0.4"),
        TaskAddress("b", "10.0.1.9"),
        TaskAddress("old", "10.0.2.2"),
        TaskAddress("six", "2001:db8::1"),
    )
    assert aws.asked("ListTasks")[0]["serviceName"] == "api"


def test_a_service_that_is_not_there_is_said(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("ListTasks", Refusal("ServiceNotFoundException"))
    with pytest.raises(NotFoundError, match="ECS has no service api"):
        Network(sessions).task_addresses(target)


@dataclass
class Ground:
    """A VPC with a balancer before a service, in moto."""

    ec2: Any
    ecs: Any
    vpc: str
    subnets: list[str]
    of_balancer: str
    of_tasks: str
    group: str

    def serve(self, **network: Any) -> None:
        """Create the service."""
        self.ecs.create_service(
            cluster="bi-production",
            serviceName="api",
            taskDefinition="api",
            desiredCount=0,
            loadBalancers=[{"targetGroupArn": self.group, "containerName": "app", "containerPort": 8080}],
            **network,
        )

    def inside(self, groups: list[str]) -> dict[str, Any]:
        awsvpc = {"subnets": self.subnets, "securityGroups": groups}
        return {"networkConfiguration": {"awsvpcConfiguration": awsvpc}, "launchType": "FARGATE"}


@pytest.fixture
def ground() -> Iterator[Ground]:
    with mock_aws():
        ec2, elb, ecs = (boto3.client(name, "us-east-1") for name in ("ec2", "elbv2", "ecs"))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in ((0, "a"), (1, "b"))
        ]
        of_balancer, of_tasks = (
            ec2.create_security_group(GroupName=name, Description="test", VpcId=vpc)["GroupId"]
            for name in ("balancer", "tasks")
        )
        balancer = elb.create_load_balancer(Name="api", Subnets=subnets, SecurityGroups=[of_balancer])
        group = elb.create_target_group(Name="api", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")
        arn = group["TargetGroups"][0]["TargetGroupArn"]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )
        ecs.create_cluster(clusterName="bi-production")
        ecs.register_task_definition(
            family="api", networkMode="awsvpc", containerDefinitions=[{"name": "app", "image": "x", "memory": 64}]
        )
        yield Ground(ec2, ecs, vpc, subnets, of_balancer, of_tasks, arn)


def test_the_groups_of_tasks_and_balancers_are_read_with_their_rules(
    ground: Ground, sessions: Sessions, target: Target
) -> None:
    ground.serve(**ground.inside([ground.of_tasks]))
    permissions = [
        {
            "IpProtocol": "tcp",
            "FromPort": 8080,
            "ToPort": 8081,
            "UserIdGroupPairs": [{"GroupId": ground.of_balancer}],
        },
        {
            "IpProtocol": "-1",
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
        },
    ]
    ground.ec2.authorize_security_group_ingress(GroupId=ground.of_tasks, IpPermissions=permissions)
    found = Network(sessions).surroundings(target, Ecs(sessions).service(target))
    (tasks,) = found.task_groups
    assert (tasks.id, tasks.name) == (ground.of_tasks, "tasks")
    assert GroupRule("tcp", 8080, 8081, groups=(ground.of_balancer,)) in tasks.ingress
    assert GroupRule("-1", 0, 65_535, cidrs=("10.0.0.0/8", "::/0")) in tasks.ingress
    (balancer,) = found.balancers
    assert (balancer.name, balancer.kind) == ("api", "application")
    assert [each.id for each in balancer.groups] == [ground.of_balancer]
    assert sorted(balancer.subnets) == ["10.0.0.0/24", "10.0.1.0/24"]
    assert balancer.groups[0].egress == (GroupRule("-1", 0, 65_535, cidrs=("0.0.0.0/0",)),)


def test_tasks_without_groups_have_the_default_one_of_their_vpc(
    ground: Ground, sessions: Sessions, target: Target
) -> None:
    ground.serve(**ground.inside([]))
    found = Network(sessions).surroundings(target, Ecs(sessions).service(target))
    assert [each.name for each in found.task_groups] == ["default"]


def test_tasks_that_share_their_hosts_interface_are_said(ground: Ground, sessions: Sessions, target: Target) -> None:
    app = {"name": "app", "image": "app", "memory": 64, "portMappings": [{"containerPort": 8080}]}
    ground.ecs.register_task_definition(family="api", networkMode="bridge", containerDefinitions=[app])
    ground.serve()
    with pytest.raises(NotFoundError, match="share their host's network interface"):
        Network(sessions).surroundings(target, Ecs(sessions).service(target))


def test_the_network_of_a_task_set_is_its_own(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    awsvpc = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-blue"]}}
    service = {"serviceName": "api", "taskSets": [{"networkConfiguration": awsvpc}]}
    aws.on("DescribeServices", {"services": [service], "failures": []})
    assert Network(sessions)._groups_of_tasks(target) == ["sg-blue"]
