from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pagerduty
import pytest

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.pagerduty import PagerDuty
from sandbox.proxy import HangUpError, Proxy, Request, Response

KEY = secrets.token_hex(16)


class World:
    def __init__(self) -> None:
        self.clock = Clock(start=1_000_000.0, speed=0)
        self.faults = Faults()
        self.calls = Calls()
        self.pagerduty = PagerDuty(self.clock, self.faults, self.calls)

    def send(self, path: str = "/v2/enqueue", **event: Any) -> Response:
        body = json.dumps(event).encode()
        return self.pagerduty.answer(Request("POST", "https", "events.pagerduty.com", path, body=body))

    def act(self, action: str, key: str = "bi/api", routing_key: str = KEY) -> Response:
        return self.send(routing_key=routing_key, event_action=action, dedup_key=key, payload=payload())


@pytest.fixture
def world() -> World:
    return World()


def payload(**changed: Any) -> dict[str, Any]:
    return {"summary": "api is down", "source": "bi", "severity": "critical", **changed}


def errors(response: Response) -> str:
    assert response.status == 400
    told = json.loads(response.body)
    assert told["status"] == "invalid event"
    return " ".join(told["errors"])


def test_a_trigger_opens_an_incident(world: World) -> None:
    response = world.act("trigger")
    assert response.status == 202
    expected = {"status": "success", "message": "Event processed", "dedup_key": "bi/api"}
    assert json.loads(response.body) == expected
    (incident,) = world.pagerduty.snapshot()["incidents"]
    assert (incident["status"], incident["summary"], incident["severity"]) == ("triggered", "api is down", "critical")


def test_a_trigger_without_a_key_gets_one(world: World) -> None:
    response = world.send(routing_key=KEY, event_action="trigger", payload=payload())
    assert json.loads(response.body)["dedup_key"]


def test_the_same_key_while_open_is_appended(world: World) -> None:
    world.act("trigger")
    world.act("trigger")
    (incident,) = world.pagerduty.snapshot()["incidents"]
    assert incident["alerts"] == 2


def test_the_same_key_after_resolve_is_a_new_incident(world: World) -> None:
    for action in ("trigger", "acknowledge", "resolve", "trigger"):
        world.act(action)
    assert [one["status"] for one in world.pagerduty.snapshot()["incidents"]] == ["resolved", "triggered"]


def test_an_event_without_an_open_incident_is_dropped(world: World) -> None:
    for action in ("acknowledge", "resolve"):
        assert world.act(action).status == 202
    shown = world.pagerduty.snapshot()
    assert shown["incidents"] == []
    assert [event["effect"] for event in shown["events"]] == ["dropped", "dropped"]


def test_an_event_through_another_routing_key_is_dropped(world: World) -> None:
    world.act("trigger")
    world.act("resolve", routing_key=secrets.token_hex(16))
    assert world.pagerduty.snapshot()["incidents"][0]["status"] == "triggered"


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"routing_key": "short"}, "routing_key"),
        ({"routing_key": None}, "routing_key"),
        ({"event_action": "open"}, "event_action"),
        ({"dedup_key": "k" * 256}, "dedup_key"),
        ({"payload": None}, "payload"),
        ({"payload": payload(summary="s" * 1025)}, "too long"),
        ({"payload": payload(summary="")}, "summary"),
        ({"payload": payload(source=None)}, "source"),
        ({"payload": payload(severity="fatal")}, "severity"),
        ({"images": [{"src": "http://example.com/a.png"}]}, "HTTPS"),
        ({"images": [{"src": "https:///a.png"}]}, "valid URL"),
        ({"images": [{"src": "https://example.com/a.png", "href": "javascript:alert(1)"}]}, "images.href"),
        ({"images": [{"src": "https://example.com/a.png", "alt": 1}]}, "images.alt"),
        ({"links": [{"text": "no address"}]}, "links.href"),
        ({"links": [{"href": "javascript:alert(1)"}]}, "valid URL"),
        ({"links": "https://example.com"}, "list of objects"),
        ({"client_url": "example"}, "client_url"),
        ({"payload": payload(timestamp="yesterday")}, "timestamp"),
        ({"payload": payload(component=["api"])}, "component"),
    ],
)
def test_a_broken_event_is_refused_with_its_problem(world: World, event: dict[str, Any], problem: str) -> None:
    good = {"routing_key": KEY, "event_action": "trigger", "payload": payload()}
    assert problem in errors(world.send(**{**good, **event}))
    assert world.pagerduty.snapshot()["events"] == []


def test_what_is_no_json_object_is_refused(world: World) -> None:
    for body in (b"", b"[]", b"{", b"\xff"):
        request = Request("POST", "https", "events.pagerduty.com", "/v2/enqueue", body=body)
        assert "JSON" in errors(world.pagerduty.answer(request))


def test_an_event_above_512_kb_is_refused(world: World) -> None:
    response = world.send(routing_key=KEY, event_action="trigger", payload=payload(class_="x" * 512 * 1024))
    assert response.status == 413


def test_a_change_event_notifies_nobody(world: World) -> None:
    change = {"summary": "deployed v1.5.0", "source": "bi"}
    assert world.send("/v2/change/enqueue", routing_key=KEY, payload=change).status == 202
    shown = world.pagerduty.snapshot()
    assert [change["payload"]["summary"] for change in shown["changes"]] == ["deployed v1.5.0"]
    assert shown["incidents"] == []


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"routing_key": "R" * 32}, "ruleset"),
        ({"payload": {}}, "summary"),
        ({"payload": {"summary": "deployed", "timestamp": "yesterday"}}, "timestamp"),
        ({"payload": {"summary": "deployed", "custom_details": "v1"}}, "custom_details"),
        ({"images": [{"src": "https://example.com/a.png"}]}, "images"),
    ],
)
def test_a_broken_change_event_is_refused_with_its_problem(world: World, event: dict[str, Any], problem: str) -> None:
    good = {"routing_key": KEY, "payload": {"summary": "deployed"}}
    assert problem in errors(world.send("/v2/change/enqueue", **{**good, **event}))
    assert world.pagerduty.snapshot()["changes"] == []


def test_the_121st_event_of_a_minute_is_refused_and_a_minute_later_accepted(world: World) -> None:
    statuses = [world.act("trigger").status for _ in range(121)]
    assert statuses == [202] * 120 + [429]
    world.clock.advance(61)
    assert world.act("trigger").status == 202


def test_faults_are_answered_as_asked(world: World) -> None:
    world.faults.add("pagerduty", "enqueue", "503", count=1)
    assert world.act("trigger").status == 503
    world.faults.add("pagerduty", "enqueue", "ratelimited", count=1)
    assert world.act("trigger").status == 429
    world.faults.add("pagerduty", "enqueue", "disconnect", count=1)
    with pytest.raises(HangUpError):
        world.act("trigger")
    assert world.pagerduty.snapshot()["events"] == []


def test_a_lost_answer_leaves_the_event_accepted(world: World) -> None:
    world.faults.add("pagerduty", "enqueue", "drop_ack", count=1)
    with pytest.raises(HangUpError):
        world.act("trigger")
    assert len(world.pagerduty.snapshot()["incidents"]) == 1


def test_calls_are_recorded_without_the_key(world: World) -> None:
    world.act("trigger")
    (call,) = world.calls.list("pagerduty", "enqueue")
    assert call["status"] == "ok"
    assert KEY not in json.dumps(call)
    assert KEY not in json.dumps(world.pagerduty.snapshot())


def test_an_unknown_address_is_not_found(world: World) -> None:
    assert world.send("/v2/nothing").status == 404


@pytest.fixture
def proxy(world: World, tmp_path: Path) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path / "ca.pem")
    proxy.add("events.pagerduty.com", world.pagerduty.answer)
    proxy.start()
    yield proxy
    proxy.stop()


def test_pagerduty_s_own_client_is_understood_through_the_proxy(world: World, proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.ca_file))
    transport = httpx2.HTTPTransport(proxy=proxy.url, verify=context)
    with pagerduty.EventsApiV2Client(KEY, transport=transport) as client:
        key = client.send_event("trigger", dedup_key="bi/api", payload=payload(), client="runbook-bot")
        assert key == "bi/api"
        client.send_event("resolve", dedup_key="bi/api")
        change = {"summary": "deployed v1.5.0", "timestamp": "2026-11-25T21:00:00+00:00", "custom_details": {"by": "a"}}
        client.send_change_event(change, [{"href": "https://slack.example.com/p1", "text": "Slack message"}])
    shown = world.pagerduty.snapshot()
    assert [one["status"] for one in shown["incidents"]] == ["resolved"]
    assert [(one["payload"], one["links"][0]["text"]) for one in shown["changes"]] == [(change, "Slack message")]
