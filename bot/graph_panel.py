"""One graph on its part of a picture: title, legend, marks, axes, threshold and lines. Lengths are inches."""

from __future__ import annotations

from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from bot.graph import Graph
from bot.graph_limits import Limits
from bot.graph_look import (
    BOLD,
    CARD,
    COLOURS,
    DOTS,
    FAINT,
    GRID,
    HEADING,
    HEIGHT,
    INK,
    MARKS,
    NUMBER,
    PATTERNS,
    QUIET,
    RED,
    SAMPLE,
    WIDTH,
    WORD,
    Pattern,
    Pen,
    Side,
)
from bot.graph_marks import Placed, place, red_spans
from bot.graph_scale import Corner, number, runs, scale_of, span_label, thinned, times
from bot.graph_text import MEASURES, with_unit

LINES = 6
"""How many lines are drawn at most."""
LABEL = 3.7
"""Inches that one line among several gets at most in the legend, so that two stand beside one another."""
DENSE = 500
"""From so many values on a line is drawn thin."""
_LEFT_EDGE, _RIGHT_EDGE, _TOP, _BOTTOM = 0.16, 0.16, 0.14, 0.4
_TITLE_ROW, _LEGEND_ROW, _MARK_ROW = 0.32, 0.3, 0.25
_TICK_ROW = 0.2
"""Less than this for each tick, and the numbers stand on one another."""
_SYMBOL, _SLIT = 0.2, 0.02


@dataclass(frozen=True)
class _Entry:
    """A line in the legend: which, what it is called, and what it says of its last value."""

    count: int
    name: str
    last: str
    faint: bool = False


class Panel:
    """One graph on its part of the figure. Lengths are inches; ``height`` is what it takes of them.

    With more than one row of its legend it takes more than ``least``.
    """

    def __init__(self, pen: Pen, graph: Graph, least: float = HEIGHT) -> None:
        self._pen, self._graph, self._bottom = pen, graph, 0.0
        self._end = graph.end if graph.end > graph.start else graph.start + 1.0
        self._lines = [
            (series, runs(series.points, series.period, graph.start, self._end)) for series in graph.series[:LINES]
        ]
        values = [value for _, parts in self._lines for part in parts for _, value in part]
        self._limits = Limits(pen, graph.thresholds, values, graph.unit)
        self._scale = scale_of(values, self._limits.values, counts=graph.unit not in MEASURES)
        self._legend_rows = self._rows_of_legend()
        self.height = least + (len(self._legend_rows) - 1) * _LEGEND_ROW

    @property
    def sides(self) -> tuple[float, float]:
        """How far the plot may go to the left, where values stand, and to the right, where the threshold does."""
        values = max(self._pen.wide(self._ticked(tick), NUMBER) for tick in self._scale.ticks)
        return _LEFT_EDGE + values + 0.1, WIDTH - max(_RIGHT_EDGE, self._limits.numbers_width)

    def draw(self, bottom: float, left: float, right: float) -> None:
        """Title, legend, marks, and the plot between two sides, on the figure that has its full size now."""
        self._bottom = bottom
        top = bottom + self.height - _TOP
        self._title(top - _TITLE_ROW / 2)
        top -= _TITLE_ROW
        for row in self._legend_rows:
            self._legend(row, top - _LEGEND_ROW / 2)
            top -= _LEGEND_ROW
        beside = self._bottom + self.height - _TOP - _TITLE_ROW - _LEGEND_ROW / 2
        self._limits.write_words(WIDTH - _RIGHT_EDGE, beside)
        marks = self._marks(left, right)
        rows = 1 + max((mark.row for mark in marks if mark.row is not None), default=-1)
        low = self._bottom + _BOTTOM
        high = top - rows * _MARK_ROW - 0.1
        edges = (left / WIDTH, low / self._pen.height, (right - left) / WIDTH, (high - low) / self._pen.height)
        plot = self._pen.figure.add_axes(edges)
        self._axes(plot, left, right, high - low)
        self._shade(plot)
        for number_of, (series, parts) in enumerate(self._lines):
            self._line(plot, number_of, parts, (right - left) * DOTS, faint=series.faint)
        if not any(parts for _, parts in self._lines):
            self._pen.write((left + right) / 2, (low + high) / 2, "no data in this time", WORD, QUIET, "center")
        for mark in marks:
            self._mark(mark, high)
        self._limits.write_numbers(right, low, high, self._scale)

    def _title(self, y: float) -> None:
        graph = self._graph
        days = span_label(graph.start, self._end, graph.zone)
        room = WIDTH - _LEFT_EDGE - _RIGHT_EDGE - self._pen.wide(days, WORD) - 0.2
        font = HEADING if self._pen.wide(self._pen.legible(graph.title), HEADING) <= room else BOLD
        self._pen.write(_LEFT_EDGE, y, self._pen.fit(graph.title, room, font), font, INK)
        self._pen.write(WIDTH - _RIGHT_EDGE, y, days, WORD, QUIET, "right")

    def _rows_of_legend(self) -> list[list[_Entry]]:
        """What stands beside one another: the first row shares its space with the threshold's words."""
        room = WIDTH - _LEFT_EDGE - _RIGHT_EDGE
        left = room - self._limits.words_width
        most = left if len(self._lines) == 1 else LABEL
        more = len(self._graph.series) - len(self._lines)
        rows: list[list[_Entry]] = [[]]
        for count, (series, parts) in enumerate(self._lines):
            last = f"  {self._value(parts[-1][-1][1])}" if parts and not series.faint else ""
            last += f"  and {more} more" if more > 0 and count == len(self._lines) - 1 else ""
            beside = SAMPLE + 0.08 + self._pen.wide(last, BOLD)
            entry = _Entry(count, self._pen.fit(series.label, max(0.3, most - beside), WORD), last, series.faint)
            width = beside + self._pen.wide(entry.name, WORD) + 0.25
            if width > left + 0.25 and rows[-1]:
                rows.append([])
                left = room
            rows[-1].append(entry)
            left -= width
        return rows

    def _legend(self, row: list[_Entry], y: float) -> None:
        x = _LEFT_EDGE
        for entry in row:
            colour, pattern = self._look(entry.count, faint=entry.faint)
            self._pen.sample(x, y, colour, pattern)
            x += SAMPLE + 0.08
            self._pen.write(x, y, entry.name, WORD, INK)
            x += self._pen.wide(entry.name, WORD)
            self._pen.write(x, y, entry.last, BOLD, colour)
            x += self._pen.wide(entry.last, BOLD) + 0.25

    def _axes(self, plot: Axes, left: float, right: float, height: float) -> None:
        graph, scale = self._graph, self._scale
        ticks = scale.ticks if height >= _TICK_ROW * len(scale.ticks) else scale.ticks[::2]
        plot.set_xlim(graph.start, self._end)
        plot.set_ylim(scale.low, scale.high)
        plot.set_facecolor(CARD)
        for side in ("left", "right", "top"):
            plot.spines[side].set_visible(False)
        plot.spines["bottom"].set_color(QUIET)
        plot.set_yticks(ticks, [self._ticked(tick) for tick in ticks])
        pace = (right - left) / (self._end - graph.start)
        moments = [
            (at, label)
            for at, label in times(graph.start, self._end, graph.zone)
            if left + (at - graph.start) * pace + self._pen.wide(label, NUMBER) / 2 < WIDTH - _SLIT
        ]
        plot.set_xticks([at for at, _ in moments], [label for _, label in moments])
        plot.tick_params(axis="y", length=0, pad=5)
        plot.tick_params(axis="x", length=4, width=1, color=QUIET, pad=4)
        for label in (*plot.get_xticklabels(), *plot.get_yticklabels()):
            label.set_fontproperties(NUMBER.properties)
            label.set_color(QUIET)
        plot.grid(axis="y", color=GRID, linewidth=1.0)
        plot.set_axisbelow(True)

    def _shade(self, plot: Axes) -> None:
        """The thresholds, and along the bottom when the alarm was on."""
        scale = self._scale
        self._limits.draw(plot, scale)
        for began, ended in red_spans(self._graph.marks, self._graph.start, self._end):
            span = [max(began, self._graph.start), min(ended, self._end)]
            if span[0] < span[1]:
                plot.plot(span, [scale.low] * 2, color=RED, linewidth=7, solid_capstyle="butt", zorder=4, clip_on=False)

    @staticmethod
    def _look(count: int, *, faint: bool) -> tuple[str, Pattern]:
        return (FAINT, "-") if faint else (COLOURS[count], PATTERNS[count])

    def _line(self, plot: Axes, count: int, parts: list[list[Corner]], pixels: float, *, faint: bool) -> None:
        (colour, pattern), scale = self._look(count, faint=faint), self._scale
        alone = sum(not series.faint for series, _ in self._lines) == 1 and not faint
        columns = max(1, int(pixels / 2))
        width = 2.0 if sum(len(part) for part in parts) < DENSE else 1.2
        for part in parts:
            corners = thinned(part, columns, self._graph.start, self._end)
            across, up = [at for at, _ in corners], [scale.scaled(value) for _, value in corners]
            # A filled area tells how much there is: only one that begins at zero is true.
            if alone and len(corners) > 1 and scale.low <= 0 <= scale.high:
                plot.fill_between(across, up, 0.0, color=colour, alpha=0.1, linewidth=0)
            plot.plot(
                across,
                up,
                color=colour,
                linestyle=pattern,
                linewidth=width,
                zorder=2.5 if faint else 3,
                clip_on=False,
                solid_joinstyle="round",
            )
            if len(corners) == 1:
                self._dot(plot, across[0], up[0], colour, 9)
        if parts and not faint:
            self._dot(plot, parts[-1][-1][0], scale.scaled(parts[-1][-1][1]), colour)

    @staticmethod
    def _dot(plot: Axes, x: float, y: float, colour: str, size: float = 6) -> None:
        plot.plot(
            [x],
            [y],
            marker="o",
            markersize=size,
            color=colour,
            markeredgecolor=CARD,
            markeredgewidth=1,
            zorder=5,
            clip_on=False,
        )

    def _marks(self, left: float, right: float) -> tuple[Placed, ...]:
        graph = self._graph
        within = [mark for mark in graph.marks if graph.start <= mark.at <= self._end]
        labels = {mark: self._pen.fit(mark.label, 2.4, BOLD) for mark in within}
        return place(
            [replace(mark, label=labels[mark]) for mark in within],
            lambda at: (left + (right - left) * (at - graph.start) / (self._end - graph.start)) * DOTS,
            lambda text: (self._pen.wide(text, BOLD) + 0.04) * DOTS if text else 0.0,
            symbol=_SYMBOL * DOTS,
            left=_LEFT_EDGE * DOTS,
            right=(WIDTH - _RIGHT_EDGE) * DOTS,
        )

    def _mark(self, placed: Placed, plot_top: float) -> None:
        colour, shape, pattern = MARKS[placed.mark.kind]
        x, y = placed.x / DOTS, plot_top
        if placed.row is not None:
            y += 0.1 + _MARK_ROW * (placed.row + 0.5)
        self._pen.line((x, self._bottom + _BOTTOM), (x, y), colour, pattern, 1.6)
        if placed.row is None:
            return
        self._pen.shape(x, y, shape, colour)
        side: Side = "right" if placed.to_the_left else "left"
        aside = -_SYMBOL / 2 if placed.to_the_left else _SYMBOL / 2
        written = self._pen.write(x + aside, y, placed.label, BOLD, colour, side)
        written.set_bbox({"facecolor": CARD, "edgecolor": "none", "pad": 1.0})

    def _value(self, value: float) -> str:
        return with_unit(number(value), self._pen.legible(self._graph.unit)[:12])

    def _ticked(self, tick: float) -> str:
        written, unit = self._scale.written(tick), self._graph.unit
        return with_unit(written, unit) if unit == "%" or (tick and unit in MEASURES) else written
