"""The one road up to the change: planned, shown, confirmed by whoever asked, refused when it is stale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import Actor
from bot.operation import State
from tests.fake_aws import a_definition
from tests.fakes import buttons, texts
from tests.scene import ALICE, BOB, DAVE, EVE, GUS, NEW, OLD, REPOSITORY, ROBOT, Scene


def state(scene: Scene, row_id: str) -> str:
    row = scene.store.get(row_id)
    assert row is not None
    return row.state


def test_a_plan_says_what_runs_and_what_would_run_and_changes_nothing(scene: Scene) -> None:
    scene.propose()
    shown = texts(scene.card().message)
    assert "Deploy bi/api production → v2" in shown
    assert "`v1` → `v2`" in shown
    assert f"`{OLD[7:19]}` → `{NEW[7:19]}`" in shown
    assert "waiting for confirmation" in shown
    assert f"asked by <@{ALICE}>" in shown
    assert scene.ecs.writes == []
    assert sorted(buttons(scene.card().message)) == ["operation:cancel", "operation:confirm"]


def test_only_production_asks_twice(scene: Scene) -> None:
    scene.propose()
    (row,) = [block for block in scene.card().message.blocks if block["type"] == "actions"]
    assert row["elements"][0]["confirm"]["title"]["text"] == "Go ahead?"
    scene.type("deploy", "api staging v2")
    (row,) = [block for block in scene.card().message.blocks if block["type"] == "actions"]
    assert "confirm" not in row["elements"][0]


def test_asked_from_elsewhere_the_asker_gets_a_link(scene: Scene) -> None:
    scene.type("deploy", "api production v2", channel="C0ELSE")
    assert scene.card().channel == "C0BI"
    (said,) = scene.said_to(ALICE)
    assert said.text == f"The plan is in #bi: https://slack.example.com/C0BI/p{scene.card().ts}"


def test_asked_in_its_own_channel_nobody_is_told_twice(scene: Scene) -> None:
    scene.propose()
    assert scene.chat.whispers == []


def test_what_runs_already_needs_no_confirmation(scene: Scene) -> None:
    scene.type("deploy", "api production v1")
    assert scene.operation()[0].state == State.DONE
    assert "already runs v1" in scene.said_to(ALICE)[0].text
    assert scene.chat.posts == []


def test_the_same_command_delivered_twice_is_one_operation(scene: Scene) -> None:
    for _ in range(2):
        scene.flow.receive("deploy", "api production v2", Actor(user=ALICE, channel="C0BI"), key="trigger-1")
    scene.run(2)
    assert len(scene.operations()) == len(scene.chat.posts) == 1


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (DAVE, "You may not deploy in production. Who may: on-call"),
        (EVE, "You may not deploy in production: you are from another company here."),
        (GUS, "You may not deploy in production: you are a guest here."),
        (ROBOT, "You may not deploy in production: you are a bot here."),
    ],
)
def test_whoever_may_not_is_told_who_may_and_nothing_is_shown(scene: Scene, user: str, said: str) -> None:
    scene.type("deploy", "api production v2", user=user)
    assert scene.operation()[0].state == State.REFUSED
    assert said in scene.said_to(user)[0].text
    assert scene.chat.posts == []


def test_whoever_lost_the_right_meanwhile_is_refused_at_confirming(scene: Scene) -> None:
    row_id = scene.propose()
    scene.chat.people[ALICE] = scene.chat.people[DAVE]
    scene.press("confirm")
    scene.run(2)
    assert state(scene, row_id) == State.PROPOSED
    assert "You may not deploy in production." in scene.said_to(ALICE)[0].text
    assert scene.ecs.writes == []


@pytest.mark.parametrize("action", ["confirm", "cancel"])
def test_only_the_asker_may_press(scene: Scene, action: str) -> None:
    row_id = scene.propose()
    scene.press(action, user=BOB)
    scene.run(2)
    assert state(scene, row_id) == State.PROPOSED
    assert "Only alice, who asked, may press this." in scene.said_to(BOB)[0].text
    assert scene.ecs.writes == []


def test_a_cancelled_plan_can_not_be_confirmed(scene: Scene) -> None:
    row_id = scene.propose()
    confirm = buttons(scene.card().message)["operation:confirm"]
    scene.press("cancel")
    scene.run(2)
    assert state(scene, row_id) == State.CANCELLED
    assert buttons(scene.card().message) == {}
    assert "cancelled, nothing was changed" in texts(scene.card().message)
    scene.press("confirm", value=confirm)
    scene.run(2)
    assert "Too late, this operation is over: cancelled" in scene.said_to(ALICE)[0].text
    assert scene.ecs.writes == []


def test_cancel_wins_over_confirm_when_both_arrive_together(scene: Scene) -> None:
    row_id = scene.propose()
    scene.press("confirm")
    scene.press("cancel")
    scene.run(2)
    assert state(scene, row_id) == State.CANCELLED


def test_a_plan_nobody_confirms_expires(scene: Scene) -> None:
    row_id = scene.propose()
    scene.clock.advance(15 * 60)
    scene.run(2)
    assert state(scene, row_id) == State.EXPIRED
    assert "expired, nothing was changed" in texts(scene.card().message)
    assert buttons(scene.card().message) == {}


def test_a_confirmation_that_comes_after_the_end_is_refused(scene: Scene) -> None:
    row_id = scene.propose()
    scene.clock.advance(15 * 60)
    scene.press("confirm")
    scene.run(2)
    assert state(scene, row_id) == State.EXPIRED
    assert "This plan has expired." in scene.said_to(ALICE)[0].text
    assert scene.ecs.writes == []


def test_a_stale_plan_is_refused_with_the_difference_and_can_then_be_confirmed(scene: Scene) -> None:
    row_id = scene.propose()
    scene.ecs.add(scene.api, a_definition("api", 8, f"{REPOSITORY}:v1"))
    scene.press("confirm")
    scene.run(2)
    assert state(scene, row_id) == State.PROPOSED
    assert "The plan you saw is stale and nothing was done" in texts(scene.card().message)
    assert "revision: api:7 → api:8" in texts(scene.card().message)
    assert scene.ecs.writes == []
    scene.press("confirm")
    scene.run(2)
    assert state(scene, row_id) == State.SETTLING
    assert "stale" not in texts(scene.card().message)


def test_what_nobody_saw_in_a_stale_plan_is_not_told_by_its_id(scene: Scene) -> None:
    scene.propose()
    service = scene.ecs.live[scene.api.key]
    moved = replace(service.deployments[0], id="ecs-svc/other")
    scene.ecs.live[scene.api.key] = replace(service, deployments=(moved, *service.deployments[1:]))
    scene.press("confirm")
    scene.run(2)
    shown = texts(scene.card().message)
    assert "nothing was done (meanwhile something else was begun, or came to its end)" in shown
    assert "ecs-svc" not in shown


def test_a_button_of_the_older_plan_does_not_confirm_the_newer_one(scene: Scene) -> None:
    row_id = scene.propose()
    old = buttons(scene.card().message)["operation:confirm"]
    scene.ecs.add(scene.api, a_definition("api", 8, f"{REPOSITORY}:v1"))
    scene.press("confirm", value=old)
    scene.run(2)
    scene.press("confirm", value=old)
    scene.run(2)
    assert state(scene, row_id) == State.PROPOSED
    assert scene.ecs.writes == []


@pytest.mark.parametrize("carried", ["{}:", "{}", "{}:0000000000000000"])
def test_a_button_that_carries_no_plan_confirms_nothing(scene: Scene, carried: str) -> None:
    row_id = scene.propose()
    scene.press("confirm", value=carried.format(row_id))
    scene.run(2)
    assert state(scene, row_id) == State.PROPOSED
    assert scene.ecs.writes == []


def test_a_tag_that_was_moved_meanwhile_is_noticed(scene: Scene) -> None:
    scene.propose()
    scene.ecs.add_image(REPOSITORY, "sha256:" + "c" * 64, "v2")
    scene.press("confirm")
    scene.run(2)
    assert "digest: bbbbbbbbbbbb → cccccccccccc" in texts(scene.card().message)
    assert scene.ecs.writes == []


def test_what_somebody_else_did_meanwhile_is_not_done_again(scene: Scene) -> None:
    row_id = scene.propose()
    scene.ecs.add(scene.api, a_definition("api", 8, f"{REPOSITORY}@{NEW}"))
    scene.press("confirm")
    scene.run(2)
    assert state(scene, row_id) == State.CANCELLED
    assert "already runs v2" in texts(scene.card().message)
    assert buttons(scene.card().message) == {}
    assert scene.ecs.writes == []


def test_a_check_that_fails_by_now_forbids_the_confirmation(scene: Scene) -> None:
    row_id = scene.propose()
    scene.ecs.platforms = ("ARM64",)
    scene.press("confirm")
    scene.run(2)
    assert state(scene, row_id) == State.PROPOSED
    assert "New since you saw it: architecture. Nothing was done" in texts(scene.card().message)
    assert list(buttons(scene.card().message)) == ["operation:override:0", "operation:cancel"]
    assert scene.ecs.writes == []


def test_a_plan_that_a_check_forbids_has_no_confirm_button(scene: Scene) -> None:
    scene.ecs.platforms = ("ARM64",)
    row_id = scene.propose()
    assert list(buttons(scene.card().message)) == ["operation:override:0", "operation:cancel"]
    assert "forbidden by a check" in texts(scene.card().message)
    _, operation = scene.operation()
    assert operation.plan is not None
    scene.press("confirm", value=f"{row_id}:{operation.plan.fingerprint()[:16]}")
    scene.run(2)
    assert scene.ecs.writes == []
