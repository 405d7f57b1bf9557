"""Plans that need more than their asker: other people say yes to exactly this plan, in time, and never to their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import UpstreamError
from bot.operation import State
from bot.settings.models import Approvals
from tests.fakes import buttons, texts
from tests.scene import ACCESS, ALICE, BOB, CARA, DAVE, EVE, NEW, REPOSITORY, Scene

TWO = ACCESS.model_copy(
    update={"approvals": (Approvals(action="deploy", environments=("production",), people=2, expires="30m"),)}
)
ONE = ACCESS.model_copy(update={"approvals": (Approvals(action="deploy", systems=("bi",), roles=("chiefs",)),)})


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, access=TWO)
    yield made
    made.close()


def asked(scene: Scene) -> str:
    """A confirmed plan that waits for approval."""
    row_id = scene.propose()
    scene.press("confirm")
    scene.run(2)
    assert scene.state(row_id) == State.APPROVING
    assert scene.ecs.writes == []
    return row_id


def said(scene: Scene, user: str) -> str:
    return "\n".join(texts(message) for message in scene.said_to(user))


def test_it_runs_once_enough_others_have_said_yes(scene: Scene) -> None:
    row_id = asked(scene)
    assert "0 of 2 approvals" in texts(scene.card().message)
    scene.press("approve", user=BOB)
    scene.run(2)
    assert "1 of 2 approvals" in texts(scene.card().message)
    assert scene.ecs.writes == []
    scene.press("approve", user=CARA)
    scene.run(2)
    assert scene.state(row_id) == State.SETTLING
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]
    assert f"approved by <@{BOB}>" in texts(scene.card().message)


def test_those_who_may_approve_are_called_in_the_thread(scene: Scene) -> None:
    row_id = asked(scene)
    (reply,) = scene.chat.thread(f"op:{row_id}:card")
    assert f"<!subteam^S0ONCALL> <@{ALICE}> asks for 2 approvals within 30 min" in reply.message.text


def test_nobody_approves_their_own(scene: Scene) -> None:
    asked(scene)
    scene.press("approve", user=ALICE)
    scene.run(2)
    assert "Nobody approves what they asked for themselves." in said(scene, ALICE)
    assert "0 of 2 approvals" in texts(scene.card().message)


def test_one_person_counts_once(scene: Scene) -> None:
    row_id = asked(scene)
    for _ in range(3):
        scene.press("approve", user=BOB)
        scene.run(2)
    assert scene.state(row_id) == State.APPROVING


@pytest.mark.parametrize("user", [DAVE, EVE])
def test_whoever_may_not_approve_is_told_who_may(scene: Scene, user: str) -> None:
    asked(scene)
    scene.press("approve", user=user)
    scene.run(2)
    assert "You may not approve this. Who may: on-call" in said(scene, user)
    assert "0 of 2 approvals" in texts(scene.card().message)


def test_an_approval_holds_for_the_plan_that_was_seen_and_no_other(scene: Scene) -> None:
    row_id = asked(scene)
    scene.press("approve", user=BOB)
    scene.run(2)
    scene.ecs.add_image(REPOSITORY, "sha256:" + "d" * 64, "v2")
    scene.press("approve", user=CARA)
    scene.run(2)
    assert scene.state(row_id) == State.PROPOSED
    assert "The plan you saw is stale" in texts(scene.card().message)
    assert "approved by" not in texts(scene.card().message)
    scene.press("confirm")
    scene.run(2)
    assert scene.state(row_id) == State.APPROVING
    assert "0 of 2 approvals" in texts(scene.card().message)
    assert scene.ecs.writes == []


def test_a_press_on_an_older_plan_is_refused(scene: Scene) -> None:
    row_id = asked(scene)
    scene.press("approve", user=BOB, value=f"{row_id}:0123456789abcdef")
    scene.run(2)
    assert "This is not the plan that you saw." in said(scene, BOB)
    assert "0 of 2 approvals" in texts(scene.card().message)


def test_approvals_expire(scene: Scene) -> None:
    row_id = asked(scene)
    approve = buttons(scene.card().message)["operation:approve"]
    scene.press("approve", user=BOB)
    scene.run(2)
    scene.clock.advance(1800)
    scene.run(2)
    assert scene.state(row_id) == State.EXPIRED
    scene.press("approve", user=CARA, value=approve)
    scene.run(2)
    assert "Too late, this operation is over: expired" in said(scene, CARA)
    assert scene.ecs.writes == []


def test_whoever_may_approve_may_decline(scene: Scene) -> None:
    row_id = asked(scene)
    scene.press("decline", user=DAVE)
    scene.run(2)
    assert scene.state(row_id) == State.APPROVING
    scene.press("decline", user=BOB)
    scene.run(2)
    assert scene.state(row_id) == State.CANCELLED
    assert "bob declined." in texts(scene.card().message)


def test_the_asker_may_cancel_and_nobody_else(scene: Scene) -> None:
    row_id = asked(scene)
    scene.press("cancel", user=BOB)
    scene.run(2)
    assert scene.state(row_id) == State.APPROVING
    scene.press("cancel", user=ALICE)
    scene.run(2)
    assert scene.state(row_id) == State.CANCELLED


def test_a_freeze_that_began_meanwhile_stops_it(scene: Scene) -> None:
    row_id = asked(scene)
    scene.press("approve", user=BOB)
    scene.run(2)
    scene.freeze("the quarter ends")
    scene.press("approve", user=CARA)
    scene.run(2)
    assert scene.state(row_id) == State.PROPOSED
    assert "the quarter ends" in texts(scene.card().message)
    assert scene.ecs.writes == []


def test_two_approvals_at_the_same_instant_are_both_counted(scene: Scene) -> None:
    row_id = asked(scene)
    scene.press("approve", user=BOB)
    scene.press("approve", user=CARA)
    scene.run(2)
    assert scene.state(row_id) == State.SETTLING
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]


def test_staging_needs_nobody_else(scene: Scene) -> None:
    scene.type("deploy", "api staging v2")
    scene.press("confirm")
    scene.run(2)
    assert scene.state() == State.SETTLING


def test_a_rule_may_name_who_approves(tmp_path: Path) -> None:
    scene = Scene(tmp_path, access=ONE)
    row_id = asked(scene)
    scene.press("approve", user=BOB)
    scene.run(2)
    assert scene.state(row_id) == State.APPROVING
    scene.press("approve", user=CARA)
    scene.run(2)
    assert scene.state(row_id) == State.SETTLING
    assert scene.ecs.images[f"{REPOSITORY}:v2"].digest == NEW
    scene.close()


def test_a_no_that_slack_could_not_place_still_stops_it(scene: Scene) -> None:
    row_id = asked(scene)
    away = UpstreamError("Slack refused users.info.", retryable=True)
    scene.chat.failures.add("person", *[away] * 2)
    scene.press("decline", user=BOB)
    scene.run(10)
    assert scene.state(row_id) == State.CANCELLED


def test_whoever_asked_is_called_when_somebody_declines(scene: Scene) -> None:
    row_id = asked(scene)
    scene.press("decline", user=BOB)
    scene.run(3)
    assert f"<@{ALICE}>" in texts(scene.chat.by_key(f"op:{row_id}:outcome").message)
