"""Services with a past, and the plan of going back in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.cloud import TaskDefinition
from bot.command import CheckStatus, Plan
from bot.errors import UpstreamError
from bot.ports import Past
from bot.rollouts import ServiceDeployment
from commands.rollback import RollbackArgs, plan
from tests.fake_aws import a_definition, a_deployment, a_record, a_revision, a_service
from tests.fakes import NOON, FakeRecent
from tests.scene import ALICE, NEW, OLD, REPOSITORY, Scene

DENIED = UpstreamError("AWS refused ecs:ListServiceDeployments.", hint="Allow it.")
DAY = 86400.0


def going_back(scene: Scene, to: str = "", *past: Past) -> Plan:
    """The plan, made by an ECS that can only be read."""
    for call in ("register", "update_service", "stop_deployment", "continue_deployment"):
        scene.ecs.failures.add(call, AssertionError("a plan never writes"))
    world = replace(scene.world, recent=FakeRecent(*past)) if past else scene.world
    args = RollbackArgs(service="api", environment="production", to=to)
    return plan(args, world, scene.chat.people[ALICE])


def define(scene: Scene, number: int, image: str, **tags: str) -> TaskDefinition:
    """A revision that exists and never ran."""
    made = a_definition("api", number, image, tags)
    scene.ecs.definitions[made.arn] = made
    return made


def ran(scene: Scene, number: int, digest: str, days_ago: float, status: str = "SUCCESSFUL", **more: Any) -> str:
    """A revision that says tag ``v<number>`` was rolled out that many days ago, and ran this digest."""
    made = define(scene, number, more.pop("image", f"{REPOSITORY}:v{number}"))
    scene.ecs.add_image(REPOSITORY, digest, f"v{number}")
    target_revision = a_revision(made.arn, digest, **more.pop("surroundings", {}))
    record = a_record(made.arn, status, at=NOON - days_ago * DAY, target=target_revision, **more)
    scene.ecs.records.insert(0, record)
    return made.arn


def run_now(scene: Scene, arn: str, **changes: Any) -> None:
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment(arn), **changes)


def check(made: Plan, name: str) -> tuple[CheckStatus, str]:
    (found,) = [each for each in made.checks if each.name == name]
    return found.status, found.detail


def in_flight(scene: Scene, status: str = "IN_PROGRESS", **more: Any) -> ServiceDeployment:
    """Revision 9 is being rolled out over 7."""
    nine = define(scene, 9, f"{REPOSITORY}:v9")
    seven = "arn:aws:ecs:r:1:task-definition/api:7"
    record = a_record(nine.arn, status, at=NOON - 40, sources=(a_revision(seven, OLD),), **more)
    scene.ecs.records.insert(0, record)
    coming = a_deployment(nine.arn, rollout_state="IN_PROGRESS", running=0, created_at=NOON - 40)
    scene.ecs.live[scene.api.key] = a_service("api", coming, a_deployment(seven, status="ACTIVE"))
    return record


def with_a_past(scene: Scene) -> Scene:
    """Revision 5 ran for ten days, 6 was rolled back by ECS, 7 was registered by somebody and never ran, 8 runs."""
    five = ran(scene, 5, OLD, 12)
    ran(scene, 6, "sha256:" + "6" * 64, 2, "ROLLBACK_SUCCESSFUL", back=a_revision(five, OLD), reason="breaker")
    run_now(scene, ran(scene, 8, NEW, 1))
    return scene
