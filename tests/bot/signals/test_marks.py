"""When an alarm was red: its changes of state as marks."""

from __future__ import annotations

import pytest

from bot.cloud import Transition
from bot.signals.marks import state_marks
from tests.fakes import NOON
from tests.scene import Scene

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("changes", "marked"),
    [
        ([(OK, ALARM), (ALARM, OK)], [ALARM, OK]),
        ([(UNKNOWN, OK)], []),
        ([(ALARM, OK)], [OK]),
        ([("", OK)], [OK]),
        ([(OK, ALARM), (ALARM, UNKNOWN), (UNKNOWN, OK)], [ALARM, OK]),
        ([(OK, UNKNOWN), (UNKNOWN, OK)], []),
        ([(UNKNOWN, ALARM)], [ALARM]),
    ],
)
def test_an_alarm_that_begins_or_has_data_again_was_not_red_before(
    scene: Scene, changes: list[tuple[str, str]], marked: list[str]
) -> None:
    scene.metrics.went = [
        Transition(NOON + number, state, previous) for number, (previous, state) in reversed(list(enumerate(changes)))
    ]
    marks = state_marks("api-down", scene.api.account, NOON - 60, scene.world)
    assert [mark.label for mark in marks] == marked
