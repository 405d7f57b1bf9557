"""CloudWatch metrics and alarms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.aws.calls import in_batches, seconds
from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.cloud import AlarmReading, Datapoint
from bot.domain import Account, AlarmMetric

NAMES_PER_CALL = 100
"""Alarm names one DescribeAlarms takes."""
PAGES = 5
"""Pages read of one answer; GetMetricData has 100,800 values on one, an alarm's history 100 lines."""

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
        return self.several(account, {"": metric}, start=start, end=end)[""]

    def several(
        self, account: Account, metrics: Mapping[str, AlarmMetric], *, start: float, end: float
    ) -> dict[str, tuple[Datapoint, ...]]:
        """The values of several metrics by the names given to them, each as ``series`` tells it, in one call."""
        asked = [name for name, metric in metrics.items() if metric.name and not metric.expression]
        queries = [_query(f"m{number}", metrics[name]) for number, name in enumerate(asked)]
        found = self._by_id(account, queries, start, end) if queries else {}
        values = {name: found.get(f"m{number}", ()) for number, name in enumerate(asked)}
        return {name: values.get(name, ()) for name in metrics}

    def watched(self, account: Account, alarm: str, *, start: float, end: float) -> tuple[Datapoint, ...]:
        """What an alarm on metric math watches: its own queries, as DescribeAlarms tells them; oldest first."""
        found = ask(self._sessions.client(account, "cloudwatch"), "describe_alarms", AlarmNames=[alarm])
        queries = [query for each in found.get("MetricAlarms", []) for query in each.get("Metrics", [])]
        computed = self._by_id(account, queries, start, end) if queries else {}
        return _in_order(point for points in computed.values() for point in points)

    def _by_id(
        self, account: Account, queries: list[dict[str, Any]], start: float, end: float
    ) -> dict[str, tuple[Datapoint, ...]]:
        parameters: dict[str, Any] = {
            "MetricDataQueries": queries,
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
            "ScanBy": "TimestampAscending",
        }
        client = self._sessions.client(account, "cloudwatch")
        points: dict[str, list[Datapoint]] = {}
        for _ in range(PAGES):
            answer = ask(client, "get_metric_data", **parameters)
            for result in answer["MetricDataResults"]:
                pairs = zip(result.get("Timestamps", []), result.get("Values", []), strict=True)
                points.setdefault(result["Id"], []).extend(
                    Datapoint(seconds(moment), float(value)) for moment, value in pairs
                )
            if not answer.get("NextToken"):
                break
            parameters["NextToken"] = answer["NextToken"]
        return {name: _in_order(each) for name, each in points.items()}

    def alarms(self, account: Account, names: Sequence[str]) -> tuple[AlarmReading, ...]:
        """The state of alarms now, metric and composite; names that do not exist are left out."""
        client = self._sessions.client(account, "cloudwatch")
        readings: list[AlarmReading] = []
        # Without names AWS would answer with every alarm of the account.
        for batch in in_batches(sorted(set(names)), NAMES_PER_CALL):
            answer = ask(
                client,
                "describe_alarms",
                AlarmNames=list(batch),
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                MaxRecords=NAMES_PER_CALL,
            )
            found = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
            readings += [_read(each) for each in found]
        return tuple(readings)

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


def _query(name: str, metric: AlarmMetric) -> dict[str, Any]:
    dimensions = [{"Name": dimension, "Value": value} for dimension, value in metric.dimensions.items()]
    watched = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {
        "Id": name,
        "MetricStat": {"Metric": watched, "Period": metric.period, "Stat": statistic(metric.statistic)},
    }


def _in_order(points: Iterable[Datapoint]) -> tuple[Datapoint, ...]:
    return tuple(sorted(points, key=lambda point: point.at))


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
    return AlarmReading(
        arn=found["AlarmArn"],
        name=found["AlarmName"],
        state=found["StateValue"],
        reason=found.get("StateReason", ""),
        updated_at=seconds(changed),
    )
