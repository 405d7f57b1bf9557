"""Change events still owed to PagerDuty: rows, so that none is lost because PagerDuty is away.

A change event notifies nobody; it stands beside the incidents of the service, where somebody woken at night looks
for what was changed. It has no key of its own: when an attempt's outcome is unknown it is told again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.ports import World
from bot.posts import address, posted
from bot.rows import NewRow, Received, Row, Step, Store

log = logging.getLogger("bot.changes")

KIND = "change"
OWED, TOLD, GIVEN_UP = "owed", "told", "given_up"
LINK_SECONDS, LOOK_SECONDS = 10.0, 0.5
"""How long it waits for the message it links to, and how often it looks."""
PATIENCE = 1500
"""Attempts while PagerDuty cannot be reached: about a day. An event carries the time of the change itself."""


def change(
    key: str, routing_key_env: str, summary: str, details: Mapping[str, str], thread_key: str, at: float
) -> NewRow:
    """A change that PagerDuty is owed, told once for each ``key``.

    ``routing_key_env`` names the variable with the system's key, ``thread_key`` is the key of the post it links to
    (none when empty), ``at`` is when it happened, in seconds since the epoch.
    """
    body = {
        "env": routing_key_env,
        "summary": summary,
        "details": dict(details),
        "thread_key": thread_key,
        "at": at,
    }
    return NewRow(kind=KIND, key=key, state=OWED, body=body)


class Changes(Machine):
    """The machine of change events."""

    kind = KIND

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def patience(self, row: Row) -> int:
        """Long: nobody waits for it, and it is of use for days."""
        return PATIENCE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Send what is owed, with the address of its message once that is posted."""
        body = row.body
        shown, now = posted(self._store, str(body["thread_key"])), self._world.clock.now()
        if body["thread_key"] and shown is None and now - row.created_at < LINK_SECONDS:
            return Step(OWED, now + LOOK_SECONDS, body)
        link = address(self._world.chat, shown)
        lease.before_effect()
        self._world.pager.change(str(body["env"]), str(body["summary"]), body["details"], link, float(body["at"]))
        return Step(TOLD, None, body)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """PagerDuty will not take it: a line in the log, since nobody waits for it."""
        log.error("change event given up", extra={"row": row.id, "key": row.key, "error": str(error)})
        return Step(GIVEN_UP, None, row.body)
