"""Files owed to a thread: made when their turn comes, shared once, looked up where an attempt's outcome is unknown."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from bot.engine import Engine
from bot.errors import NotFoundError, UpstreamError
from bot.files import (
    AT_ONCE,
    GIVEN_UP,
    KIND,
    LARGEST_TEXT,
    LOOK_AGAIN,
    MAKING_PATIENCE,
    NOT_NEEDED,
    SHARED,
    Files,
    file,
    text,
)
from bot.ports import Message, World
from bot.posts import Posts, post
from bot.rows import Row
from tests.fakes import Uploaded
from tests.scene import Scene

AWAY = UpstreamError("Slack cannot be reached.", retryable=True)
LIMITED = UpstreamError("Slack refused: ratelimited.", retryable=True, retry_after=3, code="ratelimited")
NO_SCOPE = UpstreamError("Slack refused files.getUploadURLExternal: the app lacks a permission.", code="missing_scope")


class Killed(BaseException):
    """The process ends here."""


class Room:
    """A scene whose files are made by ``make``, which a test may replace."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.made = scene, 0
        self.content: bytes | None = b"picture"
        self.errors: list[Exception] = []
        self.files = Files(scene.store, scene.world, {"graph": self.make})
        posts = Posts(scene.store, scene.clock, scene.chat, lambda: "#ops")
        scene.engine = Engine(scene.store, scene.clock, {KIND: self.files, "post": posts}, workers=2)

    def make(self, world: World, parameters: Mapping[str, Any]) -> bytes | None:
        assert world is self.scene.world
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.content and self.content + str(parameters["of"]).encode()

    def owe(self, key: str = "k", channel: str = "#bi", **more: Any) -> None:
        more = {"thread_key": "head", **more}
        owed = file(key, channel, "graph", {"of": "cpu"}, name="cpu.png", title="CPU", alt="a line", **more)
        self.scene.engine.add(owed)

    def head(self, channel: str = "#bi") -> None:
        self.scene.engine.add(post("head", channel, Message(text="hello")))

    def row(self, key: str = "k") -> Row:
        found = self.scene.store.by_key(KIND, key)
        assert found is not None
        return found

    @property
    def shared(self) -> list[Uploaded]:
        return self.scene.chat.files


@pytest.fixture
def room(scene: Scene) -> Room:
    return Room(scene)


def test_a_file_is_shared_in_the_thread_of_its_post(room: Room) -> None:
    room.head()
    room.owe()
    room.scene.run(2)
    (shared,) = room.shared
    assert (shared.channel, shared.thread_ts) == ("C0BI", room.scene.chat.by_key("head").ts)
    assert (shared.title, shared.alt, shared.content) == ("CPU", "a line", b"picturecpu")
    assert (room.row().state, room.row().body["file"]) == (SHARED, "F1")
    assert room.scene.chat.finds == []


def test_names_are_derived_from_keys_and_never_the_same(room: Room) -> None:
    room.owe("k")
    room.owe("other")
    room.owe("k")
    room.scene.run(2)
    names = [shared.name for shared in room.shared]
    assert len(names) == len(set(names)) == 2
    assert all(name.startswith("cpu-") and name.endswith(".png") for name in names)


def test_a_file_waits_for_the_first_message_of_its_thread(room: Room) -> None:
    room.scene.chat.failures.add("post", AWAY, AWAY)
    room.owe()
    room.head()
    room.scene.run(10)
    (shared,) = room.shared
    assert shared.thread_ts == room.scene.chat.by_key("head").ts
    assert room.made == 1


def test_a_file_follows_its_thread_to_the_default_channel(room: Room) -> None:
    room.head("#gone")
    room.owe(channel="#gone")
    room.scene.run(3)
    assert [(shared.channel, shared.thread_ts) for shared in room.shared] == [("C0OPS", "1.000100")]


def test_a_file_whose_answer_was_lost_is_found_and_not_shared_again(room: Room) -> None:
    room.scene.chat.lost_answers.add("upload", AWAY)
    room.head()
    room.owe()
    room.scene.run(30)
    assert len(room.shared) == 1
    assert room.made == 1
    assert (room.row().state, room.row().body["file"]) == (SHARED, "F1")


def test_a_file_that_slack_shows_late_is_not_shared_again(room: Room) -> None:
    room.scene.chat.lost_answers.add("upload", AWAY)
    room.head()
    room.owe()
    room.scene.run()
    late = room.shared.pop()
    room.scene.run(3)
    assert room.row().state == "owed"
    room.shared.append(late)
    room.scene.run(LOOK_AGAIN + 1)
    assert (len(room.shared), room.made, room.row().state) == (1, 1, SHARED)


def test_a_process_that_dies_after_the_upload_leaves_one_file(room: Room) -> None:
    room.head()
    room.scene.run(2)
    room.scene.chat.lost_answers.add("upload", Killed())
    room.owe()
    with pytest.raises(Killed):
        room.scene.run()
    assert len(room.shared) == 1
    again = Room(room.scene)
    room.scene.run(120)
    assert (len(room.shared), again.made, room.row().state) == (1, 0, SHARED)


def test_a_process_that_dies_before_the_upload_leaves_one_file(room: Room) -> None:
    room.head()
    room.scene.run(2)
    room.scene.chat.failures.add("upload", Killed())
    room.owe()
    with pytest.raises(Killed):
        room.scene.run()
    Room(room.scene)
    room.scene.run(120)
    assert (len(room.shared), room.row().state) == (1, SHARED)


def test_a_file_that_did_not_arrive_is_shared_once(room: Room) -> None:
    room.scene.chat.failures.add("upload", AWAY, AWAY, AWAY)
    room.head()
    room.owe()
    room.scene.run(200)
    assert (len(room.shared), room.row().state) == (1, SHARED)


def test_a_day_without_slack_loses_no_file(room: Room) -> None:
    room.head()
    room.scene.run(2)
    room.scene.chat.failures.add("upload", AWAY)
    room.scene.chat.failures.add("find_file", *[AWAY] * 1000)
    room.owe()
    for _ in range(1100):
        room.scene.clock.advance(60)
        room.scene.run()
    assert (len(room.shared), room.row().state) == (1, SHARED)


def test_an_upload_that_never_works_ends(room: Room) -> None:
    room.head()
    room.scene.chat.failures.add("upload", *[AWAY] * 2000)
    room.owe()
    for _ in range(1500):
        room.scene.clock.advance(60)
        room.scene.run()
    assert (len(room.shared), room.row().state) == (0, GIVEN_UP)


def test_a_full_workspace_is_waited_for_without_looking_anything_up(room: Room) -> None:
    room.scene.chat.failures.add("upload", *[LIMITED] * 5)
    room.head()
    room.owe()
    room.scene.run(30)
    assert (len(room.shared), room.scene.chat.finds) == (1, [])


def test_what_is_not_needed_any_more_is_not_shared(room: Room) -> None:
    room.content = None
    room.owe()
    room.scene.run(5)
    assert (room.shared, room.row().state) == ([], NOT_NEEDED)


def test_a_missing_permission_is_one_line_in_the_log(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    room.scene.chat.failures.add("upload", NO_SCOPE)
    room.owe()
    with caplog.at_level(logging.WARNING):
        room.scene.run(60)
    assert (room.shared, room.row().state) == ([], GIVEN_UP)
    assert [each.getMessage() for each in caplog.records if each.name == "bot.files"] == ["file given up"]


def test_a_channel_that_does_not_exist_gives_the_file_up(room: Room) -> None:
    room.owe(channel="#gone", thread_key="")
    room.scene.run(60)
    assert (room.shared, room.row().state) == ([], GIVEN_UP)


def test_what_cannot_be_read_for_a_while_is_made_later_and_nothing_is_looked_up(room: Room) -> None:
    room.errors = [UpstreamError("AWS is throttling.", retryable=True)] * 3
    room.owe()
    room.scene.run(60)
    assert (len(room.shared), room.made, room.scene.chat.finds) == (1, 4, [])


def test_what_cannot_be_read_for_long_is_given_up(room: Room) -> None:
    room.errors = [UpstreamError("AWS is throttling.", retryable=True)] * 100
    room.owe()
    room.scene.run(400)
    assert (room.shared, room.made, room.row().state) == ([], MAKING_PATIENCE, GIVEN_UP)


@pytest.mark.parametrize("error", [UpstreamError("AWS denied it."), NotFoundError("no alarm"), ZeroDivisionError()])
def test_what_cannot_be_made_is_given_up_at_once(room: Room, error: Exception) -> None:
    room.errors = [error]
    room.owe()
    room.scene.run(60)
    assert (room.shared, room.made, room.row().state) == ([], 1, GIVEN_UP)


def test_a_kind_that_nothing_makes_any_more_is_given_up(room: Room) -> None:
    room.scene.engine.add(file("k", "#bi", "hologram", {}, name="a.holo", title="A"))
    room.scene.run(5)
    assert room.row().state == GIVEN_UP


def test_a_crowd_of_files_leaves_the_workers_to_others(room: Room) -> None:
    for number in range(6):
        room.owe(f"k{number}", thread_key="")
    taken = [room.files._room.acquire(blocking=False) for _ in range(AT_ONCE)]
    room.scene.run(2)
    assert (room.shared, room.made) == ([], 0)
    for _ in taken:
        room.files._room.release()
    room.scene.run(10)
    assert len(room.shared) == 6


def test_a_text_is_kept_redacted_and_cut(room: Room) -> None:
    secret = "password=" + "hunter2hunter2"
    long = f"# What happened\n{secret}\n" + "ä" * LARGEST_TEXT
    room.scene.engine.add(text("t", "#bi", long, name="report.md", title="Report"))
    room.scene.run(2)
    (shared,) = room.shared
    assert shared.snippet_type == "markdown"
    assert len(shared.content) <= LARGEST_TEXT
    said = shared.content.decode()
    assert said.startswith("# What happened\npassword=[redacted]\nä")
    assert said.endswith("longer than a file may be here.\n")


def test_an_empty_text_is_no_file(room: Room) -> None:
    room.scene.engine.add(text("t", "#bi", "", name="report.txt", title="Report"))
    room.scene.run(2)
    assert (room.shared, room.row("t").state) == ([], NOT_NEEDED)
