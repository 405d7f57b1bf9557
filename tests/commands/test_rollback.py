"""``/rollback``: what can be typed, and what a form offers."""

from __future__ import annotations

import pytest

from bot import arguments
from bot.errors import UsageError
from commands.rollback import RollbackArgs, earlier, rollback
from tests.bot.shipping.rollbacks import with_a_past
from tests.scene import Scene


@pytest.mark.parametrize(
    ("typed", "aim"),
    [
        ("bi/api production", ""),
        ("bi/api production to 41", "41"),
        ("bi/api production 41", "41"),
        ("bi/api production previous", "previous"),
        ("bi/api production to previous", "previous"),
        ("bi/api production TO v1.4.2", "v1.4.2"),
    ],
)
def test_the_word_to_may_be_left_out(typed: str, aim: str) -> None:
    parsed = arguments.parse(rollback, "rollback", arguments.words(typed))
    assert isinstance(parsed, RollbackArgs)
    assert parsed.to == aim


@pytest.mark.parametrize(
    "typed", ["bi/api production to", "bi/api production 41 please", "bi/api production to 41 now"]
)
def test_what_cannot_be_meant_is_refused_with_the_usage(typed: str) -> None:
    with pytest.raises(UsageError, match="Usage: /rollback"):
        arguments.parse(rollback, "rollback", arguments.words(typed))


def test_it_is_urgent_and_has_an_action_of_its_own() -> None:
    assert rollback.urgent
    assert rollback.action == "rollback"


def test_earlier_versions_are_offered_for_the_form(scene: Scene) -> None:
    assert [(each.label, each.word) for each in earlier(with_a_past(scene).api, scene.world)] == [
        ("What ran before", "previous"),
        ("v5 (api:5), ran 10 days", "5"),
    ]
