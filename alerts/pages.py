"""Calls to PagerDuty that are owed: one row an incident, its events sent in order.

The incident's id is the dedup key, so that an event sent twice after a crash changes nothing at PagerDuty.
"""

from __future__ import annotations

import logging
from typing import Any

from bot.domain import Alarm
from bot.engine import Lease, Machine
from bot.errors import BotError, UpstreamError
from bot.incident import Incident, headline_key
from bot.ports import World
from bot.posts import address, post, posted
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.views import incident_replies as view

log = logging.getLogger("alerts.pages")

KIND = "page"
TRIGGER = "trigger"
CALLED = "called"
LINK_SECONDS = 3.0
"""How long a call waits for the headline to be posted, so that it can carry its address."""
PATIENCE = 5
"""Attempts (about twenty seconds) before the thread is told that nobody was called."""
TRY_EVERY, TRY_FOR = 60.0, 6 * 3600.0
"""Seconds between calls after that, and for how long: somebody asleep does not read the thread."""


def page(incident_id: str, incident: Incident, routing_key_env: str, action: str, level: int = 0) -> NewRow:
    """An event that PagerDuty is owed: ``trigger``, ``acknowledge`` or ``resolve``, for a level counted from 0."""
    body = {
        "incident": incident_id,
        "level": level,
        "env": routing_key_env,
        "alarm": incident.alarm.model_dump(mode="json"),
        "severity": incident.severity.value,
        "channel": incident.channel,
        "first": action,
    }
    key = f"{incident_id}:{level}" if level else incident_id
    return NewRow(kind=KIND, key=key, state="owed", body=body, else_signal=Signal(action))


class Pages(Machine):
    """The machine of calls to PagerDuty."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def patience(self, row: Row) -> int:
        """Short: people must know soon that they have to telephone."""
        return PATIENCE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Send the oldest event that is owed."""
        body = dict(row.body)
        action, consumed = self._next(body, signals)
        if not action:
            return Step("sent", None, body)
        later = [signal.name for signal in signals if signal.number not in consumed]
        if action == TRIGGER and body.get("failing_since") and any(name != TRIGGER for name in later):
            # Somebody has it, or it is over, before PagerDuty came back: nobody need be woken any more.
            return Step("sent", 0.0, body | {"first": "", "failing_since": None}, consumed=consumed)
        now = self._world.clock.now()
        if action == TRIGGER and now - row.created_at < LINK_SECONDS and not self._posted(body):
            return Step("owed", now + 0.2, body)
        lease.before_effect()
        called = self._send(body, action)
        body |= {"first": "", "failing_since": None}
        told = ((str(body["incident"]), Signal(CALLED)),) if called else ()
        return Step("sent", 0.0 if later else None, body, consumed=consumed, signals=told)

    @staticmethod
    def _next(body: dict[str, Any], signals: list[Received]) -> tuple[str, tuple[int, ...]]:
        if body.get("first"):
            return str(body["first"]), ()
        return (signals[0].name, (signals[0].number,)) if signals else ("", ())

    def _send(self, body: dict[str, Any], action: str) -> bool:
        """True when somebody is called by it."""
        level = f":{body['level']}" if body.get("level") else ""
        env, key, at = str(body["env"]), f"runbook-bot:{body['incident']}{level}", self._world.clock.now()
        if action == TRIGGER:
            alarm = Alarm.model_validate(body["alarm"])
            link = address(self._world.chat, self._posted(body))
            return self._world.pager.trigger(env, key, alarm, str(body["severity"]), link, at)
        if action == "acknowledge":
            self._world.pager.acknowledge(env, key, at)
        else:
            self._world.pager.resolve(env, key, at)
        return False

    def _posted(self, body: dict[str, Any]) -> Row | None:
        return posted(self._store, headline_key(str(body["incident"])))

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """PagerDuty did not take it: the thread says so, since somebody has to telephone; a call is tried further."""
        body, now = dict(row.body), self._world.clock.now()
        action, consumed = self._next(body, signals)
        log.error("PagerDuty was not called", extra={"row": row.id, "action": action, "error": str(error)})
        if action == TRIGGER and isinstance(error, UpstreamError) and error.retryable:
            body["failing_since"] = float(body.get("failing_since") or now)
            if now - body["failing_since"] < TRY_FOR:
                return Step("owed", now + TRY_EVERY, body, new=(self._not_called(row, body, action, error),))
        said = self._not_called(row, body, action, error)
        body |= {"first": "", "failing_since": None}
        left = len(signals) - len(consumed)
        return Step("sent", 0.0 if left else None, body, consumed=consumed, new=(said,))

    @staticmethod
    def _not_called(row: Row, body: dict[str, Any], action: str, error: BotError) -> NewRow:
        """One reply for as long as PagerDuty stays away; owing it again under the same key changes nothing."""
        incident, mark = str(body["incident"]), body.get("failing_since") or row.epoch
        message = view.page_failed(action, str(error))
        return post(f"inc:{incident}:page:{mark}", str(body["channel"]), message, thread_key=headline_key(incident))
