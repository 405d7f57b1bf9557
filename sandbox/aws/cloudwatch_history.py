"""What happened to a region's alarms, as DescribeAlarmHistory tells it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sandbox.aws.cloudwatch_alarms import Alarm, Contributor, moment

KEPT_SECONDS = 30 * 86_400.0
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html"""
OF_CONTRIBUTORS = ("AlarmContributorStateUpdate", "AlarmContributorAction")
_MOST_HISTORY = 5_000
_LONGEST_DATA, _LONGEST_SUMMARY = 4_095, 255
_LEFT_OUT_FIRST = (("publishedMessage",), ("oldState", "stateReasonData"), ("newState", "stateReasonData"))


@dataclass(frozen=True)
class HistoryItem:
    """One line of DescribeAlarmHistory; ``at`` in seconds since the epoch."""

    alarm_name: str
    alarm_type: str
    at: float
    kind: str
    summary: str
    details: dict[str, Any]
    contributor_id: str | None = None
    contributor_attributes: dict[str, str] | None = None

    def described(self) -> dict[str, Any]:
        """The line as the API answers it."""
        shown: dict[str, Any] = {
            "AlarmName": self.alarm_name,
            "AlarmType": self.alarm_type,
            "Timestamp": moment(self.at),
            "HistoryItemType": self.kind,
            "HistorySummary": self.summary[:_LONGEST_SUMMARY],
            "HistoryData": fitting(self.details),
        }
        if self.contributor_id is not None:
            shown |= {
                "AlarmContributorId": self.contributor_id,
                "AlarmContributorAttributes": self.contributor_attributes,
            }
        return shown


def fitting(details: dict[str, Any]) -> str:
    """The details as JSON of at most 4,095 characters; of longer ones a few are left out, so that it stays JSON."""
    kept = json.loads(json.dumps(details, default=str))
    for path in ((), *_LEFT_OUT_FIRST):
        place = kept
        for key in path[:-1]:
            place = place.get(key) or {}
        if path:
            place.pop(path[-1], None)
        text = json.dumps(kept, separators=(",", ":"))
        if len(text) <= _LONGEST_DATA:
            return text
    return text[:_LONGEST_DATA]


class AlarmHistory(list[HistoryItem]):
    """Oldest first; it outlives the alarms themselves, as in CloudWatch."""

    def note(
        self,
        alarm: Alarm,
        at: float,
        kind: str,
        summary: str,
        details: dict[str, Any],
        contributor: Contributor | None = None,
    ) -> None:
        """Add one line, dropping the oldest when there are very many."""
        of = (contributor.id, contributor.attributes) if contributor is not None else (None, None)
        self.append(HistoryItem(alarm.name, alarm.kind, at, kind, summary, {"version": "1.0", **details}, *of))
        if len(self) > _MOST_HISTORY:
            del self[: _MOST_HISTORY // 10]
