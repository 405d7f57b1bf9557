"""The app's home tab, and shortcuts in a message's menu."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_bolt import Ack
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.slack_parts import Slack, bolt, running
from tests.waiting import until

Body = dict[str, Any]

SHORTCUT = {"name": "Add to timeline", "type": "message", "callback_id": "incident:note", "description": "Keep it"}
BUTTON = {"type": "button", "action_id": "go", "value": "1", "text": {"type": "plain_text", "text": "Go"}}


class Bot:
    """A Bolt app with a home tab, a button on it, and a shortcut."""

    def __init__(self, slack: Slack) -> None:
        self.bodies: list[Body] = []
        self.app = bolt(slack)

        def take(ack: Ack, body: Body) -> None:
            ack()
            self.bodies.append(body)

        self.app.event("app_home_opened")(take)
        self.app.action("go")(take)
        self.app.shortcut("incident:note")(take)

    def told(self, kind: str) -> Body:
        """Wait for the newest payload of that type."""

        def look() -> Body | None:
            found = [one for one in self.bodies if kind in (one["type"], one.get("event", {}).get("type"))]
            return found[-1] if found else None

        return until(look)


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running(shortcuts=[SHORTCUT]) as slack:
        yield slack


@pytest.fixture
def bot(slack: Slack) -> Iterator[Bot]:
    bot = Bot(slack)
    with slack.connected(bot.app):
        yield bot


def home(*words: str) -> Body:
    sections = [{"type": "section", "text": {"type": "mrkdwn", "text": word}} for word in words]
    return {"type": "home", "blocks": [*sections, {"type": "actions", "block_id": "row", "elements": [BUTTON]}]}


def test_opening_the_home_tab_tells_the_app_who_and_what_they_see(slack: Slack, bot: Bot) -> None:
    assert slack.post("home", user="U0ALICE")["view"] is None
    event = bot.told("app_home_opened")["event"]
    assert (event["user"], event["tab"], event["channel"]) == ("U0ALICE", "home", "D0ALICE")
    assert "view" not in event
    bot.bodies.clear()
    published = slack.web().views_publish(user_id="U0ALICE", view=home("two incidents"))["view"]
    assert slack.post("home", user="U0ALICE")["view"]["id"] == published["id"]
    assert bot.told("app_home_opened")["event"]["view"]["hash"] == published["hash"]
    assert slack.post("home", user="U0BOB")["view"] is None


def test_a_button_of_the_home_tab_tells_its_view_and_no_channel(slack: Slack, bot: Bot) -> None:
    view = slack.web().views_publish(user_id="U0ALICE", view=home("two incidents"))["view"]
    pressed = {"user": "U0ALICE", "view_id": view["id"], "action": "block_action", "action_id": "go", "value": "1"}
    assert slack.post("view", **pressed)["ok"]
    body = bot.told("block_actions")
    assert body["container"] == {"type": "view", "view_id": view["id"]}
    assert (body["view"]["type"], body["actions"][0]["value"]) == ("home", "1")
    assert "channel" not in body
    assert not slack.post("view", **pressed | {"user": "U0BOB"})["ok"]
    assert slack.post("view", **pressed | {"action": "submit"})["error"] == "invalid_action"
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "More"}, "blocks": view["blocks"]}
    assert slack.web().views_open(trigger_id=body["trigger_id"], view=modal)["ok"]


def test_a_stale_hash_and_the_101st_block_are_refused(slack: Slack) -> None:
    web = slack.web()
    old = web.views_publish(user_id="U0ALICE", view=home("one"))["view"]["hash"]
    web.views_publish(user_id="U0ALICE", view=home("two"), hash=old)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        web.views_publish(user_id="U0ALICE", view=home("three"), hash=old)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        web.views_publish(user_id="U0ALICE", view=home(*map(str, range(100))))
    assert web.views_publish(user_id="U0ALICE", view=home(*map(str, range(99))))["ok"]


def test_an_app_without_a_home_tab_can_publish_none() -> None:
    with running(home_tab=False) as slack:
        with pytest.raises(SlackApiError, match="not_enabled"):
            slack.web().views_publish(user_id="U0ALICE", view=home("one"))
        assert slack.post("home", user="U0ALICE")["error"] == "not_enabled"


def test_a_shortcut_gives_the_app_the_message_a_trigger_and_a_place_to_answer(slack: Slack, bot: Bot) -> None:
    parent = slack.web().chat_postMessage(channel="C0OPS", text="an incident")["ts"]
    ts = slack.post("message", user="U0BOB", channel="#ops", text="restarted db-2", thread_ts=parent)["ts"]
    picked = {"user": "U0ALICE", "channel": "#ops", "ts": ts, "callback_id": "incident:note"}
    assert slack.post("shortcut", **picked)["ok"]
    body = bot.told("message_action")
    assert (body["callback_id"], body["user"]["id"], body["channel"]["id"]) == ("incident:note", "U0ALICE", "C0OPS")
    assert (body["message"]["text"], body["message"]["thread_ts"], body["message_ts"]) == ("restarted db-2", parent, ts)
    assert httpx.post(body["response_url"], json={"text": "Added."}, trust_env=False).text == "ok"
    assert [one["text"] for one in slack.messages() if one["ephemeral"]] == ["Added."]
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "Note"}, "blocks": home("x")["blocks"]}
    assert slack.web().views_open(trigger_id=body["trigger_id"], view=modal)["ok"]


def test_a_shortcut_that_the_manifest_does_not_name_is_unknown(slack: Slack) -> None:
    ts = slack.post("message", user="U0BOB", channel="#ops", text="x")["ts"]
    picked = {"user": "U0ALICE", "channel": "#ops", "ts": ts}
    assert slack.post("shortcut", **picked, callback_id="other")["error"] == "unknown_shortcut"
    assert slack.post("shortcut", **picked, callback_id="incident:note")["error"] == "dispatch_failed"
