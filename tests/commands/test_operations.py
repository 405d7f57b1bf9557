"""``/operations``: what is under way, what waits, and what was done; from the ledger alone."""

from __future__ import annotations

import pytest

from bot.domain import Person
from bot.errors import NotFoundError
from bot.shipping_cloud import ScalableTarget, Scaling
from commands.operations import OperationsArgs, plan
from tests.fakes import texts
from tests.scene import ALICE, BOB, Scene


def listed(scene: Scene, service: str = "", environment: str = "") -> str:
    args = OperationsArgs(service=service, environment=environment)
    made = plan(args, scene.world, Person(user=ALICE, name="alice"))
    assert not made.changes_anything
    return "\n".join([made.answer_text, *(str(block.get("text")) for block in made.answer)])


def test_nothing_at_all_is_said_so(scene: Scene) -> None:
    assert listed(scene).startswith("0 under way, 0 waiting")
    assert "nothing yet" in listed(scene)


def test_what_is_under_way_what_waits_and_what_was(scene: Scene) -> None:
    first = scene.deploy("v2")
    scene.ecs.settle(scene.api)
    scene.run(2)
    scene.clock.advance(700)
    scene.run(2)
    scene.type("deploy", "api staging v2", user=BOB)
    text = listed(scene)
    assert text.startswith("0 under way, 1 waiting")
    assert f"by <@{BOB}>" in text
    assert "· counted as good · " in text
    assert f"`{first}`" in text
    assert "Settled: 2 of 2 tasks" in text


def test_only_what_was_asked_for_is_listed(scene: Scene) -> None:
    scene.propose()
    scene.type("deploy", "api staging v2", user=BOB)
    assert "production" in listed(scene, "api", "production")
    assert "staging" not in listed(scene, "api", "production")


def test_a_service_that_is_not_there_is_told_so(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="There is no service 'apu'"):
        listed(scene, "apu")


def test_it_works_as_a_command(scene: Scene) -> None:
    scene.deploy()
    scene.type("ops", "operations")
    assert "Deploy bi/api production → v2" in texts(scene.said_to(ALICE)[-1])


def test_what_the_bot_owes_is_told_with_its_time(scene: Scene) -> None:
    scene.scaling.known[scene.api.key] = Scaling(ScalableTarget(2, 4))
    scene.type("ops", "scale api production 6 raise 2h")
    scene.press("confirm")
    scene.run(3)
    assert ":alarm_clock: owed · *scale bi/api production back due* by <@U0ALICE> · by itself in 1 h" in listed(scene)
