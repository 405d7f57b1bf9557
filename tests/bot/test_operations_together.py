"""Two people, two presses, a cloud that is away: one of them runs, and everybody is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import UpstreamError
from bot.operation import State
from bot.rows import LockHeldError, NewRow, Row, Signal, Step
from bot.sayings import CONFIRM
from tests.fakes import buttons, texts
from tests.scene import ACCESS, ALICE, BOB, REPOSITORY, Scene

AWAY = UpstreamError("AWS is throttling.", retryable=True)


def state(scene: Scene, row_id: str) -> str:
    row = scene.store.get(row_id)
    assert row is not None
    return row.state


def test_who_is_ahead_is_named_and_the_plan_can_be_confirmed_later(scene: Scene) -> None:
    scene.ecs.add_image(REPOSITORY, "sha256:" + "d" * 64, "v3")
    waiting = scene.propose("v3", user=BOB)
    scene.deploy("v2")
    scene.press("confirm", user=BOB, row_id=waiting)
    scene.run(2)
    assert state(scene, waiting) == State.PROPOSED
    shown = texts(scene.card(waiting).message)
    assert "alice is ahead: Deploy bi/api production → v2 is still settling." in shown
    scene.ecs.settle(scene.api)
    scene.run(2)
    scene.press("confirm", user=BOB, row_id=waiting)
    scene.run(2)
    scene.press("confirm", user=BOB, row_id=waiting)
    scene.run(2)
    assert state(scene, waiting) == State.SETTLING


def test_of_two_who_confirm_at_the_same_instant_one_runs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scene.propose("v2")
    second = scene.propose("v2", user=BOB)
    save = scene.store.save
    beaten: list[str] = []

    def beaten_to_it(row: Row, step: Step, now: float) -> Row:
        """The first time somebody takes the lock, somebody else just has."""
        if step.lock and not beaten:
            beaten.append(row.id)
            other = second if row.id == first else first
            scene.press("confirm", user=BOB if other == second else ALICE, row_id=other)
            scene.engine.run_due(limit=1)
        return save(row, step, now)

    monkeypatch.setattr(scene.store, "save", beaten_to_it)
    scene.press("confirm", row_id=first)
    scene.run(3)
    assert (state(scene, first), state(scene, second)) == (State.PROPOSED, State.SETTLING)
    assert "bob is ahead" in texts(scene.card(first).message)
    assert len(scene.ecs.writes) == 2


def test_the_lock_is_the_stores_answer_and_not_only_a_look(scene: Scene) -> None:
    scene.deploy()
    with pytest.raises(LockHeldError):
        scene.store.add(NewRow(kind="operation", key="x", state="running", body={}, lock=scene.api.key), 0.0)


def test_a_press_twice_runs_once(scene: Scene) -> None:
    row_id = scene.propose()
    value = buttons(scene.card().message)["operation:confirm"]
    scene.press("confirm", value=value)
    scene.press("confirm", value=value)
    scene.run()
    scene.press("confirm", value=value)
    scene.run(2)
    assert state(scene, row_id) == State.SETTLING
    assert len(scene.ecs.writes) == 2


def test_a_press_delivered_twice_is_one_signal(scene: Scene) -> None:
    row_id = scene.propose()
    assert scene.engine.signal(row_id, Signal(CONFIRM, {"user": BOB}, key="b:1"))
    assert not scene.engine.signal(row_id, Signal(CONFIRM, {"user": BOB}, key="b:1"))
    scene.run(2)
    assert len(scene.said_to(BOB)) == 1


def test_a_cancel_that_comes_too_late_is_told_so(scene: Scene) -> None:
    row_id = scene.propose()
    cancel = buttons(scene.card().message)["operation:cancel"]
    scene.press("confirm")
    scene.run()
    scene.press("cancel", value=cancel)
    scene.run(2)
    assert state(scene, row_id) == State.SETTLING
    assert "Too late for that: it is under way. /ops cancel stops it." in scene.said_to(ALICE)[0].text


def test_a_button_of_a_forgotten_operation_is_answered(scene: Scene) -> None:
    said = scene.press("confirm", value="nothing:0000")
    assert said is not None
    assert said.text.startswith("I no longer have this operation.")


def test_aws_away_while_planning_is_told_within_seconds(scene: Scene) -> None:
    scene.ecs.failures.add("service", *[AWAY] * 9)
    scene.type("deploy", "api production v2")
    scene.run(5)
    assert scene.operation()[0].state == State.REFUSED
    assert [said.text for said in scene.said_to(ALICE)] == [
        "`/deploy api production v2`: AWS is throttling. Nothing was changed; try again."
    ]


DENIED = UpstreamError("AWS denied ecs:DescribeServices; give the bot's role this permission.", code="AccessDenied")

MALFORMED = UpstreamError("AWS refused logs:StartQuery, saying: unexpected symbol.", code="MalformedQueryException")


@pytest.mark.parametrize(
    ("typed", "error", "hint"),
    [
        ("logs api production timeout last 2d", AWAY, " Try again."),
        ("logs api production timeout last 2d", MALFORMED, ""),
        ("logs api production timeout last 2d", DENIED, ""),
        ("deploy api production v2", DENIED, " Nothing was changed."),
    ],
)
def test_nobody_is_told_to_try_what_cannot_work_nor_that_a_question_changed_nothing(
    scene: Scene, typed: str, error: UpstreamError, hint: str
) -> None:
    scene.ecs.failures.add("service", *[error] * 9)
    scene.insights.failures.add("start", *[error] * 9)
    scene.type("ops", typed)
    scene.run(5)
    looking = [":hourglass_flowing_sand: Looking: logs of bi/api production …"] if error.retryable else []
    asked = f"`/{typed}`" if typed.startswith("deploy") else f"`/ops {typed}`"
    assert [said.text for said in scene.said_to(ALICE)] == [*looking, f"{asked}: {error.message}{hint}"]


def test_aws_away_while_confirming_leaves_the_plan_to_be_confirmed_again(scene: Scene) -> None:
    row_id = scene.propose()
    scene.ecs.failures.add("service", *[AWAY] * 3)
    scene.press("confirm")
    scene.run(6)
    assert state(scene, row_id) == State.PROPOSED
    assert "AWS is throttling." in scene.said_to(ALICE)[0].text
    scene.press("confirm")
    scene.run(2)
    assert state(scene, row_id) == State.SETTLING


def test_a_blip_while_planning_is_not_even_noticed(scene: Scene) -> None:
    scene.ecs.failures.add("service", AWAY)
    scene.type("deploy", "api production v2")
    scene.run(3)
    assert scene.operation()[0].state == State.PROPOSED
    assert scene.chat.whispers == []


def test_a_plan_that_expires_in_a_row_that_was_left_alone_for_days_ends_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, {"timings": {"plan_expires": "1m"}}, ACCESS)
    row_id = scene.propose()
    scene.clock.advance(86400)
    scene.run()
    assert state(scene, row_id) == State.EXPIRED
    row = scene.store.get(row_id)
    assert row is not None
    assert row.due_at is None
    scene.close()
