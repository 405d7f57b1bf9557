"""The bot's own memory of what was changed, read from the rows of operations."""

from __future__ import annotations

from collections.abc import Sequence

from bot.command import Plan
from bot.domain import Alarm
from bot.incident import ALARM, LIVE, Incident, Phase, headline_key
from bot.incident import KIND as INCIDENT
from bot.operation import KIND, Operation, State
from bot.ports import Past
from bot.posts import posted
from bot.rows import Row, Store
from bot.silence import LiveIncident, LiveMember

CHANGED = (State.RUNNING, State.SETTLING, State.SOAKING, State.DONE, State.FAILED, State.TAKEN_OVER)
READ_AT_ONCE = 200


class Ledger:
    """Fills ``bot.ports.Recent``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self, target_key: str, *, since: float, limit: int = 5) -> tuple[Past, ...]:
        found = self._read(target_key, CHANGED, since)
        return tuple(past for past in found if past.started_at and not past.beside)[:limit]

    def every(self, target_key: str = "", *, since: float, limit: int = 20) -> tuple[Past, ...]:
        return tuple(self._read(target_key, (), since))[:limit]

    def operation(self, operation_id: str) -> Past | None:
        row = self._store.get(operation_id)
        return _past(row) if row is not None and row.kind == KIND else None

    def lately(self, user: str) -> tuple[str, ...]:
        rows = self._store.rows(KIND, limit=READ_AT_ONCE)
        # What was refused may have named a service that the command is not for.
        asked = (row.body for row in rows if row.state != State.REFUSED)
        keys = (str(body["target"]) for body in asked if body["actor"]["user"] == user and not body.get("unattended"))
        return tuple(dict.fromkeys(key for key in keys if key))

    def followers(self) -> tuple[str, ...]:
        rows = self._store.rows(KIND, states=(State.LOOKING,), limit=READ_AT_ONCE)
        looking = (Operation.model_validate(row.body) for row in rows)
        return tuple(each.actor.user for each in looking if each.plan is not None and each.plan.live)

    def incident(self, target_key: str) -> str | None:
        for row in self._store.rows(INCIDENT, states=LIVE, limit=READ_AT_ONCE):
            incident = Incident.model_validate(row.body)
            if target_key in incident.targets:
                return incident.alarm.name
        return None

    def live_incidents(self) -> tuple[LiveIncident, ...]:
        return tuple(self._live(row) for row in self._store.rows(INCIDENT, states=LIVE, limit=READ_AT_ONCE))

    def opened(self, target_key: str, *, since: float) -> tuple[LiveIncident, ...]:
        rows = self._store.rows(INCIDENT, since=since, limit=READ_AT_ONCE)
        return tuple(self._live(row) for row in rows if target_key in Incident.model_validate(row.body).targets)

    def _live(self, row: Row) -> LiveIncident:
        incident, shown = Incident.model_validate(row.body), posted(self._store, headline_key(row.id))
        return LiveIncident(
            id=row.id,
            alarm=incident.alarm.name,
            opened_at=incident.opened_at,
            recovered=row.state == Phase.RECOVERED,
            owner=incident.owner,
            snoozed_until=incident.snoozed_until,
            channel=str(shown.body["channel"]) if shown else incident.channel,
            ts=str(shown.body["ts"]) if shown else "",
            members=tuple(
                LiveMember(name=each.name, arn=each.arn, target=each.target, state=each.state, at=each.at)
                for each in incident.members
            ),
        )

    def heard(self, alarm_name: str) -> tuple[Alarm, ...]:
        rows = self._store.rows(ALARM, group=alarm_name, limit=READ_AT_ONCE)
        return tuple(Alarm.model_validate(row.body["last"]) for row in rows if row.body.get("last"))

    def _read(self, target_key: str, states: Sequence[State], since: float) -> list[Past]:
        rows = self._store.rows(KIND, group=target_key, states=states, since=since, limit=READ_AT_ONCE)
        found = [_past(row) for row in rows]
        return [past for past in found if past is not None]


def _past(row: Row) -> Past | None:
    """None for an operation that only read, or whose plan is not made yet, unless the bot owes it."""
    operation = Operation.model_validate(row.body)
    plan = operation.plan
    if plan is None and operation.unattended:
        plan = Plan(title=operation.note or operation.command)
    elif plan is None or not plan.changes_anything:
        return None
    return Past(
        id=row.id,
        command=operation.command,
        actor=operation.actor.user,
        target=operation.target,
        state=row.state,
        title=plan.title,
        asked_at=row.created_at,
        due_at=(row.due_at or 0.0) if row.state == State.RECEIVED else 0.0,
        started_at=operation.started_at,
        ended_at=operation.ended_at,
        good=operation.good,
        said=operation.progress.headline if operation.progress else operation.note,
        approved_by=tuple(approval.user for approval in operation.approvals),
        approved_at=tuple(approval.at for approval in operation.approvals),
        facts=plan.facts,
        results=operation.results,
        beside=plan.beside,
    )
