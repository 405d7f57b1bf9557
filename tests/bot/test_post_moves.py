"""The channel of an incident is archived: its headline, its buttons and its thread go on in the default channel."""

from __future__ import annotations

from bot.domain import Actor
from bot.incident import Incident
from tests.fakes import Shown, buttons, texts
from tests.scene import ALICE, BOB, Scene


def archive(scene: Scene) -> None:
    """The channel of an open incident is archived."""
    scene.alarm("ALARM", "first", name="api-errors")
    scene.run(5)
    scene.chat.archived.add("C0BI")


def headlines(scene: Scene) -> list[Shown]:
    """The headlines in the default channel."""
    (row,) = scene.incidents()
    return [shown for shown in scene.chat.posts if (shown.key, shown.channel) == (f"inc:{row.id}:headline", "C0OPS")]


def replies(scene: Scene, headline: Shown) -> str:
    """What was said in a thread of the default channel."""
    mine = (headline.channel, headline.ts)
    return "\n".join(shown.message.text for shown in scene.chat.posts if (shown.channel, shown.thread_ts) == mine)


def test_a_reply_takes_the_thread_along_and_people_go_on_there(scene: Scene) -> None:
    archive(scene)
    scene.press_incident("acknowledge", BOB)
    scene.run(20)
    (headline,) = headlines(scene)
    assert "incident:take_over" in buttons(headline.message)
    assert "Meant for #bi" in texts(headline.message)
    assert f"<@{BOB}> has it." in replies(scene, headline)
    actor = Actor(user=ALICE, channel=headline.channel)
    scene.front.mentioned("take over", actor, thread_ts=headline.ts, key="m")
    scene.run(20)
    assert Incident.model_validate(scene.incidents()[0].body).acked_by == ALICE
    assert f"<@{ALICE}> has it" in texts(headline.message)
    assert f"<@{ALICE}> has it instead of <@{BOB}>" in replies(scene, headline)
    assert len(headlines(scene)) == 1


def test_a_headline_that_cannot_be_brought_up_to_date_is_posted_anew_once(scene: Scene) -> None:
    archive(scene)
    for _ in range(3):
        scene.clock.advance(310)
        scene.run(10)
    (headline,) = headlines(scene)
    assert "in alarm for 15 min" in texts(headline.message)


def test_what_the_default_channel_does_not_take_either_ends(scene: Scene) -> None:
    archive(scene)
    scene.chat.archived.add("C0OPS")
    scene.press_incident("acknowledge", BOB)
    scene.run(120)
    assert headlines(scene) == []
    (row,) = scene.incidents()
    assert {each.state for each in scene.store.rows("post") if each.key.startswith(f"inc:{row.id}:ack")} == {"given_up"}
