"""Effects that begin something and wait for its end, and changes that ask people while they settle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.command import Progress, Stage
from bot.operation import State
from tests.bot.workshop import Workshop
from tests.fakes import texts
from tests.scene import ALICE, DAVE, Scene


@pytest.fixture
def shop() -> Workshop:
    return Workshop()


@pytest.fixture
def scene(tmp_path: Path, shop: Workshop) -> Iterator[Scene]:
    made = Scene(tmp_path, commands=shop.commands)
    yield made
    made.close()


def begun(scene: Scene) -> str:
    scene.type("deploy", "api production")
    scene.press("confirm")
    scene.run(2)
    return scene.operation()[0].id


def test_the_next_effect_waits_for_what_the_first_began(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    scene.run(20)
    assert (shop.did, scene.state(row_id)) == (["build"], State.RUNNING)
    assert "step 1 of 2" in texts(scene.card().message)
    shop.built = Progress(stage=Stage.SUCCEEDED, headline="Built", facts={"digest": "sha256:1"})
    scene.run(3)
    assert (shop.did, scene.state(row_id)) == (["build", "ship"], State.SETTLING)
    assert scene.operation()[1].results["build"] == {"by": row_id, "digest": "sha256:1"}


def test_what_ends_badly_while_it_is_waited_for_ends_the_operation(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    shop.built = Progress(stage=Stage.FAILED, headline="The build failed in phase BUILD", unchanged=True)
    scene.run(3)
    assert (shop.did, scene.state(row_id)) == (["build"], State.FAILED)
    assert "The build failed in phase BUILD" in texts(scene.chat.by_key(f"op:{row_id}:outcome").message)
    assert [shown.key for shown in scene.chat.thread(f"op:{row_id}:card")] == [f"op:{row_id}:outcome"]


def test_a_build_that_cannot_be_looked_at_is_looked_at_again(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    shop.away = True
    scene.run(15)
    assert scene.state(row_id) == State.RUNNING
    assert "I cannot see how it is going" in texts(scene.card().message)
    shop.away, shop.built = False, Progress(stage=Stage.SUCCEEDED, headline="Built")
    scene.run(12)
    assert (shop.did, scene.state(row_id)) == (["build", "ship"], State.SETTLING)


def test_whoever_asked_is_called_once_when_it_waits_for_somebody(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    shop.built = Progress(stage=Stage.SUCCEEDED, headline="Built")
    shop.pause("hook-1")
    scene.run(15)
    shop.away = True
    scene.run(15)
    shop.away = False
    scene.run(15)
    said = [texts(each.message) for each in scene.chat.thread(f"op:{row_id}:card")]
    assert sum(f":hand: <@{ALICE}> Paused: press *Continue*" in text for text in said) == 1
    shop.pause("hook-2")
    scene.run(15)
    said = [texts(each.message) for each in scene.chat.thread(f"op:{row_id}:card")]
    assert sum("press *Continue*" in text for text in said) == 2


def test_a_pause_is_answered_by_a_button(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    shop.built = Progress(stage=Stage.SUCCEEDED, headline="Built")
    shop.pause("hook-1")
    scene.run(15)
    scene.press("answer:0", value=f"{row_id}:continue:hook-1")
    scene.run(3)
    assert shop.answered == ["hook-1"]
    said = [texts(each.message) for each in scene.chat.thread(f"op:{row_id}:card")]
    assert any(f"<@{ALICE}>: going on with hook-1" in text for text in said)


def test_a_pause_is_answered_once_whoever_presses_first(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    shop.built = Progress(stage=Stage.SUCCEEDED, headline="Built")
    shop.pause("hook-1")
    scene.run(15)
    for _ in range(3):
        scene.press("answer:0", value=f"{row_id}:continue:hook-1")
    scene.run(15)
    assert shop.answered == ["hook-1"]


def test_who_answered_sees_at_once_what_comes_of_it(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    shop.built = Progress(stage=Stage.SUCCEEDED, headline="Built")
    shop.pause("hook-1")
    scene.run(15)
    scene.press("answer:0", value=f"{row_id}:continue:hook-1")
    scene.run(1)
    shop.seen = Progress(stage=Stage.ROLLING, headline="Going on")
    scene.run(5)
    assert "Going on" in texts(scene.card().message)


def test_whoever_may_not_ship_may_not_answer(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    shop.built = Progress(stage=Stage.SUCCEEDED, headline="Built")
    shop.pause("hook-1")
    scene.run(15)
    scene.press("answer:0", user=DAVE, value=f"{row_id}:continue:hook-1")
    scene.run(3)
    assert shop.answered == []
    assert "You may not deploy in production." in texts(scene.said_to(DAVE)[0])


def test_while_aws_is_away_the_last_look_stands(scene: Scene, shop: Workshop) -> None:
    row_id = begun(scene)
    shop.built = Progress(stage=Stage.SUCCEEDED, headline="Built")
    shop.seen = Progress(stage=Stage.ROLLING, headline="Half way", done=1, total=2)
    scene.run(5)
    shop.away = True
    scene.run(15)
    assert scene.state(row_id) == State.SETTLING
    shown = texts(scene.card().message)
    assert "I cannot see how it is going" in shown
    assert "AWS is slow to answer." in shown
