"""What the alarms of a service watch, as lines: they say which metrics matter to the team, and from where on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.cloud import AlarmReading
from bot.domain import AlarmMetric
from bot.graph import BANDS, Threshold
from bot.metric_units import unit_of
from bot.signal import Limit, Line, Signal

_SHARES = {"100*{}/{}": 1.0, "{}/{}*100": 1.0, "{}*100/{}": 1.0, "{}/{}": 100.0}
"""How shares are written in metric math, and what their threshold is multiplied with to be a percentage."""
_FILLED = re.compile(r"FILL\(([a-z]\w*),\d+\)")
_MINUTE = 60.0
_COUNTED = "Sum"


def lines_of(alarm: AlarmReading) -> tuple[tuple[Line, float], ...]:
    """What an alarm watches, and what its threshold is multiplied with to be in the line's unit.

    A share of two metrics is told as one; other metric math is left to CloudWatch, and so is a band.
    """
    found = alarm.definition
    if found.get("ComparisonOperator") in BANDS or not isinstance(found.get("Threshold"), int | float):
        return ()
    if found.get("MetricName"):
        metric = _metric(found, str(found.get("Statistic") or found.get("ExtendedStatistic") or ""))
        counted = metric.statistic == _COUNTED
        line = Line(alarm.name, (metric,), per_minute=counted)
        return ((line, _MINUTE / metric.period if counted else 1.0),)
    parts = {str(each["Id"]): each["MetricStat"] for each in found.get("Metrics", ()) if each.get("MetricStat")}
    math = [str(each["Expression"]) for each in found.get("Metrics", ()) if each.get("Expression")]
    if len(parts) != 2 or len(math) != 1:
        return ()
    over, scale = _share(math[0], tuple(parts))
    if not over:
        return ()
    of, whole = (
        _metric({**parts[each]["Metric"], "Period": parts[each]["Period"]}, parts[each]["Stat"]) for each in over
    )
    return ((Line(alarm.name, (of,), (whole,), share=True), scale),)


def _share(expression: str, ids: Sequence[str]) -> tuple[tuple[str, ...], float]:
    """Which metric is divided by which, and the scale; nothing where it is not a share."""
    plain = re.sub(r"[()]", "", _FILLED.sub(r"\1", "".join(expression.split())))
    for first, second in ((ids[0], ids[1]), (ids[1], ids[0])):
        for look, scale in _SHARES.items():
            if plain == look.format(first, second):
                return (first, second), scale
    return (), 0.0


def _metric(found: Mapping[str, Any], statistic: str) -> AlarmMetric:
    return AlarmMetric(
        namespace=str(found.get("Namespace", "")),
        name=str(found["MetricName"]),
        dimensions={str(each["Name"]): str(each["Value"]) for each in found.get("Dimensions", ())},
        statistic=statistic,
        period=int(found.get("Period", _MINUTE)),
    )


def metrics_of(alarm: AlarmReading) -> Iterator[AlarmMetric]:
    """Every metric that has to do with an alarm, those of its math too."""
    found = alarm.definition
    if found.get("MetricName"):
        yield _metric(found, "")
    for each in found.get("Metrics", ()):
        if each.get("MetricStat"):
            yield _metric(each["MetricStat"]["Metric"], "")


def is_same(one: AlarmMetric, other: AlarmMetric) -> bool:
    """True for one metric, whatever the statistic."""
    return (one.namespace, one.name, one.dimensions) == (other.namespace, other.name, other.dimensions)


def with_alarms(signal: Signal, alarms: Sequence[AlarmReading]) -> Signal:
    """The signal as its alarms look at it: with their statistics, and counted where they count its share."""
    watches = [line for alarm in alarms for line, _ in lines_of(alarm)]
    if any(_counts(signal.lines[0], watched) for watched in watches) and not any(
        _watches(watched, signal.lines[0]) for watched in watches
    ):
        first = replace(signal.lines[0], label="per minute", share=False, per_minute=True)
        signal = replace(signal, lines=(first,), unit="/min")
    lines = list(signal.lines)
    for watched in watches:
        shown = [line for line in lines if _is_over_same(line, watched)]
        if shown and watched.statistic not in [line.statistic for line in shown]:
            lines.append(replace(watched, label=watched.statistic.lower()))
    return replace(signal, lines=tuple(lines))


def _counts(line: Line, watched: Line) -> bool:
    """True when an alarm counts what the line tells as a share."""
    same = len(line.metrics) == 1 and is_same(line.metrics[0], watched.metrics[0])
    return same and line.share and watched.per_minute


def _is_over_same(line: Line, watched: Line) -> bool:
    same = len(line.metrics) == 1 and is_same(line.metrics[0], watched.metrics[0])
    return same and line.share == watched.share and line.per_minute == watched.per_minute


def limits_of(signal: Signal, alarms: Iterable[AlarmReading]) -> tuple[Limit, ...]:
    """The thresholds of alarms that watch what the signal shows, those that are reached first in front."""
    found: list[Limit] = []
    for alarm in alarms:
        for watched, scale in lines_of(alarm):
            if any(_watches(watched, line) for line in signal.lines):
                comparison = str(alarm.definition.get("ComparisonOperator", ""))
                found.append(Limit(alarm.name, Threshold(float(alarm.definition["Threshold"]) * scale, comparison)))
    return tuple(sorted(found, key=lambda each: each.threshold.value * (1 if each.threshold.is_above else -1)))


def _watches(watched: Line, line: Line) -> bool:
    if not _is_over_same(line, watched) or watched.statistic != line.statistic:
        return False
    return not line.share or (len(line.of) == 1 and is_same(line.of[0], watched.of[0]))


def others(alarms: Iterable[AlarmReading], known: Iterable[Signal]) -> tuple[Signal, ...]:
    """A signal for each thing an alarm watches that none of those known shows."""
    shown = [metric for signal in known for line in signal.lines for metric in line.metrics]
    found: dict[str, Signal] = {}
    for alarm in alarms:
        for line, _ in lines_of(alarm):
            metric = line.metrics[0]
            if any(is_same(metric, each) for each in shown):
                continue
            shown.append(metric)
            unit = "%" if line.share else unit_of(metric.namespace, metric.name, metric.statistic)
            if line.per_minute and not unit:
                unit = "/min"
            label = "per minute" if line.per_minute else metric.statistic.lower()
            if line.share:
                label = f"of {line.of[0].name}"
            name = f"{metric.namespace}/{metric.name}"
            found.setdefault(name, Signal(name, _title(alarm, metric), (replace(line, label=label),), unit))
    return tuple(found.values())


def _title(alarm: AlarmReading, metric: AlarmMetric) -> str:
    labels = [str(each["Label"]) for each in alarm.definition.get("Metrics", ()) if each.get("Label")]
    return labels[-1] if labels else metric.name
