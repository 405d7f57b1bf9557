"""What an alarm watches and what it does, in words, from its definition in CloudWatch and from nothing else.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.cloud import AlarmReading
from bot.domain import AlarmMetric
from bot.steps.alarm_metric import OPERATORS
from bot.steps.base import figure, in_one_line

MISSING = {
    "missing": "Without data its state becomes unknown.",
    "ignore": "Without data it stays in its state.",
    "breaching": "Without data it counts as in alarm.",
    "notBreaching": "Without data it counts as well.",
}
_WHEN = {"AlarmActions": "in alarm", "OKActions": "when OK", "InsufficientDataActions": "without data"}
_KINDS = {
    "sns": "tells the topic",
    "autoscaling": "scales by",
    "application-autoscaling": "scales by",
    "lambda": "calls the function",
    "ssm": "opens an OpsItem",
    "ssm-incidents": "starts the response plan",
    "automate": "acts on the instance:",
    "swf": "acts on the instance:",
}


def watches(reading: AlarmReading, metric: AlarmMetric | None) -> tuple[str, ...]:
    """Sentences about what the alarm watches and when it fires; plain text that is yet to be escaped."""
    definition = reading.definition
    if definition.get("AlarmRule"):
        return (f"It is made of other alarms: {in_one_line(str(definition['AlarmRule']), 600)}",)
    if metric is None:
        return ()
    return tuple(filter(None, (_metric(metric), _limit(metric, definition), _missing(definition))))


def _metric(metric: AlarmMetric) -> str:
    every = f"every {duration(metric.period)}"
    if metric.expression:
        label = f"{metric.label}: " if metric.label else ""
        return f"{label}{in_one_line(metric.expression, 400)}, {every}"
    where = ", ".join(f"{name} {value}" for name, value in metric.dimensions.items())
    of = f" of {where}" if where else ""
    statistic = f"{metric.statistic} of " if metric.statistic else ""
    return f"{statistic}{metric.namespace} {metric.name}{of}, {every}"


def _limit(metric: AlarmMetric, definition: Mapping[str, Any]) -> str:
    operator = OPERATORS.get(metric.comparison)
    limit = f"{operator} {figure(metric.threshold)}" if operator and metric.threshold is not None else ""
    limit = limit or ("outside its band" if definition.get("ThresholdMetricId") else "")
    periods = int(definition.get("EvaluationPeriods") or 0)
    enough = int(definition.get("DatapointsToAlarm") or periods)
    if not limit or not periods:
        return f"It fires when that is {limit}." if limit else ""
    times = "once" if periods == 1 else f"{enough} times of {periods}, within {duration(periods * metric.period)}"
    return f"It fires when that is {limit} {times}."


def _missing(definition: Mapping[str, Any]) -> str:
    return MISSING.get(str(definition.get("TreatMissingData", "")), "")


def does(reading: AlarmReading) -> tuple[str, ...]:
    """What the alarm does by itself, and when; plain text that is yet to be escaped."""
    done: dict[str, list[str]] = {}
    for field, when in _WHEN.items():
        for action in _listed(reading.definition.get(field)):
            done.setdefault(_action(action), []).append(when)
    said = [f"{what}, {' and '.join(whens)}" for what, whens in done.items()]
    if reading.silent and said:
        said.append("its actions are switched off or suppressed now")
    return tuple(said) or ("nothing: it has no actions",)


def _action(arn: str) -> str:
    parts = arn.split(":", 5)
    name = parts[5] if len(parts) > 5 else arn
    kind = parts[2] if len(parts) > 2 else ""
    if kind in ("autoscaling", "application-autoscaling"):
        name = name.rpartition("policyName/")[2].partition(":")[0]
    name = name.removeprefix("function:").removeprefix("ec2:")
    return f"{_KINDS.get(kind, f'calls {kind}')} {in_one_line(name, 200)}".strip()


def _listed(value: object) -> Iterable[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def duration(seconds: float) -> str:
    """``30 s``, ``5 min`` or ``2 h``."""
    if seconds < 60 or seconds % 60:
        return f"{seconds:g} s"
    return f"{seconds / 3600:g} h" if seconds % 3600 == 0 else f"{seconds / 60:g} min"
