"""``/ops help``: derived from the argument models; what may not be run is not shown."""

from __future__ import annotations

import pytest

from bot.errors import NotFoundError
from bot.ports import Message
from commands.help import HelpArgs, plan
from tests.fakes import texts
from tests.scene import ALICE, DAVE, EVE, Scene


def said(scene: Scene, command: str = "", user: str = ALICE) -> str:
    made = plan(HelpArgs(command=command), scene.world, scene.chat.people[user])
    assert not made.changes_anything
    return texts(Message(text=made.answer_text, blocks=tuple(dict(block) for block in made.answer)))


def test_the_list_has_every_command_the_asker_may_run(scene: Scene) -> None:
    shown = said(scene)
    assert "`/deploy &lt;service&gt; &lt;environment&gt; &lt;version&gt;`" in shown
    assert "`/services [service] [environment]`" in shown
    assert "`/ops help [command]`" in shown


def test_what_may_not_be_run_is_not_listed_and_not_explained(scene: Scene) -> None:
    assert "/deploy" not in said(scene, user=DAVE)
    assert "/services" in said(scene, user=DAVE)
    with pytest.raises(NotFoundError) as caught:
        said(scene, "deploy", user=DAVE)
    assert "deploy" not in caught.value.hint


def test_a_stranger_is_shown_nothing_and_told_whom_to_ask(scene: Scene) -> None:
    assert "Ask an admin for more." in said(scene, user=EVE)


@pytest.mark.parametrize("word", ["deploy", "/deploy", "DEPLOY"])
def test_one_command_is_explained_in_full(scene: Scene, word: str) -> None:
    shown = said(scene, word)
    assert "Ship a version of a service" in shown
    assert "*Arguments*" in shown
    assert "`version` The image tag" in shown
    assert "`/deploy bi/api production v1.4.2`" in shown


def test_a_misspelt_command_gets_what_was_meant(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="Did you mean deploy"):
        said(scene, "deplyo")
