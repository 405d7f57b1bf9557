"""What can be read of the pretend Slack over the wire: one message, a group, and the home tab being published."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from bot.clock import SystemClock
from bot.errors import ConflictError, UpstreamError
from bot.ports import Message
from bot.slack.chat import SlackChat
from bot.slack.transport import PooledWebClient
from tests.sandbox.slack.slack_parts import BOT_TOKEN, Slack, running

HOME = {"type": "home", "blocks": [{"type": "divider"}]}


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running() as started:
        yield started


@pytest.fixture
def chat(slack: Slack) -> Iterator[SlackChat]:
    client = PooledWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    yield SlackChat(client, SystemClock())
    client.close()


def reply(slack: Slack, thread: str, text: str = "it was the &lt;cache&gt;") -> str:
    return str(slack.post("message", user="U0BOB", channel="#ops", text=text, thread_ts=thread)["ts"])


def test_a_reply_is_read_with_who_marked_it(slack: Slack, chat: SlackChat) -> None:
    thread = chat.post("#ops", Message(text="an incident"), key="k")
    reply(slack, thread, "before")
    ts = reply(slack, thread)
    reply(slack, thread, "after")
    slack.post("reaction", user="U0ALICE", channel="#ops", ts=ts, name="pushpin")
    slack.post("pin", user="U0CAROL", channel="#ops", ts=ts)
    said = chat.message("#ops", ts)
    assert said is not None
    assert (said.ts, said.thread_ts, said.user, said.text) == (ts, thread, "U0BOB", "it was the &lt;cache&gt;")
    assert (dict(said.reactions), said.pinned_by) == ({"pushpin": ("U0ALICE",)}, "U0CAROL")


def test_a_channel_that_was_archived_says_so_although_the_list_was_read_after_it(slack: Slack, chat: SlackChat) -> None:
    slack.post("channel", channel="ops", is_archived=True)
    with pytest.raises(UpstreamError) as caught:
        chat.post("#ops", Message(text="an incident"), key="k")
    assert caught.value.code == "is_archived"
    slack.post("channel", channel="ops", is_archived=False)
    assert chat.post("#ops", Message(text="an incident"), key="k")


def test_a_message_that_begins_a_thread_or_none_is_its_own_thread(slack: Slack, chat: SlackChat) -> None:
    thread = chat.post("#ops", Message(text="an incident"), key="k")
    alone = chat.message("C0OPS", thread)
    reply(slack, thread)
    begins = chat.message("C0OPS", thread)
    assert [said.thread_ts for said in (alone, begins) if said] == [thread, thread]


def test_files_come_with_their_names_and_addresses(slack: Slack, chat: SlackChat) -> None:
    thread = chat.post("#ops", Message(text="an incident"), key="k")
    content = base64.b64encode(b"picture").decode()
    given = {"user": "U0BOB", "channel": "#ops", "thread_ts": thread, "name": "cpu.png", "title": "CPU"}
    posted = slack.post("file", **given, content=content, text="look")
    said = chat.message("#ops", posted["ts"])
    assert said is not None
    assert [(file.name, file.link) for file in said.files] == [("CPU", posted["file"]["permalink"])]


def test_what_was_deleted_or_never_was_is_none(slack: Slack, chat: SlackChat) -> None:
    thread = chat.post("#ops", Message(text="an incident"), key="k")
    ts = reply(slack, thread)
    slack.post("delete", user="U0BOB", channel="#ops", ts=ts)
    assert chat.message("#ops", ts) is None
    assert chat.message("#ops", "1.000001") is None


def test_a_message_with_replies_that_was_deleted_is_none_too(slack: Slack, chat: SlackChat) -> None:
    parent = str(slack.post("message", user="U0BOB", channel="#ops", text="a question")["ts"])
    reply(slack, parent)
    slack.post("delete", user="U0BOB", channel="#ops", ts=parent)
    assert chat.message("#ops", parent) is None


def test_a_message_that_may_not_be_read_is_no_message_that_is_gone(slack: Slack, chat: SlackChat) -> None:
    slack.post("fault", target="slack", operation="conversations.replies", error="missing_scope")
    with pytest.raises(UpstreamError, match="the app lacks a permission"):
        chat.message("#ops", "1.000001")


def test_a_group_has_its_members_and_an_unknown_one_none(chat: SlackChat) -> None:
    assert "U0ALICE" in chat.group_members("S0ONCALL")
    assert chat.group_members("S0NOBODY") == ()


def test_a_home_tab_is_published_and_a_newer_one_is_not_overwritten(slack: Slack, chat: SlackChat) -> None:
    first = chat.publish_home("U0ALICE", HOME)
    text = {"type": "plain_text", "text": "News"}
    second = chat.publish_home("U0ALICE", {**HOME, "blocks": [{"type": "header", "text": text}]}, seen=first)
    with pytest.raises(ConflictError, match="newer"):
        chat.publish_home("U0ALICE", HOME, seen=first)
    assert second != first
    (shown,) = slack.get("views", user="U0ALICE")["home"]["blocks"]
    assert shown["text"]["text"] == "News"


def test_a_home_tab_that_is_switched_off_says_so() -> None:
    with running(home_tab=False) as slack:
        client = PooledWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
        with pytest.raises(UpstreamError, match="not_enabled"):
            SlackChat(client, SystemClock()).publish_home("U0ALICE", HOME)
        client.close()


def test_whoever_is_alone_with_the_bot_is_told_there(slack: Slack, chat: SlackChat) -> None:
    chat.whisper("U0ALICE", "U0ALICE", Message(text="You may not deploy."))
    channel = slack.web().conversations_open(users="U0ALICE")["channel"]["id"]
    assert [one["text"] for one in slack.messages(channel)] == ["You may not deploy."]


def test_a_channel_is_known_by_its_name_without_asking_once_the_list_was_read(slack: Slack, chat: SlackChat) -> None:
    assert not chat.is_channel("C0OPS", "#ops")
    assert chat.channel_id("#ops") == "C0OPS"
    slack.faults.add("slack", "conversations.list", "disconnect", count=1, seconds=None)
    assert chat.is_channel("C0OPS", "#ops") and chat.is_channel("C0OPS", "C0OPS")
    assert not chat.is_channel("C0OPS", "#bi-platform") and not chat.is_channel("C0OPS", "#nosuch")
