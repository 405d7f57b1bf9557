"""CloudWatch's own picture of a metric (GetMetricWidgetImage), with the threshold and what happened marked.

The widget's JSON: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Metric-Widget-Structure.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.aws.errors import NotPermittedError, ask
from bot.domain import AlarmMetric
from bot.errors import UpstreamError
from bot.graph import BANDS, Mark, MarkKind, Threshold
from bot.redact import clean

WIDTH, HEIGHT = 1600, 720
LARGEST = 100_000
"""Bytes of JSON that GetMetricWidgetImage takes."""
MOST_METRICS = 100
MOST_MARKS = 50
LABEL = 80
_COLOURS = {
    MarkKind.DEPLOYMENT: "#6b2fa0",
    MarkKind.SCALING: "#00695c",
    MarkKind.ALARM: "#b3261e",
    MarkKind.OK: "#1b6e34",
    MarkKind.INCIDENT: "#1d1c1d",
}
# Notifications spell a statistic in capitals, GetMetricData and widgets want the API's own spelling.
_STATISTICS = {name.upper(): name for name in ("Average", "Sum", "Minimum", "Maximum", "SampleCount", "IQM")}


def statistic(name: str) -> str:
    """A statistic as GetMetricData spells it: ``AVERAGE`` is ``Average``, ``p95`` stays, nothing is ``Average``."""
    return _STATISTICS.get(name.upper().replace("_", ""), name) or "Average"


def picture(
    client: Any, watched: str | AlarmMetric, *, start: float, end: float, marks: Sequence[Mark] = ()
) -> bytes | None:
    """A PNG of a metric, or of what the alarm of that name watches; None where there is nothing CloudWatch could draw.

    Raises NotPermittedError when the bot may not ask for it, and UpstreamError while CloudWatch is away.
    """
    metric = _of_alarm(client, watched) if isinstance(watched, str) else _of_metric(watched)
    if metric is None or len(metric["metrics"]) > MOST_METRICS:
        return None
    wanted = json.dumps(widget(metric, start=start, end=end, marks=marks))
    if len(wanted.encode()) > LARGEST:
        return None
    try:
        answer = ask(client, "get_metric_widget_image", MetricWidget=wanted)
    except NotPermittedError:
        raise
    except UpstreamError as error:
        if error.retryable:
            raise
        return None
    return bytes(answer.get("MetricWidgetImage") or b"") or None


def widget(metric: Mapping[str, Any], *, start: float, end: float, marks: Sequence[Mark]) -> dict[str, Any]:
    """The whole widget around what is shown: times absolute and in UTC, opaque as Slack wants it."""
    newest = sorted((mark for mark in marks if start <= mark.at <= end), key=lambda mark: mark.at)[-MOST_MARKS:]
    vertical = [
        {"value": _moment(mark.at), "label": _short(mark.label), "color": _COLOURS[mark.kind]} for mark in newest
    ]
    annotations = {"horizontal": metric.get("horizontal", []), "vertical": vertical}
    return {
        "metrics": metric["metrics"],
        "title": _short(metric["title"]),
        "start": _moment(start),
        "end": _moment(end),
        "timezone": "+0000",
        "width": WIDTH,
        "height": HEIGHT,
        "theme": "light",
        "legend": {"position": "bottom"},
        "annotations": {name: lines for name, lines in annotations.items() if lines},
    }


def _of_metric(metric: AlarmMetric) -> dict[str, Any] | None:
    if metric.expression or not metric.name:
        return None
    stat = {"stat": statistic(metric.statistic), "period": metric.period}
    row = [metric.namespace, metric.name, *(each for pair in metric.dimensions.items() for each in pair), stat]
    return {"metrics": [row], "title": metric.name, "horizontal": _lines(metric.threshold, metric.comparison)}


def _of_alarm(client: Any, name: str) -> dict[str, Any] | None:
    found = ask(client, "describe_alarms", AlarmNames=[name]).get("MetricAlarms", [])
    if not found:
        return None
    alarm = found[0]
    rows = [_row(query, alarm) for query in alarm.get("Metrics", [])]
    if not rows and alarm.get("MetricName"):
        rows = [
            _plain(alarm, alarm.get("Dimensions", []), alarm.get("Statistic") or alarm.get("ExtendedStatistic", ""))
        ]
    if not rows:
        return None
    lines = _lines(alarm.get("Threshold"), str(alarm.get("ComparisonOperator", "")))
    return {"metrics": rows, "title": name, "horizontal": lines}


def _plain(metric: Mapping[str, Any], dimensions: Sequence[Mapping[str, str]], stat: str, **options: Any) -> list[Any]:
    pairs = [part for each in dimensions for part in (each["Name"], each["Value"])]
    shown = {"stat": statistic(stat), "period": metric.get("Period", 60), **options}
    return [metric["Namespace"], metric["MetricName"], *pairs, shown]


def _row(query: Mapping[str, Any], alarm: Mapping[str, Any]) -> list[Any]:
    """One query of an alarm as a row: what only feeds an expression is there, and not drawn."""
    is_band = query["Id"] == alarm.get("ThresholdMetricId")
    options: dict[str, Any] = {"id": query["Id"], "visible": query.get("ReturnData") is not False or is_band}
    if query.get("Label"):
        options["label"] = _short(str(query["Label"]))
    if query.get("AccountId"):
        options["accountId"] = query["AccountId"]
    if query.get("Expression"):
        period = {"period": query["Period"]} if query.get("Period") else {}
        return [{"expression": query["Expression"], **options, **period}]
    shown = query["MetricStat"]
    metric = {**shown["Metric"], "Period": shown["Period"]}
    return _plain(metric, metric.get("Dimensions", []), shown["Stat"], **options)


def _lines(threshold: float | None, comparison: str) -> list[dict[str, Any]]:
    if threshold is None or comparison in BANDS:
        return []
    limit = Threshold(threshold, comparison)
    label = f"alarm {limit.sign} {threshold:g}"
    return [{"value": threshold, "label": label, "color": "#b3261e", "fill": "above" if limit.is_above else "below"}]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _short(text: str) -> str:
    return " ".join(clean(text).split())[:LABEL]
