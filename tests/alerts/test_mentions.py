"""What people say to the bot in the thread of an incident."""

from __future__ import annotations

import pytest

from alerts.mentions import EXAMPLES, helped, understood
from bot.domain import Actor
from commands import COMMANDS
from sandbox.slack.blocks import check_blocks
from tests.fakes import texts
from tests.scene import ALICE, Scene


@pytest.mark.parametrize(
    ("text", "name"),
    [("timeline", "timeline"), ("Timeline.", "timeline"), ("report", "report"), ("postmortem please", "report")],
)
def test_the_record_is_asked_for_in_a_word(text: str, name: str) -> None:
    said = understood(text)
    assert said is not None
    assert (said.name, dict(said.payload)) == (name, {})


def test_every_example_is_understood() -> None:
    for example, _ in EXAMPLES:
        text = example.replace("@somebody", "<@U0BOB>").replace("<alarm>", "api").replace("<text>", "x")
        assert understood(text.replace("<link to the other headline>", "api")) is not None, example


def mention(scene: Scene, words: str, thread_ts: str = "") -> str:
    """Mention the bot; what Alice is told, as text."""
    actor = Actor(user=ALICE, channel="C0BI")
    scene.desk.mentioned(f"<@UBOT> {words}", "UBOT", actor, thread_ts=thread_ts, key=f"e{scene.clock.now()}")
    scene.run(3)
    return texts(scene.said_to(ALICE)[-1])


def test_in_an_incidents_thread_whoever_says_nothing_is_told_what_can_be_said(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    said = mention(scene, "", scene.headline().ts)
    check_blocks(list(scene.said_to(ALICE)[-1].blocks))
    assert said.index("What you can say to me here") < said.index("`snooze 30m`") < said.index("Commands work here too")
    assert "explain" in said


@pytest.mark.parametrize(
    ("words", "near"), [("akc", "Did you mean ack"), ("deplyo", "Did you mean deploy"), ("<!here> *x*", "here")]
)
def test_an_unknown_word_gets_what_may_have_been_meant(scene: Scene, words: str, near: str) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    said = mention(scene, words, scene.headline().ts)
    assert f"I do not know “{words.split(maxsplit=1)[0].replace('<', '&lt;').replace('>', '&gt;')}”." in said
    assert near in said
    assert "<!here>" not in said


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("please show me the logs", " Did you mean logs?"),
        ("Those Logs, please", " Did you mean logs?"),
        ("log timeout", " Did you mean logs?"),
        ("explian", " Did you mean explain?"),
        ("clsoe", " Did you mean close?"),
        ("resovle", " Did you mean resolve?"),
        ("please", ""),
        ("those", ""),
        ("can you resolve it", ""),
        ("again", " Again is a button under the answer."),
        ("Again!", " Again is a button under the answer."),
    ],
)
def test_only_what_is_named_or_nearly_spelt_is_suggested(words: str, near: str) -> None:
    first = words.split(maxsplit=1)[0]
    assert helped(words, [*COMMANDS]).text == f"I do not know “{first}”.{near}"


def test_elsewhere_whoever_says_nothing_is_told_what_can_be_typed(scene: Scene) -> None:
    assert "What you can type" in mention(scene, "")
    assert "There is no command “deplyo”. Did you mean deploy?" in mention(scene, "deplyo")


def test_a_command_in_the_thread_is_still_one(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    assert "`api-errors`" in mention(scene, "explain", scene.headline().ts)
