"""What is broken or hostile is refused or made harmless; it never spoils what is read afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.slack.slack_parts import BOT_TOKEN, Slack

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "fine"}}


def sent(slack: Slack, method: str, body: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
    response = slack.http.post(f"/api/{method}", content=body, headers=headers)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def test_half_a_surrogate_pair_in_a_message_leaves_its_channel_readable(slack: Slack) -> None:
    blocks = json.dumps([{**SECTION, "text": {"type": "mrkdwn", "text": "\ud800 or \U0001f600"}}])
    assert sent(slack, "chat.postMessage", f'{{"channel": "C0OPS", "text": "a\\ud800b", "blocks": {blocks}}}')["ok"]
    form = {"token": BOT_TOKEN, "channel": "C0OPS", "blocks": blocks}
    assert slack.http.post("/api/chat.postMessage", data=form).json()["ok"]
    person = {"Content-Type": "application/json"}
    said = '{"user": "U0BOB", "channel": "#ops", "text": "\\udfff"}'
    assert slack.http.post("/client/message", content=said, headers=person).json()["ok"]
    first, second, third = slack.messages()
    assert (first["text"], third["text"]) == ("a\ufffdb", "\ufffd")
    assert first["blocks"][0]["text"]["text"] == second["blocks"][0]["text"]["text"] == "\ufffd or \U0001f600"
    assert len(slack.web().conversations_history(channel="C0OPS")["messages"]) == 3


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_what_python_takes_for_a_number_and_json_does_not_is_refused(shared: Slack, number: str) -> None:
    payload = f'{{"event_type": "x", "event_payload": {{"n": {number}}}}}'
    body = f'{{"channel": "C0ALERTS", "text": "x", "metadata": {payload}}}'
    assert sent(shared, "chat.postMessage", body)["error"] == "invalid_json"
    assert shared.messages("#alerts") == []


def test_json_nested_without_end_is_refused(shared: Slack) -> None:
    body = '{"channel": "C0OPS", "text": "x", "blocks": ' + "[" * 5_000 + "]" * 5_000 + "}"
    assert sent(shared, "chat.postMessage", body)["error"] == "invalid_json"


def test_parts_of_the_wrong_type_spoil_neither_the_message_nor_its_channel(slack: Slack) -> None:
    fields = {"channel": "C0OPS", "text": "x", "attachments": [{"text": "x", "fields": 7}]}
    assert sent(slack, "chat.postMessage", json.dumps(fields))["error"] == "invalid_attachments"
    elements = [{"type": [], "user_id": "U0BOB"}, {"type": "user", "user_id": []}, {"type": "user", "user_id": "U0BOB"}]
    rich = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}]
    assert sent(slack, "chat.postMessage", json.dumps({"channel": "C0OPS", "text": "x", "blocks": rich}))["ok"]
    assert [message["pings"] for message in slack.messages()] == [["U0BOB"]]


def test_numbers_of_thousands_of_digits_are_no_fault_of_the_servers(shared: Slack) -> None:
    digits = "9" * 5_000
    assert sent(shared, "conversations.list", json.dumps({"limit": digits}))["ok"]
    upload = {"filename": "a.txt", "length": digits}
    assert sent(shared, "files.getUploadURLExternal", json.dumps(upload))["error"] == "invalid_arguments"


def test_one_channel_has_one_rate_limit_whatever_it_is_called(slack: Slack) -> None:
    slack.clock.freeze()
    bearer = {"Authorization": f"Bearer {BOT_TOKEN}"}
    answers = [
        slack.http.post("/api/chat.postMessage", json={"channel": name, "text": "x"}, headers=bearer).status_code
        for name in ("C0OPS", "#ops", "ops", "C0OPS", "#ops", "ops", "C0OPS", "#ops")
    ]
    assert 429 in answers
    assert answers[:5] == [200] * 5
