"""An incident, as it is stored in its row."""

from __future__ import annotations

from enum import StrEnum

from bot.domain import Alarm, AlarmState, Finding, Frozen, Severity


class Phase(StrEnum):
    """The states of an incident. The words are stored: they are a contract with older rows."""

    OPENING = "opening"
    OPEN = "open"
    RECOVERED = "recovered"
    CLOSED = "closed"
    RESOLVED = "resolved"
    MERGED = "merged"


KIND = "incident"
ALARM = "alarm"
"""The kind of rows that alarms are."""
LIVE = (Phase.OPENING, Phase.OPEN, Phase.RECOVERED)
"""Phases in which an incident still takes alarms in."""
WORST_FIRST = tuple(Severity)
MOST_MEMBERS = 200
"""Alarms of one incident; more of them open another one."""


class Member(Frozen):
    """One alarm of an incident. ``key`` is that of the alarm's row; ``at`` is when it went to its present state.

    ``fired`` counts how often it went to ALARM; ``why`` says in words how it came into this incident.
    """

    key: str
    name: str
    target: str = ""
    severity: Severity = Severity.MEDIUM
    state: AlarmState = AlarmState.ALARM
    reason: str = ""
    at: float
    joined_at: float
    fired: int = 1
    why: str = ""

    @property
    def arn(self) -> str:
        """Its ARN, which is the row's key without the series that contributes."""
        return self.key.rpartition("#")[0]

    @property
    def alarm_name(self) -> str:
        """What CloudWatch calls it; the series of one alarm share it, and add what tells them apart to ``name``."""
        return self.arn.split(":", 6)[-1] if self.arn.startswith("arn:") else self.name


class Incident(Frozen):
    """The body of an incident's row. Times are seconds since the epoch; 0 means not yet.

    ``alarm`` is the one that opened it, and ``members`` are all alarms in it, in the order they came. ``opened_at`` is
    when that alarm went off, ``heard_at`` when the bot opened it, maybe much later (0 in rows of older versions).
    ``targets`` have been, or are being, looked at; ``look`` is the last look at the first of them. ``acked_by`` is a
    Slack user, ``acked_as`` the name of somebody who acknowledged elsewhere. ``level`` counts the levels of
    escalation that were called, ``paged`` are those that PagerDuty owes a call, ``called`` says that PagerDuty took
    one, and ``mails`` are those that may still be called off. ``cycle`` counts how often it opened after a calm, and
    ``flaps`` how often it came back within minutes in this one. ``silenced`` says that it is snoozed since its alarms
    are silenced.
    ``next_at`` is when something happens by itself: no live incident is without.
    ``called_at`` is when a level was last called.
    ``deadline`` is when the next level is called unless somebody has it, which flapping does not put off.
    ``reminders`` counts what was said since somebody last had it, since the pauses between grow.
    """

    alarm: Alarm
    members: tuple[Member, ...] = ()
    target: str = ""
    severity: Severity = Severity.MEDIUM
    channel: str
    opened_at: float
    heard_at: float = 0.0
    deployment: str = ""
    targets: tuple[str, ...] = ()
    looked: bool = False
    look: str = ""
    looked_at: float = 0.0
    findings: tuple[Finding, ...] = ()
    suspected: str = ""
    playbook: str = ""
    acked_by: str = ""
    acked_as: str = ""
    acked_at: float = 0.0
    first_acked_at: float = 0.0
    snoozed_until: float = 0.0
    silenced: bool = False
    level: int = 0
    paged: tuple[int, ...] = ()
    mails: tuple[str, ...] = ()
    called_at: float = 0.0
    called: bool = False
    next_at: float = 0.0
    deadline: float = 0.0
    reminders: int = 0
    cycle: int = 1
    flaps: int = 0
    recovered_at: float = 0.0
    resolved_by: str = ""
    ended_at: float = 0.0
    merged_into: str = ""

    @property
    def known_since(self) -> float:
        """When people could first know of it: hours after it went off, where the alarm came late or was silent."""
        return self.heard_at or self.opened_at

    @property
    def owner(self) -> str:
        """Who has it: a Slack user's id, or the name of somebody elsewhere; empty when nobody has."""
        return self.acked_by or self.acked_as

    @property
    def is_had(self) -> bool:
        """True when somebody has acknowledged it."""
        return bool(self.owner)

    @property
    def fired(self) -> int:
        """How often any of its alarms went to ALARM."""
        return sum(member.fired for member in self.members)

    @property
    def red(self) -> tuple[Member, ...]:
        """Its alarms that are in ALARM now."""
        return tuple(member for member in self.members if member.state is AlarmState.ALARM)

    @property
    def leading(self) -> tuple[str, str]:
        """Label and reason of the alarm shown first: the one that leads, or the gravest that is red when it is not."""
        lead = self.member(f"{self.alarm.arn}#{self.alarm.contributor}")
        if not self.red or lead is None or lead in self.red:
            return self.alarm.label, self.alarm.reason
        gravest = min(self.red, key=lambda member: WORST_FIRST.index(member.severity))
        return gravest.name, gravest.reason

    @property
    def is_unknown(self) -> bool:
        """True when nothing is in ALARM and something has no data, which is not the same as well."""
        return not self.red and any(member.state is AlarmState.INSUFFICIENT_DATA for member in self.members)

    def member(self, key: str) -> Member | None:
        """The alarm of that row, when it is in this incident."""
        return next((member for member in self.members if member.key == key), None)


def worst(severities: tuple[Severity, ...]) -> Severity:
    """The gravest of some severities; there is at least one."""
    return min(severities, key=WORST_FIRST.index)


def headline_key(incident_id: str) -> str:
    """Key of the one message an incident lives in."""
    return f"inc:{incident_id}:headline"
