"""Files against the pretend Slack over the wire, through slack_sdk: shared in a thread, found again, and refused."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from bot.clock import SystemClock
from bot.engine import Engine
from bot.errors import UpstreamError
from bot.files import KIND, SHARED, Files, file
from bot.graph import Graph, Series
from bot.graphs import draw
from bot.ports import Message
from bot.posts import Posts, post
from bot.slack.chat import SlackChat
from bot.slack.transport import PooledWebClient
from tests.sandbox.slack.slack_parts import BOT_TOKEN, Slack, running
from tests.scene import Scene

PICTURE = draw((Graph("CPU", (Series("Average", ()),), 0, 3600),))


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running() as started:
        yield started


@pytest.fixture
def chat(slack: Slack) -> Iterator[SlackChat]:
    client = PooledWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    yield SlackChat(client, SystemClock())
    client.close()


def test_a_picture_is_shared_in_a_thread_and_found_there(slack: Slack, chat: SlackChat) -> None:
    ts = chat.post("#ops", Message(text="an alarm"), key="k")
    assert chat.find_file("#ops", ts, "cpu-1.png") is None
    made = chat.upload("#ops", ts, "cpu-1.png", "CPU of bi/api", PICTURE, "a line that rises" * 100, "look")
    assert chat.find_file("#ops", ts, "cpu-1.png") == made
    assert chat.find_file("#ops", ts, "cpu-2.png") is None
    reply = slack.messages(thread_ts=ts)[-1]
    (shown,) = reply["files"]
    assert (reply["thread_ts"], reply["text"], shown["title"], shown["mimetype"]) == (
        *(ts, "look", "CPU of bi/api", "image/png"),
    )
    assert len(shown["alt_txt"]) == 1000
    # Slack shows a file to whoever may read files, which the bot need not: a person's page fetches it with a cookie.
    assert shown["size"] == len(PICTURE)


def test_a_text_is_shared_in_the_channel_itself_where_there_is_no_thread(slack: Slack, chat: SlackChat) -> None:
    made = chat.upload("#ops", "", "report-1.md", "Report", b"# What happened", "", snippet_type="markdown")
    assert chat.find_file("#ops", "", "report-1.md") == made
    assert slack.messages()[-1]["files"][0]["name"] == "report-1.md"


def test_a_permission_that_is_missing_is_named(slack: Slack, chat: SlackChat) -> None:
    slack.post("fault", target="slack", operation="files.getUploadURLExternal", error="missing_scope", count=1)
    with pytest.raises(UpstreamError, match="lacks a permission") as caught:
        chat.upload("#ops", "", "a.png", "A", PICTURE, "")
    assert (caught.value.code, caught.value.retryable) == ("missing_scope", False)


@pytest.mark.parametrize("operation", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_slacks_bad_days_are_worth_another_try(slack: Slack, chat: SlackChat, operation: str) -> None:
    slack.post("fault", target="slack", operation=operation, error="ratelimited", count=1)
    with pytest.raises(UpstreamError) as caught:
        chat.upload("#ops", "", "a.png", "A", PICTURE, "")
    assert (caught.value.code, caught.value.retryable) == ("ratelimited", True)
    assert chat.find_file("#ops", "", "a.png") is None
    assert chat.upload("#ops", "", "a.png", "A", PICTURE, "")


def test_an_address_that_takes_no_bytes_is_an_error_in_words(chat: SlackChat, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer, retryable in ((httpx.Response(503), True), (httpx.Response(400), False)):
        monkeypatch.setattr(httpx, "post", lambda *_, answer=answer, **__: answer)
        with pytest.raises(UpstreamError, match="did not take a file") as caught:
            chat.upload("#ops", "", "a.png", "A", PICTURE, "")
        assert caught.value.retryable is retryable

    def unreachable(*_: object, **__: object) -> httpx.Response:
        raise httpx.ConnectError("no route")

    monkeypatch.setattr(httpx, "post", unreachable)
    with pytest.raises(UpstreamError, match="cannot be reached") as caught:
        chat.upload("#ops", "", "a.png", "A", PICTURE, "")
    assert caught.value.retryable
    monkeypatch.undo()
    assert chat.find_file("#ops", "", "a.png") is None


def test_a_lost_answer_leaves_one_picture_in_the_thread(slack: Slack, chat: SlackChat, scene: Scene) -> None:
    class Forgetful(SlackChat):
        """Shares the first file and never hears of it."""

        lost = False

        def upload(
            self,
            channel: str,
            thread_ts: str,
            name: str,
            title: str,
            content: bytes,
            alt: str,
            comment: str = "",
            *,
            snippet_type: str = "",
        ) -> str:
            made = super().upload(*(channel, thread_ts, name, title, content, alt, comment), snippet_type=snippet_type)
            if not self.lost:
                self.lost = True
                raise UpstreamError("Slack cannot be reached.", retryable=True)
            return made

    client = PooledWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    forgetful = Forgetful(client, scene.clock)
    object.__setattr__(scene.world, "chat", forgetful)
    machines = {
        KIND: Files(scene.store, scene.world, {"graph": lambda world, parameters: PICTURE}),
        "post": Posts(scene.store, scene.clock, forgetful, lambda: "#ops"),
    }
    scene.engine = Engine(scene.store, scene.clock, machines, workers=2)
    scene.engine.add(post("head", "#ops", Message(text="an alarm")))
    scene.engine.add(file("k", "#ops", "graph", {}, name="cpu.png", title="CPU", thread_key="head"))
    scene.run(30)
    client.close()
    row, head = scene.store.by_key(KIND, "k"), scene.store.by_key("post", "head")
    assert row is not None and head is not None
    assert row.state == SHARED
    replies = slack.messages(thread_ts=str(head.body["ts"]))
    assert [len(reply.get("files") or ()) for reply in replies] == [0, 1]
