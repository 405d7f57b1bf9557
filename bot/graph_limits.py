"""The thresholds of a graph: lines across it, the side on which an alarm is, numbers beside it, and their words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from bot.graph import Threshold
from bot.graph_look import BOLD, LIMIT, RED, SAMPLE, SHADE, Pen
from bot.graph_scale import Scale, number, off_scale, spread
from bot.graph_text import with_unit

MOST = 3
"""Thresholds that are drawn; of more it is said how many."""
FURTHER = 4.0
"""How many times larger than the values and the first threshold a further one may be before it is only told."""
_WORDS = 4.2
"""Inches that the words get beside the legend at most."""
_ROW, _GAP = 0.21, 0.07
"""Inches from one number to the next above it, and from the plot to the numbers."""


class Limits:
    """The thresholds of one graph. ``values`` are those of its lines: beside them a threshold may be off the scale."""

    def __init__(self, pen: Pen, thresholds: Sequence[Threshold], values: Sequence[float], unit: str) -> None:
        self._pen, self._unit = pen, unit
        self._all = list(thresholds)
        self._shown = self._all[:MOST]
        self._drawn = _on_scale(self._shown, values)
        self.words = self._told()

    @property
    def values(self) -> list[float]:
        """Those that the axis has to reach."""
        return [each.value for each in self._drawn]

    @property
    def words_width(self) -> float:
        """Inches that the words and the piece of a line before them take."""
        return self._pen.wide(self.words, BOLD) + SAMPLE + 0.3 if self.words else 0.0

    @property
    def numbers_width(self) -> float:
        """Inches that the numbers take to the right of the plot."""
        return max((self._pen.wide(_number(each), BOLD) + 0.18 for each in self._drawn), default=0.0)

    def write_words(self, right: float, y: float) -> None:
        """What the lines mean, up to ``right``."""
        if self.words:
            self._pen.write(right, y, self.words, BOLD, RED, "right")
            self._pen.sample(right - self._pen.wide(self.words, BOLD) - SAMPLE - 0.08, y, RED, LIMIT)

    def write_numbers(self, left: float, low: float, high: float, scale: Scale) -> None:
        """The number of each line beside it, none on another. The plot reaches from ``low`` to ``high``."""
        by_value = {each.value: _number(each) for each in sorted(self._drawn, key=lambda each: each.value)}
        heights = [low + (high - low) * scale.share(value) for value in by_value]
        for y, written in zip(spread(heights, _ROW, low, high), by_value.values(), strict=True):
            self._pen.write(left + _GAP, y, written, BOLD, RED)

    def draw(self, plot: Axes, scale: Scale) -> None:
        """A line for each, and a shade from the first that is reached: upwards, and downwards."""
        above = [scale.scaled(each.value) for each in self._drawn if each.is_above]
        below = [scale.scaled(each.value) for each in self._drawn if not each.is_above]
        if above:
            plot.axhspan(min(above), scale.high, color=SHADE, zorder=0.5, linewidth=0)
        if below:
            plot.axhspan(scale.low, max(below), color=SHADE, zorder=0.5, linewidth=0)
        for at in dict.fromkeys([*above, *below]):
            plot.axhline(at, color=RED, linewidth=1.8, linestyle=LIMIT, zorder=3.5)

    def _told(self) -> str:
        """As many as there is room for, the others counted."""
        for count in range(len(self._shown), 0, -1):
            told = self._shown[:count]
            off = sum(each not in self._drawn for each in told)
            beyond = f", {f'{off} ' if off < count else ''}off this scale" if off else ""
            more = len(self._all) - count
            said = ", ".join(self._value(each) for each in told)
            words = f"alarm {said}{beyond}{f' and {more} more' if more else ''}"
            if count == 1 or self._pen.wide(words, BOLD) <= _WORDS:
                return words
        return ""

    def _value(self, limit: Threshold) -> str:
        return f"{limit.sign} {with_unit(_number(limit), self._pen.legible(self._unit)[:12])}"


def _on_scale(limits: Sequence[Threshold], values: Sequence[float]) -> list[Threshold]:
    """The thresholds beside which the values are still seen: of the first that matters most, further ones less far."""
    on = [each for each in limits if not off_scale(values, each.value)]
    reach = max(
        (abs(value) for value in (*values, *(each.value for each in on[:1])) if math.isfinite(value)), default=0
    )
    return [each for each in on if each is on[0] or abs(each.value) <= FURTHER * reach]


def _number(limit: Threshold) -> str:
    return number(limit.value, 4)
