"""Modals end to end: a real Bolt app over Socket Mode and over HTTP, against the pretend Slack, as somebody sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alerts.front import Front
from alerts.shortcuts import Shortcuts
from bot.answers import Answers
from bot.clock import SystemClock
from bot.command import Check, CheckStatus, Plan
from bot.desk import Desk
from bot.domain import Actor, as_json
from bot.form import OTHER
from bot.operation import Operation, State
from bot.rows import NewRow
from bot.slack.chat import SlackChat
from bot.slack.inbound import bolt_app
from bot.slack.transport import PooledWebClient
from bot.views import blocks as b
from bot.web_server import web_app
from tests.bot.form_room import FormRoom, options
from tests.sandbox.slack.slack_parts import BOT_TOKEN, SIGNING_SECRET, Slack, running, web_server
from tests.scene import ALICE, Scene
from tests.waiting import until

Body = dict[str, Any]


class Screen:
    """What Alice has before her."""

    def __init__(self, slack: Slack, room: FormRoom) -> None:
        self.slack = slack
        self.room = room

    @property
    def view(self) -> Body | None:
        """The modal on top, if there is one."""
        views: list[Body] = self.slack.get("views", user=ALICE)["views"]
        return views[-1] if views else None

    def field(self, name: str, kind: str = "") -> Body | None:
        """The input of a field, of that type."""
        blocks = self.view["blocks"] if self.view else []
        inputs = [one for one in blocks if one.get("element", {}).get("action_id") == f"field:{name}"]
        return inputs[0] if inputs and kind in ("", inputs[0]["element"]["type"]) else None

    def wait(self, name: str, kind: str, word: str = "") -> Body:
        """The input of a field, once it is of that type and offers this word."""

        def look() -> Body | None:
            found = self.field(name, kind)
            offered = [option["value"] for option in options(found["element"])] if found else []
            return found if found and (not word or word in offered) else None

        return until(look)

    def tell(self, action: str, **more: Any) -> Body:
        assert self.view is not None
        return self.slack.post("view", user=ALICE, view_id=self.view["id"], action=action, **more)

    def choose(self, name: str, value: str, **before: str) -> None:
        """Pick something; ``before`` is what was picked before."""
        block = self.wait(name, "static_select", value)
        chosen = {"action_id": f"field:{name}", "block_id": block["block_id"], "value": value}
        assert self.tell("block_action", **chosen, values=self.values(**before))["ok"]

    def values(self, **entered: str) -> Body:
        blocks = {name: self.field(name) for name in entered}
        return {
            block["block_id"]: {f"field:{name}": entered[name]} for name, block in blocks.items() if block is not None
        }

    def submit(self, **entered: str) -> Body:
        return self.tell("submit", values=self.values(**entered))


@pytest.fixture(params=["socket", "http"])
def screen(request: pytest.FixtureRequest, scene: Scene) -> Iterator[Screen]:
    with ExitStack() as stack, running() as slack:
        client = PooledWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
        stack.callback(client.close)
        clock = SystemClock()
        room = FormRoom(scene, chat=SlackChat(client, clock), clock=clock)
        front, answers = Front(room.engine, scene.store), Answers(room.engine, scene.store, room.flow)
        doors = (front, answers, Shortcuts(room.engine, scene.store, scene.catalog, room.flow))
        app = bolt_app(client, SIGNING_SECRET, Desk(room.engine, room.flow, room.submissions, *doors))
        if request.param == "socket":
            stack.enter_context(slack.connected(app))
        else:

            async def nothing(_: Request) -> Response:
                return Response()

            web = web_app(scene.store, list, Route("/sns", nothing), app)
            url = stack.enter_context(web_server(web))
            slack.server.set_request_url(f"{url}/slack/events")
            until(lambda: slack.post("verify")["verified"])
        room.engine.start()
        stack.callback(room.close)
        yield Screen(slack, room)


def test_alice_types_deploy_and_is_asked_for_the_rest(screen: Screen) -> None:
    answer = screen.slack.command("/deploy")
    assert (answer["ok"], answer["ack"]) in {(True, None), (True, "")}
    screen.choose("service", "bi/api")
    screen.choose("environment", "staging", service="bi/api")
    screen.wait("version", "static_select", "v2")
    chosen = {"service": "bi/api", "environment": "staging"}
    screen.choose("version", OTHER, **chosen)
    screen.wait("version", "plain_text_input")
    refused = screen.submit(**chosen, version="v2;rm")
    assert refused["response_action"] == "errors"
    ((block_id, sentence),) = refused["errors"].items()
    field = screen.field("version")
    assert field is not None
    assert block_id == field["block_id"]
    assert "“v2;rm” is no version" in sentence
    assert screen.submit(**chosen, version="v2") == {"ok": True, "response_action": None}
    assert screen.view is None
    (operation,) = screen.room.operations()
    assert operation.args == {"service": "bi/api", "environment": "staging", "version": "v2"}
    assert (operation.actor.user, operation.actor.channel) == (ALICE, "C0OPS")
    assert operation.response_url.startswith(screen.slack.url)
    until(lambda: screen.room.row().state == "done")


def test_what_was_chosen_for_her_counts_though_she_never_touched_it(screen: Screen) -> None:
    """The one environment there is comes chosen in a block that Slack did not know before."""
    screen.slack.command("/ops scale")
    screen.choose("service", "bi/jobs")
    until(lambda: "initial_option" in (screen.field("environment") or {"element": {}})["element"])
    refused = screen.submit(service="bi/jobs", count="3")
    ((block_id, sentence),) = refused["errors"].items()
    assert block_id.startswith("service:")
    assert "bi/jobs production is a Lambda function" in sentence


def test_she_closes_it_and_nothing_is_left(screen: Screen) -> None:
    screen.slack.command("/deploy")
    screen.wait("service", "static_select")
    assert screen.tell("close")["ok"]
    until(lambda: screen.room.row().state == "done")
    assert screen.room.operations() == []


def test_a_button_asks_for_a_reason_and_the_operation_hears_it(screen: Screen) -> None:
    check = Check(name="architecture", status=CheckStatus.BLOCKING, detail="the image is for ARM64")
    body = Operation(command="deploy", args={}, actor=Actor(user=ALICE), plan=Plan(title="Deploy api", checks=(check,)))
    new = NewRow(kind="operation", key="o", state=State.PROPOSED, body=as_json(body), due_at=None)
    operation = screen.room.engine.add(new)[0].id
    button = b.button("Override", "operation:override", f"{operation}:abc:architecture")
    blocks = [b.actions("operation", button)]
    ts = str(screen.slack.web().chat_postMessage(channel="C0OPS", text="plan", blocks=blocks)["ts"])
    assert screen.slack.press(ts, "operation:override")["ok"]
    screen.wait("reason", "plain_text_input")
    assert screen.submit(reason="no")["response_action"] == "errors"
    assert screen.submit(reason="the cluster runs both")["response_action"] is None
    (signal,) = screen.room.scene.store.pending(operation)
    assert signal.name == "override"
    assert signal.payload == {
        "user": ALICE,
        "plan": "abc",
        "check": "architecture",
        "reason": "the cluster runs both",
    }
