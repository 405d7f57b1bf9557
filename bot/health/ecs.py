"""ECS services: tasks, a rollout under way, and what hangs on them: targets, versions and logs.

This is the one chain of calls: only the service knows its target groups and its task definition, which is kept once it
was read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.cloud import EcsService, TargetHealth, TaskDefinition
from bot.condition import Verdict
from bot.domain import Account, Target
from bot.health import logged
from bot.health.base import Found, Moment, Reads, amber, counted, green, name_of, red, unread
from bot.health.logged import Logged
from bot.shipping import images, running
from bot.views import blocks as b


@dataclass(frozen=True)
class EcsReading:
    """What was found out about one service; None stands for what it has not, or what was not asked."""

    service: EcsService | Exception | None = None
    definition: TaskDefinition | Exception | None = None
    targets: tuple[TargetHealth, ...] | Exception | None = None
    errors: Logged | None = None

    @property
    def rests(self) -> bool:
        """True when no rollout is under way."""
        return isinstance(self.service, EcsService) and not self.service.in_flight

    def version(self, target: Target) -> str:
        """What it runs, or nothing where that is not known."""
        definition = self.definition
        return running.version(definition, target) if isinstance(definition, TaskDefinition) else ""


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """One read for each cluster, so that a cluster that cannot be read hides no other."""
    clusters: dict[tuple[Account, str], list[Target]] = defaultdict(list)
    in_account: dict[Account, int] = defaultdict(int)
    for target in targets:
        if target.service.cluster:
            clusters[target.account, target.service.cluster].append(target)
            in_account[target.account] += 1
    return {
        f"ecs {name_of(account)} {cluster}": partial(_cluster, mine, moment, logged.MOST_GROUPS // in_account[account])
        for (account, cluster), mine in clusters.items()
    }


def reading(target: Target, found: Found) -> EcsReading:
    """What was read of one service; empty for those of another kind."""
    if not target.service.cluster:
        return EcsReading()
    read: Mapping[str, EcsReading] | Exception = found[f"ecs {name_of(target.account)} {target.service.cluster}"]
    return EcsReading(service=read) if isinstance(read, Exception) else read[target.key]


def _cluster(targets: Sequence[Target], moment: Moment, groups: int) -> dict[str, EcsReading]:
    """The services of a cluster, with the logs of so many groups of each."""
    world = moment.world
    services = world.ecs.services(targets)
    wanted: Reads = {}
    for target in targets:
        service = services[target.key]
        if not isinstance(service, EcsService):
            continue
        serving = service.primary.task_definition if service.primary else service.task_definition
        wanted[f"definition {target.key}"] = partial(world.ecs.task_definition, target.account, serving)
        if service.target_groups:
            wanted[f"targets {target.key}"] = partial(world.ecs.target_health, target, service.target_groups)
        wanted |= logged.reads(target, serving, moment, groups)
    found: dict[str, Any] = world.gather(wanted, seconds=moment.left)
    return {
        target.key: EcsReading(
            service=services[target.key],
            definition=found.get(f"definition {target.key}"),
            targets=found.get(f"targets {target.key}"),
            errors=_logged(target, found, groups),
        )
        for target in targets
    }


def _logged(target: Target, found: Mapping[str, Any], groups: int) -> Logged | None:
    definition = found.get(f"definition {target.key}")
    return logged.joined(target, definition, found, groups) if definition is not None and groups else None


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Tasks, the rollout, targets, and error lines of the last half hour."""
    read = reading(target, found)
    if read.service is None:
        return []
    if isinstance(read.service, Exception):
        return [unread("tasks", read.service)]
    return [
        _tasks(read.service),
        *_rollout(read.service, read.version(target), now),
        *_targets(read.service, read.targets),
        *(logged.verdicts(read.errors) if read.errors else ()),
    ]


def _tasks(service: EcsService) -> Verdict:
    counts = f"{service.running}/{service.desired} tasks"
    if service.status != "ACTIVE":
        return red(f"the ECS service is {b.esc(service.status.lower())}")
    if service.desired == 0:
        return amber("it is scaled to no task at all")
    if service.running >= service.desired:
        return green(counts)
    missing = f"{service.running} of {service.desired} tasks run"
    return amber(missing) if service.in_flight and service.running else red(missing)


def _rollout(service: EcsService, version: str, now: float) -> list[Verdict]:
    primary = service.primary
    if not service.in_flight or primary is None:
        return []
    failed = f", {counted(primary.failed_tasks, 'task')} of it failed" if primary.failed_tasks else ""
    what = f"rolling out {b.code(version or images.revision(primary.task_definition))}"
    far = f"{primary.running} of {primary.desired} new tasks run"
    return [amber(f"{what} for {b.ago(now - primary.created_at)}, {far}{failed}")]


def _targets(service: EcsService, read: tuple[TargetHealth, ...] | Exception | None) -> list[Verdict]:
    if read is None:
        return []
    if isinstance(read, Exception):
        return [unread("target health", read)]
    well = [each for each in read if each.state == "healthy"]
    ill = [each for each in read if each.state in ("unhealthy", "unavailable")]
    told = f" ({b.esc(ill[0].description or ill[0].reason, 200)})" if ill else ""
    if not well and service.desired:
        return [red(f"no target of the load balancer is healthy{told}")]
    if ill:
        return [amber(f"{len(ill)} of {counted(len(ill) + len(well), 'target')} unhealthy{told}")]
    return [green(counted(len(well), "healthy target"))]
