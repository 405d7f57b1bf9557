"""Where a deployment has got to, and the questions it asks people on its way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import ServiceEvent
from bot.errors import ConflictError, UpstreamError
from bot.rollouts import LifecycleHook
from commands.deploy import DeployArgs, plan
from tests.bot.shipping.shipment import Shipment
from tests.fakes import NOON
from tests.scene import ALICE, Scene


@pytest.fixture
def shipment(scene: Scene) -> Shipment:
    """A deployment that ECS was told of a moment ago."""
    args = DeployArgs(service="api", environment="production", version="v2")
    made = Shipment(scene, plan(args, scene.world, scene.chat.people[ALICE]))
    made.do()
    return made


def change(shipment: Shipment, **changes: Any) -> None:
    """The service is different from now on."""
    ecs, key = shipment.scene.ecs, shipment.scene.api.key
    ecs.live[key] = replace(ecs.live[key], **changes)


def paused(shipment: Shipment, **changes: Any) -> str:
    fields: dict[str, Any] = {
        "id": "hook-1",
        "kind": "PAUSE",
        "status": "AWAITING_ACTION",
        "stage": "POST_SCALE_UP",
        "expires_at": NOON + 7200,
        "timeout_action": "ROLLBACK",
    }
    hook = LifecycleHook(**(fields | changes))
    return shipment.record(stage="POST_SCALE_UP", hooks=(hook,)).arn


def test_a_paused_deployment_asks_and_looks_calmly(shipment: Shipment) -> None:
    arn = paused(shipment)
    seen = shipment.look()
    assert seen.headline == "Paused: it waits for somebody"
    assert seen.calm
    assert [(each.label, each.name, each.value) for each in seen.buttons] == [
        ("Continue", "continue", f"{arn} hook-1"),
        ("Roll back", "back", f"{arn} hook-1"),
    ]
    assert "waits for somebody to say Continue or Roll back; in 2 h ECS rolls back by itself" in seen.lines


def test_a_pause_that_ends_by_going_on_says_so(shipment: Shipment) -> None:
    paused(shipment, timeout_action="CONTINUE", expires_at=NOON + 60)
    assert any("in 1 min ECS goes on by itself" in line for line in shipment.look().lines)


def test_a_hook_of_their_own_asks_nobody(shipment: Shipment) -> None:
    paused(shipment, kind="AWS_LAMBDA", status="IN_PROGRESS")
    seen = shipment.look()
    assert seen.buttons == ()
    assert not seen.calm
    assert "waits for a hook (aws lambda)" in seen.lines


@pytest.mark.parametrize(
    ("name", "did", "said"),
    [("continue", "continue", "ECS goes on."), ("back", "roll back", "ECS is going back.")],
)
def test_the_answer_reaches_ecs(shipment: Shipment, name: str, did: str, said: str) -> None:
    arn = paused(shipment)
    assert shipment.answer(shipment.look(), name) == said
    assert shipment.scene.ecs.writes[-1] == f"{did} {arn} hook-1"


def test_an_answer_that_comes_too_late_is_told_so(shipment: Shipment) -> None:
    paused(shipment)
    shipment.scene.ecs.failures.add("continue_deployment", ConflictError("It no longer waits."))
    assert shipment.answer(shipment.look(), "continue") == "It no longer waits at this point."


def test_an_answer_whose_reply_was_lost_is_not_said_to_have_changed_nothing(shipment: Shipment) -> None:
    arn = paused(shipment)
    seen = shipment.look()
    shipment.scene.ecs.lost_answers.add("continue_deployment", UpstreamError("lost", retryable=True))
    with pytest.raises(UpstreamError):
        shipment.answer(seen, "continue")
    shipment.scene.ecs.failures.add("continue_deployment", ConflictError("It no longer waits."))
    assert shipment.answer(seen, "continue") == "It no longer waits at this point."
    assert shipment.scene.ecs.writes[-1] == f"continue {arn} hook-1"


def test_stage_and_traffic_are_told(shipment: Shipment) -> None:
    change(shipment, strategy="CANARY")
    shipment.record(stage="PRODUCTION_TRAFFIC_SHIFT", weight=10.0)
    assert "stage: production traffic moves to the new tasks; 10 % of production traffic on the new tasks" in (
        shipment.look().lines
    )


def test_where_traffic_is_moved_old_tasks_stand_by_until_the_end(shipment: Shipment) -> None:
    change(shipment, strategy="BLUE_GREEN", deployments=())
    shipment.record(stage="TEST_TRAFFIC_SHIFT", running=2, requested=2)
    assert shipment.look().headline == "New tasks are up; old ones stand by"
    shipment.record(stage="CLEAN_UP", weight=100.0, running=2, requested=2)
    assert shipment.look().headline == "New tasks are up; old ones are leaving"


def test_a_rolling_deployment_tells_of_no_stage(shipment: Shipment) -> None:
    shipment.record(stage="SCALE_UP")
    assert [line for line in shipment.look().lines if "stage" in line] == []


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("(service api) was unable to place a task because no instance met all", "unable to place a task since 40 s."),
        ("(service api) (port 80) is unhealthy in target-group tg", "health checks failing since 40 s."),
    ],
)
def test_why_it_is_slow_is_said_with_since_when(shipment: Shipment, message: str, said: str) -> None:
    events = (ServiceEvent("2", NOON + 30, message), ServiceEvent("1", NOON + 5, message))
    change(shipment, events=(*events, ServiceEvent("0", NOON - 900, "(service api) failed long ago")))
    (line,) = [each for each in shipment.look(45).lines if "ECS says" in each]
    assert line == f"{said} ECS says: {message}"
