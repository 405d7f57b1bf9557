"""Signals of a service in words: now, average and highest, a row of bars, and what the alarms say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.cloud import AlarmReading, Datapoint
from bot.console import dashboard_address
from bot.domain import Account, AlarmState
from bot.graph import Mark, Threshold
from bot.graph_scale import number
from bot.graph_text import with_unit
from bot.signal import Reading
from bot.sparks import MOST, spark
from bot.telemetry import Dashboard
from bot.views import blocks as b

PER_MINUTE = "per minute"
"""A line's name that its unit says too."""
FRESH_PERIODS = 5
"""A value is of now while it is no older than so many of its periods."""
SHOWN = 30
_MARKS = 5
_LINES = 6
"""Lines of one signal that are told: the first one in full, the newest value of the others."""


@dataclass(frozen=True)
class Shown:
    """What an answer shows of a look; ``when`` says in words which time it is about, in the IANA ``zone``."""

    label: str
    when: str
    start: float
    end: float
    zone: str
    is_now: bool
    readings: Sequence[Reading]
    marks: Sequence[Mark] = ()
    alarms: Sequence[AlarmReading] = ()
    notes: Sequence[str] = ()
    also: Sequence[str] = ()


def answer(shown: Shown) -> list[b.Block]:
    """The finished message, the picture apart."""
    blocks = [b.section(f"*{b.esc(shown.label)}* · {b.esc(shown.when)}")]
    blocks += b.sections(_signal(reading, shown) for reading in shown.readings)
    blocks += [b.section(f":warning: {b.esc(note)}") for note in shown.notes]
    beside = [line for line in (_alarms(shown), _marks(shown), _also(shown)) if line]
    return [*blocks, b.context(*beside)] if beside else blocks


def summary(shown: Shown) -> str:
    """The notification's text: each signal and its newest value."""
    parts = []
    for reading in shown.readings:
        newest = reading.points[0][-1].value if reading.points and reading.points[0] else None
        said = "no data" if newest is None else _value(newest, reading)
        parts.append(f"{b.esc(reading.signal.title, 80)} {said}")
    return f"{b.esc(shown.label, 200)}: {', '.join(parts)}"


def _signal(reading: Reading, shown: Shown) -> str:
    signal = reading.signal
    if reading.is_empty:
        metric = signal.lines[0].metrics[0]
        where = ", ".join(f"{name}={value}" for name, value in metric.dimensions.items())
        named = b.code(f"{metric.namespace} {metric.name}")
        return f"*{b.esc(signal.title)}* no data: CloudWatch has no {named} ({b.esc(where)}) in this time."
    told = [(line.label, points) for line, points in zip(signal.lines, reading.points, strict=True) if points]
    head = f"*{b.esc(signal.title)}* {b.code(_bars(told[0][1]))}"
    limits = "".join(f" · {_limit(each, reading)}" for each in reading.thresholds)
    lines = [f"{head}{limits}"]
    before = reading.before[reading.first] if reading.before else None
    name = "" if told[0][0] == PER_MINUTE else f"{b.esc(told[0][0])}: "
    lines.append(f"{name}{_numbers(told[0][1], before, reading, shown)}")
    beside = [f"{b.esc(label)} {_value(points[-1].value, reading)}" for label, points in told[1:_LINES]]
    beside += [f"{len(told) - _LINES} more"] if len(told) > _LINES else []
    lines += [" · ".join(beside)] if beside else []
    return "\n".join(lines)


def _bars(points: Sequence[Datapoint]) -> str:
    """All of the time in as many bars as there is room for, each the highest of its values."""
    columns = min(MOST, len(points))
    edges = [len(points) * column // columns for column in range(columns + 1)]
    return spark([max(point.value for point in points[first:last]) for first, last in pairwise(edges)])


def _numbers(points: Sequence[Datapoint], before: Sequence[Datapoint] | None, reading: Reading, shown: Shown) -> str:
    values = [point.value for point in points]
    mean, last = sum(values) / len(values), points[-1]
    late = shown.end - last.at
    fresh = shown.is_now and late <= FRESH_PERIODS * reading.period
    word = "now" if fresh else "at the end" if late <= 2 * reading.period else f"{b.ago(late)} before the end"
    parts = [f"{word} *{_value(last.value, reading)}*", f"average {_value(mean, reading)}"]
    parts.append(f"highest {_value(max(values), reading)}")
    if before:
        usual = sum(point.value for point in before) / len(before)
        parts.append(f"yesterday {_value(usual, reading)} on average{_changed(mean, usual)}")
    elif before is not None:
        parts.append("no data of yesterday")
    return " · ".join(parts)


def _changed(now: float, before: float) -> str:
    if not before:
        return ""
    change = (now - before) / abs(before) * 100
    return f" ({'+' if change > 0 else '−' if change < 0 else '±'}{abs(change):.0f} %)"


def _value(value: float, reading: Reading) -> str:
    """A number with its unit."""
    return with_unit(number(value), reading.signal.unit)


def _limit(threshold: Threshold, reading: Reading) -> str:
    return f"alarm {threshold.sign.translate(_SIGNS)} {_value(threshold.value, reading)}"


_SIGNS = str.maketrans({">": "&gt;", "<": "&lt;"})


def _alarms(shown: Shown) -> str:
    if not shown.alarms:
        return ""
    red = [alarm for alarm in shown.alarms if alarm.state == AlarmState.ALARM]
    if not red:
        count = len(shown.alarms)
        return "Its alarm is not red" if count == 1 else f"None of its {count} alarms is red"
    return "Red now: " + ", ".join(f":red_circle: {b.code(alarm.name)}" for alarm in red[:SHOWN])


def _marks(shown: Shown) -> str:
    """The newest, by the clocks that the range is told by."""
    told = [f"{_clock(mark.at, shown)} {b.esc(mark.label, 60)}" for mark in shown.marks[-_MARKS:]]
    earlier = len(shown.marks) - len(told)
    told += [f"and {earlier} earlier"] if earlier > 0 else []
    return "Meanwhile: " + " · ".join(told) if told else ""


def _clock(at: float, shown: Shown) -> str:
    """With the day, and how far from UTC it is, where these change within the range."""
    zone = ZoneInfo(shown.zone)
    first, last, then = (datetime.fromtimestamp(each, zone) for each in (shown.start, shown.end, at))
    day = "%Y-%m-%d " if first.date() != last.date() else ""
    offset = "%z" if first.utcoffset() != last.utcoffset() else ""
    return f"{then:{day}%H:%M{offset}}"


def _also(shown: Shown) -> str:
    names = ", ".join(b.code(name) for name in shown.also[:12])
    return f"Also: {names}" if names else ""


def dashboards(found: Sequence[tuple[str, Account, Sequence[Dashboard]]], notes: Sequence[str]) -> list[b.Block]:
    """CloudWatch's dashboards by what they are of, each a link to the console."""
    blocks: list[b.Block] = []
    for label, account, each in found:
        blocks.append(b.section(f"*Dashboards of {b.esc(label)}* · {b.esc(account.region)}"))
        lines = [f"• {b.link(dashboard_address(account.region, one.name), one.name)}" for one in each[:SHOWN]]
        if len(each) > SHOWN:
            lines.append(f"… and {len(each) - SHOWN} more")
        blocks += b.sections(lines or ["none"])
    blocks += [b.section(f":warning: {b.esc(note)}") for note in notes]
    return blocks
