"""PagerDuty's webhooks over HTTP: what is signed is stored once, and the status makes PagerDuty do the right thing."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from alerts.page_events import accept_event
from bot.pagerduty.webhooks import MAX_BODY, WebhookEndpoint
from bot.paging import PageEvent
from bot.rows import NewRow, Received, Signal
from bot.store.sqlite import SqliteStore
from bot.web_server import web_app
from tests.fakes import NOON, FakeClock
from tests.waiting import until

OLD, SECRET = "o" * 32, "s" * 32
USER = {"type": "user_reference", "summary": "Alice Example", "id": "PLH1HKV"}
INTEGRATION = {"type": "events_api_v2_inbound_integration_reference", "summary": "Events API V2", "id": "PXMQRWJ"}
URL = "https://acme.pagerduty.com/incidents/PGR0VU2"


class Door:
    """The real route before a real store with one incident, ``inc1``."""

    def __init__(self, folder: Path, secrets: tuple[str, ...] = (SECRET,), seconds: float = 4.0) -> None:
        self.clock = FakeClock()
        self.store = SqliteStore(folder / "bot.db")
        self.broken: Exception | None = None
        self.held: threading.Event | None = None
        for row_id, kind in (("inc1", "incident"), ("op1", "operation")):
            self.store.add(NewRow(kind=kind, key=row_id, state="open", body={}, due_at=None, id=row_id), NOON)
        endpoint = WebhookEndpoint(secrets, self.accept, self.clock, seconds=seconds)
        sns = WebhookEndpoint((), self.accept, self.clock).route("/sns")
        self.client = TestClient(web_app(self.store, list, sns, None, pagerduty=endpoint.route()))
        self._sent = 0

    def accept(self, event: PageEvent) -> bool:
        if self.broken:
            raise self.broken
        if self.held:
            self.held.wait(10)
        return accept_event(self.store, self.tell, event, self.clock.now())

    def tell(self, row_id: str, signal: Signal) -> bool:
        return self.store.signal(row_id, signal, self.clock.now())

    def post(self, body: bytes, secret: str = SECRET, signature: str | None = None, **headers: str) -> int:
        signed = "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        given = {"x-pagerduty-signature": signed if signature is None else signature, **headers}
        raw = {name: value.encode("latin-1") for name, value in given.items()}
        return self.client.post("/pagerduty", content=body, headers=raw).status_code  # type: ignore[arg-type]

    def event(self, word: str, key: str = "runbook-bot:inc1", agent: Any = USER, **changes: Any) -> dict[str, Any]:
        """A webhook as PagerDuty documents it."""
        self._sent += 1
        data = {
            "id": "PGR0VU2",
            "type": "incident",
            "html_url": URL,
            "status": "acknowledged",
            "incident_key": key,
            "assignees": [{"type": "user_reference", "summary": "Bob Example"}],
            "priority": {"summary": "P1", "type": "priority_reference"},
            "resolve_reason": None,
        }
        event = {
            "id": f"01EVENT{self._sent}",
            "event_type": f"incident.{word}",
            "resource_type": "incident",
            "occurred_at": "2025-06-15T15:00:00.500Z",
            "agent": agent,
            "client": None,
            "data": data | changes,
        }
        return {"event": event}

    def send(self, word: str, **changes: Any) -> int:
        return self.post(json.dumps(self.event(word, **changes)).encode())

    def told(self, row_id: str = "inc1") -> list[Received]:
        return self.store.pending(row_id)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    opened = Door(tmp_path)
    yield opened
    opened.store.close()


def test_what_a_person_does_in_pagerduty_reaches_the_incident(door: Door) -> None:
    assert door.send("acknowledged") == 200
    (signal,) = door.told()
    assert signal.name == "pagerduty"
    assert signal.payload == {
        "event": "acknowledged",
        "who": "Alice Example",
        "by": "user",
        "at": 1_749_999_600.5,
        "to": ["Bob Example"],
        "url": URL,
        "level": 1,
        "note": "",
        "priority": "P1",
    }


@pytest.mark.parametrize(
    "word",
    ["unacknowledged", "resolved", "reopened", "reassigned", "escalated", "delegated", "priority_updated"],
)
def test_every_event_that_matters_is_told(door: Door, word: str) -> None:
    assert door.send(word) == 200
    assert [signal.payload["event"] for signal in door.told()] == [word]


def test_a_later_level_belongs_to_the_same_incident(door: Door) -> None:
    assert door.send("acknowledged", key="runbook-bot:inc1:2") == 200
    assert [signal.payload["level"] for signal in door.told()] == [3]


@pytest.mark.parametrize(
    "agent", [None, INTEGRATION, {"type": "service_reference"}, {"type": "inbound_integration_reference"}, "x", {}]
)
def test_the_echo_of_our_own_calls_is_marked(door: Door, agent: Any) -> None:
    for word in ("acknowledged", "resolved"):
        door.send(word, agent=agent)
    assert [signal.payload["by"] for signal in door.told()] == ["integration"] * 2


def test_what_pagerduty_does_by_itself_is_no_echo_of_ours(door: Door) -> None:
    door.send("unacknowledged", agent=None)
    door.send("escalated", agent={"type": "escalation_policy_reference", "summary": "Default"})
    door.send("unacknowledged", agent={"type": "service_reference", "summary": "API"})
    assert [signal.payload["by"] for signal in door.told()] == ["pagerduty", "escalation_policy", "service"]


def test_a_note_finds_its_incident_by_pagerdutys_id_once_that_is_known(door: Door) -> None:
    note = {"type": "incident_note", "id": "P2LA89X", "content": "restarting it", "incident": {"id": "PGR0VU2"}}
    written = door.event("annotated")
    written["event"]["data"] = note
    assert door.post(json.dumps(written).encode()) == 200
    assert door.told() == []
    assert door.send("triggered", key="runbook-bot:inc1:1") == 200
    assert door.told() == []
    written["event"]["id"] = "01NOTE"
    assert door.post(json.dumps(written).encode()) == 200
    (signal,) = door.told()
    assert (signal.payload["event"], signal.payload["note"], signal.payload["level"]) == (
        "annotated",
        "restarting it",
        2,
    )


def test_an_incident_that_was_merged_into_another_is_not_over(door: Door) -> None:
    assert door.send("resolved", resolve_reason={"type": "merge_resolve_reason"}) == 200
    assert door.told() == []


def test_a_webhook_that_comes_again_changes_nothing(door: Door) -> None:
    body = json.dumps(door.event("acknowledged")).encode()
    assert [door.post(body, **{"x-webhook-id": "w1"}) for _ in range(3)] == [200] * 3
    assert len(door.told()) == 1
    # The header is not signed: whoever replays a body under another one gains nothing.
    assert door.post(body, **{"x-webhook-id": "w2"}) == 200
    assert len(door.told()) == 1


def test_a_body_without_an_id_is_known_by_its_webhooks(door: Door) -> None:
    event = door.event("acknowledged")
    event["event"].pop("id")
    body = json.dumps(event).encode()
    for webhook in ("w1", "w1", "w2"):
        assert door.post(body, **{"x-webhook-id": webhook}) == 200
    assert len(door.told()) == 2
    assert [door.post(body), door.post(body)] == [200, 200]
    assert len(door.told()) == 3


def test_an_incident_that_is_not_ours_is_answered_with_200_so_that_the_subscription_stays(door: Door) -> None:
    for key in (
        "",
        "runbook-bot:",
        "runbook-bot:nobody",
        "other:inc1",
        "runbook-bot:inc1:x",
        "runbook-bot:op1",
        "inc1",
    ):
        assert door.send("acknowledged", key=key) == 200
    assert door.told() == [] == door.told("op1")


@pytest.mark.parametrize("kind", ["pagey.ping", "service.updated", "incident.responder.added", "incident.unheard_of"])
def test_tests_and_events_nobody_waits_for_are_answered_with_200(door: Door, kind: str) -> None:
    event = door.event("x")
    event["event"]["event_type"] = kind
    assert door.post(json.dumps(event).encode()) == 200
    assert door.told() == []


def test_what_pagerduty_did_not_sign_is_answered_with_401(door: Door) -> None:
    body = json.dumps(door.event("resolved")).encode()
    right = "v1=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    for signature in ("", "v1=", "v1=0", right.upper(), right.replace("v1", "v2"), right[:-1], "\xff"):
        assert door.post(body, signature=signature) == 401
    assert door.post(body, secret=OLD) == 401
    assert door.post(body + b" ", signature=right) == 401
    assert door.client.post("/pagerduty", content=body).status_code == 401
    assert door.told() == []
    assert door.post(body, signature=f"v1={'0' * 64},{right}") == 200


def test_while_a_secret_is_replaced_both_sign(tmp_path: Path) -> None:
    door = Door(tmp_path, (OLD, SECRET))
    for secret in (OLD, SECRET):
        assert door.post(json.dumps(door.event("acknowledged")).encode(), secret) == 200
    assert len(door.told()) == 2
    door.store.close()


def test_without_a_secret_there_is_no_such_address(tmp_path: Path) -> None:
    door = Door(tmp_path, ())
    assert door.post(json.dumps(door.event("resolved")).encode(), "") == 404
    assert door.told() == []
    door.store.close()


def test_a_store_that_fails_is_answered_with_503_and_the_next_delivery_is_stored(door: Door) -> None:
    door.broken = OSError("disk full")
    body = json.dumps(door.event("acknowledged")).encode()
    assert door.post(body) == 503
    door.broken = None
    assert door.post(body) == 200
    assert len(door.told()) == 1


def test_a_store_that_is_slow_is_answered_in_time_and_what_it_stored_later_is_stored_once(tmp_path: Path) -> None:
    door = Door(tmp_path, seconds=0.05)
    door.held = threading.Event()
    body = json.dumps(door.event("acknowledged")).encode()
    with door.client:
        assert door.post(body) == 503
        door.held.set()
        until(lambda: door.told() != [])
        assert door.post(body) in (200, 503)
    assert len(door.told()) == 1
    door.store.close()


def test_a_body_without_end_is_refused(door: Door) -> None:
    pieces = (b" " * 65_536 for _ in range(MAX_BODY // 65_536 + 2))
    assert door.client.post("/pagerduty", content=pieces).status_code == 413


def test_only_post_is_answered(door: Door) -> None:
    assert door.client.get("/pagerduty").status_code == 405


def test_names_and_notes_carry_no_secret_and_no_control_character(door: Door) -> None:
    secret = "hunter" + "2"
    agent = {"type": "user_reference", "summary": f"\x1b[31mAlice\u202e password={secret}"}
    hostile = [{"summary": "a" * 5_000}, {"summary": 7}, "x", None, *[{"summary": "n"}] * 50]
    assert door.send("reassigned", agent=agent, assignees=hostile, html_url="javascript:alert(1)") == 200
    (signal,) = door.told()
    assert signal.payload["who"] == "Alice password=[redacted]"
    assert len(signal.payload["to"]) == 7 and all(len(name) <= 200 for name in signal.payload["to"])
    assert signal.payload["url"] == ""


@pytest.mark.parametrize("at", [None, 7, "soon", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2999-01-01"])
def test_a_time_that_cannot_be_is_now(door: Door, at: Any) -> None:
    event = door.event("acknowledged")
    event["event"]["occurred_at"] = at
    assert door.post(json.dumps(event).encode()) == 200
    assert [signal.payload["at"] for signal in door.told()] == [NOON]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("id", "event_type", "occurred_at", "agent", "client", "data", "resource_type")
DATA = ("id", "type", "html_url", "incident_key", "assignees", "priority", "resolve_reason", "incident", "content")


def test_whatever_is_signed_is_answered_with_200(door: Door) -> None:
    @given(JSON | st.dictionaries(st.just("event"), JSON))
    def any_json(value: Any) -> None:
        assert door.post(json.dumps(value).encode()) == 200

    @given(st.binary())
    def any_bytes(body: bytes) -> None:
        assert door.post(body) == 200

    @given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.dictionaries(st.sampled_from(DATA), JSON), st.text())
    def broken_fields(changes: dict[str, Any], data: dict[str, Any], webhook: str) -> None:
        event = door.event("acknowledged", **data)
        event["event"] |= changes
        identity = webhook.encode("ascii", "ignore").decode().replace("\n", "").replace("\r", "").replace("\0", "")
        assert door.post(json.dumps(event).encode(), **{"x-webhook-id": identity.strip()}) == 200

    any_json()
    any_bytes()
    broken_fields()
    for body in (b"[" * 100_000, b'{"event":' * 50_000, b"1" * 100_000, b'{"event": {"id": NaN}}'):
        assert door.post(body) == 200


@given(JSON)
def test_whatever_is_not_signed_is_answered_with_401(value: Any) -> None:
    def accept(event: PageEvent) -> bool:
        raise AssertionError(event)

    route = WebhookEndpoint((SECRET,), accept, FakeClock()).route()
    client = TestClient(web_app(None, list, route, None))  # type: ignore[arg-type]  # no store is asked
    body = json.dumps(value).encode()
    assert client.post("/pagerduty", content=body, headers={"x-pagerduty-signature": "v1=00"}).status_code == 401
