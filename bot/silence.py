"""A silence: alarms that open no incident for a while, and are counted instead."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain import Account, AlarmState, Frozen, Severity
from bot.holds import lies_in

SHORTEST, LONGEST = 60.0, 15 * 86400.0
"""Seconds a silence may last: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html gives
these bounds to mute rules, and what is to be silent for longer than two weeks is better repaired or deleted."""
RULE_PREFIX = "runbook-bot-"
"""How the names of the bot's own mute rules in CloudWatch begin."""


class NamedAlarm(Frozen):
    """One alarm that was named: by the service that lists it, or, where none does, by its ARN."""

    name: str
    target: str = ""
    arn: str = ""

    def is_meant(self, name: str, arn: str, target_key: str) -> bool:
        """True for this very alarm; two accounts may each have one of the same name."""
        same = bool(self.target and self.target == target_key) or bool(self.arn and self.arn == arn)
        return same and self.name == name


class Silence(Frozen):
    """Alarms of some ``places``, or those named, are silent from ``since`` until ``until`` (seconds since the epoch).

    ``name`` is what people type to end it: an alarm, ``bi/api production``, or a maintenance rule of the calendar.
    ``places`` are prefixes of target keys. ``by`` is the Slack user who set it, empty for maintenance; ``channel`` is
    where it was set. Where ``account`` is set, a mute rule in CloudWatch silences ``muted`` too.
    """

    id: str
    name: str
    places: tuple[str, ...] = ()
    alarms: tuple[NamedAlarm, ...] = ()
    reason: str
    since: float
    until: float
    by: str = ""
    channel: str = ""
    account: Account | None = None
    muted: tuple[str, ...] = ()

    @property
    def row(self) -> str:
        """The id of the row that keeps it."""
        return f"silence:{self.id}"

    @property
    def rule(self) -> str:
        """The name of its mute rule in CloudWatch."""
        return f"{RULE_PREFIX}{self.id}"

    @property
    def is_maintenance(self) -> bool:
        """True when the calendar set it, and no person."""
        return not self.by

    def holds_at(self, now: float) -> bool:
        """True during it."""
        return self.since <= now < self.until

    def covers(self, name: str, arn: str, target_key: str) -> bool:
        """True when an alarm is silent by it; ``target_key`` is the service it belongs to, or nothing."""
        inside = bool(target_key) and any(lies_in(target_key, place) for place in self.places)
        return inside or any(each.is_meant(name, arn, target_key) for each in self.alarms)


def covering(standing: Iterable[Silence], name: str, arn: str, target_key: str) -> Silence | None:
    """The silence an alarm falls under; of several the one that ends last."""
    found = [each for each in standing if each.covers(name, arn, target_key)]
    return max(found, key=lambda each: each.until, default=None)


class Held(Frozen):
    """An alarm that went to ALARM during a silence: how often, and when (its own times). ``key`` is that of its row."""

    key: str
    name: str
    target: str = ""
    severity: Severity = Severity.MEDIUM
    count: int = 1
    first_at: float
    last_at: float

    @property
    def arn(self) -> str:
        """The alarm's ARN; several series of one alarm have the same."""
        return self.key.rpartition("#")[0]

    def again(self, at: float) -> Held:
        """Counted once more."""
        changes = {"count": self.count + 1, "first_at": min(self.first_at, at), "last_at": max(self.last_at, at)}
        return self.model_copy(update=changes)


class StillRed(Frozen):
    """An alarm that is in ALARM when its silence ends: it ``opens`` an incident now, or an open one has it already."""

    name: str
    since: float
    opens: bool = False
    has_incident: bool = False


class LiveMember(Frozen):
    """One alarm of a live incident."""

    name: str
    arn: str
    target: str
    state: AlarmState
    at: float


class LiveIncident(Frozen):
    """An incident that is not over. ``ts`` names its headline in ``channel``, once that is posted."""

    id: str
    alarm: str
    opened_at: float
    recovered: bool
    owner: str = ""
    snoozed_until: float = 0.0
    channel: str
    ts: str = ""
    members: tuple[LiveMember, ...]
