"""``/ops help``: derived from the argument models; what may not be run is not shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain import Actor, Person, Target
from bot.errors import NotFoundError
from bot.ports import Message
from commands import COMMANDS
from commands.help import HelpArgs, plan
from sandbox.slack.blocks import check_blocks
from tests.fakes import texts
from tests.scene import ALICE, DAVE, EVE, Scene


def said(scene: Scene, command: str = "", user: str = ALICE) -> str:
    made = plan(HelpArgs(command=command), scene.world, scene.chat.people[user])
    assert not made.changes_anything
    return texts(Message(text=made.answer_text, blocks=tuple(dict(block) for block in made.answer)))


def pressable(scene: Scene, command: str = "") -> dict[str, Any]:
    """What can be pressed under the help."""
    made = plan(HelpArgs(command=command), scene.world, scene.chat.people[ALICE])
    blocks: list[dict[str, Any]] = [dict(block) for block in made.answer]
    check_blocks(blocks)
    (element,) = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    return dict(element)


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
    assert "`/deploy bi/api production &lt;version&gt;`" in shown


@pytest.mark.parametrize(
    ("word", "example"),
    [
        ("logs", "-without, `level error`, `task 0f3a`;"),
        ("logs", '`insights "stats count(*) by bin(5m)"`.'),
        ("metrics", "any metric as `AWS/RDS/DatabaseConnections`, a percentile (`p99`)"),
    ],
)
def test_an_example_among_words_is_code_that_can_be_copied(scene: Scene, word: str, example: str) -> None:
    assert example in said(scene, word)


def test_no_code_of_a_help_has_anything_invisible_in_it(scene: Scene) -> None:
    for word in COMMANDS:
        may = replace(scene.world, may=lambda *_: True)
        made = plan(HelpArgs(command=word), may, scene.chat.people[ALICE])
        shown = texts(Message(text="", blocks=tuple(dict(block) for block in made.answer)))
        assert shown.count("`") % 2 == 0
        assert [code for code in shown.split("`")[1::2] if "\u200b" in code or not code.strip()] == []


def test_a_misspelt_command_gets_what_was_meant(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="Did you mean deploy"):
        said(scene, "deplyo")


def test_examples_are_of_a_service_that_the_asker_may_act_on(scene: Scene) -> None:
    def may(person: Person, action: str, target: Target | None) -> bool:
        return target is None or target.key == "bi/staging/api"

    made = plan(HelpArgs(command="deploy"), replace(scene.world, may=may), scene.chat.people[ALICE])
    shown = texts(Message(text="", blocks=tuple(dict(block) for block in made.answer)))
    assert "`/deploy bi/api staging &lt;version&gt;`" in shown
    assert "production" not in shown
    assert "as `/deploy bi/api production &lt;version&gt;`" in said(scene)


def test_ones_own_latest_service_is_the_example(scene: Scene) -> None:
    scene.type("ops", "cancel bi/api staging")
    assert "`/rollback bi/api staging`" in said(scene, "rollback")


def test_a_service_for_which_a_command_was_refused_is_no_example(scene: Scene) -> None:
    scene.type("ops", "logs bi/web production timeout")
    assert scene.state() == "refused"
    assert scene.world.recent.lately(ALICE) == ()
    assert "`/ops logs bi/api production timeout`" in said(scene, "logs")


def test_any_command_can_be_filled_in_from_the_help(scene: Scene) -> None:
    menu = pressable(scene)
    offered = [option["value"] for option in menu["options"]]
    assert offered == sorted(name for name in offered if name in COMMANDS and name != "help")
    assert {"alarms", "deploy", "services", "silence"} <= set(offered)
    actor = Actor(user=ALICE, channel="C0BI")
    scene.desk.press(menu["action_id"], "alarms", actor, key="p1", trigger_id="t1")
    scene.run()
    (view,) = scene.chat.views.values()
    assert view["title"]["text"] == "Alarms"
    button = pressable(scene, "deploy")
    assert (button["action_id"], button["value"]) == ("home:open:deploy", "deploy")
