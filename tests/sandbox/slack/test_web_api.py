"""The Web API as slack_sdk and plain HTTP see it."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from tests.sandbox.slack.slack_parts import APP_TOKEN, BOT_TOKEN, Slack, running


def refused(slack: Slack, method: str, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        slack.web().api_call(method, json=arguments)
    return str(caught.value.response["error"])


def test_auth_test_names_the_bot_and_its_scopes(slack: Slack) -> None:
    answer = slack.web().auth_test()
    assert (answer["user_id"], answer["team_id"], answer["bot_id"]) == ("U0RUNBOOK", "T0SANDBOX", "B0RUNBOOK")
    assert "chat:write" in answer.headers["x-oauth-scopes"]


@pytest.mark.parametrize(
    ("token", "method", "word"),
    [
        ("", "auth.test", "not_authed"),
        ("xoxb-nobody", "auth.test", "invalid_auth"),
        (APP_TOKEN, "auth.test", "not_allowed_token_type"),
        (BOT_TOKEN, "apps.connections.open", "not_allowed_token_type"),
        (BOT_TOKEN, "chat.shout", "unknown_method"),
    ],
    ids=["no token", "unknown token", "app token", "bot token", "unknown method"],
)
def test_a_call_without_the_right_token_or_name_is_refused(shared: Slack, token: str, method: str, word: str) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = shared.http.post(f"/api/{method}", headers=headers)
    assert answer.status_code == 200
    assert answer.json()["error"] == word


def test_json_form_query_and_an_empty_json_body_are_all_read(slack: Slack) -> None:
    bearer = {"Authorization": f"Bearer {BOT_TOKEN}"}
    said = {"channel": "C0OPS", "text": "hello"}
    blocks = '[{"type":"divider"}]'
    answers = [
        slack.http.post("/api/chat.postMessage", json=said, headers=bearer),
        slack.http.post("/api/chat.postMessage", data=said | {"token": BOT_TOKEN, "blocks": blocks}),
        slack.http.get("/api/chat.postMessage", params=said, headers=bearer),
        slack.http.post("/api/auth.test", content=b"", headers=bearer | {"Content-Type": "application/json"}),
    ]
    assert [answer.json()["ok"] for answer in answers] == [True] * 4
    assert (
        slack.http.post("/api/auth.test", content=b"{", headers=bearer | {"Content-Type": "application/json"}).json()[
            "error"
        ]
        == "invalid_json"
    )


def test_a_message_is_posted_updated_and_deleted(slack: Slack) -> None:
    web = slack.web()
    posted = web.chat_postMessage(channel="#ops", text="one", blocks=[{"type": "divider"}])
    assert posted["message"]["bot_id"] == "B0RUNBOOK"
    web.chat_update(channel="C0OPS", ts=posted["ts"], text="two", blocks=[{"type": "divider"}])
    (shown,) = slack.messages()
    assert (shown["text"], shown["edited"]["user"], shown["blocks"][0]["type"]) == ("two", "U0RUNBOOK", "divider")
    web.chat_delete(channel="C0OPS", ts=posted["ts"])
    assert slack.messages() == []


def test_a_reply_is_shown_in_its_thread_and_broadcast_only_when_asked(slack: Slack) -> None:
    web = slack.web()
    parent = str(web.chat_postMessage(channel="C0OPS", text="parent")["ts"])
    web.chat_postMessage(channel="C0OPS", text="quiet", thread_ts=parent)
    web.chat_postMessage(channel="C0OPS", text="loud", thread_ts=parent, reply_broadcast=True)
    assert [one["text"] for one in slack.messages()] == ["parent", "loud"]
    assert [one["text"] for one in slack.messages(thread_ts=parent)] == ["parent", "quiet", "loud"]
    assert slack.messages()[0]["reply_count"] == 2
    replies = web.conversations_replies(channel="C0OPS", ts=parent)["messages"]
    assert [one["text"] for one in replies] == ["parent", "quiet", "loud"]


def test_metadata_is_given_only_to_those_who_ask(slack: Slack) -> None:
    web = slack.web()
    metadata = {"event_type": "runbook", "event_payload": {"key": "op-1"}}
    web.chat_postMessage(channel="C0OPS", text="x", metadata=metadata)
    assert "metadata" not in web.conversations_history(channel="C0OPS")["messages"][0]
    asked = web.conversations_history(channel="C0OPS", include_all_metadata=True)["messages"][0]
    assert asked["metadata"] == metadata == slack.messages()[0]["metadata"]
    assert refused(slack, "chat.postMessage", channel="C0OPS", text="x", metadata={"event_type": "a"}) == (
        "invalid_metadata_format"
    )


def test_history_comes_in_pages_newest_first(slack: Slack) -> None:
    for number in range(5):
        slack.post("message", user="U0BOB", channel="#ops", text=str(number))
    web, cursor, found = slack.web(), None, []
    while True:
        page = web.conversations_history(channel="C0OPS", limit=2, cursor=cursor)
        found += [one["text"] for one in page["messages"]]
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]
    assert found == ["4", "3", "2", "1", "0"]
    oldest = slack.messages()[2]["ts"]
    assert len(web.conversations_history(channel="C0OPS", oldest=oldest)["messages"]) == 2
    assert len(web.conversations_history(channel="C0OPS", oldest=oldest, inclusive=True)["messages"]) == 3
    assert refused(slack, "conversations.history", channel="C0OPS", cursor="nonsense!") == "invalid_cursor"


def test_timestamps_are_unique_in_a_channel_while_the_clock_stands_still(slack: Slack) -> None:
    slack.clock.freeze()
    stamps = [slack.post("message", user="U0BOB", channel="#ops", text="x")["ts"] for _ in range(10)]
    assert len(set(stamps)) == 10
    assert stamps == sorted(stamps)


def test_a_text_that_comes_alone_takes_the_place_of_blocks_and_metadata_stays(slack: Slack) -> None:
    web = slack.web()
    metadata = {"event_type": "key", "event_payload": {"key": "1"}}
    ts = web.chat_postMessage(channel="C0OPS", text="one", blocks=[{"type": "divider"}], metadata=metadata)["ts"]
    web.chat_update(channel="C0OPS", ts=ts, attachments=[{"fallback": "more"}])
    assert slack.messages()[0]["blocks"]
    web.chat_update(channel="C0OPS", ts=ts, text="two")
    (shown,) = slack.messages()
    assert (shown["text"], shown["blocks"], shown["attachments"]) == ("two", [], [{"fallback": "more"}])
    assert shown["metadata"] == metadata
    web.chat_update(channel="C0OPS", ts=ts, text="three", metadata={})
    assert slack.messages()[0]["metadata"] is None


def test_markdown_comes_alone_and_not_too_long(slack: Slack) -> None:
    assert refused(slack, "chat.postMessage", channel="C0OPS", markdown_text="x", text="y") == "markdown_text_conflict"
    assert refused(slack, "chat.postMessage", channel="C0OPS", markdown_text="x" * 12_001) == "msg_too_long"
    slack.web().chat_postMessage(channel="C0OPS", markdown_text="**x**")
    assert slack.messages()[0]["text"] == "**x**"


def test_a_token_without_the_permission_is_told_which_one_is_missing() -> None:
    with running(scopes=("channels:read", "users:read")) as slack:
        slack.web().conversations_list()
        with pytest.raises(SlackApiError) as caught:
            slack.web().chat_postMessage(channel="C0OPS", text="x")
    answer = caught.value.response
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")
    assert answer["provided"] == "channels:read,users:read"


def test_a_channel_that_is_absent_foreign_or_archived_takes_no_message(slack: Slack) -> None:
    assert refused(slack, "chat.postMessage", channel="#nowhere", text="x") == "channel_not_found"
    slack.post("channel", channel="lounge", is_member=False)
    assert refused(slack, "chat.postMessage", channel="#lounge", text="x") == "not_in_channel"
    slack.web().conversations_join(channel="C0LOUNGE")
    slack.web().chat_postMessage(channel="#lounge", text="x")
    slack.post("channel", channel="lounge", is_archived=True)
    assert refused(slack, "chat.postMessage", channel="C0LOUNGE", text="x") == "is_archived"
    listed = slack.web().conversations_list(exclude_archived=True)["channels"]
    assert "lounge" not in [one["name"] for one in listed]


def test_a_private_channel_without_the_bot_does_not_exist_for_it(slack: Slack) -> None:
    slack.post("channel", channel="board", is_private=True, is_member=False)
    assert refused(slack, "conversations.info", channel="C0BOARD") == "channel_not_found"
    assert refused(slack, "chat.postMessage", channel="C0BOARD", text="x") == "channel_not_found"


@pytest.mark.parametrize(
    ("method", "arguments", "word"),
    [
        ("chat.postMessage", {"channel": "C0OPS"}, "no_text"),
        ("chat.postMessage", {"channel": "C0OPS", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ("chat.update", {"channel": "C0OPS", "ts": "1.000001", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": "C0OPS", "ts": "1.000001", "text": "x" * 4001}, "msg_too_long"),
        ("chat.delete", {"channel": "C0OPS", "ts": "1.000001"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": "C0OPS", "text": "x", "user": "U0NOBODY"}, "user_not_found"),
        ("conversations.replies", {"channel": "C0OPS", "ts": "1.000001"}, "thread_not_found"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("usergroups.users.list", {"usergroup": "S0NONE"}, "no_such_subteam"),
    ],
)
def test_slacks_own_words_for_what_is_wrong(shared: Slack, method: str, arguments: dict[str, str], word: str) -> None:
    assert refused(shared, method, **arguments) == word


def test_only_its_own_message_may_be_changed(slack: Slack) -> None:
    ts = slack.post("message", user="U0BOB", channel="#ops", text="mine")["ts"]
    assert refused(slack, "chat.update", channel="C0OPS", ts=ts, text="x") == "cant_update_message"
    assert refused(slack, "chat.delete", channel="C0OPS", ts=ts) == "cant_delete_message"


def test_a_text_beyond_40000_characters_is_cut(slack: Slack) -> None:
    slack.web().chat_postMessage(channel="C0OPS", text="x" * 40_001)
    assert len(slack.messages()[0]["text"]) == 40_000


def test_strangers_guests_and_bots_are_told_apart(slack: Slack) -> None:
    web = slack.web()
    stranger = web.users_info(user="U0STRANGER")["user"]
    assert stranger["is_stranger"]
    assert stranger["team_id"] != "T0SANDBOX"
    assert web.users_info(user="U0GUEST")["user"]["is_restricted"]
    assert web.users_info(user="U0RUNBOOK")["user"]["is_bot"]
    groups = web.usergroups_list(include_users=True)["usergroups"]
    assert {group["handle"]: group["users"] for group in groups} == {
        "oncall": ["U0ALICE", "U0BOB"],
        "sre-admins": ["U0ALICE", "U0CAROL"],
    }
    assert "users" not in web.usergroups_list()["usergroups"][0]


def test_a_direct_message_reaches_one_person(slack: Slack) -> None:
    web = slack.web()
    channel = web.conversations_open(users="U0BOB")["channel"]["id"]
    web.chat_postMessage(channel="U0BOB", text="psst")
    assert slack.messages(channel, "U0BOB")[0]["text"] == "psst"
    assert web.conversations_list(types="im")["channels"][0]["user"] == "U0BOB"


def test_reactions_and_pins_are_kept_once(slack: Slack) -> None:
    ts = slack.post("message", user="U0BOB", channel="#ops", text="mine")["ts"]
    web = slack.web()
    web.reactions_add(channel="C0OPS", timestamp=ts, name="eyes")
    assert refused(slack, "reactions.add", channel="C0OPS", timestamp=ts, name="eyes") == "already_reacted"
    assert web.reactions_get(channel="C0OPS", timestamp=ts)["message"]["reactions"][0]["count"] == 1
    web.reactions_remove(channel="C0OPS", timestamp=ts, name="eyes")
    assert refused(slack, "reactions.remove", channel="C0OPS", timestamp=ts, name="eyes") == "no_reaction"
    web.pins_add(channel="C0OPS", timestamp=ts)
    assert refused(slack, "pins.add", channel="C0OPS", timestamp=ts) == "already_pinned"


def test_a_file_is_uploaded_in_three_steps_and_shown_in_its_thread(slack: Slack) -> None:
    web = slack.web()
    parent = str(web.chat_postMessage(channel="C0OPS", text="parent")["ts"])
    web.files_upload_v2(
        channel="C0OPS", thread_ts=parent, filename="tasks.png", content=b"\x89PNG", initial_comment="CPU", alt_txt="a"
    )
    reply = slack.messages(thread_ts=parent)[1]
    assert (reply["text"], reply["files"][0]["mimetype"]) == ("CPU", "image/png")
    fetched = httpx.get(reply["files"][0]["url"], trust_env=False)
    assert fetched.content == b"\x89PNG"
    assert fetched.headers["content-type"] == "image/png"


def test_an_uploaded_page_is_never_served_as_one(slack: Slack) -> None:
    slack.web().files_upload_v2(channel="C0OPS", filename="x.html", content="<script>alert(1)</script>")
    fetched = httpx.get(slack.messages()[0]["files"][0]["url"], trust_env=False)
    assert fetched.headers["content-type"].startswith("text/plain")
    assert fetched.headers["content-disposition"] == "attachment"


def test_a_permalink_leads_to_the_page(slack: Slack) -> None:
    ts = slack.post("message", user="U0BOB", channel="#ops", text="mine")["ts"]
    link = slack.web().chat_getPermalink(channel="C0OPS", message_ts=ts)["permalink"]
    assert link == f"{slack.url}/archives/C0OPS/p{ts.replace('.', '')}"
    assert httpx.get(link, trust_env=False).headers["location"] == f"/#/C0OPS?m={ts}"


def test_a_channel_takes_a_burst_and_then_one_message_a_second(slack: Slack) -> None:
    slack.clock.freeze()
    web = slack.web()

    def flood() -> None:
        for _ in range(50):
            web.chat_postMessage(channel="C0OPS", text="x")

    with pytest.raises(SlackApiError) as caught:
        flood()
    assert len(slack.messages()) >= 5
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.response.data == {"ok": False, "error": "ratelimited"}
    web.chat_postMessage(channel="C0ALERTS", text="another channel has its own limit")
    slack.clock.advance(1)
    web.chat_postMessage(channel="C0OPS", text="x")


def test_a_rate_limit_by_fault_is_retried_by_the_client_that_can(slack: Slack) -> None:
    slack.faults.add("slack", "chat.postMessage", "ratelimited", count=1)
    web = slack.web()
    web.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    assert web.chat_postMessage(channel="C0OPS", text="x")["ok"]
    assert [call["status"] for call in slack.calls.list("slack", "chat.postMessage")] == ["ratelimited", "ok"]


def test_a_lost_response_has_had_its_effect(slack: Slack) -> None:
    slack.faults.add("slack", "chat.postMessage", "lost_response", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        slack.http.post("/api/chat.postMessage", data={"token": BOT_TOKEN, "channel": "C0OPS", "text": "x"})
    assert len(slack.messages()) == 1


def test_a_timeout_keeps_silent_and_any_other_word_is_that_error(slack: Slack) -> None:
    slack.faults.add("slack", "auth.test", "timeout", count=1, seconds=1.0)
    slack.faults.add("slack", "users.info", "fatal_error", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        slack.http.post("/api/auth.test", data={"token": BOT_TOKEN})
    assert refused(slack, "users.info", user="U0ALICE") == "fatal_error"
    assert slack.web().users_info(user="U0ALICE")["ok"]


def test_every_call_is_recorded_without_its_token(slack: Slack) -> None:
    slack.http.post("/api/chat.postMessage", data={"token": BOT_TOKEN, "channel": "C0OPS", "text": "x"})
    (call,) = slack.get("calls", target="slack", operation="chat.postMessage")["calls"]
    assert call["status"] == "ok"
    assert BOT_TOKEN not in str(call)


@pytest.mark.parametrize("path", ["/api/auth.test", "/client/message", "/response/x"])
def test_a_caller_that_hangs_up_in_its_request_leaves_no_traceback(
    shared: Slack, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    address = shared.http.base_url
    head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection((address.host, address.port), timeout=10) as caller:
        caller.sendall(head.encode() + b"half")
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(100) == b""
    assert shared.get("state")["ok"]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
