"""Socket Mode by a real Bolt app and by bare sockets."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from typing import Any

import pytest
from slack_bolt import Ack
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.sandbox.slack.slack_parts import APP_TOKEN, Slack, bolt, running
from tests.waiting import until


def address(slack: Slack) -> str:
    return str(slack.web(APP_TOKEN).apps_connections_open(app_token=APP_TOKEN)["url"])


def open_socket(slack: Slack) -> ClientConnection:
    return connect(address(slack), proxy=None, compression=None)


def heard(socket: ClientConnection) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(socket.recv(timeout=10))
    return said


def test_a_command_is_acknowledged_and_its_answer_seen_by_the_asker_alone(slack: Slack) -> None:
    app = bolt(slack)
    bodies: list[dict[str, Any]] = []

    @app.command("/deploy")
    def deploy(ack: Ack, body: dict[str, Any]) -> None:
        bodies.append(body)
        ack(text=f"planning {body['text']}", blocks=[{"type": "divider"}])

    with slack.connected(app):
        answer = slack.command("/deploy api  prod v1")
    assert answer["ok"]
    assert answer["ack"]["text"] == "planning api  prod v1"
    assert answer["ms"] > 0
    (shown,) = slack.messages(user="U0ALICE")
    assert shown["ephemeral"]
    assert slack.messages(user="U0BOB") == []
    (body,) = bodies
    assert set(body) == {
        "token",
        "team_id",
        "team_domain",
        "channel_id",
        "channel_name",
        "user_id",
        "user_name",
        "command",
        "text",
        "api_app_id",
        "is_enterprise_install",
        "response_url",
        "trigger_id",
    }
    assert (body["channel_id"], body["channel_name"], body["user_name"]) == ("C0OPS", "ops", "alice")


def test_an_answer_in_channel_is_seen_by_all(slack: Slack) -> None:
    app = bolt(slack)

    @app.command("/ops")
    def ops(ack: Ack) -> None:
        ack(text="everybody", response_type="in_channel")

    with slack.connected(app):
        slack.command("/ops")
    assert slack.messages(user="U0BOB")[0]["text"] == "everybody"


def test_a_command_that_nobody_answers_times_out_and_the_person_is_told(impatient: Slack) -> None:
    with impatient.connected(bolt(impatient)), impatient.listening() as following:
        answer = impatient.command("/deploy api prod v1")
        kind, said = following()
    assert answer["error"] == "operation_timeout"
    assert kind == "notice"
    assert json.loads(said)["text"] == "/deploy failed with the error operation_timeout"


def test_without_a_connection_a_command_cannot_be_dispatched(slack: Slack) -> None:
    assert slack.command("/deploy x")["error"] == "dispatch_failed"
    assert slack.command("/unheard-of")["error"] == "unknown_command"


def test_a_dropped_acknowledgement_looks_like_none(slack: Slack) -> None:
    app = bolt(slack)
    seen = threading.Event()

    @app.command("/deploy")
    def deploy(ack: Ack) -> None:
        ack()
        seen.set()

    slack.post("fault", target="slack", operation="*", error="drop_ack", count=1)
    with slack.connected(app):
        assert slack.command("/deploy x")["error"] == "operation_timeout"
        assert seen.is_set()
        assert slack.command("/deploy x")["ok"]


def test_a_delivery_can_be_made_late(slack: Slack) -> None:
    app = bolt(slack)
    app.command("/deploy")(lambda ack: ack())
    slack.post("fault", target="slack", operation="slash_commands", latency_ms=1, count=1)
    assert len(slack.get("fault")["faults"]) == 1
    with slack.connected(app):
        assert slack.command("/deploy x")["ok"]
    assert slack.get("fault")["faults"] == []


def test_hello_comes_first_and_a_ticket_is_good_once(slack: Slack) -> None:
    once = address(slack)
    with connect(once, proxy=None) as socket:
        hello = heard(socket)
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert hello["connection_info"] == {"app_id": "A0RUNBOOK"}
        with pytest.raises(InvalidStatus), connect(once, proxy=None):
            pass


def test_an_eleventh_socket_is_refused(slack: Slack) -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(open_socket(slack)) for _ in range(10)]
        assert [heard(socket)["num_connections"] for socket in sockets] == list(range(1, 11))
        eleventh = stack.enter_context(open_socket(slack))
        assert heard(eleventh)["reason"] == "too_many_websockets"
        with pytest.raises(ConnectionClosed):
            eleventh.recv(timeout=10)


def test_every_envelope_goes_to_one_connection(slack: Slack) -> None:
    with open_socket(slack) as first, open_socket(slack) as second:
        heard(first)
        heard(second)
        for number in range(4):
            slack.post("message", user="U0BOB", channel="#ops", text=str(number))
        texts = {}
        for socket in (first, second):
            envelopes = [heard(socket), heard(socket)]
            for envelope in envelopes:
                socket.send(json.dumps({"envelope_id": envelope["envelope_id"]}))
            texts[socket] = {envelope["payload"]["event"]["text"] for envelope in envelopes}
        assert texts[first] | texts[second] == {"0", "1", "2", "3"}


def test_a_ping_is_echoed_with_what_it_carries(slack: Slack) -> None:
    with open_socket(slack) as socket:
        heard(socket)
        assert socket.ping(b"Ping from test").wait(10)


def test_a_message_and_a_mention_are_two_events(slack: Slack) -> None:
    with open_socket(slack) as socket:
        heard(socket)
        slack.post("message", user="U0BOB", channel="#ops", text="<@U0RUNBOOK> services")
        events = [heard(socket) for _ in range(2)]
        for envelope in events:
            socket.send(json.dumps({"envelope_id": envelope["envelope_id"]}))
        assert {one["payload"]["event"]["type"] for one in events} == {"message", "app_mention"}
        assert len({one["payload"]["event_id"] for one in events}) == 2
        assert events[0]["payload"]["authorizations"][0]["user_id"] == "U0RUNBOOK"
        assert not events[0]["accepts_response_payload"]


def test_an_event_without_acknowledgement_comes_again_at_once_after_a_minute_and_after_five() -> None:
    with running(patience=0.05) as slack, open_socket(slack) as socket:
        slack.clock.freeze()
        heard(socket)
        slack.post("message", user="U0BOB", channel="#ops", text="hello")
        first, second = heard(socket), heard(socket)
        assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
        assert second["retry_reason"] == "timeout"
        until(lambda: len(slack.calls.list("slack", "deliver:events_api")) == 2)
        slack.clock.advance(60)
        assert heard(socket)["retry_attempt"] == 2
        until(lambda: len(slack.calls.list("slack", "deliver:events_api")) == 3)
        slack.clock.advance(299)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.1)
        slack.clock.advance(2)
        fourth = heard(socket)
        assert fourth["retry_attempt"] == 3
        assert fourth["payload"]["event_id"] == first["payload"]["event_id"]


def test_bolt_sees_the_retry_as_headers(impatient: Slack) -> None:
    app = bolt(impatient)
    seen: list[tuple[Any, Any]] = []

    @app.event("message")
    def said(ack: Ack, request: Any) -> None:
        seen.append((request.headers.get("x-slack-retry-num"), request.headers.get("x-slack-retry-reason")))
        ack()

    impatient.post("fault", target="slack", operation="events_api", error="drop_ack", count=1)
    with impatient.connected(app):
        impatient.post("message", user="U0BOB", channel="#ops", text="hello")
        until(lambda: len(seen) == 2)
    assert seen[1] == (["1"], ["timeout"])


def test_the_bot_comes_back_after_its_sockets_were_cut_or_refreshed(slack: Slack) -> None:
    app = bolt(slack)

    @app.command("/ops")
    def ops(ack: Ack) -> None:
        ack()

    with slack.connected(app) as socket_mode:
        slack.post("fault", target="slack", operation="*", error="refresh_requested")
        until(lambda: slack.get("state")["sockets"] == 1)
        assert slack.command("/ops")["ok"]
        slack.post("fault", target="slack", operation="*", error="disconnect")
        assert slack.get("state")["sockets"] == 0
        socket_mode.client.connect_to_new_endpoint(force=True)
        until(lambda: slack.get("state")["sockets"] == 1)
        assert slack.command("/ops")["ok"]


def test_a_warning_leaves_the_connection_its_time(slack: Slack) -> None:
    with open_socket(slack) as socket:
        heard(socket)
        slack.post("fault", target="slack", operation="socket", error="warning")
        assert heard(socket) == {"type": "disconnect", "reason": "warning", "debug_info": {"host": "sandbox"}}
        assert slack.get("state")["sockets"] == 1


def test_twenty_people_at_once_are_all_answered(slack: Slack) -> None:
    app = bolt(slack)

    @app.command("/ops")
    def ops(ack: Ack, body: dict[str, Any]) -> None:
        ack(body["text"])

    answers: dict[str, dict[str, Any]] = {}
    with slack.connected(app):
        people = [
            threading.Thread(target=lambda n=str(n): answers.update({n: slack.command(f"/ops {n}")})) for n in range(20)
        ]
        for person in people:
            person.start()
        for person in people:
            person.join()
    assert {number: answer["ack"]["text"] for number, answer in answers.items()} == {
        str(number): str(number) for number in range(20)
    }


def test_stopping_while_somebody_waits_leaves_nobody_waiting() -> None:
    with running() as slack, open_socket(slack) as socket:
        heard(socket)
        answers: list[dict[str, Any]] = []
        person = threading.Thread(target=lambda: answers.append(slack.command("/ops")))
        person.start()
        heard(socket)
        slack.server.stop()
        person.join(10)
        assert answers[0]["error"] == "dispatch_failed"
        assert "slack" not in {thread.name for thread in threading.enumerate()}
