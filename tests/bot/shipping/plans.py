"""Plans of shipping the service that every scene has, made by an ECS that can only be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.cloud import TaskDefinition
from bot.command import CheckStatus, Plan
from commands.deploy import DeployArgs, plan
from tests.bot.shipping.shipment import SEVEN
from tests.scene import ALICE, Scene


def planned(scene: Scene, version: str = "v2", service: str = "api", environment: str = "production") -> Plan:
    """The plan, made by an ECS that can only be read."""
    for call in ("register", "update_service"):
        scene.ecs.failures.add(call, AssertionError("a plan never writes"))
    args = DeployArgs(service=service, environment=environment, version=version)
    made = plan(args, scene.world, scene.chat.people[ALICE])
    assert scene.ecs.writes == []
    return made


def check(made: Plan, name: str) -> tuple[CheckStatus, str]:
    (found,) = [each for each in made.checks if each.name == name]
    return found.status, found.detail


def running(scene: Scene) -> TaskDefinition:
    return scene.ecs.definitions[SEVEN]


def change_service(scene: Scene, **changes: Any) -> None:
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], **changes)
