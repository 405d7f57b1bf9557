"""Answers of commands that only read: told to one person, shared, asked again, looked for in several looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from bot.command import Attachment, Button, Choice, Command, Plan
from bot.domain import Actor, Person
from bot.errors import NotFoundError, UpstreamError
from bot.ports import Message, World
from bot.views import blocks as b
from commands import COMMANDS
from tests.fakes import button_labels, buttons
from tests.scene import ALICE, BOB, Scene
from tests.waiting import until

CHANNEL = "C0BI"
FILE = Attachment(make="echo", parameters={"say": "everything"}, name="all.txt", title="All of it")
PICTURE = Attachment(make="echo", parameters={"say": "PNG"}, name="cpu.png", title="CPU", alt="CPU rises")


class AskArgs(BaseModel):
    model_config = ConfigDict(frozen=True)

    system: str = Field(default="", description="Anything.")


class Asked:
    """A command that answers as the test says, and counts."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.people: list[Person] = []
        self.pressed: list[tuple[str, ...]] = []
        self.stopped: list[Plan] = []
        self.error: UpstreamError | None = None
        self.asking: threading.Event | None = None
        self.answered: threading.Event | None = None
        """Set when it begins to look, and waited for until it has looked."""

    def plan(self, args: AskArgs, world: World, person: Person) -> Plan:
        self.people.append(person)
        if self.asking is not None and self.answered is not None:
            self.asking.set()
            assert self.answered.wait(10)
        return self.plans.pop(0)

    def look(self, args: AskArgs, plan: Plan, world: World, person: Person) -> Plan:
        self.pressed.append(plan.pressed)
        if self.error is not None:
            raise self.error
        return self.plans.pop(0) if self.plans else plan

    def stop(self, plan: Plan, world: World) -> None:
        self.stopped.append(plan)

    def command(self) -> Command:
        more = {"plan": self.plan, "look": self.look, "stop": self.stop}
        return Command(name="services", summary="Ask", action="read", args=AskArgs, **more)  # type: ignore[arg-type]


def an_answer(text: str = "42", **more: Any) -> Plan:
    return Plan(title="Answer", answer_text=text, answer=(b.section(text),), **more)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def making() -> list[Exception]:
    """What goes wrong while files are made, one after the other."""
    return []


@pytest.fixture
def scene(tmp_path: Path, asked: Asked, making: list[Exception]) -> Iterator[Scene]:
    def echo(world: World, parameters: Mapping[str, Any]) -> bytes | None:
        if making:
            raise making.pop(0)
        return str(parameters["say"]).encode() or None

    makers = {"echo": echo}
    made = Scene(tmp_path, commands={**COMMANDS, "services": asked.command()}, more_makers=makers)
    yield made
    made.close()


def said(scene: Scene) -> Message:
    return scene.said_to(ALICE)[-1]


def press(scene: Scene, label: str, user: str = ALICE, message: Message | None = None) -> None:
    """Press what reads so, as Slack tells of it."""
    shown = message or said(scene)
    action_id, value = button_labels(shown)[label]
    actor = Actor(user=user, channel=CHANNEL)
    scene.desk.press(action_id, value, actor, key=f"{label}:{len(scene.operations())}", response_url="")
    scene.run(2)


def test_an_answer_is_whispered_and_once_shared_everybody_sees_it_with_its_file(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer(attachment=FILE)]
    scene.type("services", "")
    assert scene.chat.posts == []
    answer = said(scene)
    press(scene, "Share")
    press(scene, "Share", message=answer)
    assert "This answer was shared already." in said(scene).text
    (post,) = scene.chat.posts
    assert (post.channel, post.message.text) == (CHANNEL, "42")
    assert f"Shared by @{scene.chat.person(ALICE).name}" in str(post.message.blocks)
    assert buttons(post.message) == {}
    (shared,) = scene.chat.files
    assert (shared.channel, shared.thread_ts, shared.content) == (CHANNEL, post.ts, b"everything")


def test_what_is_shared_names_people_and_rings_nobody(scene: Scene, asked: Asked) -> None:
    scene.chat.people["U0EVE"] = Person(user="U0EVE", name="<!channel> eve")
    asked.plans = [an_answer(f"{b.user('U0EVE')} has it, before her {b.user(BOB)}")]
    scene.type("services", "")
    press(scene, "Share")
    (post,) = scene.chat.posts
    shown = f"{post.message.text} {post.message.blocks}"
    assert "<@" not in shown and "<!" not in shown
    assert "@&lt;!channel&gt;" in shown and "has it, before her @bob" in shown


def test_a_person_slack_tells_nothing_of_is_named_by_id(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer(f"{b.user('U0EVE')} has it")]
    scene.type("services", "")
    unknown = NotFoundError("Slack knows no such user.")
    scene.chat.failures.add("person", unknown, unknown)
    press(scene, "Share")
    (post,) = scene.chat.posts
    assert "@U0EVE has it" in str(post.message.blocks)


def test_the_whole_goes_into_the_conversation_with_whoever_asked(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer(attachment=FILE)]
    scene.type("services", "")
    press(scene, "Whole as a file")
    (sent,) = scene.chat.files
    assert (sent.channel, sent.content) == (scene.chat.channel_id(ALICE), b"everything")
    coming = said(scene).text
    assert "is being made" in coming and "as soon as Slack has it" in coming
    again = button_labels(scene.said_to(ALICE)[0])["Whole as a file"]
    scene.desk.press(*again, Actor(user=ALICE, channel=CHANNEL), key="again")
    scene.run(2)
    assert said(scene).text == "The whole is in your conversation with me."
    assert scene.chat.files == [sent]


def test_a_whole_that_cannot_be_made_is_told_where_it_was_promised_and_can_be_asked_for_again(
    scene: Scene, asked: Asked, making: list[Exception]
) -> None:
    making.append(UpstreamError("AWS denied logs:GetQueryResults."))
    asked.plans = [an_answer(attachment=FILE)]
    scene.type("services", "")
    answer = said(scene)
    press(scene, "Whole as a file")
    told = scene.chat.whispers[-1]
    assert (told.channel, told.user) == (CHANNEL, ALICE)
    assert "could not send the file “All of it”: AWS denied logs:GetQueryResults. Ask again" in told.message.text
    assert scene.chat.files == []
    scene.desk.press(*button_labels(answer)["Whole as a file"], Actor(user=ALICE, channel=CHANNEL), key="again")
    scene.run(2)
    assert [file.content for file in scene.chat.files] == [b"everything"]


def test_a_whole_of_which_nothing_is_left_is_told_too(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer(attachment=FILE.model_copy(update={"parameters": {"say": ""}}))]
    scene.type("services", "")
    press(scene, "Whole as a file")
    assert "nothing of it is there any more. Ask again" in scene.chat.whispers[-1].message.text


def test_a_shared_file_that_cannot_be_made_is_told_in_the_thread(
    scene: Scene, asked: Asked, making: list[Exception]
) -> None:
    making.append(UpstreamError("AWS denied logs:GetQueryResults."))
    asked.plans = [an_answer(attachment=FILE)]
    scene.type("services", "")
    press(scene, "Share")
    shared, told = scene.chat.posts
    assert told.thread_ts == shared.ts
    assert "could not send the file “All of it”: AWS denied" in told.message.text
    assert len(scene.chat.whispers) == 1, "whoever shared it reads it there"


def test_asking_again_asks_with_the_same_words_and_a_choice_with_others(scene: Scene, asked: Asked) -> None:
    asked.plans = [
        an_answer(choices=(Choice(label="all of them", text="services all"),)),
        an_answer("43"),
        an_answer("44"),
    ]
    scene.type("services", "bi")
    first = said(scene)
    press(scene, "Again")
    assert said(scene).text == "43"
    assert scene.operation()[1].args == {"system": "bi"}
    press(scene, "all of them", message=first)
    assert said(scene).text == "44"
    assert scene.operation()[1].args == {"system": "all"}


def test_nobody_else_presses_what_only_one_person_sees(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer()]
    scene.type("services", "")
    shown = said(scene)
    press(scene, "Share", user=BOB, message=shown)
    assert scene.chat.posts == []
    assert "no longer have this answer" in scene.said_to(BOB)[-1].text


def test_a_sentence_has_no_buttons(scene: Scene, asked: Asked) -> None:
    asked.plans = [Plan(title="Nothing to see", answer_text="Nothing to see.")]
    scene.type("services", "")
    assert said(scene) == Message(text="Nothing to see.")


def test_a_picture_is_uploaded_and_whispered_when_slack_is_ready(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer(picture=PICTURE)]
    scene.type("services", "")
    scene.run(3)
    (uploaded,) = scene.chat.files
    assert (uploaded.channel, uploaded.content, uploaded.alt) == ("", b"PNG", "CPU rises")
    assert said(scene).blocks == ({"type": "image", "slack_file": {"id": "F1"}, "alt_text": "CPU rises"},)


def test_a_picture_that_slack_shows_to_nobody_goes_into_the_conversation(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer(picture=PICTURE)]
    scene.chat.failures.add("whisper", *[UpstreamError("invalid", code="invalid_blocks") for _ in range(5)])
    scene.type("services", "")
    scene.run(12)
    assert [file.channel for file in scene.chat.files] == ["", scene.chat.channel_id(ALICE)]
    assert said(scene).text == "The picture is in your conversation with me."


def test_an_answer_that_takes_long_is_told_of_and_ends_well(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer("so far", goes_on=1.0)]
    scene.type("services", "")
    scene.run(3)
    waiting = said(scene)
    assert waiting.text == "so far"
    assert [*button_labels(waiting)] == ["Cancel"]
    told = len(scene.said_to(ALICE))
    scene.run(5)
    assert len(scene.said_to(ALICE)) == told
    asked.plans = [an_answer("all of it")]
    scene.run(2)
    assert said(scene).text == "all of it"
    assert scene.state() == "done"


def test_the_dead_button_of_a_search_that_is_over_says_where_its_answer_is(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer("so far", goes_on=1.0)]
    scene.type("services", "")
    scene.run(3)
    dead = button_labels(said(scene))["Cancel"]
    asked.plans = [an_answer("all of it")]
    scene.run(2)
    assert scene.state() == "done"
    scene.desk.press(*dead, Actor(user=ALICE, channel=CHANNEL), key="late")
    scene.run(2)
    assert said(scene).text == "`/services`: this search is over; its answer is above."
    assert asked.stopped == []


def test_the_dead_button_of_a_search_that_was_stopped_says_so(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer("so far", goes_on=1.0)]
    scene.type("services", "")
    scene.run(3)
    dead = button_labels(said(scene))["Cancel"]
    for key in ("first", "second"):
        scene.desk.press(*dead, Actor(user=ALICE, channel=CHANNEL), key=key)
        scene.run(2)
    assert said(scene).text == "`/services`: this search was stopped."
    assert len(asked.stopped) == 1


@pytest.mark.parametrize("seconds", [1.0, 8.0])
def test_who_waits_for_a_slow_answer_is_told_that_it_is_being_looked_for(
    scene: Scene, asked: Asked, seconds: float
) -> None:
    """While one worker waits for AWS another has the time to say so."""
    asked.plans, asked.asking, asked.answered = [an_answer("42")], threading.Event(), threading.Event()
    url = f"https://hooks.slack.example.com/{ALICE}"
    scene.engine.start()
    scene.flow.receive("services", "", Actor(user=ALICE, channel=CHANNEL), response_url=url)
    assert asked.asking.wait(10)
    scene.clock.advance(seconds)
    scene.engine.poke()
    if seconds > 1.5:
        until(lambda: scene.said_to(ALICE))
    asked.answered.set()
    until(lambda: [message for message in scene.said_to(ALICE) if message.text == "42"])
    scene.clock.advance(9.0)
    scene.engine.poke()
    until(lambda: all(row.state == "over" for row in scene.store.rows("waiting")))
    looking = [":hourglass_flowing_sand: Looking: services …"] if seconds > 1.5 else []
    assert [message.text for message in scene.said_to(ALICE)] == [*looking, "42"]


def test_cancel_really_stops_it(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer("so far", goes_on=1.0, facts={"query": "q1"})]
    scene.type("services", "")
    scene.run(3)
    press(scene, "Cancel")
    assert [plan.facts for plan in asked.stopped] == [{"query": "q1"}]
    assert scene.state() == "cancelled"
    looks = len(asked.pressed)
    scene.run(5)
    assert len(asked.pressed) == looks
    assert "stopped" in said(scene).text


def test_what_fails_on_the_way_is_told_and_stopped(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer("so far", goes_on=1.0)]
    scene.type("services", "")
    asked.error = UpstreamError("The query failed.", retryable=False)
    scene.run(2)
    assert "The query failed." in said(scene).text
    assert scene.state() == "refused"
    assert len(asked.stopped) == 1


def test_what_is_live_is_one_message_in_the_conversation_and_hears_its_buttons(scene: Scene, asked: Asked) -> None:
    pause = Button(label="Pause", name="pause", value="1")
    asked.plans = [an_answer("line 1", live=True, goes_on=2.0, buttons=(pause,))]
    scene.type("services", "")
    (shown,) = scene.chat.posts
    assert shown.channel == scene.chat.channel_id(ALICE)
    assert [*button_labels(shown.message)] == ["Pause", "Stop"]
    assert "in your conversation with me" in said(scene).text
    asked.plans = [an_answer("line 1\nline 2", live=True, goes_on=2.0, buttons=(pause,))]
    press(scene, "Pause", message=shown.message)
    assert ("pause:1",) in asked.pressed
    scene.run(3)
    assert len(scene.chat.posts) == 1
    assert shown.message.text == "line 1\nline 2"
    press(scene, "Stop", message=shown.message)
    scene.run(3)
    assert "Share" in button_labels(shown.message)
    assert scene.state() == "cancelled"


def test_in_an_incidents_thread_a_mention_knows_which_service_and_since_when(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer()]
    scene.metrics.states["api-down"] = "ALARM"
    scene.alarm("ALARM", "m1")
    scene.run(5)
    headline = scene.headline()
    actor = Actor(user=ALICE, channel=headline.channel)
    scene.desk.mentioned("<@UBOT> services", "UBOT", actor, thread_ts=headline.ts, key="e1")
    scene.run(2)
    assert scene.operation()[1].args == {"system": "bi"}
    opened = scene.incidents()[0].body["opened_at"]
    assert [person.about for person in asked.people] == [opened]
    assert scene.chat.whispers[-1].thread_ts == headline.ts


def in_a_thread(scene: Scene, words: str) -> Actor:
    """An incident, in whose thread Alice asks something; where she did."""
    scene.metrics.states["api-down"] = "ALARM"
    scene.alarm("ALARM", "m1")
    scene.run(5)
    headline = scene.headline()
    actor = Actor(user=ALICE, channel=headline.channel, thread_ts=headline.ts)
    scene.desk.mentioned(f"<@UBOT> {words}", "UBOT", actor, thread_ts=headline.ts, key="e1")
    scene.run(2)
    return actor


def press_in(scene: Scene, label: str, actor: Actor) -> None:
    """Press a button of the newest whisper in a thread, as Slack tells of it: the actor without the thread."""
    whole = button_labels(scene.chat.whispers[-1].message)[label]
    plain = Actor(user=actor.user, channel=actor.channel)
    url = f"https://hooks.slack.example.com/{actor.user}"
    scene.desk.press(*whole, plain, key=label, response_url=url, ts="9.1", thread_ts=actor.thread_ts)
    scene.run(3)


@pytest.mark.parametrize("label", ["all of them", "Again"])
def test_what_is_asked_next_in_an_incidents_thread_is_told_there_and_knows_the_incident(
    scene: Scene, asked: Asked, label: str
) -> None:
    choice = Choice(label="all of them", text="services all")
    asked.plans = [an_answer(choices=(choice,)), an_answer("so far", goes_on=1.0)]
    actor = in_a_thread(scene, "services")
    press_in(scene, label, actor)
    told = scene.chat.whispers[-1]
    assert (told.message.text, told.thread_ts) == ("so far", actor.thread_ts)
    asked.plans = [an_answer("43", picture=PICTURE)]
    scene.run(4)
    opened = scene.incidents()[0].body["opened_at"]
    assert [person.about for person in asked.people] == [opened, opened]
    answer, picture = scene.chat.whispers[-2:]
    assert (answer.message.text, answer.thread_ts) == ("43", actor.thread_ts)
    assert picture.message.text == "CPU" and picture.thread_ts == actor.thread_ts
    scene.chat.whispers.pop()
    press_in(scene, "Share", actor)
    assert (scene.chat.posts[-1].message.text, scene.chat.posts[-1].thread_ts) == ("43", actor.thread_ts)


def test_what_cannot_be_done_in_a_thread_is_said_there(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer(choices=(Choice(label="nonsense", text="nonsense"),))]
    actor = in_a_thread(scene, "services")
    press_in(scene, "nonsense", actor)
    told = scene.chat.whispers[-1]
    assert "no command “nonsense”" in told.message.text and told.thread_ts == actor.thread_ts


def test_what_was_followed_for_a_thread_is_asked_again_in_the_conversation_it_stands_in(
    scene: Scene, asked: Asked
) -> None:
    asked.plans = [an_answer("line 1", live=True), an_answer("line 2")]
    in_a_thread(scene, "services")
    shown = scene.chat.posts[-1]
    where = Actor(user=ALICE, channel=shown.channel)
    scene.desk.press(*button_labels(shown.message)["Again"], where, key="again", ts=shown.ts)
    scene.run(2)
    told = scene.chat.whispers[-1]
    assert (told.message.text, told.channel, told.thread_ts) == ("line 2", shown.channel, "")


def test_a_form_that_is_opened_in_an_incidents_thread_is_answered_there(scene: Scene, asked: Asked) -> None:
    asked.plans = [an_answer(), an_answer("43")]
    actor = in_a_thread(scene, "services")
    plain = Actor(user=ALICE, channel=actor.channel)
    scene.desk.press("home:open:services", "services", plain, key="f", trigger_id="T1", thread_ts=actor.thread_ts)
    scene.run(1)
    (view,) = scene.chat.views.values()
    submitted = {**view, "id": "V1", "state": {"values": {}}}
    assert not scene.desk.view_submitted(submitted, Actor(user=ALICE))
    scene.run(2)
    told = scene.chat.whispers[-1]
    assert (told.message.text, told.thread_ts) == ("43", actor.thread_ts)
    assert asked.people[-1].about == scene.incidents()[0].body["opened_at"]
