"""What people do in PagerDuty, and the webhooks that tell of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.pagerduty import PagerDuty
from sandbox.pagerduty_incidents import NotPossibleError
from sandbox.pagerduty_webhooks import DISABLED_FOR, FAULT_TARGET
from sandbox.proxy import Request
from tests.waiting import until

KEY, OTHER_KEY = secrets.token_hex(16), secrets.token_hex(16)
SECRET, NEW_SECRET = secrets.token_hex(16), secrets.token_hex(16)


@dataclass
class Got:
    """One POST that the receiver got."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)["event"]
        return event


class Receiver:
    """Answers the statuses it was given, one after the other, and then 202."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.statuses: list[int] = []
        receiver = self

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.statuses.pop(0) if receiver.statuses else 202
                receiver.got.append(Got({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/pagerduty"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def kinds(self) -> list[str]:
        return [one.event["event_type"].removeprefix("incident.") for one in self.got]


class World:
    def __init__(self) -> None:
        self.clock = Clock(start=1_800_000_000.0, speed=0)
        self.faults = Faults()
        self.calls = Calls()
        names = {KEY: "BI platform", OTHER_KEY: "Escalation"}
        self.pagerduty = PagerDuty(self.clock, self.faults, self.calls, names)
        self.receiver = Receiver()
        self.id = self.pagerduty.webhooks.subscribe(self.receiver.url, SECRET)

    def send(self, action: str, key: str = "bi/api", routing_key: str = KEY, **more: Any) -> None:
        payload = {"summary": f"{key} is down", "source": "bi", "severity": "critical"}
        event = {"routing_key": routing_key, "event_action": action, "dedup_key": key, "payload": payload} | more
        request = Request("POST", "https", "events.pagerduty.com", "/v2/enqueue", body=json.dumps(event).encode())
        assert self.pagerduty.answer(request).status == 202

    def incident(self, number: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = self.pagerduty.snapshot()["incidents"][number - 1]
        return found

    def act(self, action: str, user: str = "U0ALICE", number: int = 1, **more: Any) -> None:
        self.pagerduty.act(user, self.incident(number)["id"], action, **more)

    def later(self, seconds: float, look: Callable[[], bool]) -> None:
        """Let time pass in steps of so many seconds until it is so."""

        def step() -> bool:
            self.clock.advance(seconds)
            return look()

        until(step)

    def deliveries(self) -> list[str]:
        return [one["status"] for one in self.pagerduty.webhooks.status()["deliveries"]]

    def heard(self, *kinds: str) -> None:
        """Wait until the receiver got exactly these."""
        until(lambda: self.receiver.kinds() == list(kinds), otherwise=lambda: str(self.receiver.kinds()))


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.pagerduty.webhooks.close()
    world.receiver.close()


def signed(secret: str, body: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_person_s_acknowledgement_is_told_signed_and_in_pagerduty_s_shape(world: World) -> None:
    world.send("trigger", client="runbook-bot")
    world.act("acknowledge")
    world.heard("triggered", "acknowledged")
    got = world.receiver.got[1]
    assert got.headers["x-pagerduty-signature"] == signed(SECRET, got.body)
    assert got.headers["x-webhook-subscription"] == world.id
    assert got.headers["x-webhook-id"] != world.receiver.got[0].headers["x-webhook-id"]
    event, data = got.event, got.event["data"]
    assert (event["resource_type"], event["occurred_at"]) == ("incident", "2027-01-15T08:00:00.000Z")
    assert (event["agent"]["type"], event["agent"]["summary"]) == ("user_reference", "Alice Novak")
    assert (data["type"], data["status"], data["incident_key"]) == ("incident", "acknowledged", "bi/api")
    assert (data["id"], data["title"]) == (world.incident()["id"], "bi/api is down")
    assert (data["service"]["type"], data["service"]["summary"]) == ("service_reference", "BI platform")
    assert [one["summary"] for one in data["assignees"]] == ["Alice Novak"]
    assert world.receiver.got[0].event["agent"]["type"] == "events_api_v2_inbound_integration_reference"


def test_what_an_event_does_is_told_like_what_a_person_does(world: World) -> None:
    for action in ("trigger", "trigger", "acknowledge", "acknowledge", "resolve"):
        world.send(action)
    world.heard("triggered", "acknowledged", "resolved")


def test_escalating_and_reassigning_call_somebody_else_who_has_acknowledged_nothing(world: World) -> None:
    world.send("trigger")
    world.act("acknowledge")
    world.act("escalate")
    assert (world.incident()["status"], world.incident()["assignees"][0]["name"]) == ("triggered", "Bob Ito")
    world.act("reassign", to=["U0CAROL", "PDAVE01"])
    world.heard("triggered", "acknowledged", "escalated", "reassigned")
    data = world.receiver.got[-1].event["data"]
    assert [one["summary"] for one in data["assignees"]] == ["Carol Mensah", "Dave Lindqvist"]
    for _ in range(2):
        world.act("escalate")
    with pytest.raises(NotPossibleError, match="nobody above"):
        world.act("escalate")


def test_a_note_and_a_reopening_are_told(world: World) -> None:
    world.send("trigger")
    world.act("note", note="It is the database.")
    world.act("resolve", user="U0BOB")
    world.act("reopen")
    world.heard("triggered", "annotated", "resolved", "reopened")
    note = world.receiver.got[1].event["data"]
    assert (note["type"], note["content"]) == ("incident_note", "It is the database.")
    assert note["incident"]["id"] == world.incident()["id"]
    assert [one["what"] for one in world.incident()["log"]] == ["triggered", "annotated", "resolved", "reopened"]


@pytest.mark.parametrize(
    ("action", "more", "words"),
    [
        ("explode", {}, "There is no explode"),
        ("reopen", {}, "It is open"),
        ("unacknowledge", {}, "Nobody acknowledged it"),
        ("reassign", {}, "who is to have it"),
        ("reassign", {"to": ["U0NOBODY"]}, "knows nobody"),
        ("note", {"note": " "}, "has words"),
        ("acknowledge", {"user": "U0STRANGER"}, "knows nobody"),
    ],
)
def test_what_is_not_possible_is_refused_in_words(world: World, action: str, more: dict[str, Any], words: str) -> None:
    world.send("trigger")
    with pytest.raises(NotPossibleError, match=words):
        world.act(action, **more)
    world.heard("triggered")


def test_another_routing_key_is_another_service_with_an_incident_of_its_own(world: World) -> None:
    world.send("trigger")
    world.send("trigger", routing_key=OTHER_KEY)
    world.act("resolve", number=2)
    assert [world.incident(number)["status"] for number in (1, 2)] == ["triggered", "resolved"]
    until(lambda: len(world.receiver.got) == 3)
    assert {one.event["data"]["service"]["summary"] for one in world.receiver.got} == {"BI platform", "Escalation"}


def test_a_failed_delivery_comes_again_with_its_id_and_holds_back_what_came_after(world: World) -> None:
    world.receiver.statuses = [503, 429]
    world.send("trigger")
    world.act("acknowledge")
    world.send("trigger", key="bi/web")
    until(lambda: len(world.receiver.got) == 2)
    assert {one.event["data"]["incident_key"] for one in world.receiver.got} == {"bi/api", "bi/web"}
    assert "acknowledged" not in world.receiver.kinds()
    world.later(60, lambda: "acknowledged" in world.receiver.kinds())
    mine = [one for one in world.receiver.got if one.event["data"]["incident_key"] == "bi/api"]
    assert [one.event["event_type"] for one in mine] == ["incident.triggered"] * (len(mine) - 1) + [
        "incident.acknowledged"
    ]
    assert len({one.headers["x-webhook-id"] for one in mine}) == 2
    until(lambda: world.deliveries() == ["delivered"] * 3)


def test_a_delivery_whose_answer_was_lost_comes_again_and_one_may_come_twice(world: World) -> None:
    world.faults.add(FAULT_TARGET, "webhook", "lost_response", count=1)
    world.send("trigger")
    until(lambda: len(world.receiver.got) == 1)
    world.later(5, lambda: len(world.receiver.got) == 2)
    world.faults.add(FAULT_TARGET, "webhook", "twice", count=1)
    world.act("acknowledge")
    world.heard("triggered", "triggered", "acknowledged", "acknowledged")
    ids = [one.headers["x-webhook-id"] for one in world.receiver.got]
    assert (ids[0], ids[2]) == (ids[1], ids[3])
    assert ids[0] != ids[2]


def test_what_is_refused_is_dropped_and_three_in_a_row_end_the_subscription_for_a_day(world: World) -> None:
    world.receiver.statuses = [404, 401, 400]
    for action in ("trigger", "acknowledge", "resolve"):
        world.send(action)
    until(lambda: world.deliveries() == ["dropped"] * 3)
    assert world.pagerduty.webhooks.status()["disabled"]
    world.send("trigger")
    assert world.deliveries()[-1] == "dropped"
    world.clock.advance(DISABLED_FOR + 1)
    world.act("acknowledge", number=2)
    world.heard("triggered", "acknowledged", "resolved", "acknowledged")
    world.receiver.statuses = [404] * 3
    for action in ("unacknowledge", "acknowledge", "resolve"):
        world.act(action, number=2)
    until(lambda: world.pagerduty.webhooks.status()["disabled"])
    world.pagerduty.webhooks.enable()
    assert not world.pagerduty.webhooks.status()["disabled"]


def test_one_that_is_away_for_two_days_is_given_up(world: World) -> None:
    world.faults.add(FAULT_TARGET, "webhook", "timeout")
    world.send("trigger")
    until(lambda: world.deliveries() == ["retrying: timeout"])
    world.later(24 * 3600, lambda: world.deliveries() == ["dropped"])
    assert world.receiver.got == []


def test_while_a_secret_is_replaced_both_sign(world: World) -> None:
    world.pagerduty.webhooks.rotate(NEW_SECRET, SECRET)
    world.send("trigger")
    world.heard("triggered")
    got = world.receiver.got[0]
    assert got.headers["x-pagerduty-signature"] == f"{signed(NEW_SECRET, got.body)},{signed(SECRET, got.body)}"


def test_details_links_and_images_are_kept_for_people(world: World) -> None:
    link, image = {"href": "https://example.com/t", "text": "Thread"}, {"src": "https://example.com/a.png", "alt": "x"}
    payload = {"summary": "s", "source": "bi", "severity": "warning", "custom_details": {"cpu": "97 %"}}
    world.send("trigger", payload=payload, links=[link], images=[image], client="bot", client_url="https://example.com")
    shown = world.incident()
    assert (shown["links"], shown["images"], shown["custom_details"]) == ([link], [image], {"cpu": "97 %"})
    world.heard("triggered")
    assert world.receiver.got[0].event["data"]["urgency"] == "low"
