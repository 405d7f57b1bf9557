"""CloudWatch metrics and alarms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.aws.calls import in_batches, seconds
from bot.aws.errors import ask
from bot.aws.metric_lists import listed_dashboards, listed_metrics
from bot.aws.pictures import picture, statistic
from bot.aws.session import Sessions
from bot.cloud import AlarmReading, Contributor, Curve, Datapoint, Transition
from bot.domain import Account, AlarmMetric
from bot.graph import Mark
from bot.telemetry import Dashboard

NAMES_PER_CALL = 100
"""Alarm names one DescribeAlarms takes."""
METRICS_PER_CALL = 500
"""Metrics one GetMetricData takes."""
PAGES = 5
"""Pages read of one answer; GetMetricData has 100,800 values on one, an alarm's history 100 lines.

DescribeAlarms has 100 alarms on one at most.
"""

_KINDS = ("MetricAlarms", "CompositeAlarms", "LogAlarms")
_TYPES = ["MetricAlarm", "CompositeAlarm", "LogAlarm"]
# A Metrics Insights query with GROUP BY watches many series; so does PromQL, which has its own field.
_SEVERAL = re.compile(r"\bGROUP\s+BY\b", re.IGNORECASE)
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


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
        """The values of several metrics by the names given to them, each as ``series`` tells it, 500 in one call."""
        asked = [name for name, metric in metrics.items() if metric.name and not metric.expression]
        queries = [_query(f"m{number}", metrics[name]) for number, name in enumerate(asked)]
        found: dict[str, tuple[Datapoint, ...]] = {}
        for batch in in_batches(queries, METRICS_PER_CALL):
            found |= self._by_id(account, list(batch), start, end)
        values = {name: found.get(f"m{number}", ()) for number, name in enumerate(asked)}
        return {name: values.get(name, ()) for name in metrics}

    def listed(self, account: Account, namespace: str, name: str = "") -> tuple[AlarmMetric, ...]:
        """The metrics of a namespace (ListMetrics), each with its dimensions."""
        return listed_metrics(self._sessions.client(account, "cloudwatch"), namespace, name)

    def dashboards(self, account: Account) -> tuple[Dashboard, ...]:
        """CloudWatch's dashboards (ListDashboards), by name."""
        return listed_dashboards(self._sessions.client(account, "cloudwatch"))

    def watched(self, account: Account, alarm: str, *, start: float, end: float) -> tuple[Datapoint, ...]:
        """What an alarm on metric math watches: its own queries, as DescribeAlarms tells them; oldest first."""
        queries = self._queries(account, alarm)
        computed = self._by_id(account, queries, start, end) if queries else {}
        return _in_order(point for points in computed.values() for point in points)

    def curves(self, account: Account, alarm: str, *, start: float, end: float) -> tuple[Curve, ...]:
        """What an alarm on metric math watches, each series by itself: a query or a band makes several."""
        queries = self._queries(account, alarm)
        found: dict[tuple[str, str, int], list[Datapoint]] = {}
        for page in self._pages(account, queries, start, end) if queries else ():
            # What goes on on another page has the same name there; on one page a name may stand for two (a band).
            names = [(str(result["Id"]), str(result.get("Label") or "")) for result in page]
            for number, result in enumerate(page):
                key = (*names[number], names[:number].count(names[number]))
                found.setdefault(key, []).extend(_points(result))
        drawn = [(label, sorted(points, key=lambda point: point.at)) for (_, label, _), points in found.items()]
        return tuple(Curve(label, tuple(points)) for label, points in drawn if points)

    def _queries(self, account: Account, alarm: str) -> list[dict[str, Any]]:
        found = ask(self._sessions.client(account, "cloudwatch"), "describe_alarms", AlarmNames=[alarm])
        return [query for each in found.get("MetricAlarms", []) for query in each.get("Metrics", [])]

    def _by_id(
        self, account: Account, queries: list[dict[str, Any]], start: float, end: float
    ) -> dict[str, tuple[Datapoint, ...]]:
        points: dict[str, list[Datapoint]] = {}
        for page in self._pages(account, queries, start, end):
            for result in page:
                points.setdefault(str(result["Id"]), []).extend(_points(result))
        return {name: _in_order(each) for name, each in points.items()}

    def _pages(
        self, account: Account, queries: list[dict[str, Any]], start: float, end: float
    ) -> Iterator[list[dict[str, Any]]]:
        parameters: dict[str, Any] = {
            "MetricDataQueries": queries,
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
            "ScanBy": "TimestampAscending",
        }
        client = self._sessions.client(account, "cloudwatch")
        for _ in range(PAGES):
            answer = ask(client, "get_metric_data", **parameters)
            yield answer["MetricDataResults"]
            if not answer.get("NextToken"):
                break
            parameters["NextToken"] = answer["NextToken"]

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
                AlarmTypes=_TYPES,
                MaxRecords=NAMES_PER_CALL,
            )
            readings += _readings(answer)
        return tuple(readings)

    def in_alarm(self, account: Account) -> tuple[AlarmReading, ...]:
        """Every alarm in ALARM now, metric, composite and log; of more than 500 the first."""
        parameters: dict[str, Any] = {"StateValue": "ALARM", "AlarmTypes": _TYPES, "MaxRecords": NAMES_PER_CALL}
        client = self._sessions.client(account, "cloudwatch")
        readings: list[AlarmReading] = []
        for _ in range(PAGES):
            answer = ask(client, "describe_alarms", **parameters)
            readings += _readings(answer)
            if not answer.get("NextToken"):
                break
            parameters["NextToken"] = answer["NextToken"]
        return tuple(readings)

    def children(self, account: Account, alarm: str) -> tuple[str, ...]:
        """ARNs of the alarms that a composite alarm is made of (DescribeAlarms with ChildrenOfAlarmName)."""
        found = ask(
            self._sessions.client(account, "cloudwatch"),
            "describe_alarms",
            ChildrenOfAlarmName=alarm,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
        each = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
        return tuple(str(child["AlarmArn"]) for child in each)

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
        return tuple(each.at for each in self.transitions(account, alarm, since=since) if each.state == "ALARM")

    def transitions(self, account: Account, alarm: str, *, since: float) -> tuple[Transition, ...]:
        """Every change of an alarm's state since then, newest first."""
        parameters: dict[str, Any] = {
            "AlarmName": alarm,
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            "HistoryItemType": "StateUpdate",
            "StartDate": datetime.fromtimestamp(since, UTC),
            "ScanBy": "TimestampDescending",
            "MaxRecords": 100,
        }
        client = self._sessions.client(account, "cloudwatch")
        found: list[Transition] = []
        for _ in range(PAGES):
            answer = ask(client, "describe_alarm_history", **parameters)
            found += [_transition(each) for each in answer["AlarmHistoryItems"]]
            if not answer.get("NextToken"):
                break
            parameters["NextToken"] = answer["NextToken"]
        return tuple(sorted(found, key=lambda each: each.at, reverse=True))

    def picture(
        self, account: Account, watched: str | AlarmMetric, *, start: float, end: float, marks: Sequence[Mark]
    ) -> bytes | None:
        """CloudWatch's own picture (GetMetricWidgetImage); None where it has nothing to draw."""
        client = self._sessions.client(account, "cloudwatch")
        return picture(client, watched, start=start, end=end, marks=marks)


def _points(result: dict[str, Any]) -> list[Datapoint]:
    pairs = zip(result.get("Timestamps", []), result.get("Values", []), strict=True)
    return [Datapoint(seconds(moment), float(value)) for moment, value in pairs]


def _query(name: str, metric: AlarmMetric) -> dict[str, Any]:
    dimensions = [{"Name": dimension, "Value": value} for dimension, value in metric.dimensions.items()]
    watched = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {
        "Id": name,
        "MetricStat": {"Metric": watched, "Period": metric.period, "Stat": statistic(metric.statistic)},
    }


def _in_order(points: Iterable[Datapoint]) -> tuple[Datapoint, ...]:
    return tuple(sorted(points, key=lambda point: point.at))


def _transition(item: dict[str, Any]) -> Transition:
    """A line of an alarm's history; its details are JSON in a string."""
    try:
        told = json.loads(item.get("HistoryData", ""))
        state, previous = str(told["newState"]["stateValue"]), str(told.get("oldState", {}).get("stateValue", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        state, previous = str(item.get("HistorySummary", "")).rpartition(" to ")[2], ""
    return Transition(seconds(item["Timestamp"]), state, previous)


def _readings(answer: Mapping[str, Any]) -> list[AlarmReading]:
    return [_read(each) for kind in _KINDS for each in answer.get(kind, [])]


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
        actions=tuple(action for kind in _ACTIONS for action in found.get(kind, [])),
    )


def _contributor(found: dict[str, Any]) -> Contributor:
    return Contributor(
        id=found["ContributorId"],
        attributes=dict(found.get("ContributorAttributes", {})),
        reason=found.get("StateReason", ""),
        since=seconds(found.get("StateTransitionedTimestamp")),
    )
