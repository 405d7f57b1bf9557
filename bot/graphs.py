"""Draws graphs as PNG: an opaque white card that reads the same in Slack's light and dark theme, and on a phone.

Only matplotlib's objects and the Agg canvas are used, never pyplot, which keeps every figure; and one picture at a
time, since matplotlib may not be used from several threads at once
(https://matplotlib.org/stable/users/faq.html#work-with-threads). Importing this module takes a good part of a second:
import it where it is used.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image  # what matplotlib itself writes PNG with

from bot.graph import Graph
from bot.graph_look import CARD, DOTS, EDGE, HEIGHT, LOW, WIDTH, Pen
from bot.graph_panel import Panel

PANELS = 6
"""How many panels are drawn at most."""
PALETTE = 128
"""Colours in a picture: flat ones and their soft edges need no more, and the file is a third of the size."""
_lock = threading.Lock()


def draw(panels: Sequence[Graph]) -> bytes:
    """A PNG of one graph, or of several below one another: 1600 × 720 pixels or more, some 50 KB each."""
    if not panels:
        raise ValueError("there is nothing to draw")
    with _lock:
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS, facecolor=CARD)
        canvas = FigureCanvasAgg(figure)
        pen = Pen(figure, canvas)
        shown = list(panels)[:PANELS]
        drawn = [Panel(pen, graph, HEIGHT if len(shown) <= 2 else LOW) for graph in shown]
        bottom = sum(panel.height for panel in drawn)
        figure.set_size_inches(WIDTH, bottom)
        # One moment stands above itself in all panels.
        sides = [panel.sides for panel in drawn]
        left, right = max(side for side, _ in sides), min(side for _, side in sides)
        for panel in drawn:
            bottom -= panel.height
            panel.draw(bottom, left, right)
        figure.add_artist(Rectangle((0, 0), 1, 1, fill=False, edgecolor=EDGE, linewidth=1.5))
        return _png(canvas)


def _png(canvas: FigureCanvasAgg) -> bytes:
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    written = io.BytesIO()
    picture = Image.fromarray(pixels).convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE)
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()
