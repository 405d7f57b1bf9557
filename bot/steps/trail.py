"""Who changed what the service is made of, through whatever door, as CloudTrail recorded it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from pydantic import Field

from bot.catalog import GLOBAL_REGION
from bot.cloud import TaskDefinition
from bot.domain import Account, Finding, Target
from bot.errors import BotError
from bot.ports import World
from bot.steps.base import NamedStep, Scene, StepName, in_one_line, minutes
from bot.telemetry import TrailEvent, TrailSearch

READ_SECONDS = 8.0
MOST_LINES = 5
MOST_SECRETS = 3
"""Two look-ups a second are all that CloudTrail allows."""
SUSPICIOUS_SECONDS = 3600.0
OF_ECS = ("UpdateService", "StopTask", "RegisterScalableTarget")
"""ECS and Auto Scaling leave CloudTrail's list of resources empty; these are found by what they are."""

Place = tuple[Account, tuple[str, ...], tuple[str, ...]]
"""Where to look for which resources and which actions."""


class TrailStep(NamedStep):
    """Calls that changed the service's resources; those that only read are left out."""

    do: Literal["trail"]
    name: StepName = "trail"
    hours: int = Field(default=6, ge=1, le=2160, description="How far back; CloudTrail keeps 90 days.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the alarm belongs to no service."""
        if scene.target is None:
            return None
        since = scene.at - self.hours * 3600
        deadline = world.clock.now() + READ_SECONDS - 1
        reads = {
            account.region: partial(world.trail.changes, account, resources, actions, since=since, deadline=deadline)
            for account, resources, actions in _places(scene.target, world)
        }
        answers = world.gather(reads, seconds=READ_SECONDS)
        failed = {where: each for where, each in answers.items() if isinstance(each, Exception)}
        if len(failed) == len(answers):
            raise next(iter(failed.values()))
        found = [each for each in answers.values() if not isinstance(each, Exception)]
        missing = tuple(f"{where}: {_why(each)}" for where, each in failed.items())
        return self._found(found, scene.target, missing, scene.at)

    def _found(self, found: Sequence[TrailSearch], target: Target, missing: tuple[str, ...], now: float) -> Finding:
        title = self.title or "CloudTrail"
        told = {each.id: each for search in found for each in search.events if _concerns(each, target)}
        events = sorted(told.values(), key=lambda each: -each.at)
        whole = all(each.is_whole for each in found)
        partly = () if whole else ("CloudTrail has more than could be read in time.",)
        if not events:
            summary = f"CloudTrail knows of no change of {target.label} in the last {self.hours} h"
            summary += " (it learns of one within about 5 minutes)."
            facts = (self.fact("changes", 0.0),)
            return Finding(step=self.do, title=title, summary=summary, lines=partly + missing, facts=facts)
        age = max(0.0, now - events[0].at)
        lines = [_line(each, now) for each in events[1 : MOST_LINES + 1]]
        rest = len(events) - 1 - MOST_LINES
        lines += [f"… {rest} more"] if rest > 0 else []
        counted = f"{len(events)} change{'s' if len(events) > 1 else ''} in {self.hours} h"
        return Finding(
            step=self.do,
            title=title,
            summary=f"{counted}, the last {_line(events[0], now)}",
            lines=(*lines, *partly, *missing),
            facts=(self.fact("changes", float(len(events))), self.fact("age", age)),
            weight=50 if age < SUSPICIOUS_SECONDS else 15,
        )


def _places(target: Target, world: World) -> Iterator[Place]:
    """The service's own region; roles and distributions are recorded where global services are."""
    service = target.service
    own = [each for each in (service.function, service.bucket) if each]
    everywhere = [service.distribution] if service.distribution else []
    actions: tuple[str, ...] = ()
    if service.cluster:
        actions = OF_ECS
        try:
            definition = _definition(target, world)
            own += _secrets(definition)
            everywhere += _roles(definition)
        except BotError:
            pass
    if target.account.region == GLOBAL_REGION:
        own, everywhere = [*own, *everywhere], []
    if own or actions:
        yield target.account, tuple(own), actions
    if everywhere:
        yield replace(target.account, region=GLOBAL_REGION), tuple(everywhere), ()


def _definition(target: Target, world: World) -> TaskDefinition:
    return world.ecs.task_definition(target.account, world.ecs.service(target).task_definition)


def _secrets(definition: TaskDefinition) -> list[str]:
    """ARNs of the secrets that containers start with; the key of a secret that may follow is no part of it."""
    named = [
        str(each["valueFrom"])
        for container in definition.raw.get("containerDefinitions", [])
        for each in container.get("secrets") or []
    ]
    arns = [":".join(each.split(":")[:7]) for each in named if ":secretsmanager:" in each]
    return list(dict.fromkeys(arns))[:MOST_SECRETS]


def _roles(definition: TaskDefinition) -> list[str]:
    roles = [definition.raw.get("taskRoleArn"), definition.raw.get("executionRoleArn")]
    return list(dict.fromkeys(str(each).rpartition("/")[2] for each in roles if each))


def _concerns(event: TrailEvent, target: Target) -> bool:
    """What was found by its name is the service's; what was found by what it is only where it names the service."""
    if event.action not in OF_ECS:
        return True
    service, cluster = target.service.service or target.name, target.service.cluster
    named = {f"service/{cluster}/{service}"}
    if event.action == "StopTask":
        # It names a task of the cluster, and no service.
        return any(_last(each) == cluster for each in event.names)
    mine = any(each == service or each.endswith(f"/{cluster}/{service}") or each in named for each in event.names)
    clusters = any(_last(each) == cluster or f"/{cluster}/" in each for each in event.names)
    return mine and clusters


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _line(event: TrailEvent, now: float) -> str:
    refused = f", refused: {event.error}" if event.error else ""
    said = f"{minutes(now - event.at)} ago: {event.source} {event.action} by {event.who or 'nobody named'}{refused}"
    return in_one_line(said)


def _why(error: Any) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) if isinstance(error, BotError) else "it could not be read"
