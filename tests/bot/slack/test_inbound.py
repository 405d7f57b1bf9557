"""What Bolt hands on of the things people do, and what it answers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot.domain import Actor
from bot.manifest import SHORTCUTS
from bot.ports import Message
from bot.slack.inbound import bolt_app
from tests.sandbox.slack.slack_parts import SIGNING_SECRET, Slack, running
from tests.waiting import until

Body = dict[str, Any]


class Desk:
    """Records what it is handed; ``broken`` lets every submission fail."""

    def __init__(self) -> None:
        self.typed: list[tuple[str, str, str]] = []
        self.pressed: list[tuple[str, str, str]] = []
        self.acted: list[tuple[str, str]] = []
        self.submitted: list[Actor] = []
        self.closed: list[str] = []
        self.triggers: list[str] = []
        self.mentions: list[tuple[str, str, str, str]] = []
        self.threads: list[tuple[str, str]] = []
        self.times: list[float] = []
        self.marks: list[tuple[str, str, str]] = []
        self.keys: list[str] = []
        self.homes: list[tuple[str, str]] = []
        self.shortcuts: list[tuple[str, str, str, bool]] = []
        self.wrong: dict[str, str] | None = None
        self.broken = False

    def receive(
        self, slash: str, text: str, actor: Actor, *, response_url: str = "", key: str = "", trigger_id: str = ""
    ) -> Message | None:
        self.typed.append((slash, text, actor.user))
        self.triggers.append(trigger_id)
        return None

    def press(
        self,
        action_id: str,
        value: str,
        actor: Actor,
        *,
        key: str,
        response_url: str = "",
        trigger_id: str = "",
        ts: str = "",
        thread_ts: str = "",
    ) -> None:
        self.pressed.append((action_id, value, actor.channel))
        self.threads.append((ts, thread_ts))
        self.triggers.append(trigger_id)

    def mentioned(self, text: str, bot: str, actor: Actor, *, thread_ts: str, key: str, at: float = 0.0) -> None:
        self.times.append(at)
        self.mentions.append((text, actor.user, actor.channel, thread_ts))

    def picked(
        self, shortcut: str, message: Mapping[str, Any], actor: Actor, *, key: str, response_url: str = ""
    ) -> None:
        self.shortcuts.append((shortcut, str(message["text"]), actor.channel, bool(response_url)))
        self.keys.append(key)

    def view_submitted(self, shown: Mapping[str, Any], actor: Actor) -> dict[str, str] | None:
        if self.broken:
            raise OSError("the disk is full")
        self.submitted.append(actor)
        return self.wrong

    def view_acted(self, shown: Mapping[str, Any], actor: Actor, *, key: str) -> None:
        self.acted.append((str(shown["id"]), key.split(":", maxsplit=1)[0]))

    def view_closed(self, shown: Mapping[str, Any]) -> None:
        self.closed.append(str(shown["id"]))

    def marked(self, channel: str, ts: str, *, key: str) -> None:
        self.marks.append(("marked", channel, ts))
        self.keys.append(key)

    def changed(self, channel: str, ts: str, *, key: str, deleted: bool = False) -> None:
        self.marks.append(("deleted" if deleted else "changed", channel, ts))
        self.keys.append(key)

    def home_opened(self, user: str, *, seen: str, key: str) -> None:
        self.homes.append((user, seen))
        self.keys.append(key)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def slack(desk: Desk) -> Iterator[Slack]:
    with running() as started, started.connected(bolt_app(started.web(), SIGNING_SECRET, desk)):
        yield started


def option(word: str) -> Body:
    return {"text": {"type": "plain_text", "text": word}, "value": word}


def posted(slack: Slack, *elements: Body) -> str:
    blocks = [{"type": "actions", "block_id": "operation:tick:op1", "elements": list(elements)}]
    return str(slack.web().chat_postMessage(channel="C0OPS", text="x", blocks=blocks)["ts"])


def opened(slack: Slack, desk: Desk) -> str:
    slack.command("/deploy")
    menu = {"type": "static_select", "action_id": "field:service", "options": [option("api"), option("web")]}
    label = {"type": "plain_text", "text": "Service"}
    block = {"type": "input", "block_id": "service:1", "label": label, "element": menu, "dispatch_action": True}
    title = {"type": "plain_text", "text": "Deploy"}
    view = {"type": "modal", "callback_id": "form", "title": title, "submit": title, "notify_on_close": True}
    return str(slack.web().views_open(trigger_id=desk.triggers[-1], view=view | {"blocks": [block]})["view"]["id"])


def told(slack: Slack, view_id: str, action: str, **more: Any) -> Body:
    return slack.post("view", user="U0ALICE", view_id=view_id, action=action, **more)


def test_a_command_and_a_button_come_with_a_trigger_that_opens_a_modal(slack: Slack, desk: Desk) -> None:
    opened(slack, desk)
    assert desk.typed == [("deploy", "", "U0ALICE")]
    button = {"type": "button", "action_id": "go", "value": "op:1", "text": {"type": "plain_text", "text": "Go"}}
    slack.press(posted(slack, button), "go")
    assert desk.pressed == [("go", "op:1", "C0OPS")]
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Why"}, "blocks": [{"type": "divider"}]}
    assert slack.web().views_open(trigger_id=desk.triggers[-1], view=view)["ok"]


def test_what_is_picked_is_the_value_and_ticks_are_listed_behind_what_their_block_ends_with(
    slack: Slack, desk: Desk
) -> None:
    words = [option(word) for word in ("0", "1", "2")]
    boxes = {"type": "checkboxes", "action_id": "operation:tick", "options": words}
    ts = posted(slack, {"type": "static_select", "action_id": "pick", "options": words}, boxes)
    slack.press(ts, "pick", value="1")
    slack.press(ts, "operation:tick", value=["0", "2"])
    slack.press(ts, "operation:tick", value=[])
    assert [(action, value) for action, value, _ in desk.pressed] == [
        ("pick", "1"),
        ("operation:tick", "op1:0,2"),
        ("operation:tick", "op1:"),
    ]


def test_a_choice_in_a_modal_is_no_press(slack: Slack, desk: Desk) -> None:
    view_id = opened(slack, desk)
    assert told(slack, view_id, "block_action", action_id="field:service", value="web")["ok"]
    assert desk.acted == [(view_id, "U0ALICE")]
    assert desk.pressed == []


def test_a_submission_closes_the_modal_or_shows_what_is_wrong(slack: Slack, desk: Desk) -> None:
    view_id = opened(slack, desk)
    values = {"service:1": {"field:service": "api"}}
    desk.wrong = {"service:1": "not that one"}
    assert told(slack, view_id, "submit", values=values)["errors"] == {"service:1": "not that one"}
    desk.wrong = None
    assert told(slack, view_id, "submit", values=values)["response_action"] is None
    assert [actor.user for actor in desk.submitted] == ["U0ALICE", "U0ALICE"]
    assert slack.get("views", user="U0ALICE")["views"] == []


def test_a_submission_that_cannot_be_stored_says_so_in_the_modal(slack: Slack, desk: Desk) -> None:
    view_id = opened(slack, desk)
    desk.broken = True
    answer = told(slack, view_id, "submit", values={"service:1": {"field:service": "api"}})
    assert answer["errors"] == {"service:1": "I could not store this, so nothing will happen. Try again in a moment."}


def test_a_modal_that_is_closed_is_told(slack: Slack, desk: Desk) -> None:
    view_id = opened(slack, desk)
    told(slack, view_id, "close")
    until(lambda: desk.closed == [view_id])


def said(slack: Slack, text: str = "the disk is full", user: str = "U0BOB") -> str:
    answer = slack.post("message", user=user, channel="#ops", text=text)
    assert answer["ok"], answer
    return str(answer["ts"])


def test_a_pushpin_and_its_end_are_told_and_no_other_emoji(slack: Slack, desk: Desk) -> None:
    ts = said(slack)
    where = {"user": "U0ALICE", "channel": "#ops", "ts": ts}
    slack.post("reaction", **where, name="thumbsup")
    slack.post("reaction", **where, name="pushpin")
    until(lambda: desk.marks == [("marked", "C0OPS", ts)])
    slack.post("reaction", **where, name="pushpin", remove=True)
    until(lambda: desk.marks[1:] == [("changed", "C0OPS", ts)])
    assert all(key.startswith("Ev") for key in desk.keys)
    assert len(set(desk.keys)) == 2


def test_a_pin_and_its_end_are_told(slack: Slack, desk: Desk) -> None:
    ts = said(slack)
    slack.post("pin", user="U0ALICE", channel="#ops", ts=ts)
    # What comes in one moment is heard in any order.
    until(lambda: desk.marks == [("marked", "C0OPS", ts)])
    slack.post("pin", user="U0ALICE", channel="#ops", ts=ts, remove=True)
    until(lambda: desk.marks == [("marked", "C0OPS", ts), ("changed", "C0OPS", ts)])


def test_an_edit_and_a_deletion_are_told_and_what_is_merely_written_is_not(slack: Slack, desk: Desk) -> None:
    ts = said(slack)
    slack.post("edit", user="U0BOB", channel="#ops", ts=ts, text="the disk was full")
    until(lambda: desk.marks == [("changed", "C0OPS", ts)])
    slack.post("delete", user="U0BOB", channel="#ops", ts=ts)
    until(lambda: desk.marks == [("changed", "C0OPS", ts), ("deleted", "C0OPS", ts)])


def test_the_home_tab_is_told_with_what_is_shown_in_it_and_the_messages_tab_is_not(slack: Slack, desk: Desk) -> None:
    slack.post("home", user="U0ALICE", tab="messages")
    slack.post("home", user="U0ALICE")
    until(lambda: desk.homes == [("U0ALICE", "")])
    view = {"type": "home", "blocks": [{"type": "divider"}]}
    shown = slack.web().views_publish(user_id="U0ALICE", view=view)["view"]
    slack.post("home", user="U0ALICE")
    until(lambda: desk.homes[1:] == [("U0ALICE", shown["hash"])])


def test_a_button_of_the_home_tab_is_a_press_whose_channel_is_the_person(slack: Slack, desk: Desk) -> None:
    text = {"type": "plain_text", "text": "Deploy"}
    button: Body = {"type": "button", "action_id": "home:open:deploy", "value": "deploy", "text": text}
    view = {"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}
    shown = slack.web().views_publish(user_id="U0ALICE", view=view)["view"]
    assert told(slack, shown["id"], "block_action", action_id="home:open:deploy")["ok"]
    assert desk.pressed == [("home:open:deploy", "deploy", "U0ALICE")]
    assert (desk.threads, desk.acted) == ([("", "")], [])


def test_a_button_says_in_which_thread_it_is_a_reply(slack: Slack, desk: Desk) -> None:
    button = {"type": "button", "action_id": "go", "value": "1", "text": {"type": "plain_text", "text": "Go"}}
    first = posted(slack, button)
    blocks = [{"type": "actions", "elements": [button]}]
    reply = slack.web().chat_postMessage(channel="C0OPS", text="x", blocks=blocks, thread_ts=first)["ts"]
    slack.press(first, "go")
    slack.press(str(reply), "go")
    slack.press(first, "go")
    alone = slack.web().chat_postEphemeral(channel="C0OPS", user="U0ALICE", text="x", blocks=blocks, thread_ts=first)
    slack.press(str(alone["message_ts"]), "go")
    assert desk.threads == [(first, ""), (reply, first), (first, ""), (alone["message_ts"], first)]


def test_a_mention_says_when_it_was_written(slack: Slack, desk: Desk) -> None:
    ts = said(slack, "<@U0RUNBOOK> ack")
    until(lambda: desk.times == [float(ts)])


def test_a_shortcut_is_handed_on_with_the_message_and_a_place_to_answer(desk: Desk) -> None:
    both = [{"type": "message", **each} for each in SHORTCUTS]
    with running(shortcuts=both) as slack, slack.connected(bolt_app(slack.web(), SIGNING_SECRET, desk)):
        ts = slack.web().chat_postMessage(channel="C0OPS", text="api-down is red")["ts"]
        for each in SHORTCUTS:
            picked = {"user": "U0ALICE", "channel": "#ops", "ts": ts, "callback_id": each["callback_id"]}
            assert slack.post("shortcut", **picked)["ok"]
        until(lambda: len(desk.shortcuts) == 2)
    names = ["incident:note", "alarm:explain"]
    assert desk.shortcuts == [(name, "api-down is red", "C0OPS", True) for name in names]
    assert len(set(desk.keys)) == 2
