"""The look of graphs, and the pen that writes on them. Lengths are inches from the lower left corner of the figure.

Nothing is told by colour alone: lines have patterns, marks have shapes and words. Every colour that words are
written in has a contrast of at least 4.5 on the card and on the shade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.text import Text

from bot.graph import MarkKind
from bot.graph_text import fitted, legible

Pattern = Literal["-", "--", "-.", ":"] | tuple[float, Sequence[float]]
Shape = Literal["D", "s", "^", "o", "P"]
Side = Literal["left", "center", "right"]

WIDTH, HEIGHT, DOTS = 8.0, 3.6, 200
"""Inches, inches for each panel, and dots per inch: 1600 × 720 for one, twice the size it is looked at."""
LOW = 2.5
"""Inches for each of more panels than two, so that all of them are on a screen."""
CARD, SHADE, GRID, EDGE = "#FFFFFF", "#FCEDEA", "#E3E1E8", "#CFCCD6"
INK, QUIET, RED = "#1D1C1D", "#57545E", "#B3261E"
FAINT = "#A39FAB"
"""A line that is only there to be compared with; no words are written in it."""
COLOURS = ("#0B5FA5", "#9A4A00", "#A3195B", "#3F5560", "#00695C", "#5B4B00")
PATTERNS: tuple[Pattern, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), "-.", (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
LIMIT: Pattern = (0, (4, 2))
"""The threshold's line."""
MARKS: dict[MarkKind, tuple[str, Shape, Pattern]] = {
    MarkKind.DEPLOYMENT: ("#6B2FA0", "D", "-"),
    MarkKind.SCALING: ("#00695C", "s", "-."),
    MarkKind.ALARM: (RED, "^", "-"),
    MarkKind.OK: ("#1B6E34", "o", "--"),
    MarkKind.INCIDENT: (INK, "P", ":"),
}
"""The colour, the shape and the line of each kind of mark."""
SIZES: dict[Shape, float] = {"D": 7.5, "s": 8.5, "^": 10.5, "o": 9.0, "P": 10.0}
"""Shapes of one size look as if they were of several."""
SAMPLE = 0.36
"""How long a piece of a line stands in a legend."""
_FAMILY = "DejaVu Sans"
"""The font that comes with matplotlib: the same picture wherever the bot runs."""


@dataclass(frozen=True)
class Font:
    """A size in points, and a weight; on a phone a picture is shown at less than half its size."""

    size: float
    weight: str = "normal"

    @property
    def properties(self) -> FontProperties:
        """As matplotlib wants it."""
        return FontProperties(family=_FAMILY, size=self.size, weight=self.weight)


HEADING, WORD, BOLD, NUMBER = Font(15.0, "bold"), Font(12.5), Font(12.5, "bold"), Font(13.0)


class Pen:
    """Writes and draws lines on a figure that has its full size; measures words on any."""

    def __init__(self, figure: Figure, canvas: FigureCanvasAgg) -> None:
        self.figure = figure
        self._canvas = canvas
        self._glyphs = get_font(findfont(HEADING.properties)).get_charmap()

    @property
    def height(self) -> float:
        """The figure's."""
        return float(self.figure.get_figheight())

    def legible(self, text: str) -> str:
        """The text as it can be written at all."""
        return legible(text, self._glyphs)

    def fit(self, text: str, room: float, font: Font) -> str:
        """As much of a hostile text as there is room for."""
        return fitted(self.legible(text), room, lambda words: self.wide(words, font))

    def wide(self, text: str, font: Font) -> float:
        """How wide it will be."""
        if not text:
            return 0.0
        renderer = self._canvas.get_renderer()  # type: ignore[no-untyped-call]
        width, _, _ = renderer.get_text_width_height_descent(text, font.properties, False)
        return float(width) / DOTS

    def write(self, x: float, y: float, text: str, font: Font, colour: str, side: Side = "left") -> Text:
        """Write, ``y`` being the middle of the line."""
        return self.figure.text(
            x / WIDTH,
            y / self.height,
            text,
            fontproperties=font.properties,
            color=colour,
            horizontalalignment=side,
            verticalalignment="center_baseline",
            parse_math=False,
        )

    def sample(self, x: float, y: float, colour: str, pattern: Pattern) -> None:
        """A piece of a line for a legend."""
        self.line((x, y), (x + SAMPLE, y), colour, pattern, 2.4)

    def line(
        self, start: tuple[float, float], end: tuple[float, float], colour: str, pattern: Pattern, width: float
    ) -> None:
        """A straight line."""
        across, up = [start[0] / WIDTH, end[0] / WIDTH], [start[1] / self.height, end[1] / self.height]
        self.figure.add_artist(Line2D(across, up, color=colour, linestyle=pattern, linewidth=width))

    def shape(self, x: float, y: float, shape: Shape, colour: str) -> None:
        """The symbol of a mark, with a rim of the card around it."""
        symbol = Line2D([x / WIDTH], [y / self.height], marker=shape, markersize=SIZES[shape], color=colour)
        symbol.set(markeredgecolor=CARD, markeredgewidth=1.0, linestyle="none")
        self.figure.add_artist(symbol)
