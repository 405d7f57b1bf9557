"""The bot's own memory of what was changed, read from the rows of operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.operation import Operation, State
from bot.operations import KIND
from bot.rows import Store

CHANGED = (State.RUNNING, State.SETTLING, State.SOAKING, State.DONE, State.FAILED)


class Ledger:
    """Fills ``bot.ports.Recent``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self, target_key: str, *, since: float, limit: int = 5) -> Iterable[Mapping[str, Any]]:
        """Operations that changed something, newest first; see ``bot.ports.Recent``."""
        found: list[Mapping[str, Any]] = []
        for row in self._store.rows(KIND, group=target_key, states=CHANGED, since=since, limit=50):
            operation = Operation.model_validate(row.body)
            if operation.plan is None or not operation.started_at:
                continue
            found.append(
                {
                    "id": row.id,
                    "command": operation.command,
                    "actor": operation.actor.user,
                    "state": row.state,
                    "title": operation.plan.title,
                    "at": operation.started_at,
                    "version": operation.plan.facts.get("version", ""),
                    "task_definition": operation.results.get("register", {}).get("task_definition", ""),
                }
            )
        return found[:limit]
