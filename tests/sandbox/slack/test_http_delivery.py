"""Deliveries to a request URL: signed, retried, and to a real Bolt app."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from slack_bolt import Ack
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.sandbox.slack.slack_parts import SIGNING_SECRET, Slack, bolt, running, web_server
from tests.waiting import until


@dataclass
class Recorder:
    """An app that answers as told."""

    answer: Callable[[], Response] = Response
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        body, answer = await request.body(), self.answer
        self.requests.append((dict(request.headers), body))
        if request.headers["content-type"] == "application/json" and b"challenge" in body:
            return JSONResponse({"challenge": json.loads(body)["challenge"]})
        return answer()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def recorded(recorder: Recorder) -> Iterator[Slack]:
    async def serve(request: Request) -> Response:
        return await recorder(request)

    app = Starlette(routes=[Route("/slack/events", serve, methods=["POST"])])
    with web_server(app) as url, running(request_url=f"{url}/slack/events") as slack:
        yield slack


def test_a_bolt_app_is_driven_over_http(slack: Slack) -> None:
    app = bolt(slack)
    heard: list[str] = []

    @app.command("/deploy")
    def deploy(ack: Ack, body: dict[str, Any]) -> None:
        ack(text=f"planning {body['text']}")

    @app.event("app_mention")
    def mentioned(ack: Ack, event: dict[str, Any]) -> None:
        ack()
        heard.append(event["text"])

    @app.action("go")
    def pressed(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        heard.append(body["actions"][0]["action_id"])

    intake = SlackRequestHandler(app)

    async def serve(request: Request) -> Response:
        return await intake.handle(request)

    with web_server(Starlette(routes=[Route("/slack/events", serve, methods=["POST"])])) as url:
        slack.server.set_request_url(f"{url}/slack/events")
        until(lambda: slack.post("verify")["verified"])
        assert slack.command("/deploy api “prod” v1")["ack"]["text"] == "planning api “prod” v1"
        assert slack.command("/services")["error"] == "dispatch_failed"
        slack.post("message", user="U0BOB", channel="#ops", text="<@U0RUNBOOK> hi")
        until(lambda: heard == ["<@U0RUNBOOK> hi"])
        row = [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}]
        answer = slack.web().chat_postMessage(channel="C0OPS", text="x", blocks=[{"type": "actions", "elements": row}])
        assert slack.press(str(answer["ts"]), "go")["ok"]
        assert heard[1:] == ["go"]
        slack.server.set_request_url(None)


def test_every_delivery_is_signed(recorder: Recorder, recorded: Slack) -> None:
    assert recorded.command("/deploy x")["ok"]
    headers, body = recorder.requests[0]
    assert SignatureVerifier(SIGNING_SECRET).is_valid_request(body, headers)
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert not SignatureVerifier("another").is_valid_request(body, headers)


def test_a_connection_is_used_again_and_a_closed_one_replaced(recorder: Recorder, recorded: Slack) -> None:
    for headers in ({}, {"Connection": "close"}, {}):
        recorder.answer = partial(Response, headers=headers)
        assert recorded.command("/deploy x")["ok"]
    assert len(recorder.requests) == 3


@pytest.mark.parametrize("status", [404, 500])
def test_an_error_status_is_a_failed_dispatch(recorder: Recorder, recorded: Slack, status: int) -> None:
    recorder.answer = lambda: Response(status_code=status)
    assert recorded.command("/deploy x")["error"] == "dispatch_failed"


def test_an_app_that_is_not_there_is_a_failed_dispatch() -> None:
    with running(request_url="http://127.0.0.1:9/slack/events") as slack:
        assert slack.command("/deploy x")["error"] == "dispatch_failed"
        assert not slack.post("verify")["verified"]


def test_a_refused_event_comes_again_with_its_number(recorder: Recorder, recorded: Slack) -> None:
    recorded.clock.freeze()
    recorder.answer = lambda: Response(status_code=503)
    recorded.post("message", user="U0BOB", channel="#ops", text="hello")
    until(lambda: len(recorder.requests) == 2)
    recorded.clock.advance(60)
    until(lambda: len(recorder.requests) == 3)
    recorder.answer = Response
    recorded.clock.advance(300)
    until(lambda: len(recorder.requests) == 4)
    told = [(headers.get("x-slack-retry-num"), headers.get("x-slack-retry-reason")) for headers, _ in recorder.requests]
    assert told == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({json.loads(body)["event_id"] for _, body in recorder.requests}) == 1


def test_an_app_may_refuse_to_be_asked_again(recorder: Recorder, recorded: Slack) -> None:
    recorder.answer = lambda: Response(status_code=503, headers={"X-Slack-No-Retry": "1"})
    recorded.post("message", user="U0BOB", channel="#ops", text="hello")
    until(lambda: recorded.calls.list("slack", "deliver:events_api"))
    recorded.clock.advance(1000)
    assert recorded.command("/deploy x")["error"] == "dispatch_failed"
    assert len(recorded.calls.list("slack", "deliver:events_api")) == 1


def test_a_plain_answer_is_shown_to_the_asker(recorder: Recorder, recorded: Slack) -> None:
    recorder.answer = lambda: Response("working on it", media_type="text/plain")
    assert recorded.command("/deploy x")["ack"] == {"text": "working on it"}
    assert recorded.messages()[0]["text"] == "working on it"


def test_an_answer_slack_cannot_show_is_a_failure(recorder: Recorder, recorded: Slack) -> None:
    recorder.answer = lambda: JSONResponse({"blocks": [{"type": "marquee"}]})
    assert recorded.command("/deploy x")["error"] == "invalid_command_response"
