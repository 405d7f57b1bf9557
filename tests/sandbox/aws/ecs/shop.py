"""A shop's API on Fargate behind a load balancer, made by boto3 as any script would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.clock import Clock

GROUP = "/ecs/shop"
ROLLS_BACK = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
GIVES_UP = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}


class Shop:
    def __init__(self, client: Callable[..., Any], clock: Clock) -> None:
        self.clock = clock
        self.ecs, self.elb, self.logs, self.ecr = client("ecs"), client("elbv2"), client("logs"), client("ecr")
        subnets = client("ec2").describe_subnets()["Subnets"]
        self.subnets = [subnet["SubnetId"] for subnet in subnets][:2]
        self.vpc = subnets[0]["VpcId"]
        self.ecs.create_cluster(clusterName="shop")
        self.logs.create_log_group(logGroupName=GROUP)
        self.target_group = ""

    @property
    def network(self) -> dict[str, Any]:
        return {"awsvpcConfiguration": {"subnets": self.subnets}}

    def balance(self, listen: bool = True) -> str:
        made = self.elb.create_load_balancer(Name="shop", Subnets=self.subnets)["LoadBalancers"][0]
        group = self.elb.create_target_group(Name="shop", Protocol="HTTP", Port=8000, VpcId=self.vpc, TargetType="ip")
        self.target_group = group["TargetGroups"][0]["TargetGroupArn"]
        if listen:
            self.elb.create_listener(
                LoadBalancerArn=made["LoadBalancerArn"],
                Protocol="HTTP",
                Port=80,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group}],
            )
        return self.target_group

    def pair(self) -> str:
        """A second target group behind the same listener, as blue/green deployments need."""
        group = self.elb.create_target_group(Name="other", Protocol="HTTP", Port=8000, VpcId=self.vpc, TargetType="ip")
        arn = str(group["TargetGroups"][0]["TargetGroupArn"])
        balancer = self.elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        self.elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=8080,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )
        return arn

    def register(self, tag: str, **container: Any) -> str:
        image = tag if "/" in tag else f"example.com/shop/api:{tag}"
        options = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}
        definition = {"name": "api", "image": image, "logConfiguration": {"logDriver": "awslogs", "options": options}}
        made = self.ecs.register_task_definition(
            family="shop-api",
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[definition | container],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def create(self, tag: str = "v1", desired: int = 2, **more: Any) -> str:
        """A service that has settled; returns its task definition."""
        definition = self.register(tag)
        balancers = [{"targetGroupArn": self.target_group, "containerName": "api", "containerPort": 8000}]
        asked = {
            "cluster": "shop",
            "serviceName": "api",
            "taskDefinition": definition,
            "desiredCount": desired,
            "launchType": "FARGATE",
            "networkConfiguration": self.network,
            "loadBalancers": balancers if self.target_group else [],
        }
        self.ecs.create_service(**asked | more)
        self.clock.advance(20)
        return definition

    def ship(self, tag: str, **container: Any) -> str:
        definition = self.register(tag, **container)
        self.update(taskDefinition=definition)
        return definition

    def update(self, **more: Any) -> dict[str, Any]:
        updated: dict[str, Any] = self.ecs.update_service(cluster="shop", service="api", **more)["service"]
        return updated

    def service(self, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster="shop", services=["api"], **more)["services"][0]
        return found

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        arns = self.ecs.list_tasks(cluster="shop", serviceName="api", desiredStatus=status)["taskArns"]
        if not arns:
            return []
        found: list[dict[str, Any]] = self.ecs.describe_tasks(cluster="shop", tasks=arns)["tasks"]
        return found

    def messages(self) -> list[str]:
        """What ECS said, oldest first."""
        return [event["message"] for event in reversed(self.service()["events"])]

    def health(self, group: str = "") -> list[str]:
        found = self.elb.describe_target_health(TargetGroupArn=group or self.target_group)["TargetHealthDescriptions"]
        return sorted(each["TargetHealth"]["State"] for each in found)

    def history(self) -> list[dict[str, Any]]:
        """ECS's own records of rollouts, newest first."""
        listed = self.ecs.list_service_deployments(cluster="shop", service="api")["serviceDeployments"]
        arns = [each["serviceDeploymentArn"] for each in listed]
        found = self.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
        return sorted(found, key=lambda each: each["createdAt"], reverse=True)

    def until(self, claim: Callable[[], Any], seconds: float = 60) -> float:
        """Let the sandbox's time pass in half seconds until something is so; returns how long it took."""
        start = self.clock.now()
        while not claim():
            if self.clock.now() - start > seconds:
                raise AssertionError(f"not so after {seconds} s: {self.messages()}")
            self.clock.advance(0.5)
        return self.clock.now() - start

    def lines(self) -> list[str]:
        return [event["message"] for event in self.logs.filter_log_events(logGroupName=GROUP)["events"]]
