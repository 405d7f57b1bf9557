"""Going back over a change that is under way or being proved, by people and by the bot itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.command import Progress, Stage
from bot.holds import HoldKind
from bot.operation import State
from bot.settings.models import Approvals
from tests.bot.workshop import Workshop
from tests.fakes import texts
from tests.scene import ACCESS, ALICE, BOB, Scene

DONE = Progress(stage=Stage.SUCCEEDED, headline="Settled")
FAILED = Progress(stage=Stage.FAILED, headline="It does not answer")


@pytest.fixture
def shop() -> Workshop:
    made = Workshop()
    made.built = DONE
    return made


@pytest.fixture
def scene(tmp_path: Path, shop: Workshop) -> Iterator[Scene]:
    made = Scene(tmp_path, commands=shop.commands)
    yield made
    made.close()


def shipped(scene: Scene) -> str:
    scene.type("deploy", "api production")
    scene.press("confirm")
    scene.run(3)
    return scene.operation()[0].id


def gone_back(scene: Scene, user: str = BOB) -> str:
    scene.type("ops", "rollback api production", user=user)
    row_id = scene.operation()[0].id
    scene.press("confirm", user=user)
    scene.run(4)
    return row_id


def test_what_was_taken_over_shows_no_progress_any_more(scene: Scene, shop: Workshop) -> None:
    shop.seen = Progress(stage=Stage.ROLLING, headline="Half way", done=1, total=2)
    first = shipped(scene)
    scene.run(3)
    assert "Half way" in texts(scene.card(first).message)
    gone_back(scene)
    assert "Half way" not in texts(scene.card(first).message)
    assert "bob took over." in texts(scene.chat.thread(f"op:{first}:card")[-1].message)


def test_a_rollback_takes_over_what_is_settling(scene: Scene, shop: Workshop) -> None:
    first = shipped(scene)
    assert scene.state(first) == State.SETTLING
    second = gone_back(scene)
    assert (scene.state(first), scene.state(second)) == (State.TAKEN_OVER, State.SOAKING)
    assert shop.did == ["build", "ship", "back"]
    assert "bob took over. Done so far: build, ship." in texts(scene.card(first).message)
    assert scene.operations()[1][1].good is False


def test_a_rollback_takes_over_while_the_first_effect_is_still_waited_for(scene: Scene, shop: Workshop) -> None:
    shop.built = Progress(stage=Stage.ROLLING, headline="Building")
    first = shipped(scene)
    assert scene.state(first) == State.RUNNING
    gone_back(scene)
    assert (scene.state(first), shop.did) == (State.TAKEN_OVER, ["build", "back"])


FAILING = Progress(stage=Stage.ROLLING, headline="New tasks keep failing", failing=True)


def test_what_keeps_failing_offers_the_way_back_once_and_is_watched_on(scene: Scene, shop: Workshop) -> None:
    shop.seen = FAILING
    first = shipped(scene)
    for _ in range(3):
        scene.clock.advance(10)
        scene.run(3)
    offers = [texts(each.message) for each in scene.chat.thread(f"op:{first}:card")]
    (offer,) = [each for each in offers if "It can be rolled back" in each]
    assert f"<@{ALICE}> New tasks keep failing." in offer
    assert scene.state(first) == State.SETTLING, "what comes right after all is no failure"
    gone_back(scene)
    assert scene.state(first) == State.TAKEN_OVER


def test_where_the_bot_goes_back_by_itself_it_ends_what_keeps_failing(tmp_path: Path, shop: Workshop) -> None:
    shop.seen = FAILING
    scene = Scene(tmp_path, commands=shop.commands, production={"on_failure": "rollback"})
    try:
        shipped(scene)
        scene.run(3)
        (_, back), (first, _) = scene.operations()
        assert first.state == State.FAILED
        assert "New tasks keep failing" in texts(scene.card(first.id).message)
        assert (back.command, back.unattended) == ("rollback", True)
        assert shop.did == ["build", "ship", "back"]
    finally:
        scene.close()


def test_a_rollback_that_keeps_failing_begins_no_other(tmp_path: Path, shop: Workshop) -> None:
    scene = Scene(tmp_path, commands=shop.commands, production={"on_failure": "rollback"})
    try:
        shop._watch = lambda name: FAILING  # type: ignore[method-assign]
        back = gone_back(scene, ALICE)
        scene.run(5)
        assert (scene.state(back), shop.did) == (State.SETTLING, ["back"])
        assert len(scene.operations()) == 1
    finally:
        scene.close()


def test_another_deployment_does_not_take_over(scene: Scene, shop: Workshop) -> None:
    first = shipped(scene)
    scene.type("deploy", "api production", user=BOB)
    scene.press("confirm", user=BOB)
    scene.run(3)
    assert (scene.state(first), scene.state()) == (State.SETTLING, State.PROPOSED)
    assert "alice is ahead" in texts(scene.card().message)


def test_two_rollbacks_do_not_chase_each_other(scene: Scene, shop: Workshop) -> None:
    shop._watch = lambda name: Progress(stage=Stage.ROLLING, headline="On its way")  # type: ignore[method-assign]
    first = gone_back(scene)
    second = gone_back(scene, ALICE)
    assert (scene.state(first), scene.state(second)) == (State.SETTLING, State.PROPOSED)
    assert shop.did == ["back"]


def test_a_rollback_during_the_soak_ends_the_proving(scene: Scene, shop: Workshop) -> None:
    shop.seen = DONE
    first = shipped(scene)
    assert scene.state(first) == State.SOAKING
    gone_back(scene)
    assert scene.state(first) == State.DONE
    assert scene.operations()[1][1].good is False
    assert "bob changed it before it was proved" in texts(scene.chat.by_key(f"op:{first}:soak").message)


def test_a_freeze_never_holds_up_a_rollback(scene: Scene) -> None:
    scene.freeze("the quarter ends")
    second = gone_back(scene)
    assert scene.state(second) == State.SOAKING
    assert "freeze" not in texts(scene.card(second).message)


def test_after_a_failure_a_rollback_is_offered(scene: Scene, shop: Workshop) -> None:
    shop.seen = FAILED
    row_id = shipped(scene)
    reply = scene.chat.by_key(f"op:{row_id}:back")
    (row,) = [block for block in reply.message.blocks if block["type"] == "actions"]
    assert row["elements"][0]["value"] == "rollback bi/api production"


def test_when_it_is_as_it_was_no_rollback_is_offered(scene: Scene, shop: Workshop) -> None:
    shop.seen = FAILED.model_copy(update={"unchanged": True})
    row_id = shipped(scene)
    assert [shown.key for shown in scene.chat.thread(f"op:{row_id}:card")] == [f"op:{row_id}:outcome"]


def test_as_configured_the_bot_goes_back_by_itself(tmp_path: Path, shop: Workshop) -> None:
    scene = Scene(tmp_path, commands=shop.commands, production={"on_failure": "rollback"})
    shop.seen = FAILED
    shipped(scene)
    scene.run(3)
    row, operation = scene.operation()
    assert (operation.command, operation.unattended, row.state) == ("rollback", True, State.SOAKING)
    assert shop.did == ["build", "ship", "back"]
    assert len(scene.operations()) == 2
    scene.close()


def test_an_alarm_in_the_soak_ends_it_at_once_and_offers_the_way_back(scene: Scene, shop: Workshop) -> None:
    shop.seen = DONE
    row_id = shipped(scene)
    scene.run(20)
    scene.metrics.states["api-errors"] = "ALARM"
    scene.metrics.changed["api-errors"] = scene.clock.now()
    scene.run(20)
    assert scene.operation()[1].good is False
    assert "`api-errors` red within" in texts(scene.chat.by_key(f"op:{row_id}:soak").message)
    assert scene.chat.by_key(f"op:{row_id}:back")


def test_a_rollback_during_an_incident_locks_further_deployments(scene: Scene, shop: Workshop) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(8)
    back = gone_back(scene)
    (hold,) = scene.holds.holds
    assert (hold.kind, hold.place, hold.by) == (HoldKind.LOCK, "bi/production/api", BOB)
    assert scene.state(back) == State.SOAKING
    scene.type("deploy", "api production")
    assert "Locked after a rollback while api-down was open" in texts(scene.card().message)
    assert "forbidden by a check" in texts(scene.card().message)


def test_a_rollback_without_an_incident_locks_nothing(scene: Scene) -> None:
    gone_back(scene)
    assert scene.holds.holds == []


def test_the_next_approved_deployment_that_proves_good_ends_the_lock(tmp_path: Path, shop: Workshop) -> None:
    rule = Approvals(action="deploy", people=1)
    scene = Scene(tmp_path, commands=shop.commands, access=ACCESS.model_copy(update={"approvals": (rule,)}))
    shop.seen = DONE
    scene.alarm("ALARM", "m1")
    scene.run(8)
    gone_back(scene)
    scene.alarm("OK", "m2")
    scene.run(8)
    scene.type("deploy", "api production")
    scene.signal("emergency", user=ALICE, check="lock", reason="the fix")
    scene.press("confirm")
    scene.run(2)
    scene.press("approve", user=BOB)
    scene.run(3)
    assert scene.holds.holds
    scene.run(620)
    assert scene.operation()[1].good is True
    assert scene.holds.holds == []
    scene.close()
