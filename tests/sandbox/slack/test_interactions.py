"""Buttons, modals, response URLs: what people press and what the app may do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.slack_parts import Slack, bolt
from tests.waiting import until

Body = dict[str, Any]

OPTION = {"text": {"type": "plain_text", "text": "Two"}, "value": "2"}
BLOCKS = [
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {"type": "button", "action_id": "go", "value": "op-1", "text": {"type": "plain_text", "text": "Go"}},
            {"type": "static_select", "action_id": "size", "options": [OPTION]},
        ],
    }
]
MODAL = {
    "type": "modal",
    "callback_id": "scale",
    "title": {"type": "plain_text", "text": "Scale"},
    "submit": {"type": "plain_text", "text": "Scale"},
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "tasks",
            "label": {"type": "plain_text", "text": "Tasks"},
            "element": {"type": "plain_text_input", "action_id": "count", "initial_value": "2"},
        },
        BLOCKS[0],
    ],
}


class Bot:
    """A Bolt app that keeps what it is told and does what a test says."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.bodies: list[Body] = []
        self.reply: Callable[[Body], Body] = lambda body: {}

        def take(ack: Ack, body: Body) -> None:
            self.bodies.append(body)
            ack(**self.reply(body))

        app.command("/ops")(take)
        app.action("go")(take)
        app.action("size")(take)
        app.view("scale")(take)
        app.view_closed("scale")(take)

    @property
    def last(self) -> Body:
        return self.bodies[-1]


@pytest.fixture
def bot(slack: Slack) -> Iterator[Bot]:
    bot = Bot(bolt(slack))
    with slack.connected(bot.app):
        yield bot


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def posted(slack: Slack) -> str:
    return str(slack.web().chat_postMessage(channel="C0OPS", text="press", blocks=BLOCKS)["ts"])


def opened(slack: Slack, bot: Bot) -> Body:
    slack.command("/ops")
    view: Body = slack.web().views_open(trigger_id=bot.last["trigger_id"], view=MODAL)["view"]
    return view


def test_a_press_tells_who_pressed_what_where(slack: Slack, bot: Bot) -> None:
    ts = posted(slack)
    assert slack.press(ts, "go", user="U0BOB")["ok"]
    body = bot.last
    assert body["type"] == "block_actions"
    assert body["user"] == {"id": "U0BOB", "username": "bob", "name": "bob", "team_id": "T0SANDBOX"}
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "C0OPS",
        "is_ephemeral": False,
    }
    assert body["message"]["ts"] == ts
    assert body["channel"] == {"id": "C0OPS", "name": "ops"}
    (action,) = body["actions"]
    assert (action["action_id"], action["block_id"], action["type"], action["value"]) == ("go", "row", "button", "op-1")
    assert float(action["action_ts"])


def test_a_picked_option_is_told_with_its_words_and_in_the_state(slack: Slack, bot: Bot) -> None:
    assert slack.press(posted(slack), "size", value="2")["ok"]
    assert bot.last["actions"][0]["selected_option"] == OPTION
    assert bot.last["state"]["values"]["row"]["size"]["selected_option"] == OPTION


def test_what_is_not_there_cannot_be_pressed(slack: Slack, bot: Bot) -> None:
    ts = posted(slack)
    assert slack.press(ts, "absent")["error"] == "action_not_found"
    assert slack.press("1.000001", "go")["error"] == "message_not_found"
    assert slack.press(ts, "size", value="9")["error"] == "invalid_value"
    assert slack.press(ts, "go", value="forged")["error"] == "invalid_value"
    assert slack.press(ts, "go", user="U0NOBODY")["error"] == "user_not_found"
    assert bot.bodies == []


def test_a_button_of_an_ephemeral_message_is_its_readers_alone(slack: Slack, bot: Bot) -> None:
    answer = slack.web().chat_postEphemeral(channel="C0OPS", user="U0ALICE", text="press", blocks=BLOCKS)
    ts = answer["message_ts"]
    assert slack.press(ts, "go", user="U0BOB")["error"] == "message_not_found"
    assert slack.press(ts, "go")["ok"]
    assert bot.last["container"]["is_ephemeral"]
    assert "message" not in bot.last


def test_a_response_url_works_five_times(slack: Slack, bot: Bot) -> None:
    slack.command("/ops")
    url = bot.last["response_url"]
    answers = [httpx.post(url, json={"text": str(n)}, trust_env=False) for n in range(6)]
    assert [answer.text for answer in answers[:5]] == ["ok"] * 5
    assert (answers[5].status_code, answers[5].json()["error"]) == (404, "used_url")
    assert [one["text"] for one in slack.messages()] == ["0", "1", "2", "3", "4"]
    assert slack.messages(user="U0BOB") == []


def test_a_response_url_ends_after_half_an_hour(slack: Slack, bot: Bot) -> None:
    slack.command("/ops")
    slack.clock.advance(30 * 60 + 1)
    answer = httpx.post(bot.last["response_url"], json={"text": "late"}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (404, "expired_url")


def test_a_response_replaces_or_deletes_the_message_with_the_button(slack: Slack, bot: Bot) -> None:
    slack.press(posted(slack), "go")
    url = bot.last["response_url"]
    httpx.post(url, json={"text": "done", "replace_original": True}, trust_env=False)
    assert [(one["text"], one["blocks"]) for one in slack.messages(user="U0BOB")] == [("done", [])]
    httpx.post(url, json={"text": "to all", "response_type": "in_channel"}, trust_env=False)
    httpx.post(url, json={"delete_original": True}, trust_env=False)
    assert [one["text"] for one in slack.messages(user="U0BOB")] == ["to all"]
    wrong = httpx.post(url, json={"blocks": [{"type": "marquee"}]}, trust_env=False)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_blocks")


def test_a_trigger_opens_one_view(slack: Slack, bot: Bot) -> None:
    view = opened(slack, bot)
    assert [one["id"] for one in slack.get("views", user="U0ALICE")["views"]] == [view["id"]]
    again = bot.last["trigger_id"]
    assert refused(slack.web().views_open, trigger_id=again, view=MODAL) == "exchanged_trigger_id"
    assert refused(slack.web().views_open, trigger_id="1.2.3", view=MODAL) == "invalid_trigger_id"


def test_a_trigger_is_too_old_after_slacks_patience(impatient: Slack) -> None:
    bot = Bot(bolt(impatient))
    with impatient.connected(bot.app):
        impatient.command("/ops")
        # Slack's patience may be over before Bolt gets to it.
        trigger_id = until(lambda: bot.bodies)[-1]["trigger_id"]
        web = impatient.web()
        until(lambda: refused(web.views_push, trigger_id=trigger_id, view=MODAL) == "expired_trigger_id")


def test_a_submitted_view_carries_what_was_entered(slack: Slack, bot: Bot) -> None:
    view = opened(slack, bot)
    answer = slack.post("view", user="U0ALICE", view_id=view["id"], values={"tasks": {"count": "4"}})
    assert answer == {"ok": True, "response_action": None}
    body = bot.last
    assert (body["type"], body["view"]["callback_id"]) == ("view_submission", "scale")
    assert body["view"]["state"]["values"]["tasks"]["count"] == {"type": "plain_text_input", "value": "4"}
    assert slack.get("views", user="U0ALICE")["views"] == []


def test_errors_of_a_submission_keep_the_view_open(slack: Slack, bot: Bot) -> None:
    view = opened(slack, bot)
    bot.reply = lambda body: {"response_action": "errors", "errors": {"tasks": "too many"}}
    answer = slack.post("view", user="U0ALICE", view_id=view["id"], values={})
    assert answer == {"ok": True, "response_action": "errors", "errors": {"tasks": "too many"}}
    assert len(slack.get("views", user="U0ALICE")["views"]) == 1
    empty = slack.post("view", user="U0ALICE", view_id=view["id"], values={"tasks": {"count": ""}})
    assert list(empty["errors"]) == ["tasks"]


def test_a_submission_may_push_update_or_clear(slack: Slack, bot: Bot) -> None:
    view = opened(slack, bot)
    bot.reply = lambda body: {"response_action": "push", "view": MODAL}
    slack.post("view", user="U0ALICE", view_id=view["id"])
    first, second = slack.get("views", user="U0ALICE")["views"]
    assert (second["root_view_id"], second["previous_view_id"]) == (first["id"], first["id"])
    bot.reply = lambda body: {"response_action": "update", "view": MODAL | {"private_metadata": "x"}}
    slack.post("view", user="U0ALICE", view_id=second["id"])
    assert slack.get("views", user="U0ALICE")["views"][1]["private_metadata"] == "x"
    bot.reply = lambda body: {"response_action": "clear"}
    slack.post("view", user="U0ALICE", view_id=second["id"])
    assert slack.get("views", user="U0ALICE")["views"] == []


def test_views_are_stacked_three_deep(slack: Slack, bot: Bot) -> None:
    view = opened(slack, bot)
    for _ in range(2):
        slack.post("view", user="U0ALICE", view_id=view["id"], action="block_action", action_id="go")
        assert bot.last["container"] == {"type": "view", "view_id": view["id"]}
        slack.web().views_push(trigger_id=bot.last["trigger_id"], view=MODAL)
    slack.post("view", user="U0ALICE", view_id=view["id"], action="block_action", action_id="go")
    push = slack.web().views_push
    assert refused(push, trigger_id=bot.last["trigger_id"], view=MODAL) == "push_limit_reached"


def test_an_update_with_an_old_hash_is_refused(slack: Slack, bot: Bot) -> None:
    view = opened(slack, bot)
    web = slack.web()
    changed = web.views_update(view_id=view["id"], hash=view["hash"], view=MODAL | {"private_metadata": "1"})["view"]
    assert (changed["id"], changed["private_metadata"]) == (view["id"], "1")
    assert refused(web.views_update, view_id=view["id"], hash=view["hash"], view=MODAL) == "hash_conflict"
    assert refused(web.views_update, view_id="V0NONE", view=MODAL) == "not_found"


def test_closing_is_told_to_those_who_asked_for_it(slack: Slack, bot: Bot) -> None:
    view = opened(slack, bot)
    assert slack.post("view", user="U0ALICE", view_id=view["id"], action="close")["ok"]
    assert bot.last["type"] == "view_closed"
    assert slack.get("views", user="U0ALICE")["views"] == []


def test_a_home_tab_is_published_for_one_person(slack: Slack) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    slack.web().views_publish(user_id="U0BOB", view=home)
    assert slack.get("views", user="U0BOB")["home"]["blocks"][0]["type"] == "divider"
    assert slack.get("views", user="U0ALICE")["home"] is None


def test_a_stranger_keeps_their_team_in_what_the_app_is_told(slack: Slack, bot: Bot) -> None:
    slack.press(posted(slack), "go", user="U0STRANGER")
    assert bot.last["user"]["team_id"] == "T0ELSEWHERE"
    slack.command("/ops", user="U0STRANGER")
    assert bot.last["team_id"] == "T0ELSEWHERE"


def test_a_button_in_an_attachment_is_pressed_like_any_other(slack: Slack, bot: Bot) -> None:
    elements = [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}]
    attachment = {"color": "#36a64f", "blocks": [{"type": "actions", "elements": elements}]}
    ts = str(slack.web().chat_postMessage(channel="C0OPS", text="x", attachments=[attachment])["ts"])
    assert slack.press(ts, "go")["ok"]
    assert bot.last["actions"][0]["block_id"]


def test_what_a_commands_url_showed_is_not_replaced(slack: Slack, bot: Bot) -> None:
    slack.command("/ops")
    url = bot.last["response_url"]
    for text in ("Looking …", "Done"):
        httpx.post(url, json={"text": text, "replace_original": True}, trust_env=False)
    assert [one["text"] for one in slack.messages()] == ["Looking …", "Done"]


def test_a_response_to_a_press_in_a_thread_comes_into_the_channel_unless_it_says_otherwise(
    slack: Slack, bot: Bot
) -> None:
    first = posted(slack)
    answer = slack.web().chat_postEphemeral(
        channel="C0OPS", user="U0ALICE", text="press", blocks=BLOCKS, thread_ts=first
    )
    slack.press(answer["message_ts"], "go")
    assert bot.last["container"]["thread_ts"] == first
    url = bot.last["response_url"]
    httpx.post(url, json={"text": "to me"}, trust_env=False)
    httpx.post(url, json={"text": "to all", "response_type": "in_channel", "thread_ts": first}, trust_env=False)
    shown = {one["text"]: one.get("thread_ts") for one in slack.messages(thread_ts=first) + slack.messages()}
    assert (shown["to me"], shown["to all"]) == (None, first)


def test_a_message_deleted_meanwhile_is_not_replaced(slack: Slack, bot: Bot) -> None:
    ts = posted(slack)
    slack.press(ts, "go")
    slack.web().chat_delete(channel="C0OPS", ts=ts)
    url = bot.last["response_url"]
    gone = httpx.post(url, json={"delete_original": True}, trust_env=False)
    assert (gone.status_code, gone.json()["error"]) == (400, "message_not_found")
    assert httpx.post(url, json={"text": "new", "replace_original": True}, trust_env=False).text == "ok"
    assert [one["text"] for one in slack.messages()] == ["new"]


def menu(block_id: str, *values: str, initial: str = "", dispatch: bool = True) -> Body:
    """An input with a menu of these values under one heading."""
    options = [{"text": {"type": "plain_text", "text": value}, "value": value} for value in values]
    groups = [{"label": {"type": "plain_text", "text": "All"}, "options": options}]
    element: Body = {"type": "static_select", "action_id": "size", "option_groups": groups}
    if initial:
        element["initial_option"] = next(option for option in options if option["value"] == initial)
    label = {"type": "plain_text", "text": "Size"}
    return {"type": "input", "block_id": block_id, "label": label, "element": element, "dispatch_action": dispatch}


def shown(slack: Slack, bot: Bot, *blocks: Body) -> str:
    slack.command("/ops")
    answer = slack.web().views_open(trigger_id=bot.last["trigger_id"], view=MODAL | {"blocks": list(blocks)})
    return str(answer["view"]["id"])


def submitted(slack: Slack, bot: Bot, view_id: str, **values: Body) -> Body:
    assert slack.post("view", user="U0ALICE", view_id=view_id, values=values)["ok"]
    held: Body = bot.last["view"]["state"]["values"]
    return held


def test_a_choice_in_an_input_is_told_at_once_only_where_the_app_asked_for_it(slack: Slack, bot: Bot) -> None:
    silent = menu("kept", "1", "2", dispatch=False)
    silent["element"]["action_id"] = "other"
    view_id = shown(slack, bot, menu("told", "1", "2"), silent)
    act = {"user": "U0ALICE", "view_id": view_id, "action": "block_action", "value": "2"}
    told = len(bot.bodies)
    assert slack.post("view", **act, action_id="other")["error"] == "action_not_found"
    assert len(bot.bodies) == told
    assert slack.post("view", **act, action_id="size")["ok"]
    assert bot.last["actions"][0]["selected_option"]["value"] == "2"
    assert bot.last["view"]["state"]["values"]["told"]["size"]["selected_option"]["value"] == "2"


def test_an_update_does_not_change_where_an_input_that_is_known_begins(slack: Slack, bot: Bot) -> None:
    view_id = shown(slack, bot, menu("same", "1", "2") | {"optional": True})
    blocks = [menu("same", "1", "2", initial="2") | {"optional": True}, menu("new", "1", "2", initial="2")]
    blocks[1]["element"]["action_id"] = "other"
    slack.web().views_update(view_id=view_id, view=MODAL | {"blocks": blocks})
    held = submitted(slack, bot, view_id)
    assert held["same"]["size"]["selected_option"] is None
    assert held["new"]["other"]["selected_option"]["value"] == "2"


def test_a_menu_begins_with_one_of_its_options(slack: Slack, bot: Bot) -> None:
    slack.command("/ops")
    wrong = menu("b", "1", "2", initial="2")
    wrong["element"]["initial_option"] = {"text": {"type": "plain_text", "text": "9"}, "value": "9"}
    with pytest.raises(SlackApiError) as caught:
        slack.web().views_open(trigger_id=bot.last["trigger_id"], view=MODAL | {"blocks": [wrong]})
    (reason,) = caught.value.response["response_metadata"]["messages"]
    assert "must be one of the provided options [json-pointer:/view/blocks/0/element/initial_option]" in reason


def test_ticks_in_a_message_are_told_all_together_and_none_as_none(slack: Slack, bot: Bot) -> None:
    options = [{"text": {"type": "mrkdwn", "text": text}, "value": text} for text in ("0", "1", "2")]
    boxes = {"type": "checkboxes", "action_id": "size", "options": options, "initial_options": options[:1]}
    blocks = [{"type": "actions", "block_id": "list", "elements": [boxes]}]
    ts = str(slack.web().chat_postMessage(channel="C0OPS", text="list", blocks=blocks)["ts"])
    assert slack.press(ts, "size", value=["0", "2"])["ok"]
    assert [one["value"] for one in bot.last["actions"][0]["selected_options"]] == ["0", "2"]
    assert [one["value"] for one in bot.last["state"]["values"]["list"]["size"]["selected_options"]] == ["0", "2"]
    assert slack.press(ts, "size", value=[])["ok"]
    assert bot.last["actions"][0]["selected_options"] == []
