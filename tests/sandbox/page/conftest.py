from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from sandbox.app_config import command_names
from sandbox.app_routes import hints, routes
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.pagerduty import PagerDuty
from sandbox.player import Player
from sandbox.slack.server import SlackServer
from tests.sandbox.page.workspace import App, Served, Workspace

ROOT = Path(__file__).parents[3]
SHORTCUT = {"name": "Add to timeline", "type": "message", "callback_id": "incident:note", "description": "Keep it"}
PAGE = ROOT / "sandbox" / "page"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def modules() -> Iterator[str]:
    """The address at which the page's modules lie, with no pretend Slack behind them."""
    with Served(functools.partial(_Quiet, directory=str(PAGE))) as url:
        yield url


@pytest.fixture
def slack() -> Iterator[Workspace]:
    app = App()

    token = f"xoxb-{secrets.token_hex(8)}"
    with Served(app.listener()) as app_url:
        clock, faults, calls = Clock(), Faults(), Calls()
        pagerduty = PagerDuty(clock, faults, calls)
        server = SlackServer(
            clock,
            faults,
            calls,
            page_dir=PAGE,
            bot_token=token,
            app_token=None,
            signing_secret=secrets.token_hex(16),
            request_url=app_url,
            shortcuts=[SHORTCUT],
        )
        mails: list[dict[str, Any]] = []
        shown = hints(command_names(ROOT / "config"))
        server.add_routes(routes(clock, Player(dict), pagerduty, shown, lambda: mails))
        server.start()
        try:
            yield Workspace(server, app, token, faults, pagerduty, clock, mails)
        finally:
            app.released.set()
            pagerduty.webhooks.close()
            server.stop()
