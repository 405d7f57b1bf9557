"""A look at one service of an incident: the playbook's steps in parallel, as a row of its own.

The incident itself never waits for AWS, so that a button pressed meanwhile is served at once.
"""

from __future__ import annotations

import logging
import threading

from alerts.playbook import Playbook, gather
from alerts.playbooks import Playbooks
from bot.domain import Alarm, Finding, Target, as_json
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
FIRST, REST, ALL = "first", "rest", "all"
"""Which steps a look takes: those every playbook has, which answer soon; the others; or all of them at once."""
BUILT_IN = ("stopped_tasks", "log_errors", "alarm_metric", "target_health", "recent_changes")
AT_ONCE = 6
"""Looks at a time: each reads from AWS in several threads, of which the bot has so many, and posts need some too."""
TURN = 0.25
"""Seconds until a look that found no room tries again, a tenth of the wait so far when that is more."""
LINES, LINE = 12, 300
"""What is kept of a finding with the incident, which is written anew at every change."""


def diagnosis(incident_id: str, alarm: Alarm, target: str, mark: str, part: str = ALL) -> NewRow:
    """A look that is owed; ``mark`` and ``part`` are unique among the looks of an incident."""
    body = {"incident": incident_id, "alarm": as_json(alarm), "target": target, "mark": mark, "part": part}
    return NewRow(kind=KIND, key=f"{incident_id}:{mark}:{part}", state="owed", body=body, group=incident_id)


class Diagnoses(Machine):
    """The machine of looks."""

    kind = KIND

    def __init__(self, world: World, playbooks: Playbooks, settings: BotConfig) -> None:
        self._world = world
        self._playbooks = playbooks
        self._settings = settings
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Look, and tell the incident what was found."""
        now = self._world.clock.now()
        if not self._room.acquire(blocking=False):
            return Step(row.state, now + max(TURN, (now - row.created_at) / 10), dict(row.body))
        try:
            return self._look(row, now)
        finally:
            self._room.release()

    def _look(self, row: Row, now: float) -> Step:
        alarm = Alarm.model_validate(row.body["alarm"])
        target = self._world.catalog.target(str(row.body["target"])) if row.body["target"] else None
        part = str(row.body["part"])
        name, playbook = self._playbooks.choose(alarm, target)
        seconds = self._seconds(part, now - row.created_at)
        found = gather(_part(playbook, part), Look(alarm, target, now), self._world, seconds=seconds)
        return self._told(row, name, found, self._world.clock.now() - now)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """The thread says that nothing could be looked at, rather than nothing."""
        failed = Finding(step="playbook", title="Playbook", summary=str(error), failed=True)
        return self._told(row, "", (failed,), 0.0)

    def _seconds(self, part: str, late: float) -> float:
        timings = self._settings.timings
        deadline = timings.findings_deadline if part == FIRST else timings.playbook_deadline
        return max(1.0, deadline - POSTING_SECONDS - min(2.0, max(0.0, late)))

    @staticmethod
    def _told(row: Row, playbook: str, found: tuple[Finding, ...], took: float) -> Step:
        payload = {
            "mark": row.body["mark"],
            "part": row.body["part"],
            "target": row.body["target"],
            "alarm": row.body["alarm"],
            "playbook": playbook,
            "took": took,
            "findings": [as_json(_short(finding)) for finding in found],
        }
        told = (str(row.body["incident"]), Signal(FOUND, payload))
        return Step("done", None, {"incident": row.body["incident"]}, signals=(told,))


def looks(incident_id: str, alarm: Alarm, target: Target | None, mark: str, playbooks: Playbooks) -> list[NewRow]:
    """The looks at what an alarm is about: what every playbook has first, and beside it whatever else this one has."""
    _, playbook = playbooks.choose(alarm, target)
    key = target.key if target else ""
    parts = [FIRST, REST] if _part(playbook, REST).steps else [FIRST]
    return [diagnosis(incident_id, alarm, key, mark, part) for part in parts]


def _part(playbook: Playbook, part: str) -> Playbook:
    if part == ALL:
        return playbook
    steps = tuple(step for step in playbook.steps if (step.do in BUILT_IN) == (part == FIRST))
    return playbook.model_copy(update={"steps": steps})


def _short(finding: Finding) -> Finding:
    lines = tuple(line if len(line) <= LINE else f"{line[: LINE - 1]}…" for line in finding.lines[:LINES])
    return finding.model_copy(update={"lines": lines})
