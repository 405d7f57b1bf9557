"""Alarms that watch many time series: each series has a state of its own, and the alarm one over them all.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.aws.cloudwatch_alarms import Alarm, Contributor, moment
from sandbox.aws.cloudwatch_evaluation import queries_of, returned_by, span_of, window_of
from sandbox.aws.cloudwatch_log_alarms import window_of_runs
from sandbox.aws.cloudwatch_verdict import WORDS, Window, is_bad, judge, number
from sandbox.aws.ecs_records import hexadecimal
from sandbox.aws.metrics_insights import read_insights
from sandbox.aws.metrics_queries import period_of
from sandbox.aws.metrics_store import MetricStore

_ID_LENGTH = 16


@dataclass(frozen=True)
class SeriesWindow:
    """A time series by what it is grouped by, and its periods to judge by."""

    attributes: dict[str, str]
    window: Window


def series_of_query(alarm: Alarm, store: MetricStore, now: float) -> list[SeriesWindow]:
    """The series of a Metrics Insights query at ``now`` (seconds since the epoch)."""
    returned = returned_by(alarm)
    period = period_of(returned, queries_of(alarm))
    start, end = span_of(alarm, period, now)
    found = read_insights(returned["Expression"]).run(store, start, end, period)
    windows = []
    for each in found:
        known = alarm.contributors.get(_identity(alarm, each.attributes))
        is_red = known is not None and known.state_value == "ALARM"
        windows.append(SeriesWindow(each.attributes, window_of(alarm, each.points, None, period, now, is_red=is_red)))
    return windows


def series_of_runs(alarm: Alarm) -> list[SeriesWindow]:
    """The series of a log alarm whose aggregation is grouped."""
    groups = dict.fromkeys(group for answer in alarm.log_runs.answers.values() for group in answer)
    return [SeriesWindow(dict(group), window_of_runs(alarm, group)) for group in groups]


def move_contributors(alarm: Alarm, found: Sequence[SeriesWindow], now: float) -> Iterator[tuple[Contributor, str]]:
    """Bring every series to the state its datapoints ask for; those that change, with the state they were in.

    A series is OK or in ALARM, never in between, and one without data is no series any more.
    """
    seen = set()
    for series in found:
        identity = _identity(alarm, series.attributes)
        seen.add(identity)
        verdict = judge(alarm, series.window)
        known = alarm.contributors.get(identity)
        if verdict is None or verdict.state == "INSUFFICIENT_DATA":
            seen.discard(identity)
            continue
        reason = _reason(alarm, series.window, verdict.state)
        if known is None:
            known = Contributor(identity, series.attributes, "OK", reason, now)
            alarm.contributors[identity] = known
        if verdict.state != known.state_value:
            old, known.state_value, known.state_reason, known.transitioned = (
                known.state_value,
                verdict.state,
                reason,
                now,
            )
            yield known, old
    for gone in [each for each in alarm.contributors.values() if each.id not in seen]:
        if gone.state_value == "ALARM":
            gone.state_value, gone.transitioned = "OK", now
            gone.state_reason = "No datapoints were received for this time series."
            yield gone, "ALARM"
        del alarm.contributors[gone.id]


def _identity(alarm: Alarm, attributes: dict[str, str]) -> str:
    return hexadecimal(alarm.alarm_arn, sorted(attributes.items()), size=_ID_LENGTH)


def state_over(alarm: Alarm) -> tuple[str, str] | None:
    """The state of the alarm over its series, and the reason; None when it should stay as it is."""
    series = alarm.contributors.values()
    red = [each for each in series if each.state_value == "ALARM"]
    if series:
        return "ALARM" if red else "OK", f"{len(red)} out of {len(series)} time series evaluated to ALARM"
    treated = {"breaching": "ALARM", "notBreaching": "OK", "ignore": None}
    state = treated.get(alarm.settings.get("TreatMissingData") or "missing", "INSUFFICIENT_DATA")
    return None if state is None else (state, "No time series were found")


def _reason(alarm: Alarm, window: Window, state: str) -> str:
    wanted = int(alarm.settings["EvaluationPeriods"])
    existing = [at for at in window.slots if at in window.points][:wanted]
    told = [at for at in existing if is_bad(alarm, window, at) == (state == "ALARM")] or existing
    negated = "" if state == "ALARM" else " not"
    verb = ("was" if len(told) == 1 else "were") + negated
    compared = f"{WORDS[alarm.settings['ComparisonOperator']]} the threshold"
    newest = f"[{number(window.points[told[0]])} ({moment(told[0]):%d/%m/%y %H:%M:%S})]"
    crossed = "crossed" if state == "ALARM" else "did not cross"
    return (
        f"Threshold Crossed: {len(told)} datapoint{'' if len(told) == 1 else 's'} {verb} {compared} "
        f"({number(float(alarm.settings['Threshold']))}). The most recent datapoint which {crossed} the threshold: "
        f"{newest}."
    )
