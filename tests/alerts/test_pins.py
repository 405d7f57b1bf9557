"""Messages that people put into an incident's record: read when something changes, whatever order events come in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from alerts.pins import ELSEWHERE, KEPT, OWED, REMOVED, Pin, pinned
from bot.chat_ports import Said, SharedFile
from bot.errors import UpstreamError
from bot.rows import Row
from tests.scene import ALICE, BOB, CARA, DAVE, EVE, GUS, ROBOT, Scene

AWAY = UpstreamError("Slack cannot be reached.", retryable=True)
FORBIDDEN = UpstreamError("Slack refused conversations.replies: missing.", code="missing_scope")
TS = "1750000100.000200"


class Killed(BaseException):
    """The process ends here."""


class Wall:
    """An incident in whose thread Bob wrote something."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._events = 0
        scene.alarm("ALARM", "m1", name="api-errors")
        scene.run(3)
        self.thread = scene.headline().ts
        self.says("it was the cache")

    def says(self, text: str, **more: Any) -> None:
        """What the message is now."""
        given: dict[str, Any] = {"ts": TS, "thread_ts": self.thread, "user": BOB, "text": text} | more
        self.scene.chat.said["C0BI", TS] = Said(**given)

    def marks(self, *users: str, pinned_by: str = "") -> None:
        """Whose 📌 stands on it now."""
        said = self.scene.chat.said["C0BI", TS]
        reactions = {"pushpin": users, "thumbsup": (CARA,)} if users else {}
        self.scene.chat.said["C0BI", TS] = replace(said, reactions=reactions, pinned_by=pinned_by)

    def told(self, what: str = "marked", event: str = "") -> None:
        """Slack tells that something changed."""
        self._events += 1
        key = event or f"Ev{self._events}"
        if what == "marked":
            self.scene.front.marked("C0BI", TS, key=key)
        else:
            self.scene.front.changed("C0BI", TS, key=key, deleted=what == "deleted")
        self.scene.run(2)

    def row(self) -> Row:
        found = self.scene.store.by_key("pin", f"C0BI:{TS}")
        assert found is not None
        return found

    @property
    def pin(self) -> Pin:
        return Pin.model_validate(self.row().body)

    def kept(self) -> list[str]:
        """What is pinned of the incident."""
        (row,) = self.scene.incidents()
        return [pin.text for pin in pinned(self.scene.store, frozenset((row.id,)), 0.0)]


@pytest.fixture
def wall(scene: Scene) -> Wall:
    return Wall(scene)


def test_a_pushpin_keeps_the_words_their_author_their_time_and_their_files(wall: Wall) -> None:
    files = (SharedFile("cpu.png", "https://slack.example.com/files/F1"),)
    wall.says("it was <@U0CARA>'s cache: 5 &lt; 7", files=files)
    wall.marks(ALICE)
    wall.told()
    pin, (incident,) = wall.pin, wall.scene.incidents()
    assert (wall.row().state, pin.incident, pin.pinned_by) == (KEPT, incident.id, ALICE)
    assert (pin.text, pin.author, pin.at) == ("it was cara's cache: 5 < 7", BOB, 1_750_000_100.0002)
    assert [(file.name, file.link) for file in pin.files] == [("cpu.png", "https://slack.example.com/files/F1")]
    assert pin.link == f"https://slack.example.com/C0BI/p{TS}"


def test_a_pinned_message_is_kept_like_one_with_a_pushpin(wall: Wall) -> None:
    wall.marks(pinned_by=CARA)
    wall.told()
    assert (wall.kept(), wall.pin.pinned_by) == (["it was the cache"], CARA)


def test_an_edit_changes_what_is_kept(wall: Wall) -> None:
    wall.marks(ALICE)
    wall.told()
    wall.says("it was the database", reactions={"pushpin": (ALICE,)})
    wall.told("changed")
    assert wall.kept() == ["it was the database"]


def test_the_last_pushpin_taken_away_removes_it_and_one_more_brings_it_back(wall: Wall) -> None:
    wall.marks(ALICE, BOB)
    wall.told()
    wall.marks(BOB)
    wall.told("changed")
    assert wall.kept() == ["it was the cache"]
    wall.marks()
    wall.told("changed")
    assert (wall.kept(), wall.row().state, wall.pin.text) == ([], REMOVED, "it was the cache")
    wall.marks(CARA)
    wall.told()
    assert wall.kept() == ["it was the cache"]


def test_of_a_deleted_message_not_even_the_words_are_kept(wall: Wall) -> None:
    wall.marks(ALICE)
    wall.told()
    del wall.scene.chat.said["C0BI", TS]
    wall.told("deleted")
    assert (wall.row().state, wall.kept()) == (REMOVED, [])
    assert "cache" not in json.dumps(dict(wall.row().body))


def test_events_in_any_order_lead_to_what_slack_shows(wall: Wall) -> None:
    """The pushpin was taken away before the bot heard that it was put there."""
    wall.told("changed")
    wall.told()
    assert (wall.row().state, wall.kept()) == (REMOVED, [])


def test_a_message_that_is_gone_before_it_is_read_is_removed(wall: Wall) -> None:
    del wall.scene.chat.said["C0BI", TS]
    wall.told()
    assert wall.row().state == REMOVED


def test_an_event_that_comes_twice_is_taken_once(wall: Wall) -> None:
    wall.marks(ALICE)
    wall.told()
    wall.told("changed", "EvSame")
    reads = wall.scene.chat.reads
    wall.told("changed", "EvSame")
    assert wall.scene.chat.reads == reads


def test_what_is_said_elsewhere_is_read_once_and_never_again(wall: Wall) -> None:
    wall.says("lunch?", thread_ts=TS)
    wall.marks(ALICE)
    wall.told()
    assert (wall.row().state, wall.kept()) == (ELSEWHERE, [])
    reads = wall.scene.chat.reads
    wall.told("changed")
    assert wall.scene.chat.reads == reads
    assert "lunch" not in json.dumps(dict(wall.row().body))


def test_messages_that_nobody_marked_cost_nothing(wall: Wall) -> None:
    wall.told("changed")
    wall.told("deleted")
    assert (wall.scene.chat.reads, wall.scene.store.rows("pin")) == (0, [])


@pytest.mark.parametrize("user", [DAVE, EVE, GUS, ROBOT])
def test_whoever_may_only_read_strangers_guests_and_bots_put_nothing_into_the_record(wall: Wall, user: str) -> None:
    wall.marks(user)
    wall.told()
    assert (wall.row().state, wall.kept()) == (REMOVED, [])
    wall.marks(user, BOB)
    wall.told()
    assert (wall.kept(), wall.pin.pinned_by) == (["it was the cache"], BOB)


def test_secrets_are_masked_before_they_are_stored(wall: Wall) -> None:
    wall.says("password=" + "hunter2" * 2)
    wall.marks(ALICE)
    wall.told()
    assert wall.kept() == ["password=[redacted]"]


def test_slack_being_away_delays_it(wall: Wall) -> None:
    wall.scene.chat.failures.add("message", AWAY, AWAY)
    wall.marks(ALICE)
    wall.told()
    assert wall.row().state == OWED
    wall.scene.run(5)
    assert wall.kept() == ["it was the cache"]


def test_an_edit_that_cannot_be_read_leaves_what_is_known(wall: Wall) -> None:
    wall.marks(ALICE)
    wall.told()
    wall.scene.chat.failures.add("message", FORBIDDEN)
    wall.told("changed")
    assert wall.kept() == ["it was the cache"]


def test_an_address_that_slack_does_not_tell_holds_nothing_up(wall: Wall) -> None:
    wall.scene.chat.failures.add("permalink", AWAY)
    wall.marks(ALICE)
    wall.told()
    assert (wall.kept(), wall.pin.link) == (["it was the cache"], "")


@pytest.mark.parametrize("call", ["message", "person", "permalink"])
def test_whenever_the_bot_dies_it_is_kept_once(wall: Wall, call: str) -> None:
    wall.scene.chat.failures.add(call, Killed())
    wall.marks(ALICE)
    with pytest.raises(Killed):
        wall.told()
    wall.scene.store.release()
    wall.scene.run(2)
    assert wall.kept() == ["it was the cache"]


def test_a_message_is_kept_after_the_incident_is_over_too(wall: Wall) -> None:
    wall.scene.press_incident("resolve")
    wall.scene.run(3)
    wall.marks(ALICE)
    wall.told()
    assert wall.kept() == ["it was the cache"]
