"""The alarm's metric as a picture in its thread, with its threshold, and what changed before it marked.

Drawn here from the metric's own values; CloudWatch draws what only it can (bands, what may not be read), see
``docs/decisions/0012-who-draws.md``. A picture is one more file that is owed: nothing waits for it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts.graph_marks import marks_of
from bot.domain import Account, Alarm, AlarmMetric, Target, as_json
from bot.errors import BotError, UpstreamError
from bot.files import GRAPH, file
from bot.graph import BANDS, Graph, Mark, Series, Threshold
from bot.metric_units import unit_of
from bot.ports import World
from bot.rows import NewRow

log = logging.getLogger("alerts.graph")

SECONDS = 20.0
"""How long the reads for a picture may take together."""
PERIODS, SHORTEST, LONGEST = 60, 3 * 3600.0, 14 * 86400.0
"""A picture begins so many of the metric's periods before the alarm, within these seconds."""


def picture(
    incident_id: str,
    thread_key: str,
    alarm: Alarm,
    target: Target | None,
    *,
    channel: str,
    opened_at: float,
    zone: str,
    mark: str = "",
) -> NewRow:
    """The picture owed to an incident's thread; ``mark`` tells a later one ("fired:7") from the first.

    ``zone`` is the IANA name in which its moment is said.
    """
    parameters = {"alarm": as_json(alarm), "target": target.key if target else "", "opened_at": opened_at}
    key = f"inc:{incident_id}:graph{f':{mark}' if mark else ''}"
    title, limit = _title(alarm, target), _limit(alarm.metric)
    when = datetime.fromtimestamp(opened_at, ZoneInfo(zone))
    alt = f"Graph of {title} around {when:%H:%M} {zone} on {when.day} {when:%b %Y}"
    alt += f"; the alarm is on when it is {limit.sign} {limit.value:g}." if limit else "."
    return file(key, channel, GRAPH, parameters, name="metric.png", title=title, alt=alt, thread_key=thread_key)


def make(world: World, parameters: Mapping[str, Any]) -> bytes | None:
    """The maker of ``picture``'s rows."""
    alarm = Alarm.model_validate(parameters["alarm"])
    target = world.catalog.target(parameters["target"]) if parameters["target"] else None
    return graph_of(alarm, target, float(parameters["opened_at"]), world.clock.now(), world)


def graph_of(alarm: Alarm, target: Target | None, opened_at: float, now: float, world: World) -> bytes | None:
    """A PNG of what the alarm watches from some time before it opened until now; None when there is nothing to show.

    Raises UpstreamError while it cannot be read. Marks that cannot be read are left out: the metric matters more.
    """
    metric = alarm.metric
    account = target.account if target else Account(region=alarm.region)
    if not account.region or (metric is None and not alarm.children):
        return None
    start, end = span(metric, opened_at, now)
    zone = world.catalog.zone(target)
    reads: dict[str, Callable[[], Any]] = {"marks": lambda: marks_of(alarm, target, account, (start, end), world)}
    if metric is not None:
        reads["lines"] = lambda: _lines(alarm, metric, account, (start, end), world)
    found = world.gather(reads, seconds=SECONDS)
    marks = found["marks"] if not isinstance(found["marks"], Exception) else ()
    lines = found.get("lines", ())
    if metric is not None and metric.comparison not in BANDS and lines and not isinstance(lines, Exception):
        return _drawn(alarm, target, lines, marks, (start, end), zone=zone)
    theirs = _theirs(alarm, account, marks, (start, end), world)
    if theirs is not None:
        return theirs
    if isinstance(lines, UpstreamError | TimeoutError):
        raise lines if isinstance(lines, UpstreamError) else UpstreamError("CloudWatch is slow.", retryable=True)
    if isinstance(lines, Exception):
        raise lines
    return _drawn(alarm, target, lines, marks, (start, end), zone=zone) if lines else None


def span(metric: AlarmMetric | None, opened_at: float, now: float) -> tuple[float, float]:
    """From when to when a picture goes: enough of the time before to see what was usual."""
    period = max(1, metric.period if metric else 60)
    before = min(LONGEST, max(SHORTEST, float(PERIODS * period)))
    return math.floor((min(opened_at, now) - before) / 60) * 60.0, now


def _lines(
    alarm: Alarm, metric: AlarmMetric, account: Account, around: tuple[float, float], world: World
) -> tuple[Series, ...]:
    start, end = around
    if metric.name and not metric.expression:
        points = world.metrics.series(account, metric, start=start, end=end)
        return (Series(f"{metric.statistic.capitalize() or 'Average'} {_every(metric.period)}", points, metric.period),)
    curves = world.metrics.curves(account, alarm.name, start=start, end=end)
    return tuple(Series(each.label or _title(alarm, None), each.points, metric.period) for each in curves)


def _drawn(
    alarm: Alarm,
    target: Target | None,
    lines: Sequence[Series],
    marks: Sequence[Mark],
    around: tuple[float, float],
    *,
    zone: str,
) -> bytes:
    from bot.graphs import draw  # matplotlib takes its time, and only once there is something to draw

    metric = alarm.metric
    unit = unit_of(metric.namespace, metric.name, metric.statistic) if metric else ""
    limit = _limit(metric)
    limits = (limit,) if limit else ()
    graph = Graph(_title(alarm, target), tuple(lines), *around, unit, limits, tuple(marks), zone)
    return draw((graph,))


def _theirs(
    alarm: Alarm, account: Account, marks: Sequence[Mark], around: tuple[float, float], world: World
) -> bytes | None:
    """CloudWatch's own picture, of what a composite alarm was triggered by where it is one; None without."""
    start, end = around
    names = [child.split(":", 6)[-1] for child in alarm.children] if alarm.metric is None else [alarm.name]
    for name in names:
        try:
            drawn = world.metrics.picture(account, name, start=start, end=end, marks=marks)
        except BotError as error:
            log.info("CloudWatch drew nothing", extra={"alarm": name, "error": error.message})
            return None
        if drawn is not None:
            return drawn
    return None


def _title(alarm: Alarm, target: Target | None) -> str:
    metric = alarm.metric
    name = (metric.label or metric.name if metric else "") or alarm.name
    return f"{name} · {target.label}" if target else name


def _limit(metric: AlarmMetric | None) -> Threshold | None:
    if metric is None or metric.threshold is None or metric.comparison in BANDS:
        return None
    return Threshold(metric.threshold, metric.comparison)


def _every(period: int) -> str:
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if period >= size and period % size == 0:
            return f"every {period // size} {word}"
    return f"every {period} s"
