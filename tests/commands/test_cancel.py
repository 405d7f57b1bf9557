"""``/cancel``: before AWS was told nothing happens; afterwards it is stopped, and what is left is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.catalog import Catalog
from bot.domain import System
from bot.errors import ConflictError, UpstreamError
from bot.operation import State
from bot.settings.models import Approvals
from commands.cancel import CancelArgs, plan
from tests.fake_aws import a_record, a_revision
from tests.fakes import texts
from tests.scene import ACCESS, ALICE, BOB, OLD, Scene, the_systems

ARGS = CancelArgs(service="api", environment="production")


@pytest.fixture
def approved(tmp_path: Path) -> Iterator[Scene]:
    rule = Approvals(action="deploy", people=1)
    made = Scene(tmp_path / "approved", access=ACCESS.model_copy(update={"approvals": (rule,)}))
    yield made
    made.close()


def cancelled(scene: Scene, user: str = BOB) -> str:
    """Bob cancels; the id of his operation."""
    assert scene.type("ops", "cancel api production", user=user) is None
    row_id = scene.operation()[0].id
    scene.press("confirm", user=user)
    scene.run(5)
    return row_id


def test_with_nothing_in_hand_it_says_so(scene: Scene) -> None:
    made = plan(ARGS, scene.world, scene.chat.people[ALICE])
    assert not made.changes_anything
    assert made.answer_text.startswith("Nothing of mine waits or is under way for bi/api production.")


def test_a_plan_that_waits_does_not_happen_and_nothing_is_told_to_aws(scene: Scene) -> None:
    waiting = scene.propose()
    row_id = cancelled(scene)
    assert (scene.state(waiting), scene.state(row_id)) == (State.CANCELLED, State.DONE)
    assert "bob cancelled it." in texts(scene.card(waiting).message)
    assert scene.ecs.writes == []


def test_what_waits_for_approval_does_not_happen(approved: Scene) -> None:
    waiting = approved.propose()
    approved.press("confirm")
    approved.run(2)
    assert approved.state(waiting) == State.APPROVING
    cancelled(approved)
    assert (approved.state(waiting), approved.ecs.writes) == (State.CANCELLED, [])


def under_way(scene: Scene) -> str:
    """ECS records that revision 8 is being rolled out over 7; the ARN of the record."""
    eight, seven = (f"arn:aws:ecs:r:1:task-definition/api:{number}" for number in (8, 7))
    record = a_record(eight, "IN_PROGRESS", at=scene.clock.now(), sources=(a_revision(seven, OLD),))
    scene.ecs.records.insert(0, record)
    return record.arn


def test_a_rollout_is_stopped_with_a_rollback_and_its_operation_lets_go(scene: Scene) -> None:
    first = scene.deploy()
    record = under_way(scene)
    row_id = cancelled(scene)
    assert scene.state(first) == State.TAKEN_OVER
    assert "bob took over. The revision api:8 had begun to roll out." in texts(scene.card(first).message)
    assert scene.ecs.writes[-1] == f"stop {record}"
    assert scene.state(row_id) == State.SETTLING
    assert "Cancel: Deploy bi/api production → v2" in texts(scene.card(row_id).message)


def test_before_aws_was_told_letting_go_is_enough(scene: Scene) -> None:
    first = scene.propose()
    scene.ecs.failures.add("register", *[UpstreamError("AWS is away.", retryable=True)] * 9)
    scene.press("confirm")
    scene.run(2)
    assert scene.state(first) == State.RUNNING
    row_id = cancelled(scene)
    assert (scene.state(first), scene.state(row_id)) == (State.TAKEN_OVER, State.DONE)
    scene.run(30)
    assert scene.ecs.writes == []


def test_a_scaling_cannot_be_stopped_and_says_so(scene: Scene) -> None:
    scene.type("ops", "scale api production 4")
    scene.press("confirm")
    scene.run(3)
    with pytest.raises(ConflictError, match="was told to AWS in one call and cannot be stopped"):
        plan(ARGS, scene.world, scene.chat.people[ALICE])


def test_what_began_meanwhile_makes_another_plan(scene: Scene) -> None:
    first = scene.propose()
    scene.type("ops", "cancel api production", user=BOB)
    second = scene.operation()[0].id
    scene.press("confirm", row_id=first)
    scene.run(2)
    under_way(scene)
    scene.press("confirm", user=BOB, row_id=second)
    scene.run(5)
    assert (scene.state(first), scene.state(second)) == (State.SETTLING, State.PROPOSED)
    assert "The plan you saw is stale" in texts(scene.card(second).message)


def test_a_plan_confirmed_at_the_same_instant_is_said_to_be_too_late(scene: Scene) -> None:
    waiting = scene.propose()
    scene.type("ops", "cancel api production", user=BOB)
    row_id = scene.operation()[0].id
    scene.press("confirm", user=BOB, row_id=row_id)
    scene.engine.run_due(limit=1)
    scene.press("confirm", row_id=waiting)
    scene.run(5)
    assert scene.state(row_id) in (State.DONE, State.FAILED)
    assert (scene.state(waiting) == State.CANCELLED) == (scene.state(row_id) == State.DONE)


def test_before_anything_is_served_nothing_is_rolled_back(tmp_path: Path) -> None:
    system = the_systems()[0].model_dump()
    system["environments"]["production"]["services"]["api"]["build"] = {"codebuild": "make-api"}
    scene = Scene(tmp_path / "built", catalog=Catalog([System.model_validate(system)]))
    first = scene.propose("v9")
    scene.press("confirm")
    scene.run(2)
    assert scene.operation()[1].results
    row_id = cancelled(scene)
    assert (scene.state(first), scene.state(row_id)) == (State.TAKEN_OVER, State.DONE)
    assert scene.ecs.writes == []
    scene.close()
