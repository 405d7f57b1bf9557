"""Teaches moto's EC2 that tasks have network interfaces, whose addresses and security groups can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidNetworkInterfaceIdError
from moto.ec2.models import ec2_backends
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
from moto.ecs.models import ecs_backends

from sandbox.aws.ecs_model import Task
from sandbox.aws.ecs_render import interface_of
from sandbox.aws.ecs_simulation import bring_up, now, simulating, tasks_of
from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_FIELDS: dict[str, Callable[[dict[str, Any]], Iterable[str]]] = {
    "network-interface-id": lambda found: [found["NetworkInterfaceId"]],
    "group-id": lambda found: [group["GroupId"] for group in found["Groups"]],
    "subnet-id": lambda found: [found["SubnetId"]],
    "vpc-id": lambda found: [found["VpcId"]],
    "status": lambda found: [found["Status"]],
    "private-ip-address": lambda found: [found["PrivateIpAddress"]],
    "addresses.private-ip-address": lambda found: [found["PrivateIpAddress"]],
    "private-dns-name": lambda found: [found["PrivateDnsName"]],
    "description": lambda found: [found["Description"]],
}


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(ElasticNetworkInterfaces, "describe_network_interfaces", describe_network_interfaces)  # noqa: B010


def describe_network_interfaces(self: ElasticNetworkInterfaces) -> ActionResult:
    """DescribeNetworkInterfaces: those that were made, and those of tasks that have not stopped."""
    asked, filters = self._get_param("NetworkInterfaceIds", []), self._filters_from_querystring()
    self.error_on_dryrun()
    of_tasks = {each["NetworkInterfaceId"]: each for each in _of_tasks(self.region)}
    made = self.ec2_backend.enis
    unknown = [each for each in asked if each not in of_tasks and each not in made]
    if unknown:
        raise InvalidNetworkInterfaceIdError(unknown[0])
    wanted = [each for each in asked if each in made]
    found: list[Any] = []
    if wanted or not asked:
        found += self.ec2_backend.get_all_network_interfaces(wanted, filters)
    found += [each for key, each in of_tasks.items() if (not asked or key in asked) and _matches(each, filters)]
    return ActionResult({"NetworkInterfaces": found})


def _matches(found: dict[str, Any], filters: Any) -> bool:
    return all(
        name in _FIELDS and bool(set(_FIELDS[name](found)) & set(values)) for name, values in (filters or {}).items()
    )


def _of_tasks(region: str) -> Iterator[dict[str, Any]]:
    backend = ecs_backends[current().account][region]
    with simulating:
        bring_up(backend)
        at = now()
        tasks = [task for task in tasks_of(backend) if task.status(at) not in ("PROVISIONING", "STOPPED")]
    for task in tasks:
        found = interface_of(task)
        if found:
            yield _described(task, found, region)


def _described(task: Task, found: dict[str, str], region: str) -> dict[str, Any]:
    ec2 = ec2_backends[current().account][region]
    subnet = next(
        (each for zone in ec2.subnets.values() for each in zone.values() if each.id == found["subnetId"]), None
    )
    wanted = (task.network.get("awsvpcConfiguration") or {}).get("securityGroups") or []
    groups = [group for vpc in ec2.groups.values() for group in vpc.values() if group.id in wanted]
    return {
        "NetworkInterfaceId": found["networkInterfaceId"],
        "Description": f"{task.arn.split(':task/')[0]}:attachment/{found['attachment']}",
        "InterfaceType": "interface",
        "Status": "in-use",
        "RequesterManaged": True,
        "OwnerId": current().account,
        "AvailabilityZone": f"{region}a",
        "SubnetId": found["subnetId"],
        "VpcId": subnet.vpc_id if subnet is not None else "",
        "MacAddress": found["macAddress"],
        "PrivateIpAddress": found["privateIPv4Address"],
        "PrivateDnsName": found["privateDnsName"],
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": found["privateIPv4Address"]}],
        "Groups": [{"GroupId": group.id, "GroupName": group.name} for group in groups],
        "TagSet": [],
    }
