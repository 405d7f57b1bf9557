"""Whether a service's load balancer may reach its tasks, as their security groups have it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from bot.domain import Finding, Target
from bot.errors import NotFoundError
from bot.ports import World
from bot.reach_ports import Balancer, GroupRule, SecurityGroup, Surroundings
from bot.steps.base import ReadingStep, Scene, ecs_target
from bot.steps.naming import Heading, Port, Prefix, facts, yes_no

EVERYWHERE = ("0.0.0.0/0", "::/0")


class SecurityGroupsStep(ReadingStep):
    """The balancer's groups out, the tasks' groups in, for one port."""

    do: Literal["security_groups"]
    port: Port = Field(default=0, description="Port of the tasks; the container's when left out.")
    name: Prefix = "security_groups"
    title: Heading = "Security groups"

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the service has no load balancer."""
        target = ecs_target(scene)
        if target is None:
            return None
        service = world.ecs.service(target)
        if not service.target_groups:
            return None
        port = self.port or next((each.port for each in service.load_balancers if each.port), 0)
        if not port:
            raise NotFoundError(f"The load balancer of {target.label} names no port; give the step one.")
        around = world.network.surroundings(target, service)
        return self._found(around, port, self._addresses(target, world))

    @staticmethod
    def _addresses(target: Target, world: World) -> tuple[str, ...]:
        return tuple(each.address for each in world.network.task_addresses(target) if each.address)

    def _found(self, around: Surroundings, port: int, tasks: tuple[str, ...]) -> Finding:
        verdicts = [(each, *_verdict(each, around.task_groups, port, tasks)) for each in around.balancers]
        blocked = [why for _, word, why in verdicts if word == "yes"]
        unknown = [why for _, word, why in verdicts if word == "unknown"]
        word = "yes" if blocked else "unknown" if unknown else "no"
        world_open = [group for group in around.task_groups if _open_to_world(group, port)]
        names = ", ".join(f"{each.name} ({each.id})" for each in around.task_groups)
        if not around.balancers:
            summary = "No load balancer sends to the service's target groups, so none is blocked."
        elif blocked:
            summary = f"The load balancer cannot reach the tasks on port {port}: {blocked[0]}"
        elif unknown:
            summary = f"Whether the load balancer reaches the tasks on port {port} the groups do not tell: {unknown[0]}"
        else:
            summary = f"The load balancer may reach the tasks on port {port}."
        lines = [*blocked[1:], *(unknown if blocked else unknown[1:]), f"tasks: {names or 'no group'}"]
        lines += [f"{each.name} ({each.id}) lets the whole internet reach port {port}" for each in world_open]
        return Finding(
            step=self.do,
            title=self.title,
            summary=summary,
            lines=tuple(lines[:6]),
            facts=facts(self.name, blocked=word, open_to_world=yes_no(world_open)),
            weight=90 if blocked else 20 if world_open else 5,
        )


def _verdict(
    balancer: Balancer, tasks: tuple[SecurityGroup, ...], port: int, addresses: tuple[str, ...]
) -> tuple[str, str]:
    """``no``, ``yes`` or ``unknown`` for blocked, with why."""
    if not balancer.groups:
        # A network load balancer without groups passes the callers' own addresses on, and they may be any.
        into = [rule for group in tasks for rule in group.ingress if _covers(rule, port)]
        if any(set(rule.cidrs) & set(EVERYWHERE) for rule in into):
            return "no", ""
        if not into:
            return "yes", f"no group of the tasks lets anybody in on port {port}."
        return "unknown", f"{balancer.name} has no security group; what it sends comes from its callers' addresses."
    groups = {group.id for group in balancer.groups}
    inward = _allowed((rule for group in tasks for rule in group.ingress), port, groups, balancer.subnets)
    outward = _allowed(
        (rule for group in balancer.groups for rule in group.egress), port, {group.id for group in tasks}, addresses
    )
    names = ", ".join(sorted(groups))
    if inward == "no":
        return "yes", f"no group of the tasks lets {balancer.name} ({names}) in."
    if outward == "no":
        return "yes", f"no group of {balancer.name} ({names}) lets anything out to the tasks."
    if "unknown" in (inward, outward):
        return "unknown", f"{balancer.name} is let through only by a prefix list, or part of its subnets."
    return "no", ""


def _allowed(rules: Iterable[GroupRule], port: int, groups: set[str], places: tuple[str, ...]) -> str:
    """Whether rules let a port through from or to all these groups and places: ``yes``, ``no`` or ``unknown``.

    All of a group's members are let through when it is named; of the places each must lie in a block. Where there are
    no places to compare with, a block may be any.
    """
    fitting = [rule for rule in rules if _covers(rule, port)]
    if any(groups & set(rule.groups) for rule in fitting):
        return "yes"
    blocks = [ipaddress.ip_network(cidr, strict=False) for rule in fitting for cidr in rule.cidrs]
    known = [ipaddress.ip_network(place, strict=False) for place in places]
    inside = [place for place in known if any(_lies_in(place, block) for block in blocks)]
    if known and len(inside) == len(known):
        return "yes"
    touched = any(place.version == block.version and place.overlaps(block) for place in known for block in blocks)
    if inside or touched or any(rule.prefix_lists for rule in fitting) or (blocks and not known):
        return "unknown"
    return "no"


def _lies_in(
    place: ipaddress.IPv4Network | ipaddress.IPv6Network, block: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    if isinstance(place, ipaddress.IPv4Network) and isinstance(block, ipaddress.IPv4Network):
        return place.subnet_of(block)
    if isinstance(place, ipaddress.IPv6Network) and isinstance(block, ipaddress.IPv6Network):
        return place.subnet_of(block)
    return False


def _covers(rule: GroupRule, port: int) -> bool:
    return rule.protocol in ("-1", "tcp", "6") and rule.from_port <= port <= rule.to_port


def _open_to_world(group: SecurityGroup, port: int) -> bool:
    return any(_covers(rule, port) and set(rule.cidrs) & set(EVERYWHERE) for rule in group.ingress)
