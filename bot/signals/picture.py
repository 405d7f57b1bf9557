"""Signals of a service as one picture: a panel each, with thresholds, and what happened to the service marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.command import Attachment
from bot.domain import as_json
from bot.files import METRICS
from bot.graph import Graph, Series
from bot.ports import World
from bot.signal import Reading
from bot.signals.looking import Look, Wanted, look


def owed(found: Look) -> Attachment:
    """The picture of a look, to be made when its turn comes; it looks again, at the same time."""
    target, asked = found.target, found.wanted
    titles = ", ".join(reading.signal.title for reading in found.readings)
    start, end = (datetime.fromtimestamp(at, ZoneInfo(asked.zone)) for at in (asked.start, asked.end))
    return Attachment(
        make=METRICS,
        parameters={"target": target.key, "wanted": as_json(asked)},
        name=f"{target.name}-metrics.png",
        title=f"{titles} · {target.label}",
        alt=f"Graphs of {titles} of {target.label}, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {asked.zone}.",
    )


def make(world: World, parameters: Mapping[str, Any]) -> bytes | None:
    """The maker of ``owed``; None for a service that is no longer configured, or of which there are no values."""
    target = world.catalog.target(str(parameters["target"]))
    if target is None:
        return None
    panels = graphs(look(target, Wanted.model_validate(parameters["wanted"]), world))
    if not panels:
        return None
    from bot.graphs import draw  # matplotlib takes its time, and only once there is something to draw

    return draw(panels)


def graphs(found: Look) -> tuple[Graph, ...]:
    """A panel for each signal that has values. What happened is told in words on the first, and marked on all."""
    shown = [reading for reading in found.readings if not reading.is_empty]
    return tuple(_graph(reading, found, is_first=not number) for number, reading in enumerate(shown))


def _graph(reading: Reading, found: Look, *, is_first: bool) -> Graph:
    signal, asked = reading.signal, found.wanted
    series = [
        Series(_label(line.label, reading), points, reading.period)
        for line, points in zip(signal.lines, reading.points, strict=True)
        if points
    ]
    before = reading.before[reading.first] if reading.before else ()
    if before:
        series.append(Series("yesterday", before, reading.period, faint=True))
    marks = found.marks if is_first else tuple(replace(mark, label="") for mark in found.marks)
    limit = reading.limits[0] if reading.limits else None
    return Graph(
        title=f"{signal.title} · {found.target.label}" if is_first else signal.title,
        series=tuple(series),
        start=asked.start,
        end=asked.end,
        unit=signal.unit,
        thresholds=reading.thresholds,
        marks=(*marks, *(found.states.get(limit.alarm, ()) if limit else ())),
        zone=asked.zone,
    )


def _label(label: str, reading: Reading) -> str:
    """The line's name, with how long one value is where that is more than the usual minute."""
    minutes = reading.period // 60
    if minutes == 1 or len(reading.signal.lines) > 1:
        return label
    return f"{label}, each {f'{minutes} min' if minutes < 60 else f'{minutes // 60} h'}"
