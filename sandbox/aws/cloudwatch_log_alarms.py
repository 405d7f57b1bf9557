"""Log alarms: a query of Logs Insights that runs on a schedule, and whose aggregated answers are judged.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-log.html
"""

from __future__ import annotations

import re
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.logs.models import logs_backends

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_verdict import EXTRA_PERIODS, OPERATORS, Verdict, Window, judge
from sandbox.aws.insights import aggregated
from sandbox.aws.logs_errors import LogsError

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
_BY = re.compile(r"\bby\b", re.IGNORECASE)
Group = tuple[tuple[str, str], ...]


def check_log_alarm(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as they are kept. Raises ValidationError for those that cannot be."""
    query = settings["ScheduledQueryConfiguration"]
    if settings["ComparisonOperator"] not in OPERATORS:
        raise ValidationError(f"The operator {settings['ComparisonOperator']} is not supported for log alarms")
    if not 1 <= settings["QueryResultsToAlarm"] <= settings["QueryResultsToEvaluate"]:
        raise ValidationError("QueryResultsToAlarm must be less than or equal to QueryResultsToEvaluate")
    if not _RATE.fullmatch(query["ScheduleConfiguration"]["ScheduleExpression"]):
        raise ValidationError("ScheduleExpression must be a rate, such as rate(5 minutes)")
    counts = {
        "EvaluationPeriods": settings["QueryResultsToEvaluate"],
        "DatapointsToAlarm": settings["QueryResultsToAlarm"],
    }
    return settings | counts


def run_due(backend: CloudWatchBackend, alarm: Alarm, now: float) -> None:
    """Run the query for every time that has come until ``now`` (seconds since the epoch)."""
    runs = alarm.log_runs
    every = _every(alarm)
    kept = _reach(alarm)
    if not runs.next_at:
        runs.next_at = alarm.created + every
    # Of a long time that nobody looked at only the last runs matter.
    runs.next_at = max(runs.next_at, runs.next_at + every * ((now - runs.next_at) // every - kept))
    while runs.next_at <= now:
        runs.answers[runs.next_at] = _ask(backend, alarm, runs.next_at)
        runs.count += 1
        runs.next_at += every
    for old in sorted(runs.answers)[:-kept]:
        del runs.answers[old]


def judge_runs(alarm: Alarm, now: float) -> Verdict | None:
    """What the last runs ask for; None while there were none."""
    if not alarm.log_runs.answers:
        return None
    window = window_of_runs(alarm, ())
    return judge(alarm, Window(window.slots, window.points, {}, now))


def window_of_runs(alarm: Alarm, group: Group) -> Window:
    """The runs to judge a group by, newest first."""
    newest_first = sorted(alarm.log_runs.answers, reverse=True)
    points = {at: answer[group] for at, answer in alarm.log_runs.answers.items() if group in answer}
    newest = newest_first[0]
    slots = [newest - _every(alarm) * step for step in range(_reach(alarm))]
    return Window(slots, points, {}, newest)


def _ask(backend: CloudWatchBackend, alarm: Alarm, at: float) -> dict[Group, float]:
    """One run's values by group; nothing where the query cannot be answered."""
    query = alarm.settings["ScheduledQueryConfiguration"]
    reach = query["ScheduleConfiguration"]
    start, end = at - int(reach["StartTimeOffset"]), at - int(reach.get("EndTimeOffset") or 0)
    expression = str(query["AggregationExpression"])
    names = [part.strip() for part in _BY.split(expression, 1)[1].split(",")] if _BY.search(expression) else []
    text = f"{query['QueryString']} | stats {expression}"
    logs = logs_backends[alarm.account_id][backend.region_name]
    try:
        rows = aggregated(logs, text, list(query.get("LogGroupIdentifiers") or ()), int(start), int(end))
    except LogsError:
        return {}
    found: dict[Group, float] = {}
    for row in rows:
        value = next((value for name, value in row.items() if name not in names), None)
        if value is not None:
            found[tuple((name, row.get(name, "")) for name in names)] = float(value)
    return found


def _every(alarm: Alarm) -> int:
    schedule = alarm.settings["ScheduledQueryConfiguration"]["ScheduleConfiguration"]["ScheduleExpression"]
    found = _RATE.fullmatch(schedule)
    assert found is not None
    return int(found[1]) * _SECONDS[found[2]]


def _reach(alarm: Alarm) -> int:
    return int(alarm.settings["QueryResultsToEvaluate"]) + EXTRA_PERIODS
