"""What people say to the bot in the thread of an incident."""

from __future__ import annotations

import pytest

from alerts import people
from alerts.mentions import EXAMPLES, helped, understood, unpunctuated
from bot.domain import Actor
from bot.errors import UsageError
from bot.incident import Phase
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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ack, thanks!", people.ACKNOWLEDGE),
        ("take it", people.TAKE_OVER),
        ("take over this incident please", people.TAKE_OVER),
        ("take this over", people.TAKE_OVER),
        ("Resolved.", people.RESOLVE),
        ("close it now", people.RESOLVE),
        ("escalate; please", people.ESCALATE),
    ],
)
def test_a_word_is_understood_by_itself_and_with_what_is_polite(text: str, name: str) -> None:
    said = understood(text)
    assert said is not None and (said.name, dict(said.payload)) == (name, {})


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("take a look at the pool settings please", "take over"),
        ("take over from the vendor is planned", "take over"),
        ("resolved on the vendor side yet, or are we waiting", "resolve"),
        ("close the door", "resolve"),
        ("resolve?", "resolve"),
        ("close this now?", "resolve"),
        ("take over? please", "take over"),
        ("mine is broken too", "ack"),
        ("escalate <@U0BOB>", "escalate"),
        ("report what you saw", "report"),
    ],
)
def test_an_ordinary_sentence_does_nothing_and_is_told_what_to_say(text: str, alone: str) -> None:
    with pytest.raises(UsageError, match="I did nothing") as refused:
        understood(text)
    assert f"mention me with “{alone}” and nothing else" in refused.value.hint


@pytest.mark.parametrize("text", ["hand over to <@U0BOB>?", "snooze 1h?", "split api-latency?"])
def test_a_question_does_nothing(text: str) -> None:
    with pytest.raises(UsageError, match="that is a question"):
        understood(text)


def test_a_question_can_be_noted() -> None:
    said = understood("note was it the vendor?")
    assert said is not None and said.payload == {"text": "was it the vendor?"}


@pytest.mark.parametrize("text", ["assign <@U0BOB>", "hand it over to <@U0BOB|bob> please", "assign this to <@U0BOB>."])
def test_somebody_is_given_it(text: str) -> None:
    said = understood(text)
    assert said is not None and said.payload == {"to": "U0BOB"}


def test_a_sentence_with_a_person_in_it_hands_nothing_over() -> None:
    with pytest.raises(UsageError, match="I did nothing"):
        understood("hand me the logs that <@U0BOB> saved")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("snooze 30m", 1800),
        ("snooze for 1 hour", 3600),
        ("snooze 1 hour", 3600),
        ("snooze it for an hour please", 3600),
        ("Snooze for 90 Minutes.", 5400),
        ("snooze 2 days, the vendor knows", 172_800),
    ],
)
def test_a_length_may_be_said_in_words(text: str, seconds: float) -> None:
    said = understood(text)
    assert said is not None and said.payload == {"seconds": seconds}


@pytest.mark.parametrize(
    "text", ["snooze", "snooze 30", "snooze until 18:00", "snooze -5m", "snooze 1e9h", "snooze 5mm"]
)
def test_a_length_that_cannot_be_read_is_asked_for(text: str) -> None:
    with pytest.raises(UsageError, match="For how long"):
        understood(text)


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


def test_a_question_about_the_end_ends_nothing(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    with pytest.raises(UsageError):
        scene.say("resolved on the vendor side yet, or are we waiting?")
    assert [row.state for row in scene.incidents()] == [Phase.OPEN]


def test_who_asks_for_a_change_in_a_thread_is_told_there_where_its_plan_is(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    thread = scene.headline().ts
    assert mention(scene, "restart api production", thread).startswith("The plan is in #bi: https://")
    assert scene.chat.whispers[-1].thread_ts == thread


@pytest.mark.parametrize("words", ["explain: api-errors", "explain, api-errors", "/Explain: api-errors"])
def test_a_colon_or_comma_after_a_commands_name_is_none_of_it(scene: Scene, words: str) -> None:
    assert "`api-errors`" in mention(scene, words)
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    assert "`api-errors`" in mention(scene, words, scene.headline().ts)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("logs: error: timeout", "logs error: timeout"),
        ("logs:", "logs"),
        ("logs:timeout", "logs:timeout"),
        ("logs:: timeout", "logs:: timeout"),
        ("logs error: timeout", "logs error: timeout"),
        ("", ""),
    ],
)
def test_only_one_mark_behind_the_first_word_is_left_out(text: str, left: str) -> None:
    assert unpunctuated(text) == left
