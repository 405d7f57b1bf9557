"""A deployment that goes wrong and the way back, on the one road with the real core."""

from __future__ import annotations

from bot.operation import State
from tests.bot.shipping.shipment import EIGHT, SEVEN
from tests.fake_aws import a_record, a_revision
from tests.fakes import NOON, texts
from tests.scene import NEW, OLD, Scene


def settled(scene: Scene) -> None:
    """Revision 7 has run for days, and 8 has just been deployed through the bot."""
    scene.ecs.records = [a_record(SEVEN, at=NOON - 90000, target=a_revision(SEVEN, OLD))]
    scene.deploy("v2")
    scene.ecs.records.insert(0, a_record(EIGHT, at=NOON + 2, target=a_revision(EIGHT, NEW)))
    scene.ecs.settle(scene.api, created_at=NOON + 2)
    scene.run(3)


def test_a_settled_deployment_is_gone_back_from(scene: Scene) -> None:
    settled(scene)
    deployed = scene.operation()[0]
    assert deployed.state == State.SOAKING
    assert scene.type("rollback", "api production") is None
    row, operation = scene.operation()
    assert row.state == State.PROPOSED
    assert operation.plan is not None
    assert "Roll back bi/api production → v1" in texts(scene.card().message)
    scene.press("confirm")
    scene.run(2)
    assert scene.ecs.writes[-2:] == ["register api:9", "update bi/production/api api:9"]
    scene.ecs.settle(scene.api, created_at=scene.clock.now())
    scene.run(3)
    assert scene.operation()[0].state == State.SOAKING
    assert "Settled: 2 of 2 tasks of api:9 run" in texts(scene.card().message)


def test_what_was_gone_back_from_is_not_gone_back_to(scene: Scene) -> None:
    test_a_settled_deployment_is_gone_back_from(scene)
    nine = "arn:aws:ecs:r:1:task-definition/api:9"
    scene.ecs.records.insert(0, a_record(nine, at=scene.clock.now(), target=a_revision(nine, OLD)))
    scene.run(700)
    scene.type("rollback", "api production")
    said = " ".join(texts(message) for message in scene.said_to("U0ALICE"))
    assert "There is no version of bi/api production that I know to be good." in said
    assert "api:8 (somebody went back from it)" in said


def test_a_deployment_under_way_is_taken_over_by_its_rollback(scene: Scene) -> None:
    scene.ecs.records = [a_record(SEVEN, at=NOON - 90000, target=a_revision(SEVEN, OLD))]
    taken = scene.deploy("v2")
    flying = a_record(
        EIGHT, "IN_PROGRESS", at=NOON + 2, target=a_revision(EIGHT, NEW), sources=(a_revision(SEVEN, OLD),)
    )
    scene.ecs.records.insert(0, flying)
    scene.run(2)
    scene.type("rollback", "api production")
    scene.press("confirm")
    scene.run(5)
    assert scene.ecs.writes[-1] == f"stop {flying.arn}"
    row = scene.store.get(taken)
    assert row is not None
    assert row.state == State.TAKEN_OVER
