"""Alarm mute rules: alarms go on changing their states, and run none of their actions for a while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.aws.cloudwatch_alarms import moment, stamp
from sandbox.aws.cloudwatch_mute_schedule import MuteSchedule, Window


@dataclass(frozen=True)
class MuteRule:
    """A rule as it was put last. Moments are seconds since the epoch."""

    name: str
    arn: str
    schedule: MuteSchedule
    written: dict[str, Any]
    updated: float
    description: str | None = None
    alarm_names: tuple[str, ...] = ()
    starts: float | None = None
    expires: float | None = None

    def window(self, now: float) -> Window | None:
        """The window in which it mutes at ``now``."""
        if (self.starts is not None and now < self.starts) or (self.expires is not None and now >= self.expires):
            return None
        return self.schedule.window(now)

    def status(self, now: float) -> str:
        """SCHEDULED, ACTIVE or EXPIRED."""
        if self.window(now) is not None:
            return "ACTIVE"
        ends = self.schedule.ends_for_good()
        over = [end for end in (self.expires, ends) if end is not None and end <= now]
        return "EXPIRED" if over else "SCHEDULED"

    def summarized(self, now: float) -> dict[str, Any]:
        """The rule as ListAlarmMuteRules answers it: by its ARN, without its name or its targets."""
        shown: dict[str, Any] = {
            "AlarmMuteRuleArn": self.arn,
            "Status": self.status(now),
            "MuteType": "RECURRING" if self.schedule.at is None else "ONE_TIME",
            "LastUpdatedTimestamp": moment(self.updated),
        }
        return shown | ({"ExpireDate": moment(self.expires)} if self.expires is not None else {})

    def described(self, now: float) -> dict[str, Any]:
        """The rule as GetAlarmMuteRule answers it."""
        shown = self.summarized(now) | {"Name": self.name, "Rule": self.written}
        if self.alarm_names:
            shown["MuteTargets"] = {"AlarmNames": list(self.alarm_names)}
        if self.description is not None:
            shown["Description"] = self.description
        if self.starts is not None:
            shown["StartDate"] = moment(self.starts)
        return shown


@dataclass(frozen=True)
class Muted:
    """An alarm's muteness at an instant: by which rule, and in which window."""

    rule: MuteRule
    window: Window

    def detail(self) -> dict[str, str]:
        """The ``muteDetail`` of EventBridge's events."""
        return {
            "mutedByArn": self.rule.arn,
            "muteWindowStart": stamp(self.window.start),
            "muteWindowEnd": stamp(self.window.end),
        }


def muted(rules: Iterable[MuteRule], alarm_name: str, now: float) -> Muted | None:
    """Who mutes an alarm; of several rules the one that does so longest, since the alarm is silent until then."""
    found = [Muted(rule, window) for rule in rules if alarm_name in rule.alarm_names and (window := rule.window(now))]
    return max(found, key=lambda each: each.window.end, default=None)


def as_seconds(when: datetime | None) -> float | None:
    """An instant of a request in seconds since the epoch."""
    return None if when is None else when.timestamp()
