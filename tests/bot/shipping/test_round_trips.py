"""How often a plan waits for AWS: reads that do not depend on one another happen at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import pytest

from bot.ports import World
from commands.deploy import DeployArgs
from commands.deploy import plan as plan_deploy
from commands.restart import RestartArgs
from commands.restart import plan as plan_restart
from commands.rollback import RollbackArgs
from commands.rollback import plan as plan_rollback
from tests.bot.shipping.plans import change_service, running
from tests.bot.shipping.rollbacks import with_a_past
from tests.fake_aws import a_record, a_revision
from tests.fakes import Failures
from tests.scene import ALICE, OLD, Scene

T = TypeVar("T")

TRIPS = {"service_deployment": 2, "service_deployments": 2, "running_tasks": 2, "recent": 2}
"""Calls that answer only after several of AWS's own; all others are one."""


class Trips(Failures):
    """Counts what a call costs, on a watch that all doors share."""

    def __init__(self, watch: list[int]) -> None:
        super().__init__()
        self.watch = watch

    def take(self, call: str) -> None:
        self.watch[0] += TRIPS.get(call, 1)
        super().take(call)


def timed(scene: Scene) -> tuple[World, list[int]]:
    """A world whose watch tells the longest chain of calls that waited for one another."""
    watch = [0]
    for door in (scene.ecs, scene.metrics, scene.scaling, scene.needs, scene.code_deploy):
        door.failures = Trips(watch)

    def at_once(reads: Mapping[str, Callable[[], T]], *, seconds: float) -> dict[str, T | Exception]:
        began, ends = watch[0], [watch[0]]
        found: dict[str, T | Exception] = {}
        for name, read in reads.items():
            watch[0] = began
            try:
                found[name] = read()
            except Exception as error:
                found[name] = error
            ends.append(watch[0])
        watch[0] = max(ends)
        return found

    return replace(scene.world, gather=at_once), watch


@pytest.mark.parametrize("version", ["v2", "v1"])
def test_a_plan_of_a_deployment_waits_for_three_round_trips(scene: Scene, version: str) -> None:
    record = a_record(running(scene).arn, target=a_revision(running(scene).arn, OLD))
    scene.ecs.records = [record]
    change_service(scene, current_deployment=record.arn, target_groups=("tg",), alarms=("cpu",))
    world, watch = timed(scene)
    args = DeployArgs(service="api", environment="production", version=version)
    plan_deploy(args, world, scene.chat.people[ALICE])
    assert watch == [3]


def test_a_rollback_waits_for_three_round_trips(scene: Scene) -> None:
    world, watch = timed(with_a_past(scene))
    plan_rollback(RollbackArgs(service="api", environment="production"), world, scene.chat.people[ALICE])
    assert watch == [3]


def test_a_rollback_to_what_is_not_near_waits_for_one_more(scene: Scene) -> None:
    world, watch = timed(with_a_past(scene))
    far = f"{running(scene).arn.rpartition(':')[0].replace('api', 'old-api')}:3"
    scene.ecs.definitions[far] = replace(running(scene), arn=far)
    scene.ecs.records = [*scene.ecs.records, a_record(far, target=a_revision(far, OLD))]
    plan_rollback(RollbackArgs(service="api", environment="production", to=far), world, scene.chat.people[ALICE])
    assert watch == [4]


def test_a_restart_waits_for_three_round_trips(scene: Scene) -> None:
    world, watch = timed(scene)
    plan_restart(RestartArgs(service="api", environment="production"), world, scene.chat.people[ALICE])
    assert watch == [3]
