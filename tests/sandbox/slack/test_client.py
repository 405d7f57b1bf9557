"""What the page, tests and scripts use: /client, the stream, the page itself."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.app_config import COMMANDS
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.slack.pings import pings
from sandbox.slack.server import SlackServer
from tests.sandbox.slack.slack_parts import APP_TOKEN, BOT_TOKEN, PAGE, SIGNING_SECRET, Slack, running
from tests.waiting import until


def test_the_state_has_everything_the_sidebar_shows(slack: Slack) -> None:
    state = slack.get("state")
    assert {user["name"] for user in state["users"]} == {"alice", "bob", "carol", "dave", "eve", "gus", "runbook-bot"}
    assert {channel["name"] for channel in state["channels"]} == {
        "general",
        "alerts",
        "ops",
        "bi-platform",
        "usage-metrics",
        "image-caption",
        "rapid-photo",
        "arbor-energy",
    }
    assert [command["command"] for command in state["commands"]] == [f"/{name}" for name in COMMANDS]
    assert state["bot"]["id"] == "U0RUNBOOK"


def test_what_is_malformed_or_absent_is_told_in_words(slack: Slack) -> None:
    malformed = slack.http.post("/client/message", content=b"{")
    assert (malformed.status_code, malformed.json()["error"]) == (400, "invalid_json")
    absent = slack.get("messages", channel="#nowhere")
    assert (absent["ok"], absent["error"], bool(absent["detail"])) == (False, "channel_not_found", True)
    assert slack.post("message", user="U0ALICE", channel="#ops")["error"] == "no_text"
    assert slack.post("fault", target="moon")["error"] == "invalid_target"
    assert slack.post("fault", target="slack", error="x", count=-1)["error"] == "invalid_arguments"


def test_faults_are_set_and_cleared_by_people(slack: Slack) -> None:
    slack.post("fault", target="slack", operation="auth.test", error="fatal_error", count=None, seconds=None)
    bearer = {"Authorization": f"Bearer {BOT_TOKEN}"}
    assert slack.http.get("/api/auth.test", headers=bearer).json()["error"] == "fatal_error"
    slack.post("fault", target="slack", operation="interactive", error="drop_ack")
    assert [(fault["target"], fault["error"]) for fault in slack.get("fault")["faults"]] == [
        ("slack", "fatal_error"),
        ("slack", "drop_ack"),
    ]
    slack.post("fault", target="slack", error="clear")
    assert slack.get("fault")["faults"] == []
    assert slack.http.get("/api/auth.test", headers=bearer).json()["ok"]
    slack.post("fault", target="slack", operation="auth.test", error="ratelimited", seconds=20)
    assert slack.http.get("/api/auth.test", headers=bearer).headers["retry-after"] == "20"


def test_the_stream_tells_what_changes(slack: Slack) -> None:
    with slack.listening() as following:
        web = slack.web()
        ts = str(web.chat_postMessage(channel="C0OPS", text="one")["ts"])
        web.chat_update(channel="C0OPS", ts=ts, text="two")
        web.chat_postEphemeral(channel="C0OPS", user="U0BOB", text="not for alice")
        web.chat_postEphemeral(channel="C0OPS", user="U0ALICE", text="for alice")
        web.chat_delete(channel="C0OPS", ts=ts)
        slack.post("channel", channel="lounge")
        told = [following() for _ in range(5)]
    kinds = [kind for kind, _ in told]
    assert kinds == ["message", "message_changed", "ephemeral", "message_deleted", "state"]
    payloads = [json.loads(data) for _, data in told]
    assert payloads[1]["channel"] == "C0OPS"
    assert payloads[1]["message"]["text"] == "two"
    assert payloads[2]["message"]["text"] == "for alice"
    assert payloads[3]["deleted_ts"] == ts


def test_the_stream_is_resumed_where_it_broke(slack: Slack) -> None:
    for number in range(3):
        slack.post("message", user="U0BOB", channel="#ops", text=str(number))
    with slack.listening(after="1") as following:
        texts = [json.loads(following()[1])["message"]["text"] for _ in range(2)]
    assert texts == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("<!channel> <!here|here> <!everyone>", ["channel", "here", "everyone"]),
        ("<@U0ALICE> <@U0BOB|bob> <!subteam^S0ONCALL|@oncall>", ["U0ALICE", "U0BOB", "S0ONCALL"]),
        ("&lt;!channel&gt; &lt;@U0ALICE&gt; @channel <https://a.b|!channel> <#C0OPS>", []),
        ("<!date^1^{date}|<!channel>", ["channel"]),
    ],
)
def test_hostile_text_calls_nobody_unless_its_brackets_are_real(text: str, called: list[str]) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    plain = {"type": "section", "text": {"type": "plain_text", "text": "<!channel>"}}
    assert pings(text, [], []) == called
    assert pings("", [block, plain], []) == called
    assert pings("", [], [{"fields": [{"title": "x", "value": text}]}]) == called


def test_a_bare_mention_calls_only_when_the_caller_links_names(slack: Slack) -> None:
    web = slack.web()
    web.chat_postMessage(channel="C0OPS", text="@channel")
    web.chat_postMessage(channel="C0OPS", text="@channel", link_names=True)
    assert [one["pings"] for one in slack.messages()] == [[], ["channel"]]


def test_the_page_is_served_so_that_it_can_run_nothing_else(slack: Slack) -> None:
    page = slack.http.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert slack.http.get("/api.js").headers["content-type"].startswith("text/javascript")
    assert slack.http.get("/../server.py").status_code == 404


def test_another_sites_page_may_do_nothing(slack: Slack) -> None:
    body: dict[str, Any] = {"user": "U0ALICE", "channel": "#ops", "text": "x"}
    foreign = slack.http.post("/client/message", json=body, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    own = slack.http.post("/client/message", json=body, headers={"Origin": slack.url})
    assert own.json()["ok"]


def server(**options: Any) -> SlackServer:
    given: dict[str, Any] = {
        "page_dir": PAGE,
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
        "signing_secret": SIGNING_SECRET,
    }
    return SlackServer(Clock(), Faults(), Calls(), **(given | options))


@pytest.mark.parametrize("name", ["/status", "/help", "/remind", "deploy", "/Deploy", "/de ploy", "/" + "x" * 32])
def test_a_command_that_slack_would_not_register_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"reserved|no name"):
        server(commands=[{"command": name}])


def test_a_taken_port_is_an_error_at_once(slack: Slack) -> None:
    with pytest.raises(OSError, match="in use"):
        server(port=int(slack.url.rsplit(":", 1)[1])).start()


def test_routes_of_others_stand_beside_slacks_and_before_the_page() -> None:
    async def hello(request: Request) -> JSONResponse:
        return JSONResponse({"ok": True})

    one = server()
    one.add_routes([Route("/client/hello", hello)])
    one.start()
    try:
        with running() as other:
            assert other.http.get(f"{one.url}/client/hello").json() == {"ok": True}
    finally:
        one.stop()
    one.stop()
    assert "slack" not in {thread.name for thread in threading.enumerate()}


def test_stopping_ends_streams_and_hanging_calls() -> None:
    with running() as slack:
        slack.faults.add("slack", "auth.test", "timeout")
        failures: list[Exception] = []

        def hang() -> None:
            try:
                slack.http.post("/api/auth.test")
            except Exception as failure:
                failures.append(failure)

        hanging = threading.Thread(target=hang)
        hanging.start()
        until(lambda: slack.calls.list("slack", "auth.test"))
        slack.server.stop()
        hanging.join(10)
        assert failures
