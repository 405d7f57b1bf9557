"""Where the tasks of a service are, and which security groups stand between them and their load balancer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bot.aws.calls import Calls, cluster_of, in_batches, missing, service_of
from bot.aws.ecs_tasks import PER_CALL
from bot.aws.errors import ask, ask_all
from bot.cloud import EcsService
from bot.domain import Account, Target
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import Balancer, GroupRule, SecurityGroup, Surroundings, TaskAddress

LAST_PORT = 65_535


class Network(Calls):
    """Fills ``bot.reach_ports.Network``."""

    def task_addresses(self, target: Target) -> tuple[TaskAddress, ...]:
        """The running tasks with the private address of their own network interface, in the order of addresses.

        With the network modes ``bridge`` and ``host`` a task has none, and its address is empty.
        """
        arns = self._listed(target, ("list_tasks", "taskArns"), serviceName=service_of(target), desiredStatus="RUNNING")
        client = self._client(target.account, "ecs")
        answers = self._each(
            lambda batch: ask(client, "describe_tasks", cluster=cluster_of(target), tasks=list(batch)),
            in_batches(arns, PER_CALL),
        )
        running = [each for answer in answers for each in answer["tasks"] if each.get("lastStatus") == "RUNNING"]
        found = [TaskAddress(each["taskArn"].rpartition("/")[2], _address(each)) for each in running]
        return tuple(sorted(found, key=lambda each: (each.address, each.task)))

    def surroundings(self, target: Target, service: EcsService) -> Surroundings:
        """Security groups of the tasks and of the balancers of the service's target groups.

        Raises NotFoundError when the tasks have no network interface of their own to which groups could belong.
        """
        account = target.account
        elb = self._client(account, "elbv2")
        groups = ask(elb, "describe_target_groups", TargetGroupArns=list(service.target_groups))["TargetGroups"]
        arns = list(dict.fromkeys(arn for each in groups for arn in each.get("LoadBalancerArns", ())))
        balancers = ask(elb, "describe_load_balancers", LoadBalancerArns=arns)["LoadBalancers"] if arns else []
        of_tasks = self._groups_of_tasks(target) or self._default_group(account, groups)
        ids = dict.fromkeys([*of_tasks, *(id_ for each in balancers for id_ in each.get("SecurityGroups", ()))])
        known = self._security_groups(account, list(ids))
        subnets = self._subnets(account, balancers)
        return Surroundings(
            task_groups=tuple(known[each] for each in of_tasks if each in known),
            balancers=tuple(_balancer(each, known, subnets) for each in balancers),
        )

    def _groups_of_tasks(self, target: Target) -> list[str]:
        """Those the service's network configuration names; a task set has its own (CodeDeploy)."""
        client = self._client(target.account, "ecs")
        try:
            answer = ask(client, "describe_services", cluster=cluster_of(target), services=[service_of(target)])
        except UpstreamError as error:
            raise missing(error, target) from error
        if not answer["services"]:
            raise NotFoundError(f"ECS has no service {service_of(target)} in cluster {cluster_of(target)}.")
        found = answer["services"][0]
        places = [found, *found.get("taskSets", ())]
        networks = [each["networkConfiguration"] for each in places if each.get("networkConfiguration")]
        if not networks:
            text = f"The tasks of {target.label} share their host's network interface, and so its security groups."
            raise NotFoundError(text)
        return list(networks[0].get("awsvpcConfiguration", {}).get("securityGroups", ()))

    def _default_group(self, account: Account, groups: Sequence[dict[str, Any]]) -> list[str]:
        """The default group of the VPC, which ECS takes where a service names none."""
        vpcs = sorted({each["VpcId"] for each in groups if each.get("VpcId")})
        wanted = [{"Name": "vpc-id", "Values": vpcs}, {"Name": "group-name", "Values": ["default"]}]
        client = self._client(account, "ec2")
        return ask_all(client, "describe_security_groups", "SecurityGroups[].GroupId", Filters=wanted) if vpcs else []

    def _security_groups(self, account: Account, ids: list[str]) -> dict[str, SecurityGroup]:
        if not ids:
            return {}
        # By filter: one that was deleted meanwhile would refuse the whole question if it were asked for by id.
        wanted = [{"Name": "group-id", "Values": ids}]
        client = self._client(account, "ec2")
        found = ask_all(client, "describe_security_groups", "SecurityGroups[]", Filters=wanted)
        return {each["GroupId"]: _group(each) for each in found}

    def _subnets(self, account: Account, balancers: Sequence[dict[str, Any]]) -> dict[str, str]:
        """CIDR blocks by subnet: the addresses a balancer speaks from."""
        ids = sorted({zone["SubnetId"] for each in balancers for zone in each.get("AvailabilityZones", ())})
        if not ids:
            return {}
        wanted = [{"Name": "subnet-id", "Values": ids}]
        found = ask_all(self._client(account, "ec2"), "describe_subnets", "Subnets[]", Filters=wanted)
        return {each["SubnetId"]: each["CidrBlock"] for each in found if each.get("CidrBlock")}


def _address(task: dict[str, Any]) -> str:
    for attachment in task.get("attachments", ()):
        if attachment.get("type") == "ElasticNetworkInterface":
            told = {each.get("name"): each.get("value", "") for each in attachment.get("details", ())}
            address = told.get("privateIPv4Address") or told.get("privateIPv6Address") or told.get("ipv6Address")
            if address:
                return str(address)
    interfaces = [each for found in task.get("containers", ()) for each in found.get("networkInterfaces", ())]
    return next((each["privateIpv4Address"] for each in interfaces if each.get("privateIpv4Address")), "")


def _balancer(found: dict[str, Any], known: dict[str, SecurityGroup], subnets: dict[str, str]) -> Balancer:
    zones = [zone["SubnetId"] for zone in found.get("AvailabilityZones", ())]
    return Balancer(
        name=found["LoadBalancerName"],
        kind=found.get("Type", ""),
        groups=tuple(known[each] for each in found.get("SecurityGroups", ()) if each in known),
        subnets=tuple(subnets[each] for each in zones if each in subnets),
    )


def _group(found: dict[str, Any]) -> SecurityGroup:
    return SecurityGroup(
        id=found["GroupId"],
        name=found.get("GroupName", ""),
        ingress=tuple(_rules(found.get("IpPermissions", ()))),
        egress=tuple(_rules(found.get("IpPermissionsEgress", ()))),
    )


def _rules(permissions: Iterable[dict[str, Any]]) -> Iterable[GroupRule]:
    for each in permissions:
        protocol = str(each.get("IpProtocol", ""))
        # With all protocols AWS leaves the ports out.
        whole = protocol == "-1"
        yield GroupRule(
            protocol=protocol,
            from_port=0 if whole else each.get("FromPort", 0),
            to_port=LAST_PORT if whole else each.get("ToPort", LAST_PORT),
            groups=tuple(pair["GroupId"] for pair in each.get("UserIdGroupPairs", ()) if pair.get("GroupId")),
            cidrs=(
                *(one["CidrIp"] for one in each.get("IpRanges", ())),
                *(one["CidrIpv6"] for one in each.get("Ipv6Ranges", ())),
            ),
            prefix_lists=tuple(one["PrefixListId"] for one in each.get("PrefixListIds", ())),
        )
