"""An alarm as CloudWatch keeps it: what was asked for, and the state it is in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_GROUPED = re.compile(r"\s*SELECT\b.*\bGROUP\s+BY\b", re.IGNORECASE | re.DOTALL)
INITIAL_REASON = "Unchecked: Initial alarm creation"

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

_LOG_KEYS = (
    "ScheduledQueryConfiguration",
    "QueryResultsToEvaluate",
    "QueryResultsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "ActionLogLineCount",
    "ActionLogLineRoleArn",
)


def moment(at: float) -> datetime:
    """Seconds since the epoch as an aware UTC datetime."""
    return datetime.fromtimestamp(at, UTC)


def stamp(at: float) -> str:
    """CloudWatch's way to write an instant: 2026-11-22T18:50:37.811+0000 (not RFC 3339: no colon in the zone)."""
    when = moment(at)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}+0000"


@dataclass
class Contributor:
    """One of the time series of an alarm that watches many; ``transitioned`` in seconds since the epoch."""

    id: str
    attributes: dict[str, str]
    state_value: str
    state_reason: str
    transitioned: float

    def described(self) -> dict[str, Any]:
        """The series as DescribeAlarmContributors answers it."""
        return {
            "ContributorId": self.id,
            "ContributorAttributes": self.attributes,
            "StateReason": self.state_reason,
            "StateTransitionedTimestamp": moment(self.transitioned),
        }


@dataclass(frozen=True)
class Transition:
    """A change of state whose actions are to run: the alarm's, or that of one of its ``contributor``s.

    ``children`` are the alarms that brought a composite alarm's change about.
    """

    old_state: str
    state: str
    at: float
    children: tuple[Alarm, ...] = ()
    contributor: Contributor | None = None


@dataclass
class LogRuns:
    """What the scheduled query of a log alarm answered: by the instant of each run, a value for each group.

    A group is the values of its fields; there is one, without fields, where nothing is grouped.
    """

    next_at: float = 0.0
    count: int = 0
    answers: dict[float, dict[tuple[tuple[str, str], ...], float]] = field(default_factory=dict)


@dataclass(eq=False)
class Alarm:
    """A metric alarm or, with an AlarmRule, a composite one; ``settings`` holds the parameters as they were given.

    ``owed`` are changes whose actions were held back: the alarm's own under "", the others by their contributor.
    """

    settings: dict[str, Any]
    account_id: str
    region: str
    created: float
    state_value: str = "INSUFFICIENT_DATA"
    state_reason: str = INITIAL_REASON
    state_reason_data: str | None = None
    held_at_revision: int | None = None
    left_alarm_at: float | None = None
    contributors: dict[str, Contributor] = field(default_factory=dict)
    owed: dict[str, Transition] = field(default_factory=dict)
    log_runs: LogRuns = field(default_factory=LogRuns)
    looked_at: tuple[float | str, ...] = ()

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
    def is_on_logs(self) -> bool:
        """Whether the alarm runs a query of Logs Insights on a schedule."""
        return "ScheduledQueryConfiguration" in self.settings

    @property
    def watches_many(self) -> bool:
        """Whether each series has a state of its own: those of a query with a GROUP BY, or of logs with a ``by``."""
        if self.is_on_logs:
            aggregated = str(self.settings["ScheduledQueryConfiguration"]["AggregationExpression"])
            return re.search(r"\bby\b", aggregated, re.IGNORECASE) is not None
        queries = self.settings.get("Metrics") or ()
        return any(_GROUPED.match(query.get("Expression") or "") for query in queries)

    @property
    def kind(self) -> str:
        """The API's AlarmType."""
        return "CompositeAlarm" if self.is_composite else "LogAlarm" if self.is_on_logs else "MetricAlarm"

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
            return answer | {key: self.settings[key] for key in COMPOSITE_KEYS if self.settings.get(key) is not None}
        if self.is_on_logs:
            return answer | {key: self.settings[key] for key in _LOG_KEYS if self.settings.get(key) is not None}
        answer |= {key: self.settings.get(key) for key in _METRIC_KEYS}
        if self.settings.get("Metrics"):
            return answer | {"Metrics": [{"ReturnData": True, **each} for each in self.settings["Metrics"]]}
        return answer | {"Dimensions": self.settings.get("Dimensions") or []}


COMPOSITE_KEYS = (
    "AlarmRule",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
)
ACTION_KEYS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
