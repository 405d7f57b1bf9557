"""Maintenance of the calendar: a row for each rule makes the silence of each of its times, a minute ahead."""

from __future__ import annotations

import logging

from alerts.standing import silence_row
from bot.calendar import Span, maintenance_spans
from bot.engine import Lease, Machine
from bot.errors import BotError
from bot.ports import World
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.settings.calendar import CalendarConfig, MaintenanceRule
from bot.silence import LONGEST, Silence

log = logging.getLogger("alerts.maintenance")

KIND = "maintenance"
WAITING, GONE = "waiting", "gone"
LOOK = "look"
AHEAD = 60.0
"""Seconds before a maintenance at which its silence is stored: it then holds from its first second on."""
IDLE = 86_400.0
"""Seconds after which a rule that has no time in the weeks ahead is looked at again."""


def expect_maintenance(store: Store, calendar: CalendarConfig, now: float) -> None:
    """At every start: each rule has its row, and looks whether its times are still the same."""
    for name in calendar.maintenance:
        store.add(NewRow(kind=KIND, key=name, state=WAITING, body={}, else_signal=Signal(LOOK)), now)


class Maintenance(Machine):
    """The machine of maintenance rules."""

    kind = KIND

    def __init__(self, world: World, calendar: CalendarConfig) -> None:
        self._world = world
        self._calendar = calendar

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Store the silence of the present time, or of the next one when it is about to begin."""
        now, consumed = self._world.clock.now(), tuple(signal.number for signal in signals)
        rule = self._calendar.maintenance.get(row.key)
        if rule is None:
            return Step(GONE, None, {}, consumed=consumed)
        span = next((each for each in maintenance_spans(self._calendar, rule, now) if now < each[1]), None)
        if span is None:
            return Step(WAITING, now + IDLE, {}, consumed=consumed)
        start, end = span
        if now < start - AHEAD:
            return Step(WAITING, start - AHEAD, {}, consumed=consumed)
        new: tuple[NewRow, ...] = ()
        if end - start <= LONGEST:
            new = (silence_row(self._silence(row.key, rule, span)),)
        else:
            log.error("a maintenance without an end silences nothing", extra={"rule": row.key})
        return Step(WAITING, end, {}, consumed=consumed, new=new)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Tried again in a minute; alarms are heard meanwhile."""
        log.error("a maintenance could not be looked at", extra={"rule": row.key, "error": str(error)})
        consumed = tuple(signal.number for signal in signals)
        return Step(WAITING, self._world.clock.now() + AHEAD, dict(row.body), consumed=consumed)

    def _silence(self, name: str, rule: MaintenanceRule, span: Span) -> Silence:
        start, end = span
        covered = (target for target in self._world.catalog.targets if rule.covers(target))
        places = tuple(dict.fromkeys(f"{target.system}/{target.environment}" for target in covered))
        return Silence(id=f"{name}:{int(start)}", name=name, places=places, reason=rule.reason, since=start, until=end)
