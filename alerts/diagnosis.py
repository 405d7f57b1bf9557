"""A look at one service of an incident: the playbook's steps in parallel, as a row of its own.

The incident itself never waits for AWS, so that a button pressed meanwhile is served at once.
"""

from __future__ import annotations

import logging

from alerts.playbook import Playbook, gather, suspected
from bot.domain import Alarm, Finding, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.ports import World
from bot.rows import NewRow, Received, Row, Signal, Step
from bot.settings.models import BotConfig
from bot.steps.base import Scene as Look

log = logging.getLogger("alerts.diagnosis")

KIND = "diagnosis"
FOUND = "found"
POSTING_SECONDS = 1.2
"""What of the deadline is kept for telling Slack."""


def diagnosis(incident_id: str, alarm: Alarm, target: str, mark: str) -> NewRow:
    """A look that is owed; ``mark`` is unique among the looks of an incident."""
    body = {"incident": incident_id, "alarm": as_json(alarm), "target": target, "mark": mark}
    return NewRow(kind=KIND, key=f"{incident_id}:{mark}", state="owed", body=body, group=incident_id)


class Diagnoses(Machine):
    """The machine of looks."""

    kind = KIND

    def __init__(self, world: World, playbook: Playbook, settings: BotConfig) -> None:
        self._world = world
        self._playbook = playbook
        self._settings = settings

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Look, and tell the incident what was found."""
        now = self._world.clock.now()
        spent = min(2.0, max(0.0, now - row.created_at))
        seconds = max(1.0, self._settings.timings.findings_deadline - POSTING_SECONDS - spent)
        alarm = Alarm.model_validate(row.body["alarm"])
        target = self._world.catalog.target(str(row.body["target"])) if row.body["target"] else None
        found = gather(self._playbook, Look(alarm, target, now), self._world, seconds=seconds)
        return self._told(row, found, self._world.clock.now() - now)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """The thread says that nothing could be looked at, rather than nothing."""
        failed = Finding(step="playbook", title="Playbook", summary=str(error), failed=True)
        return self._told(row, (failed,), 0.0)

    @staticmethod
    def _told(row: Row, found: tuple[Finding, ...], took: float) -> Step:
        payload = {
            "mark": row.body["mark"],
            "target": row.body["target"],
            "took": took,
            "findings": [as_json(finding) for finding in found],
            "suspected": suspected(found),
        }
        told = (str(row.body["incident"]), Signal(FOUND, payload))
        return Step("done", None, dict(row.body), signals=(told,))
