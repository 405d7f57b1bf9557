"""Checks that forbid, freezes, checklists and typed phrases: who may go on in spite of what, and what is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.holds import Hold, HoldKind
from bot.operation import State
from tests.fakes import buttons, texts
from tests.scene import ALICE, BOB, CARA, DAVE, Scene


def fingerprint(scene: Scene) -> str:
    _, operation = scene.operation()
    assert operation.plan is not None
    return operation.plan.fingerprint()[:16]


def said(scene: Scene, user: str) -> str:
    return "\n".join(texts(message) for message in scene.said_to(user))


def blocked(scene: Scene) -> str:
    """A plan that a check forbids, by a deployment configuration that could never move."""
    scene.ecs.stand_still(scene.api)
    row_id = scene.propose()
    assert sorted(buttons(scene.card().message)) == ["operation:cancel", "operation:override:0"]
    return row_id


def test_a_blocking_check_is_overridden_by_a_right_and_a_reason(scene: Scene) -> None:
    row_id = blocked(scene)
    scene.signal("override", user=CARA, check="room to roll", reason="the second task <!channel> is gone anyway")
    shown = texts(scene.card().message)
    assert f"<@{CARA}> goes on in spite of `room to roll`: the second task &lt;!channel&gt; is gone anyway" in shown
    scene.press("confirm")
    scene.run(3)
    assert scene.state(row_id) == State.SETTLING
    assert scene.operation()[1].overrides[0].reason == "the second task <!channel> is gone anyway"


@pytest.mark.parametrize(
    ("user", "reason", "answer"),
    [(ALICE, "because", "You may not override checks in production."), (CARA, "  ", "A reason is needed.")],
)
def test_without_the_right_or_a_reason_it_stays_forbidden(scene: Scene, user: str, reason: str, answer: str) -> None:
    row_id = blocked(scene)
    scene.signal("override", user=user, check="room to roll", reason=reason)
    assert answer in said(scene, user)
    scene.press("confirm", value=f"{row_id}:{fingerprint(scene)}")
    scene.run(2)
    assert (scene.state(row_id), scene.ecs.writes) == (State.PROPOSED, [])


def test_what_makes_no_sense_cannot_be_overridden(scene: Scene) -> None:
    blocked(scene)
    scene.signal("override", user=CARA, check="no such check", reason="because")
    assert "This check no longer stands in the way." in said(scene, CARA)
    scene.signal("emergency", user=CARA, check="room to roll", reason="because")
    assert said(scene, CARA).count("This check no longer stands in the way.") >= 2


def test_an_override_ends_with_the_plan_it_was_about(scene: Scene) -> None:
    row_id = blocked(scene)
    scene.signal("override", user=CARA, check="room to roll", reason="because")
    confirm = buttons(scene.card().message)["operation:confirm"]
    scene.ecs.add_image("1.dkr.ecr.r.amazonaws.com/api", "sha256:" + "d" * 64, "v2")
    scene.press("confirm", value=confirm)
    scene.run(2)
    assert (scene.state(row_id), scene.ecs.writes) == (State.PROPOSED, [])
    assert "in spite of" not in texts(scene.card().message)


def test_a_freeze_forbids_and_says_why(scene: Scene) -> None:
    scene.freeze("the quarter ends")
    row_id = scene.propose()
    assert "*freeze*: the quarter ends" in texts(scene.card().message)
    assert sorted(buttons(scene.card().message)) == ["operation:cancel", "operation:emergency:0"]
    scene.press("confirm", value=f"{row_id}:{fingerprint(scene)}")
    scene.run(2)
    assert scene.ecs.writes == []


def test_an_emergency_needs_a_reason_and_a_second_person_and_is_announced(scene: Scene) -> None:
    scene.freeze("the quarter ends")
    row_id = scene.propose()
    scene.signal("emergency", user=ALICE, check="freeze", reason="customers cannot pay")
    scene.press("confirm")
    scene.run(2)
    assert scene.state(row_id) == State.APPROVING
    scene.press("approve", user=ALICE)
    scene.run(2)
    assert scene.state(row_id) == State.APPROVING
    scene.press("approve", user=BOB)
    scene.run(2)
    assert scene.state(row_id) == State.SETTLING
    announced = scene.chat.by_key(f"op:{row_id}:emergency")
    assert announced.thread_ts == ""
    text = texts(announced.message)
    assert "*Emergency:* Deploy bi/api production → v2" in text
    assert f"<@{ALICE}> in spite of `freeze`: customers cannot pay" in text
    assert f"Approved by <@{BOB}>." in text


def test_another_freeze_is_another_emergency(scene: Scene) -> None:
    scene.freeze("the quarter ends")
    row_id = scene.propose()
    scene.signal("emergency", user=ALICE, check="freeze", reason="customers cannot pay")
    scene.freeze("the database moves")
    scene.press("confirm")
    scene.run(2)
    assert (scene.state(row_id), scene.ecs.writes) == (State.PROPOSED, [])
    assert "the database moves" in texts(scene.card().message)


def test_whoever_declared_the_emergency_does_not_approve_it(scene: Scene) -> None:
    scene.freeze("the quarter ends")
    row_id = scene.propose()
    scene.signal("emergency", user=BOB, check="freeze", reason="customers cannot pay")
    scene.press("confirm")
    scene.run(2)
    scene.press("approve", user=BOB)
    scene.run(2)
    assert scene.state(row_id) == State.APPROVING


def test_whoever_may_not_deploy_may_not_declare_an_emergency(scene: Scene) -> None:
    scene.freeze("the quarter ends")
    scene.propose()
    scene.signal("emergency", user=DAVE, check="freeze", reason="me too")
    assert "You may not deploy in production." in said(scene, DAVE)


def test_a_preferred_window_only_warns(scene: Scene) -> None:
    scene.holds.add(Hold(id="1", kind=HoldKind.WINDOW, place="", reason="better on Sunday", since=0, blocks=False))
    scene.propose()
    assert "better on Sunday" in texts(scene.card().message)
    assert "operation:confirm" in buttons(scene.card().message)


def test_what_must_be_announced_begins_later_and_can_be_cancelled_until_then(scene: Scene) -> None:
    begins = scene.clock.now() + 3600
    scene.holds.add(Hold(id="1", kind=HoldKind.NOTICE, place="bi", reason="one hour's notice", since=0, until=begins))
    row_id = scene.propose()
    scene.press("confirm")
    scene.run(2)
    assert scene.state(row_id) == State.APPROVED
    assert "announced; begins" in texts(scene.card().message)
    scene.run(60)
    assert scene.ecs.writes == []
    scene.clock.advance(3600)
    scene.run(2)
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]


def test_an_announced_change_can_be_cancelled(scene: Scene) -> None:
    begins = scene.clock.now() + 3600
    scene.holds.add(Hold(id="1", kind=HoldKind.NOTICE, place="bi", reason="one hour's notice", since=0, until=begins))
    row_id = scene.propose()
    scene.press("confirm")
    scene.run(2)
    scene.press("cancel")
    scene.clock.advance(3600)
    scene.run(3)
    assert (scene.state(row_id), scene.ecs.writes) == (State.CANCELLED, [])


def test_the_checklist_is_ticked_before_it_can_be_confirmed(tmp_path: Path) -> None:
    scene = Scene(tmp_path, production={"checklist": ["All tests passed", "Rollback plan ready"]})
    row_id = scene.propose()
    boxes = [each for block in scene.card().message.blocks if block["type"] == "actions" for each in block["elements"]]
    assert [option["text"]["text"] for option in boxes[0]["options"]] == ["All tests passed", "Rollback plan ready"]
    scene.press("confirm")
    scene.run(2)
    assert "The checklist comes first: 2 of them are not ticked." in said(scene, ALICE)
    scene.press("tick", user=BOB, value=f"{row_id}:0,1")
    scene.run(2)
    assert "Only whoever asked ticks the list." in said(scene, BOB)
    scene.press("tick", value=f"{row_id}:1")
    scene.press("confirm")
    scene.run(2)
    assert "1 of them is not ticked." in said(scene, ALICE)
    scene.press("tick", value=f"{row_id}:0,1")
    scene.press("confirm")
    scene.run(3)
    assert scene.state(row_id) == State.SETTLING
    scene.close()


def test_ticks_are_shown_to_everybody(tmp_path: Path) -> None:
    scene = Scene(tmp_path, production={"checklist": ["All tests passed", "Rollback plan ready"]})
    row_id = scene.propose()
    scene.press("tick", value=f"{row_id}:1")
    scene.run(3)
    boxes = [each for block in scene.card().message.blocks if block["type"] == "actions" for each in block["elements"]]
    assert [option["value"] for option in boxes[0]["initial_options"]] == ["1"]
    scene.close()


def test_zero_tasks_in_production_run_only_after_the_phrase(scene: Scene) -> None:
    scene.type("ops", "scale api production 0")
    assert sorted(buttons(scene.card().message)) == ["operation:cancel", "operation:typed"]
    scene.signal("confirm", plan=fingerprint(scene), typed="bi/api")
    assert "To confirm, type exactly: bi/api 0" in said(scene, ALICE)
    assert scene.ecs.writes == []
    scene.signal("confirm", plan=fingerprint(scene), typed=" bi/api 0 ")
    assert scene.ecs.writes == ["desired bi/production/api 0"]


def test_a_reason_written_about_an_older_plan_is_refused(scene: Scene) -> None:
    scene.freeze("the demo")
    scene.propose()
    old = fingerprint(scene)
    scene.holds.holds.clear()
    scene.freeze("the audit")
    scene.press("cancel")
    scene.run(2)
    scene.propose()
    scene.signal("emergency", user=ALICE, check="freeze", reason="only the demo", plan=old)
    assert "The plan has changed since you wrote that." in said(scene, ALICE)
    assert scene.operation()[1].overrides == ()


def test_a_notice_is_announced_in_the_channel_and_an_emergency_begins_at_once(scene: Scene) -> None:
    begins = scene.clock.now() + 3600
    scene.holds.add(Hold(id="1", kind=HoldKind.NOTICE, place="bi", reason="one hour's notice", since=0, until=begins))
    row_id = scene.propose()
    scene.press("confirm")
    scene.run(2)
    announced = scene.chat.by_key(f"op:{row_id}:notice")
    assert "*Announced:* Deploy bi/api production → v2 begins" in texts(announced.message)
    scene.press("cancel")
    scene.run(2)
    row_id = scene.propose()
    assert "operation:emergency:0" in buttons(scene.card().message)
    scene.signal("emergency", user=ALICE, check="notice", reason="customers cannot pay")
    scene.press("confirm")
    scene.run(2)
    scene.press("approve", user=BOB)
    scene.run(3)
    assert scene.state(row_id) == State.SETTLING


def test_what_speaks_against_it_only_since_it_was_seen_is_shown_first(scene: Scene) -> None:
    row_id = scene.propose()
    scene.metrics.states["api-errors"] = "ALARM"
    scene.press("confirm")
    scene.run(2)
    assert (scene.state(row_id), scene.ecs.writes) == (State.PROPOSED, [])
    assert "New since you saw it: alarms." in texts(scene.card().message)
    scene.press("confirm")
    scene.run(3)
    assert scene.state(row_id) == State.SETTLING
