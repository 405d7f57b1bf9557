"""What a soak counts as good, what as bad, and what proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.command import Progress, Stage
from bot.errors import UpstreamError
from bot.operation import State
from tests.bot.workshop import Workshop
from tests.fakes import texts
from tests.scene import ALICE, Scene

DENIED = UpstreamError("AWS refused: the role lacks cloudwatch:DescribeAlarms.", retryable=False)
GONE = "api:9 was shipped by user carol."


@pytest.fixture
def shop() -> Workshop:
    made = Workshop()
    made.built = made.seen = Progress(stage=Stage.SUCCEEDED, headline="Settled")
    return made


@pytest.fixture
def scene(tmp_path: Path, shop: Workshop) -> Iterator[Scene]:
    made = Scene(tmp_path, commands=shop.commands)
    yield made
    made.close()


def soaking(scene: Scene) -> str:
    scene.type("deploy", "api production")
    scene.press("confirm")
    scene.run(3)
    row_id = scene.operation()[0].id
    assert scene.state(row_id) == State.SOAKING
    return row_id


def said(scene: Scene, row_id: str) -> str:
    return texts(scene.chat.by_key(f"op:{row_id}:soak").message)


def go_red(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    scene.metrics.changed["api-errors"] = scene.clock.now()


def keys(scene: Scene, row_id: str) -> list[str]:
    return [shown.key for shown in scene.chat.thread(f"op:{row_id}:card")]


def test_what_somebody_else_replaced_proves_nothing_and_is_not_gone_back_from(scene: Scene, shop: Workshop) -> None:
    row_id = soaking(scene)
    shop.gone = GONE
    go_red(scene)
    scene.run(20)
    assert (scene.state(row_id), scene.operation()[1].good) == (State.DONE, None)
    assert f"<@{ALICE}> not counted as good: {GONE}" in said(scene, row_id)
    assert keys(scene, row_id) == [f"op:{row_id}:outcome", f"op:{row_id}:soak"]


def test_what_others_shipped_is_never_rolled_back_by_the_bot(tmp_path: Path, shop: Workshop) -> None:
    scene = Scene(tmp_path, commands=shop.commands, production={"on_failure": "rollback"})
    soaking(scene)
    shop.gone = GONE
    go_red(scene)
    scene.run(20)
    assert len(scene.operations()) == 1
    assert shop.did == ["build", "ship"]
    scene.close()


def test_a_look_that_fails_does_not_end_the_soak(scene: Scene, shop: Workshop) -> None:
    row_id = soaking(scene)
    shop.hidden = True
    scene.run(20)
    assert scene.state(row_id) == State.SOAKING
    shop.hidden = False
    scene.run(600)
    assert scene.operation()[1].good is True
    assert "Quiet for 10 min: counted as good." in said(scene, row_id)


def test_an_alarm_that_was_red_before_and_is_red_still_lets_nobody_tell(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    row_id = soaking(scene)
    scene.run(610)
    assert (scene.state(row_id), scene.operation()[1].good) == (State.DONE, None)
    told = "nobody can tell: `api-errors` was red before it began and is red still; not counted as good."
    assert told in said(scene, row_id)
    assert keys(scene, row_id) == [f"op:{row_id}:outcome", f"op:{row_id}:soak"]


def test_an_alarm_that_was_red_before_and_recovered_does_not_count_against_it(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    soaking(scene)
    scene.run(60)
    scene.metrics.states["api-errors"] = "OK"
    scene.run(610)
    assert scene.operation()[1].good is True


def test_a_service_without_alarms_is_good_because_it_ran(scene: Scene) -> None:
    scene.type("deploy", "api staging")
    scene.press("confirm")
    scene.run(620)
    row, operation = scene.operation()
    assert operation.good is True
    told = "It ran for 10 min: counted as good for that alone, since no alarms are configured."
    assert told in said(scene, row.id)


def test_a_soak_without_sight_of_the_alarms_says_what_it_lacked(scene: Scene) -> None:
    row_id = soaking(scene)
    scene.metrics.failures.add("alarms", DENIED)
    scene.run(20)
    assert (scene.state(row_id), scene.operation()[1].good) == (State.DONE, None)
    told = "not counted as good: it could not be proved. AWS refused: the role lacks cloudwatch:DescribeAlarms."
    assert told in said(scene, row_id)
