"""The arithmetic of a graph's axes: what to show of the values, where to write numbers and times, and how. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import fmean, median
from zoneinfo import ZoneInfo

from bot.cloud import Datapoint

Corner = tuple[float, float]
"""A time and a value."""

GAP_PERIODS = 1.75
"""A line is broken where the next value is further away than this many periods."""
OFF_SCALE = 200.0
"""How many times larger than the values a threshold may be before the values would be a flat line beside it."""
TINY = 0.9
"""What share of the highest value the lowest may be before an axis from zero would show no difference."""
MOST_STEPS = 5.5
"""Steps of a value axis."""
_PREFIXES = {0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", -3: "m", -6: "µ", -9: "n"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_PACES = (
    *(each * _MINUTE for each in (1, 2, 5, 10, 15, 30)),
    *(each * _HOUR for each in (1, 2, 3, 6, 12)),
    *(each * _DAY for each in (1, 2, 7, 14, 28, 91, 364)),
)
_MOST_TIMES = 7


def runs(points: Sequence[Datapoint], period: float, start: float, end: float) -> list[list[Corner]]:
    """The line's unbroken parts within a span; a value that is no number (NaN, infinite) is a gap."""
    known = sorted((point.at, point.value) for point in points if start <= point.at <= end)
    reach = GAP_PERIODS * (period or _usual_distance([at for at, _ in known]))
    parts: list[list[Corner]] = []
    broken = True
    for at, value in known:
        if not math.isfinite(value):
            broken = True
            continue
        if broken or at - parts[-1][-1][0] > reach:
            parts.append([])
        parts[-1].append((at, value))
        broken = False
    return parts


def _usual_distance(moments: Sequence[float]) -> float:
    distances = [later - earlier for earlier, later in pairwise(moments) if later > earlier]
    return median(distances) if distances else math.inf


def thinned(part: Sequence[Corner], columns: int, start: float, end: float) -> list[Corner]:
    """At most four corners for each of so many columns: first, lowest, highest and last, so that no peak is lost."""
    if len(part) <= columns * 2:
        return list(part)
    width = (end - start) / columns or 1.0
    kept: list[Corner] = []
    column: list[Corner] = []
    number = -1
    for corner in part:
        at = int((corner[0] - start) / width)
        if at != number and column:
            kept += _extremes(column)
            column = []
        number = at
        column.append(corner)
    return kept + _extremes(column)


def _extremes(column: list[Corner]) -> list[Corner]:
    lowest, highest = min(column, key=lambda each: each[1]), max(column, key=lambda each: each[1])
    return sorted({column[0], lowest, highest, column[-1]})


@dataclass(frozen=True)
class Scale:
    """What the value axis shows: ``low`` to ``high``, with a line at each of ``ticks``; all times ``10 ** power``.

    Values are divided by ``10 ** power`` before they are drawn, so that no drawing library ever sees 1e300.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    power: int = 0

    def scaled(self, value: float) -> float:
        """A value as it is drawn."""
        return value / 10.0**self.power

    def share(self, value: float) -> float:
        """How far up the axis a value is: 0 at its lower end, 1 at its upper."""
        return (self.scaled(value) - self.low) / (self.high - self.low)

    def written(self, tick: float) -> str:
        """A tick as people read it: 0.5, 250, 1.2k, 3.4M, 5e+30."""
        if self.power not in _PREFIXES:
            return _scientific(tick, self.power)
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 1.0
        places = min(6, max(0, -math.floor(math.log10(step) + 1e-9)))
        return f"{round(tick, places) + 0.0:.{places}f}{_PREFIXES[self.power] if tick else ''}"


def _scientific(mantissa: float, power: int) -> str:
    if not mantissa:
        return "0"
    shift = math.floor(math.log10(abs(mantissa)) + 1e-9)
    return f"{mantissa / 10.0**shift:.3g}e{power + shift:+d}"


_NOTHING = 1e-300
"""What is less has no logarithm, divided into steps."""


def scale_of(values: Iterable[float], thresholds: Iterable[float] = (), *, counts: bool = False) -> Scale:
    """An axis around all finite values and the thresholds.

    It is from zero, since else what is usual up and down looks like a storm; but for what is measured and differs by
    less than a tenth, such as a disk that fills slowly.
    """
    finite = [value for value in values if math.isfinite(value)]
    limits = [each for each in thresholds if math.isfinite(each) and not off_scale(finite, each)]
    shown = [*finite, *limits] or [0.0]
    size = max(abs(value) for value in shown)
    power = _power(size)
    unscaled = Scale(0, 1, (), power)
    low, high = unscaled.scaled(min(shown)), unscaled.scaled(max(shown))
    if low > 0 and (counts or low < TINY * high):
        low = 0.0
    if high < 0 and (counts or high > TINY * low):
        high = 0.0
    if high - low <= abs(high) * 1e-9:
        # A constant: it is drawn on the way to zero, or above it.
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _NOTHING:
        high = low + 1.0
    room = (high - low) * 0.08
    high = high + room if high > 0 else high
    low = low - room if low < 0 or low > room else low
    ticks = _ticks(low, high)
    return Scale(low, high, ticks, power)


def off_scale(values: Sequence[float], threshold: float) -> bool:
    """Whether beside this threshold the values would be one flat line, though they are not."""
    if not values or max(values) == min(values):
        return False
    return abs(threshold) > OFF_SCALE * max(abs(value) for value in values)


def _power(size: float) -> int:
    if size < 1e-30:
        return 0
    exact = math.floor(math.log10(size) + 1e-9)
    power = 3 * (exact // 3)
    if power not in _PREFIXES:
        return exact
    # 0.25 and 2500 read better than 250m and 2.5k.
    return 0 if 0.01 <= size < 10_000 else power


def _ticks(low: float, high: float) -> tuple[float, ...]:
    least = (high - low) / MOST_STEPS
    magnitude = 10.0 ** math.floor(math.log10(least))
    step = next(each * magnitude for each in (1, 2, 5, 10) if each * magnitude >= least * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(count * step for count in range(first, last + 1))


def number(value: float, digits: int = 3) -> str:
    """A number by itself, in a few characters: 0.25, 90, 1.5k, 3.4M, 1e+30."""
    if not math.isfinite(value):
        return str(value)
    power = _power(abs(value))
    drawn = value / 10.0**power
    if power not in _PREFIXES:
        return _scientific(drawn, power)
    return f"{drawn:.{max(digits, len(str(int(abs(drawn)))))}g}{_PREFIXES[power] if drawn else ''}"


def spread(heights: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Heights, lowest first, moved as little as it takes to be so far apart and within two ends if there is room.

    What would stand on one another stands around the middle of it.
    """
    groups: list[list[float]] = []
    for place, height in enumerate(heights):
        group = [height - place * apart]
        while groups and fmean(groups[-1]) > fmean(group):
            group = groups.pop() + group
        groups.append(group)
    bases = [fmean(group) for group in groups for _ in group]
    ceiling = high - (len(bases) - 1) * apart
    return [min(max(base, low), ceiling) + place * apart for place, base in enumerate(bases)]


def times(start: float, end: float, zone: str) -> tuple[tuple[float, str], ...]:
    """Where to write which time of an IANA zone: at most seven or so, on minutes, hours or days that are round there.

    Midnight is written as the day that begins, where there is more than one. Where clocks go back, an hour that comes
    twice is written twice if hours are that close; what clocks skip is not written.
    """
    span = max(end - start, 1.0)
    pace = next((each for each in _PACES if span / each <= _MOST_TIMES), _PACES[-1])
    clock = ZoneInfo(zone)
    first, last = (_on_clocks(at, clock) for at in (start, end))
    days = math.floor(first / _DAY) < math.floor(last / _DAY)
    found: dict[float, str] = {}
    # An hour before and after, and two: in between clocks may have changed.
    for count in range(math.floor((first - 2 * _HOUR) / pace), math.ceil((last + 2 * _HOUR) / pace) + 1):
        shown = datetime.fromtimestamp(count * pace, UTC).replace(tzinfo=clock)
        for fold in (0, 1) if pace <= _HOUR else (0,):
            at = shown.replace(fold=fold).timestamp()
            is_day = days and count * pace % _DAY == 0
            # Where clocks skip midnight the day begins all the same.
            if start <= at <= end and (is_day or _on_clocks(at, clock) == count * pace):
                found[at] = f"{shown:%d %b}" if is_day else f"{shown:%H:%M}"
    return tuple(sorted(found.items()))


def _on_clocks(at: float, clock: ZoneInfo) -> float:
    """What clocks show, as seconds since they showed the epoch."""
    return datetime.fromtimestamp(at, clock).replace(tzinfo=UTC).timestamp()


def span_label(start: float, end: float, zone: str) -> str:
    """The days a graph is about: "15 Jun 2025 UTC" or "14–15 Jun 2025 Europe/Berlin (CEST)".

    What ends at midnight is not about the day that begins then.
    """
    clock = ZoneInfo(zone)
    first, last = (datetime.fromtimestamp(at, clock) for at in (start, max(start, end - 1)))
    return f"{_days(first, last)} {zone}{_short(first, last, zone)}"


def _days(first: datetime, last: datetime) -> str:
    if first.date() == last.date():
        return f"{last.day} {last:%b %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%b %Y}"
    return f"{first.day} {first:%b} – {last.day} {last:%b %Y}"


def _short(first: datetime, last: datetime, zone: str) -> str:
    """What clocks there are called then, both where they change: an hour that comes twice is of one, then of the other.

    The IANA database has a number, as "+0545", where people have no short name.
    """
    names = [name for name in dict.fromkeys(f"{each:%Z}" for each in (first, last)) if name != zone]
    return f" ({', then '.join(names)})" if names else ""
