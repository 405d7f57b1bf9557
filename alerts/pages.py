"""Calls to PagerDuty that are owed: one row an incident, its events sent in order.

The incident's id is the dedup key, so that an event sent twice after a crash changes nothing at PagerDuty.
"""

from __future__ import annotations

import logging
from typing import Any

from bot.domain import Alarm
from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.incident import Incident, headline_key
from bot.ports import World
from bot.posts import KIND as POST
from bot.posts import post
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.views import incident as view

log = logging.getLogger("alerts.pages")

KIND = "page"
TRIGGER = "trigger"
LINK_SECONDS = 3.0
"""How long a call waits for the headline to be posted, so that it can carry its address."""


def page(incident_id: str, incident: Incident, routing_key_env: str, action: str) -> NewRow:
    """An event that PagerDuty is owed: ``trigger``, ``acknowledge`` or ``resolve``."""
    body = {
        "incident": incident_id,
        "env": routing_key_env,
        "alarm": incident.alarm.model_dump(mode="json"),
        "severity": incident.severity.value,
        "channel": incident.channel,
        "first": action,
    }
    return NewRow(kind=KIND, key=incident_id, state="owed", body=body, else_signal=Signal(action))


class Pages(Machine):
    """The machine of calls to PagerDuty."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Send the oldest event that is owed."""
        body = dict(row.body)
        action, consumed = self._next(body, signals)
        if not action:
            return Step("sent", None, body)
        now = self._world.clock.now()
        if action == TRIGGER and now - row.created_at < LINK_SECONDS and not self._posted(body):
            return Step("owed", now + 0.2, body)
        lease.before_effect()
        self._send(body, action)
        left = len(signals) - len(consumed)
        body["first"] = ""
        return Step("sent", 0.0 if left else None, body, consumed=consumed)

    @staticmethod
    def _next(body: dict[str, Any], signals: list[Received]) -> tuple[str, tuple[int, ...]]:
        if body.get("first"):
            return str(body["first"]), ()
        return (signals[0].name, (signals[0].number,)) if signals else ("", ())

    def _send(self, body: dict[str, Any], action: str) -> None:
        env, key, at = str(body["env"]), f"runbook-bot:{body['incident']}", self._world.clock.now()
        if action == TRIGGER:
            alarm = Alarm.model_validate(body["alarm"])
            self._world.pager.trigger(env, key, alarm, str(body["severity"]), self._link(body), at)
        elif action == "acknowledge":
            self._world.pager.acknowledge(env, key, at)
        else:
            self._world.pager.resolve(env, key, at)

    def _posted(self, body: dict[str, Any]) -> Row | None:
        shown = self._store.by_key(POST, headline_key(str(body["incident"])))
        return shown if shown is not None and shown.body.get("ts") else None

    def _link(self, body: dict[str, Any]) -> str:
        shown = self._posted(body)
        if shown is None:
            return ""
        try:
            return self._world.chat.permalink(str(shown.body["channel"]), str(shown.body["ts"]))
        except BotError:
            return ""

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """PagerDuty did not take it: the thread says so, since somebody has to telephone."""
        body = dict(row.body)
        action, consumed = self._next(body, signals)
        log.error("PagerDuty was not called", extra={"row": row.id, "action": action, "error": str(error)})
        incident = str(body["incident"])
        key = f"inc:{incident}:page:{row.epoch}"
        said = post(key, str(body["channel"]), view.page_failed(str(error)), thread_key=headline_key(incident))
        body["first"] = ""
        left = len(signals) - len(consumed)
        return Step("sent", 0.0 if left else None, body, consumed=consumed, new=(said,))
