"""The plan of a rollback of an ECS service.

While a deployment is under way it is stopped and ECS goes back. Otherwise the service gets the newest version that is
known to be good, by ECS's own history and the bot's ledger, as a deployment like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.cloud import EcsService
from bot.command import Plan
from bot.domain import Person, Target
from bot.errors import UpstreamError
from bot.ports import World
from bot.rollouts import ServiceDeployment
from bot.shipping import ecs_ledger, ecs_stop
from bot.shipping.ecs_checks import ended
from bot.shipping.ecs_choice import PREVIOUS, choose, near, read_definitions
from bot.shipping.ecs_code_deploy import as_records, stop_plan
from bot.shipping.ecs_history import History
from bot.shipping.ecs_reads import FIRST_SECONDS, NEXT_SECONDS, Reads, running, standing
from bot.shipping.ecs_return import plan_return
from bot.shipping.reads import value
from bot.shipping.timeline import Fired
from bot.shipping_cloud import CodeDeployment

HISTORY_SECONDS = 90 * 86400.0
"""So long ECS keeps its records:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html"""
ALARM_SECONDS = 30 * 86400.0
"""So long CloudWatch keeps the history of an alarm."""


def plan(target: Target, to: str, world: World, person: Person) -> Plan:
    """Plan to go back, to what ``to`` names or to the newest good version. Only reads; raises BotErrors."""
    now = world.clock.now()
    found = read_history(target, world, now, FIRST_SECONDS + NEXT_SECONDS)
    service = standing(found, target)
    stops = to.lower() in ("", PREVIOUS)
    if service.controller == "CODE_DEPLOY":
        group = world.code_deploy.group(target, service)
        deployed = value(found, "deployed") if "deployed" in found else _deployed(target, group, world, now)
        if stops and (under_way := next((each for each in deployed if not ended(each)), None)):
            return stop_plan(target, service, under_way, world)
        found["records"] = as_records(deployed)
        return _steady(target, to, history_of(target, service, found, now), world, group)
    history = history_of(target, service, found, now)
    flying = _in_flight(target, history, world) if stops else None
    if flying is not None:
        return ecs_stop.plan(target, service, flying, world)
    return _steady(target, to, history, world, None)


def _steady(target: Target, to: str, history: History, world: World, group: tuple[str, str] | None) -> Plan:
    return plan_return(target, history, choose(target, to, history, world), world, group)


def _deployed(target: Target, group: tuple[str, str], world: World, now: float) -> tuple[CodeDeployment, ...]:
    return world.code_deploy.recent(target.account, group, since=now - HISTORY_SECONDS)


def read_history(target: Target, world: World, now: float, seconds: float) -> dict[str, Any]:
    """What is known of what ran; whatever of it fails only leaves something unknown, but for the service.

    Two round trips, and what follows needs one more: task definitions that may be chosen are read ahead.
    """
    found: dict[str, Any] = world.gather(_history_reads(target, world, now), seconds=seconds)
    ahead = found.pop("ahead")
    if isinstance(ahead, Exception):
        return found | {"service": ahead}
    return found | {"service": ahead[0], "near": ahead[1]}


def _ahead(target: Target, world: World) -> tuple[EcsService, dict[str, Any]]:
    service = world.ecs.service(target)
    return service, read_definitions(target, near(running(service)), world)


def _history_reads(target: Target, world: World, now: float) -> Reads:
    reads: Reads = {
        "ahead": partial(_ahead, target, world),
        "records": partial(world.ecs.service_deployments, target, since=now - HISTORY_SECONDS),
        "past": partial(ecs_ledger.read, target, world),
    }
    for alarm in target.service.alarms:
        reads[f"fired {alarm.name}"] = partial(
            world.metrics.went_red, target.account, alarm.name, since=now - ALARM_SECONDS
        )
    if target.service.application and target.service.deployment_group:
        group = (target.service.application, target.service.deployment_group)
        reads["deployed"] = partial(_deployed, target, group, world, now)
    return reads


def history_of(target: Target, service: EcsService, found: Mapping[str, Any], now: float) -> History:
    """ECS's records where they can be read; who may not read them still has the ledger."""
    records, unread = found["records"], ""
    if isinstance(records, UpstreamError) and not records.retryable:
        records, unread = (), f"ECS's own history could not be read: {records}"
    else:
        records = value(found, "records")
    return History(service, records, value(found, "past"), _fired(target, found, now), unread, now, found["near"])


def _fired(target: Target, found: Mapping[str, Any], now: float) -> Fired | None:
    """None unless all of the service's alarms could be read, and there are any."""
    names = [alarm.name for alarm in target.service.alarms]
    answers = {name: found[f"fired {name}"] for name in names}
    if not names or any(isinstance(answer, Exception) for answer in answers.values()):
        return None
    return Fired(now - ALARM_SECONDS, tuple((at, name) for name, ats in answers.items() for at in ats))


def _in_flight(target: Target, history: History, world: World) -> ServiceDeployment | None:
    """The deployment under way that can be stopped."""
    listed = next((record for record in history.records if not record.ended), None)
    if listed is not None or not history.unread or not history.service.in_flight:
        return listed
    try:
        arn = history.service.current_deployment
        current = world.ecs.service_deployment(target, arn) if arn else None
    except UpstreamError as error:
        if error.retryable:
            raise
        return None
    return current if current is not None and not current.ended else None
