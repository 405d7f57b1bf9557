"""Queries of Logs Insights that AWS did not let be stopped: it is tried again until it does, also after a restart."""

from __future__ import annotations

import logging

from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.ports import Clock, World
from bot.rows import NewRow, Received, Row, Step, Store

log = logging.getLogger("bot.search.stopping")

KIND = "stop-query"
OWED, OVER = "owed", "over"
FIRST_AFTER = 5.0
LONGEST = 3600.0
"""Seconds after which AWS itself ends a query:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
"""
PATIENCE = 100
"""Attempts; an hour of them, at most a minute apart, is fewer."""


def stop_later(store: Store, clock: Clock, target_key: str, query_id: str) -> None:
    """Owe the end of a query, in a service's account, that goes on though nobody waits for it."""
    body, now = {"target": target_key, "query": query_id}, clock.now()
    new = NewRow(kind=KIND, key=query_id, state=OWED, body=body, group=target_key, due_at=now + FIRST_AFTER)
    store.add(new, now)


class Unstopped(Machine):
    """The machine of such queries."""

    kind = KIND

    def __init__(self, world: World) -> None:
        self._world = world

    def patience(self, row: Row) -> int:
        """As long as it may run."""
        return PATIENCE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Stop it; one that has ended by itself is stopped, too."""
        target = self._world.catalog.target(str(row.body["target"]))
        if target is not None and self._world.clock.now() - row.created_at < LONGEST:
            self._world.insights.stop(target.account, str(row.body["query"]))
        return Step(OVER, None, row.body)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """AWS ends it within the hour."""
        log.warning("a query could not be stopped", extra={"query": row.body["query"], "error": error.message})
        return Step(OVER, None, row.body)
