"""Shortcuts in a message's menu: adding it to an incident's timeline, and explaining the alarm in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.pins import KEPT, REMOVED, pinned
from alerts.shortcuts import EXPLAIN, NOTE, alarm_in
from bot.chat_ports import Said
from bot.console import alarm_address
from bot.domain import Actor
from bot.errors import UpstreamError
from tests.fakes import texts
from tests.scene import ALICE, BOB, DAVE, EVE, Scene

TS = "1750000100.000200"
ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"
NAMES = ["api-down", "api", "api errors in production"]


def pick(scene: Scene, shortcut: str, message: dict[str, Any], user: str = ALICE, channel: str = "C0BI") -> None:
    actor = Actor(user=user, channel=channel)
    url = f"https://hooks.slack.example.com/{user}"
    scene.desk.picked(shortcut, message, actor, key=f"{user}:{len(scene.chat.whispers)}", response_url=url)
    scene.run(3)


def incident(scene: Scene) -> str:
    """An incident of api-errors; the ts of its headline."""
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    return scene.headline().ts


def told(scene: Scene, user: str = ALICE) -> str:
    """What somebody was told last."""
    return texts(scene.said_to(user)[-1])


def in_thread(scene: Scene, text: str = "it was the cache") -> dict[str, Any]:
    """A message of Bob's in the incident's thread."""
    thread = scene.headline().ts
    scene.chat.said["C0BI", TS] = Said(ts=TS, thread_ts=thread, user=BOB, text=text)
    return {"ts": TS, "thread_ts": thread, "text": text, "user": BOB}


def kept(scene: Scene) -> list[str]:
    (row,) = scene.incidents()
    return [pin.text for pin in pinned(scene.store, frozenset((row.id,)), 0.0)]


def test_a_message_of_the_thread_is_added_to_the_timeline_and_who_did_is_told(scene: Scene) -> None:
    incident(scene)
    pick(scene, NOTE, in_thread(scene))
    assert kept(scene) == ["it was the cache"]
    assert "It is in the incident's timeline." in told(scene)
    pick(scene, NOTE, in_thread(scene), user=BOB)
    assert "It is in the incident's timeline." in told(scene, BOB)
    assert len(kept(scene)) == 1


@pytest.mark.parametrize(("text", "said"), [("api-errors is red", "api-errors"), ("nothing", "I see no alarm")])
def test_a_reply_in_a_thread_of_people_is_explained_in_that_thread(scene: Scene, text: str, said: str) -> None:
    pick(scene, EXPLAIN, {"ts": TS, "thread_ts": "1750000000.000100", "text": text, "user": BOB})
    assert said in told(scene)
    assert scene.chat.whispers[-1].thread_ts == "1750000000.000100"


def test_a_refusal_to_add_is_told_in_the_thread(scene: Scene) -> None:
    incident(scene)
    pick(scene, NOTE, in_thread(scene), user=DAVE)
    assert "You may not add" in told(scene, DAVE)
    assert scene.chat.whispers[-1].thread_ts == scene.headline().ts


def test_an_edit_changes_what_was_added_and_deleting_takes_it_out(scene: Scene) -> None:
    incident(scene)
    pick(scene, NOTE, in_thread(scene))
    in_thread(scene, "it was the database")
    scene.front.changed("C0BI", TS, key="Ev1")
    scene.run(2)
    assert kept(scene) == ["it was the database"]
    before = len(scene.said_to(ALICE))
    scene.front.changed("C0BI", TS, key="Ev2", deleted=True)
    scene.run(2)
    assert kept(scene) == []
    assert len(scene.said_to(ALICE)) == before


@pytest.mark.parametrize("user", [DAVE, EVE])
def test_whoever_may_not_is_told_so_and_takes_nothing_of_the_others_away(scene: Scene, user: str) -> None:
    incident(scene)
    pick(scene, NOTE, in_thread(scene), user=user)
    assert "You may not add" in told(scene, user)
    assert scene.store.rows("pin")[0].state == REMOVED
    pick(scene, NOTE, in_thread(scene))
    pick(scene, NOTE, in_thread(scene), user=user)
    assert "You may not add" in told(scene, user)
    assert (kept(scene), scene.store.rows("pin")[0].state) == (["it was the cache"], KEPT)


def test_a_message_elsewhere_has_no_timeline(scene: Scene) -> None:
    pick(scene, NOTE, {"ts": TS, "text": "lunch?"})
    assert "This message is not in the thread of an incident." in told(scene)
    assert scene.store.rows("pin") == []


def test_a_message_that_is_gone_or_cannot_be_read_is_told_of(scene: Scene) -> None:
    incident(scene)
    message = in_thread(scene)
    scene.chat.failures.add("message", UpstreamError("Slack refused conversations.replies."))
    pick(scene, NOTE, message)
    assert "This message could not be read: Slack refused conversations.replies." in told(scene)
    del scene.chat.said["C0BI", TS]
    pick(scene, NOTE, message)
    assert "This message is gone." in told(scene)


def test_the_alarm_in_a_message_is_explained_to_whoever_asks(scene: Scene) -> None:
    pick(scene, EXPLAIN, {"ts": TS, "text": "is api-down flapping again?"})
    (whisper,) = scene.chat.whispers
    assert whisper.response_url.endswith(ALICE)
    assert "`api-down`" in told(scene)
    assert "*The playbook* Default" in told(scene)


def test_in_an_incidents_thread_it_is_its_alarm_unless_another_one_is_named(scene: Scene) -> None:
    incident(scene)
    pick(scene, EXPLAIN, in_thread(scene, "why?"))
    assert "`api-errors`" in told(scene)
    assert scene.chat.whispers[-1].thread_ts == scene.headline().ts
    pick(scene, EXPLAIN, in_thread(scene, "or api-down?"))
    assert "`api-down`" in told(scene)


def test_a_message_without_an_alarm_says_how_to_ask(scene: Scene) -> None:
    pick(scene, EXPLAIN, {"ts": TS, "text": "lunch?"})
    assert "I see no alarm in this message." in told(scene)
    pick(scene, "other:thing", {"ts": TS, "text": "lunch?"})
    assert "another version" in told(scene)


@pytest.mark.parametrize(
    ("message", "alarm"),
    [
        ({"text": f"see {ARN}api-down."}, f"{ARN}api-down"),
        ({"text": f"{ARN}api errors in production is red"}, f"{ARN}api errors in production"),
        ({"text": f"`{ARN}nobodys one`"}, f"{ARN}nobodys"),
        ({"text": f"<{alarm_address('eu-west-1', 'a b&c')}|console>".replace("&", "&amp;")}, "a b&c"),
        ({"text": "<https://x.example.com/cloudwatch/home#alarm:alarmFilter=ANY;name=api%20x>"}, "api x"),
        ({"attachments": [{"fields": [{"title": "Alarm", "value": "api-down"}]}], "text": ""}, "api-down"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*api-down* is in ALARM"}}]}, "api-down"),
        ({"text": "the api-downs of my-api-down and then api errors in production"}, "api errors in production"),
        ({"text": f"{ARN}   "}, ""),
        ({"text": "nothing"}, ""),
        ({}, ""),
    ],
)
def test_an_alarm_is_known_by_its_arn_a_link_or_its_name(message: dict[str, Any], alarm: str) -> None:
    assert alarm_in(message, NAMES) == alarm


JSON = st.recursive(st.none() | st.text(max_size=40) | st.just(f"{ARN} x"), lambda inner: st.lists(inner, max_size=3))


@given(inside=JSON)
def test_no_message_is_too_odd(inside: Any) -> None:
    assert isinstance(alarm_in({"text": "x", "blocks": inside}, ["", "api"]), str)
