"""CloudWatch metrics and alarms."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.aws.calls import in_batches, seconds
from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.cloud import AlarmReading, Contributor, Datapoint
from bot.domain import Account, AlarmMetric

NAMES_PER_CALL = 100
"""Alarm names one DescribeAlarms takes."""
PAGES = 5
"""Pages read of one answer; GetMetricData has 100,800 values on one, an alarm's history 100 lines."""

_KINDS = ("MetricAlarms", "CompositeAlarms", "LogAlarms")
# A Metrics Insights query with GROUP BY watches many series; so does PromQL, which has its own field.
_SEVERAL = re.compile(r"\bGROUP\s+BY\b", re.IGNORECASE)
# Notifications spell a statistic in capitals, GetMetricData wants the API's own spelling.
_STATISTICS = {name.upper(): name for name in ("Average", "Sum", "Minimum", "Maximum", "SampleCount", "IQM")}


class Metrics:
    """Fills ``bot.ports.Metrics``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def series(self, account: Account, metric: AlarmMetric, *, start: float, end: float) -> tuple[Datapoint, ...]:
        """The metric's values with the alarm's own statistic and period, oldest first.

        Empty for a metric that is computed from others: a notification does not say enough to compute it again.
        """
        if metric.expression or not metric.name:
            return ()
        dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
        watched = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
        query = {
            "Id": "watched",
            "MetricStat": {"Metric": watched, "Period": metric.period, "Stat": statistic(metric.statistic)},
        }
        return self._computed(account, [query], start, end)

    def watched(self, account: Account, alarm: str, *, start: float, end: float) -> tuple[Datapoint, ...]:
        """What an alarm on metric math watches: its own queries, as DescribeAlarms tells them; oldest first."""
        found = ask(self._sessions.client(account, "cloudwatch"), "describe_alarms", AlarmNames=[alarm])
        queries = [query for each in found.get("MetricAlarms", []) for query in each.get("Metrics", [])]
        return self._computed(account, queries, start, end) if queries else ()

    def _computed(
        self, account: Account, queries: list[dict[str, Any]], start: float, end: float
    ) -> tuple[Datapoint, ...]:
        parameters: dict[str, Any] = {
            "MetricDataQueries": queries,
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
            "ScanBy": "TimestampAscending",
        }
        client = self._sessions.client(account, "cloudwatch")
        points: list[Datapoint] = []
        for _ in range(PAGES):
            answer = ask(client, "get_metric_data", **parameters)
            for result in answer["MetricDataResults"]:
                pairs = zip(result.get("Timestamps", []), result.get("Values", []), strict=True)
                points += [Datapoint(seconds(moment), float(value)) for moment, value in pairs]
            if not answer.get("NextToken"):
                break
            parameters["NextToken"] = answer["NextToken"]
        return tuple(sorted(points, key=lambda point: point.at))

    def alarms(self, account: Account, names: Sequence[str]) -> tuple[AlarmReading, ...]:
        """The state of alarms now, metric, composite and log; names that do not exist are left out."""
        client = self._sessions.client(account, "cloudwatch")
        readings: list[AlarmReading] = []
        # Without names AWS would answer with every alarm of the account.
        for batch in in_batches(sorted(set(names)), NAMES_PER_CALL):
            answer = ask(
                client,
                "describe_alarms",
                AlarmNames=list(batch),
                AlarmTypes=["MetricAlarm", "CompositeAlarm", "LogAlarm"],
                MaxRecords=NAMES_PER_CALL,
            )
            found = [each for kind in _KINDS for each in answer.get(kind, [])]
            readings += [_read(each) for each in found]
        return tuple(readings)

    def contributors(self, account: Account, alarm: str) -> tuple[Contributor, ...]:
        """The series of a multi-series alarm that are in ALARM now (DescribeAlarmContributors)."""
        client = self._sessions.client(account, "cloudwatch")
        parameters: dict[str, Any] = {"AlarmName": alarm}
        found: list[Contributor] = []
        for _ in range(PAGES):
            answer = ask(client, "describe_alarm_contributors", **parameters)
            found += [_contributor(each) for each in answer.get("AlarmContributors", [])]
            if not answer.get("NextToken"):
                break
            parameters["NextToken"] = answer["NextToken"]
        return tuple(found)

    def went_red(self, account: Account, alarm: str, *, since: float) -> tuple[float, ...]:
        """When an alarm went to ALARM since then, newest first (DescribeAlarmHistory, which remembers 30 days)."""
        parameters: dict[str, Any] = {
            "AlarmName": alarm,
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            "HistoryItemType": "StateUpdate",
            "StartDate": datetime.fromtimestamp(since, UTC),
            "ScanBy": "TimestampDescending",
            "MaxRecords": 100,
        }
        client = self._sessions.client(account, "cloudwatch")
        found: list[float] = []
        for _ in range(PAGES):
            answer = ask(client, "describe_alarm_history", **parameters)
            found += [seconds(each["Timestamp"]) for each in answer["AlarmHistoryItems"] if _to_alarm(each)]
            if not answer.get("NextToken"):
                break
            parameters["NextToken"] = answer["NextToken"]
        return tuple(sorted(found, reverse=True))


def statistic(name: str) -> str:
    """A statistic as GetMetricData spells it: ``AVERAGE`` is ``Average``, ``p95`` stays, nothing is ``Average``."""
    return _STATISTICS.get(name.upper().replace("_", ""), name) or "Average"


def _to_alarm(item: dict[str, Any]) -> bool:
    """Whether a line of an alarm's history tells that it went to ALARM; its details are JSON in a string."""
    try:
        return bool(json.loads(item.get("HistoryData", ""))["newState"]["stateValue"] == "ALARM")
    except (ValueError, KeyError, TypeError):
        return str(item.get("HistorySummary", "")).endswith("to ALARM")


def _read(found: dict[str, Any]) -> AlarmReading:
    # StateUpdatedTimestamp also moves when only the reason changed.
    changed = found.get("StateTransitionedTimestamp") or found.get("StateUpdatedTimestamp")
    expressions = (str(query.get("Expression", "")) for query in found.get("Metrics", []))
    return AlarmReading(
        arn=found["AlarmArn"],
        name=found["AlarmName"],
        state=found["StateValue"],
        reason=found.get("StateReason", ""),
        updated_at=seconds(changed),
        description=found.get("AlarmDescription", ""),
        silent=not found.get("ActionsEnabled", True) or bool(found.get("ActionsSuppressedBy")),
        several="EvaluationCriteria" in found or any(_SEVERAL.search(each) for each in expressions),
        definition=found,
    )


def _contributor(found: dict[str, Any]) -> Contributor:
    return Contributor(
        id=found["ContributorId"],
        attributes=dict(found.get("ContributorAttributes", {})),
        reason=found.get("StateReason", ""),
        since=seconds(found.get("StateTransitionedTimestamp")),
    )
