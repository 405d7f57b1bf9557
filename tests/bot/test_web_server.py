"""What a balancer is told, and how the Slack door treats strangers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from bot.rows import Store
from bot.store.sqlite import SqliteStore
from bot.web_server import web_app


async def _sns(request: Request) -> Response:
    return Response()


def door(store: Store, away: list[str], bolt: App | None = None) -> TestClient:
    return TestClient(web_app(store, lambda: away, Route("/sns", _sns, methods=["POST"]), bolt))


class Broken(SqliteStore):
    def ping(self) -> None:
        raise OSError("no space left on device")


def test_a_store_that_fails_is_the_only_reason_for_a_503(tmp_path: Path) -> None:
    store = Broken(tmp_path / "bot.db")
    client = door(store, [])
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    store.close()


def test_what_is_out_of_reach_is_named_and_the_intake_stays_open(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "bot.db")
    away: list[str] = []
    client = door(store, away)
    assert client.get("/readyz").json() == {"status": "ready", "degraded": []}
    away += ["aws", "pagerduty"]
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "degraded": ["aws", "pagerduty"]}
    store.close()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"text=x"),
        ({"x-slack-request-timestamp": "abc", "x-slack-signature": "v0=1"}, b"text=x"),
        ({"x-slack-request-timestamp": "1750000000", "x-slack-signature": "v0=1"}, b"\xff\xfe\x00"),
        ({"x-slack-request-timestamp": "1750000000", "x-slack-signature": "v0=1"}, b"text=x"),
    ],
    ids=["nothing", "no time", "no text", "old and wrong"],
)
def test_what_slack_did_not_sign_is_refused(tmp_path: Path, headers: dict[str, str], body: bytes) -> None:
    store = SqliteStore(tmp_path / "bot.db")
    options: dict[str, Any] = {"token_verification_enabled": False}
    bolt = App(client=WebClient(token="xoxb-none"), signing_secret="s" * 32, **options)
    assert door(store, [], bolt).post("/slack/events", headers=headers, content=body).status_code == 401
    store.close()
