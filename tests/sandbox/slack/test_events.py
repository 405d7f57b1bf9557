"""What the app is told of that it did not ask for: mentions, reactions, pins, edits."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack import seed
from tests.sandbox.slack.slack_parts import Slack, bolt, running
from tests.waiting import until

Event = dict[str, Any]


class Ears:
    """The events that a Bolt app heard."""

    def __init__(self) -> None:
        self.bodies: list[Event] = []

    def told(self, kind: str, count: int = 1) -> list[Event]:
        """Wait for so many events of a type, or of a message's subtype."""

        def look() -> list[Event]:
            events = [body["event"] for body in self.bodies]
            found = [one for one in events if kind in (one["type"], one.get("subtype"))]
            return found if len(found) >= count else []

        return until(look)


@contextmanager
def hearing(slack: Slack) -> Iterator[Ears]:
    ears, app = Ears(), bolt(slack)

    @app.middleware
    def take(body: Event, next: Any) -> None:
        if body.get("type") == "event_callback":
            ears.bodies.append(body)
        next()

    for kind in ("message", "app_mention", "reaction_added", "reaction_removed", "pin_added", "pin_removed"):
        app.event(kind)(lambda: None)
    for kind in ("app_home_opened", "file_shared", "member_joined_channel"):
        app.event(kind)(lambda: None)
    with slack.connected(app):
        yield ears


@pytest.fixture
def ears(slack: Slack) -> Iterator[Ears]:
    with hearing(slack) as ears:
        yield ears


def card(slack: Slack) -> str:
    return str(slack.web().chat_postMessage(channel="C0OPS", text="an incident")["ts"])


def say(slack: Slack, text: str, thread_ts: str | None = None, user: str = "U0BOB", channel: str = "#ops") -> str:
    answer = slack.post("message", user=user, channel=channel, text=text, thread_ts=thread_ts)
    assert answer["ok"], answer
    return str(answer["ts"])


def test_a_mention_in_a_thread_says_whom_it_names_and_where_it_is(slack: Slack, ears: Ears) -> None:
    parent = card(slack)
    ts = say(slack, "<@U0RUNBOOK> assign <@U0CAROL> and <!subteam^S0ONCALL>", parent)
    (mention,) = ears.told("app_mention")
    assert mention["text"] == "<@U0RUNBOOK> assign <@U0CAROL> and <!subteam^S0ONCALL>"
    assert (mention["channel"], mention["user"]) == ("C0OPS", "U0BOB")
    assert (mention["ts"], mention["thread_ts"], mention["event_ts"]) == (ts, parent, ts)
    (body,) = [one for one in ears.bodies if one["event"]["type"] == "app_mention"]
    assert body["event_id"].startswith("Ev")


def test_a_reply_to_a_reply_belongs_to_the_thread_s_first_message(slack: Slack, ears: Ears) -> None:
    parent = card(slack)
    reply = say(slack, "first", parent)
    say(slack, "<@U0RUNBOOK> status", reply)
    assert ears.told("app_mention")[0]["thread_ts"] == parent


def test_the_app_is_not_told_where_it_is_not_a_member(slack: Slack, ears: Ears) -> None:
    slack.post("channel", channel="#ops", is_member=False)
    say(slack, "<@U0RUNBOOK> ack")
    slack.post("channel", channel="#ops", is_member=True)
    assert ears.told("member_joined_channel")[0]["channel"] == "C0OPS"
    say(slack, "<@U0RUNBOOK> now")
    assert [one["text"] for one in ears.told("app_mention")] == ["<@U0RUNBOOK> now"]


def test_a_reaction_tells_who_put_which_emoji_on_whose_message(slack: Slack, ears: Ears) -> None:
    ts = card(slack)
    where = {"user": "U0ALICE", "channel": "#ops", "ts": ts}
    assert slack.post("reaction", **where, name=":pushpin:")["ok"]
    assert slack.post("reaction", **where, name="pushpin")["error"] == "already_reacted"
    assert slack.messages()[0]["reactions"] == [{"name": "pushpin", "users": ["U0ALICE"], "count": 1}]
    (added,) = ears.told("reaction_added")
    expected = {"type": "message", "channel": "C0OPS", "ts": ts}
    assert (added["user"], added["reaction"], added["item"]) == ("U0ALICE", "pushpin", expected)
    assert (added["item_user"], float(added["event_ts"]) > 0) == ("U0RUNBOOK", True)
    assert slack.post("reaction", **where, name="pushpin", remove=True)["ok"]
    assert slack.post("reaction", **where, name="pushpin", remove=True)["error"] == "no_reaction"
    assert ears.told("reaction_removed")[0]["item"] == expected
    assert "reactions" not in slack.messages()[0]


@pytest.mark.parametrize("name", ["", "no spaces", "x" * 101, "<!channel>"])
def test_what_is_no_emoji_cannot_be_put_on_a_message(slack: Slack, name: str) -> None:
    answer = slack.post("reaction", user="U0ALICE", channel="#ops", ts=card(slack), name=name)
    assert answer["error"] == "invalid_name"


def test_a_pin_is_told_listed_and_taken_away(slack: Slack, ears: Ears) -> None:
    reply = say(slack, "restarted db-2 by hand", card(slack))
    where = {"user": "U0CAROL", "channel": "#ops", "ts": reply}
    assert slack.post("pin", **where)["ok"]
    assert slack.post("pin", **where)["error"] == "already_pinned"
    (added,) = ears.told("pin_added")
    assert (added["user"], added["channel_id"], added["pin_count"]) == ("U0CAROL", "C0OPS", "1")
    assert (added["item"]["message"]["ts"], added["item_user"]) == (reply, "U0BOB")
    (item,) = slack.web().pins_list(channel="C0OPS")["items"]
    assert (item["message"]["ts"], item["created_by"]) == (reply, "U0CAROL")
    assert item["message"]["pinned_to"] == ["C0OPS"]
    assert slack.post("pin", **where, remove=True)["ok"]
    assert ears.told("pin_removed")[0]["has_pins"] is False
    assert slack.web().pins_list(channel="C0OPS")["items"] == []


def test_the_app_pins_reacts_and_takes_both_back(slack: Slack) -> None:
    web, ts = slack.web(), card(slack)
    web.pins_add(channel="C0OPS", timestamp=ts)
    web.reactions_add(channel="C0OPS", timestamp=ts, name="eyes")
    assert slack.messages()[0]["pinned_to"] == ["C0OPS"]
    web.pins_remove(channel="C0OPS", timestamp=ts)
    web.reactions_remove(channel="C0OPS", timestamp=ts, name="eyes")
    with pytest.raises(SlackApiError, match="no_pin"):
        web.pins_remove(channel="C0OPS", timestamp=ts)
    assert "pinned_to" not in slack.messages()[0]


def test_an_edit_tells_the_words_before_and_after_and_is_what_the_thread_says(slack: Slack, ears: Ears) -> None:
    parent = card(slack)
    ts = say(slack, "it is teh database", parent)
    assert slack.post("edit", user="U0ALICE", channel="#ops", ts=ts, text="mine")["error"] == "cant_update_message"
    assert slack.post("edit", user="U0BOB", channel="#ops", ts=ts, text="it is the database")["ok"]
    (changed,) = ears.told("message_changed")
    assert (changed["channel"], changed["channel_type"], changed["hidden"]) == ("C0OPS", "channel", True)
    assert changed["message"]["text"] == "it is the database"
    assert (changed["message"]["ts"], changed["message"]["thread_ts"]) == (ts, parent)
    assert changed["message"]["edited"]["user"] == "U0BOB"
    assert changed["previous_message"]["text"] == "it is teh database"
    assert changed["ts"] != ts
    reply = slack.web().conversations_replies(channel="C0OPS", ts=parent)["messages"][1]
    assert (reply["text"], reply["edited"]["user"]) == ("it is the database", "U0BOB")


def test_a_deleted_message_is_told_with_what_it_said(slack: Slack, ears: Ears) -> None:
    parent = card(slack)
    ts = say(slack, "never mind", parent)
    assert slack.post("delete", user="U0CAROL", channel="#ops", ts=ts)["error"] == "cant_delete_message"
    assert slack.post("delete", user="U0BOB", channel="#ops", ts=ts)["ok"]
    (deleted,) = ears.told("message_deleted")
    assert (deleted["deleted_ts"], deleted["previous_message"]["text"]) == (ts, "never mind")
    assert len(slack.web().conversations_replies(channel="C0OPS", ts=parent)["messages"]) == 1


def test_a_file_that_a_person_posts_reaches_the_app_and_the_thread(slack: Slack, ears: Ears) -> None:
    parent = card(slack)
    content = base64.b64encode(b"\x89PNG graph").decode()
    given = {"user": "U0BOB", "channel": "#ops", "thread_ts": parent, "name": "cpu.png", "text": "look at 14:05"}
    assert slack.post("file", **given, content=content)["ok"]
    message = next(one for one in ears.told("message") if one.get("subtype") == "file_share")
    assert (message["text"], message["thread_ts"]) == ("look at 14:05", parent)
    reply = slack.web().conversations_replies(channel="C0OPS", ts=parent)["messages"][1]
    for file in (message["files"][0], reply["files"][0]):
        assert (file["name"], file["mimetype"], file["user"]) == ("cpu.png", "image/png", "U0BOB")
        assert file["permalink"].startswith(slack.url)
    assert ears.told("file_shared")[0]["file_id"] == reply["files"][0]["id"]
    for wrong in ({"content": "???"}, {"content": ""}, {"content": content, "name": ""}):
        assert not slack.post("file", **given | wrong)["ok"]


def test_an_app_hears_only_what_its_manifest_subscribes_to() -> None:
    with running(events=("app_mention",)) as slack, hearing(slack) as ears:
        ts = say(slack, "<@U0RUNBOOK> ack")
        slack.post("reaction", user="U0ALICE", channel="#ops", ts=ts, name="eyes")
        slack.post("edit", user="U0BOB", channel="#ops", ts=ts, text="changed")
        say(slack, "<@U0RUNBOOK> last")
        ears.told("app_mention", 2)
        assert {body["event"]["type"] for body in ears.bodies} == {"app_mention"}


def test_an_app_hears_nothing_that_its_scopes_do_not_show_it() -> None:
    scopes = [scope for scope in seed.SCOPES if scope not in ("reactions:read", "channels:history", "pins:read")]
    with running(scopes=scopes) as slack, hearing(slack) as ears:
        ts = say(slack, "<@U0RUNBOOK> ack")
        slack.post("reaction", user="U0ALICE", channel="#ops", ts=ts, name="eyes")
        slack.post("pin", user="U0ALICE", channel="#ops", ts=ts)
        say(slack, "<@U0RUNBOOK> last")
        ears.told("app_mention", 2)
        assert {body["event"]["type"] for body in ears.bodies} == {"app_mention"}
        with pytest.raises(SlackApiError, match="missing_scope"):
            slack.web().pins_list(channel="C0OPS")


def test_a_manifest_replaces_what_the_app_may_do_and_is_told() -> None:
    shortcut = {"name": "Add", "type": "message", "callback_id": "add", "description": "x"}
    manifest = {
        "features": {"shortcuts": [shortcut], "app_home": {"home_tab_enabled": True}},
        "oauth_config": {"scopes": {"bot": ["chat:write", "app_mentions:read"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention", "reaction_added"]}},
    }
    with running() as slack, hearing(slack) as ears:
        slack.server.install(manifest)
        state = until(lambda: found if (found := slack.get("state"))["shortcuts"] else None)
        assert (state["scopes"], state["shortcuts"]) == (["chat:write", "app_mentions:read"], [shortcut])
        assert slack.post("reaction", user="U0ALICE", channel="#ops", ts=card(slack), name="eyes")["ok"]
        say(slack, "<@U0RUNBOOK> ack")
        ears.told("app_mention")
        assert {body["event"]["type"] for body in ears.bodies} == {"app_mention"}
        with pytest.raises(SlackApiError, match="missing_scope"):
            slack.web().users_list()


def test_a_reply_that_is_broadcast_stands_in_the_channel_and_is_updated_there(slack: Slack) -> None:
    web, parent = slack.web(), card(slack)
    posted = web.chat_postMessage(channel="C0OPS", text="escalated", thread_ts=parent, reply_broadcast=True)
    assert posted["message"]["subtype"] == "thread_broadcast"
    web.chat_update(channel="C0OPS", ts=posted["ts"], text="escalated to Bob")
    assert [one["text"] for one in slack.messages()] == ["an incident", "escalated to Bob"]
    quiet = str(web.chat_postMessage(channel="C0OPS", text="resolved", thread_ts=parent)["ts"])
    assert len(slack.messages()) == 2
    web.chat_update(channel="C0OPS", ts=quiet, text="resolved at 15:00", reply_broadcast=True)
    assert slack.messages()[-1]["text"] == "resolved at 15:00"
