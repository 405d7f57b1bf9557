"""An alarm as CloudWatch keeps it: what was asked for, the state it is in, and everything that happened to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

INITIAL_REASON = "Unchecked: Initial alarm creation"
_MOST_HISTORY = 5_000
_LONGEST_HISTORY = 4_095

_METRIC_KEYS = (
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "ThresholdMetricId",
)


def moment(at: float) -> datetime:
    """Seconds since the epoch as an aware UTC datetime."""
    return datetime.fromtimestamp(at, UTC)


def stamp(at: float) -> str:
    """CloudWatch's way to write an instant: 2026-11-22T18:50:37.811+0000 (not RFC 3339: no colon in the zone)."""
    when = moment(at)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}+0000"


@dataclass
class Alarm:
    """A metric alarm or, with an AlarmRule, a composite one; ``settings`` holds the parameters as they were given."""

    settings: dict[str, Any]
    account_id: str
    region: str
    created: float
    state_value: str = "INSUFFICIENT_DATA"
    state_reason: str = INITIAL_REASON
    state_reason_data: str | None = None
    held_at_revision: int | None = field(default=None)

    def __post_init__(self) -> None:
        self.configured = self.state_updated = self.state_transitioned = self.created

    @property
    def name(self) -> str:
        """The alarm's name, unique in its region."""
        return str(self.settings["AlarmName"])

    @property
    def alarm_arn(self) -> str:
        """The alarm's ARN; it holds the name raw, spaces and all."""
        return f"arn:aws:cloudwatch:{self.region}:{self.account_id}:alarm:{self.name}"

    @property
    def is_composite(self) -> bool:
        """Whether the alarm is made of other alarms."""
        return "AlarmRule" in self.settings

    @property
    def kind(self) -> str:
        """The API's AlarmType."""
        return "CompositeAlarm" if self.is_composite else "MetricAlarm"

    @property
    def actions_enabled(self) -> bool:
        """Whether a transition runs the actions; true unless said otherwise."""
        return self.settings.get("ActionsEnabled") is not False

    def actions_for(self, state: str) -> list[str]:
        """The ARNs to run when the alarm goes to this state."""
        return list(self.settings.get(ACTION_KEYS[state]) or ())

    def all_actions(self) -> list[str]:
        """The actions of every state."""
        return [arn for state in ACTION_KEYS for arn in self.actions_for(state)]

    def described(self) -> dict[str, Any]:
        """The alarm as DescribeAlarms answers it."""
        answer: dict[str, Any] = {
            "AlarmName": self.name,
            "AlarmArn": self.alarm_arn,
            "AlarmDescription": self.settings.get("AlarmDescription"),
            "AlarmConfigurationUpdatedTimestamp": moment(self.configured),
            "ActionsEnabled": self.actions_enabled,
            "StateValue": self.state_value,
            "StateReason": self.state_reason,
            "StateReasonData": self.state_reason_data,
            "StateUpdatedTimestamp": moment(self.state_updated),
            "StateTransitionedTimestamp": moment(self.state_transitioned),
        }
        answer |= {key: self.actions_for(state) for state, key in ACTION_KEYS.items()}
        if self.is_composite:
            return answer | {"AlarmRule": self.settings["AlarmRule"]}
        answer |= {key: self.settings.get(key) for key in _METRIC_KEYS}
        if self.settings.get("Metrics"):
            return answer | {"Metrics": [{"ReturnData": True, **each} for each in self.settings["Metrics"]]}
        return answer | {"Dimensions": self.settings.get("Dimensions") or []}


ACTION_KEYS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


@dataclass(frozen=True)
class HistoryItem:
    """One line of DescribeAlarmHistory; ``at`` in seconds since the epoch."""

    alarm_name: str
    alarm_type: str
    at: float
    kind: str
    summary: str
    details: dict[str, Any]

    def described(self) -> dict[str, Any]:
        """The line as the API answers it; HistoryData is a JSON string of at most 4,095 characters."""
        return {
            "AlarmName": self.alarm_name,
            "AlarmType": self.alarm_type,
            "Timestamp": moment(self.at),
            "HistoryItemType": self.kind,
            "HistorySummary": self.summary,
            "HistoryData": json.dumps(self.details, separators=(",", ":"))[:_LONGEST_HISTORY],
        }


class AlarmHistory(list[HistoryItem]):
    """Oldest first; it outlives the alarms themselves, as in CloudWatch."""

    def note(self, alarm: Alarm, at: float, kind: str, summary: str, details: dict[str, Any]) -> None:
        """Add one line, dropping the oldest when there are very many."""
        self.append(HistoryItem(alarm.name, alarm.kind, at, kind, summary, {"version": "1.0", **details}))
        if len(self) > _MOST_HISTORY:
            del self[: _MOST_HISTORY // 10]
