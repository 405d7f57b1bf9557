"""Pictures are looked at as whoever opens them does: decoded, and pixel by pixel."""

from __future__ import annotations

import io
import itertools
import math
import sys
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bot import graph_look as look
from bot.cloud import Datapoint
from bot.graph import Graph, Mark, MarkKind, Series, Threshold
from bot.graph_limits import Limits
from bot.graphs import PANELS, draw
from tests.fakes import NOON

START, END = NOON - 10_800, NOON
LARGEST = 200_000


def steady(*values: float, every: float = 60.0) -> Series:
    """Values every minute, the last of them now."""
    first = END - every * (len(values) - 1)
    points = tuple(Datapoint(first + number * every, value) for number, value in enumerate(values))
    return Series("Average every 1 min", points, every)


def a_graph(*series: Series, **more: object) -> Graph:
    usual = Graph("CPUUtilization · bi/api production", series or (steady(*[40.0, 55.0] * 80),), START, END, "%")
    return replace(usual, **more)  # type: ignore[arg-type]


def seen(*panels: Graph) -> Image.Image:
    """The picture, decoded."""
    content = draw(panels)
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) < LARGEST * len(panels)
    shown = Image.open(io.BytesIO(content))
    shown.load()
    return shown.convert("RGB")


def near(picture: Image.Image, colour: str, away: int = 24) -> int:
    """How many pixels are about that colour."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    counted = picture.getcolors(2_000_000) or []
    return sum(
        count
        for count, pixel in counted
        if isinstance(pixel, tuple) and all(abs(a - b) <= away for a, b in zip(pixel, wanted, strict=True))
    )


def test_a_picture_has_twice_the_size_it_is_looked_at_and_is_opaque() -> None:
    picture = Image.open(io.BytesIO(draw((a_graph(),))))
    assert picture.size == (1600, 720)
    assert "transparency" not in picture.info


def test_panels_stand_below_one_another_up_to_a_limit() -> None:
    assert seen(a_graph(), a_graph()).size == (1600, 2 * 720)
    assert seen(*[a_graph()] * (PANELS + 3)).size == (1600, PANELS * round(look.LOW * look.DOTS))


def test_what_is_only_compared_with_is_faint_and_the_line_that_matters_is_as_if_it_were_alone() -> None:
    before = replace(steady(*[55.0, 55.0, 40.0, 40.0] * 40), label="yesterday", faint=True)
    alone, compared = seen(a_graph()), seen(a_graph(steady(*[40.0, 55.0] * 80), before))
    assert near(alone, look.FAINT, 6) < near(compared, look.FAINT, 6) - 1000
    blue = look.COLOURS[0]
    assert near(compared, blue) > near(alone, blue) * 0.5
    assert near(compared, look.COLOURS[1]) < 50


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        draw(())


@pytest.mark.parametrize("kind", MarkKind)
def test_every_mark_is_there_in_the_colour_of_its_kind(kind: MarkKind) -> None:
    colour = look.MARKS[kind][0]
    without = near(seen(a_graph()), colour)
    marked = near(seen(a_graph(marks=(Mark(NOON - 3600, "something", kind),))), colour)
    assert marked > without + 300


def test_marks_outside_the_time_are_not_drawn() -> None:
    outside = (Mark(START - 60, "before", MarkKind.DEPLOYMENT), Mark(END + 60, "after", MarkKind.DEPLOYMENT))
    assert draw((a_graph(marks=outside),)) == draw((a_graph(),))


def test_the_threshold_is_drawn_and_its_bad_side_shaded() -> None:
    plain = near(seen(a_graph()), look.SHADE, 2)
    above = near(seen(a_graph(thresholds=(Threshold(50, "GreaterThanThreshold"),))), look.SHADE, 2)
    below = near(seen(a_graph(thresholds=(Threshold(50, "LessThanThreshold"),))), look.SHADE, 2)
    assert plain == 0
    # Most of the axis from zero lies below 50, though the line's own tint covers some of it.
    assert above > 10_000
    assert below > 10_000
    assert above != below


def test_three_thresholds_are_drawn_and_of_more_there_are_only_words() -> None:
    plot = (200, 150, 1500, 640)

    def lines(*values: float) -> int:
        limits = tuple(Threshold(value, "GreaterThanThreshold") for value in values)
        return near(seen(a_graph(thresholds=limits)).crop(plot), look.RED)

    one = lines(70)
    assert one > 2000
    assert lines(70, 80) == pytest.approx(2 * one, rel=0.05)
    assert lines(70, 80, 90) == pytest.approx(3 * one, rel=0.05)
    assert lines(70, 80, 90, 95) == lines(70, 80, 90)
    assert draw((a_graph(thresholds=(Threshold(70), Threshold(70.0, "LessThanThreshold"))),))


def test_a_further_threshold_does_not_flatten_what_the_first_one_lets_see() -> None:
    blue = look.COLOURS[0]
    low = (200, 540, 1500, 640)
    near_ones, far = (Threshold(80), Threshold(200)), (Threshold(80), Threshold(2000))
    assert near(seen(a_graph(thresholds=far)).crop(low), blue) == near(
        seen(a_graph(thresholds=near_ones[:1])).crop(low), blue
    )
    assert near(seen(a_graph(thresholds=near_ones)).crop(low), blue) > 1000


def test_the_side_from_the_first_threshold_on_is_shaded() -> None:
    high, low = Threshold(70, "GreaterThanThreshold"), Threshold(20, "LessThanThreshold")
    higher = Threshold(90, "GreaterThanThreshold")

    def shaded(*limits: Threshold) -> int:
        return near(seen(a_graph(steady(*[50.0, 60.0] * 80), thresholds=(*limits,))), look.SHADE, 2)

    assert shaded(high, higher) > shaded(higher) + 5000
    assert shaded(high, low, higher) > shaded(high, higher) + 5000


def test_times_are_written_in_the_zone_of_the_graph() -> None:
    assert draw((a_graph(zone="Asia/Kathmandu"),)) != draw((a_graph(),))
    assert draw((a_graph(zone="America/Argentina/ComodRivadavia", title="t" * 200),))


def test_a_threshold_far_beyond_the_values_is_told_and_does_not_flatten_them() -> None:
    flat = near(seen(a_graph(thresholds=(Threshold(1e9),))), look.RED)
    assert flat > 300
    assert near(seen(a_graph(thresholds=(Threshold(1e9),))), look.SHADE, 2) == 0


def test_where_there_is_no_value_the_line_is_broken() -> None:
    whole = a_graph(steady(*[50.0] * 120))
    points = whole.series[0].points
    broken = a_graph(replace(whole.series[0], points=points[:40] + points[80:]))
    not_numbers = [replace(point, value=math.nan) if 40 <= at < 80 else point for at, point in enumerate(points)]
    blue = look.COLOURS[0]
    assert near(seen(broken), blue) < near(seen(whole), blue) - 1000
    assert draw((a_graph(replace(whole.series[0], points=tuple(not_numbers))),)) == draw((broken,))


@pytest.mark.parametrize(
    "values",
    [
        (),
        (1.0,),
        (0.0,) * 50,
        (-5.0,) * 50,
        (math.nan,) * 50,
        (math.inf, -math.inf, 1.0, math.nan, 2.0),
        (1e300, -1e300, 5e299),
        (1.7e308, -1.7e308),
        (5e-324, 1e-310),
        (1e-9, 2e-9),
        (1e15, 1e15 + 1),
    ],
)
@pytest.mark.parametrize("limit", [None, -1e300])
def test_no_value_is_too_strange_to_be_drawn(values: tuple[float, ...], limit: float | None) -> None:
    thresholds = () if limit is None else (Threshold(limit, "LessThanOrEqualToThreshold"), Threshold(limit / 2))
    assert seen(a_graph(steady(*values), thresholds=thresholds)).size == (1600, 720)


def test_one_single_value_can_be_seen() -> None:
    nothing, one = seen(a_graph(steady())), seen(a_graph(steady(7.0)))
    assert near(one, look.COLOURS[0]) > near(nothing, look.COLOURS[0]) + 100


def test_a_line_at_zero_can_be_seen() -> None:
    assert near(seen(a_graph(steady(*[0.0] * 170))), look.COLOURS[0]) > 5000


def test_a_peak_among_ten_thousand_values_is_drawn() -> None:
    calm = [1.0] * 10_000
    peaked = [*calm[:5000], 90.0, *calm[5001:]]
    every = 10_800 / 10_000
    blue = look.COLOURS[0]
    top = (0, 200, 1600, 420)
    high = Threshold(100, "GreaterThanThreshold")
    shown = [seen(a_graph(steady(*values, every=every), thresholds=(high,))).crop(top) for values in (calm, peaked)]
    assert near(shown[0], blue) == 0
    assert near(shown[1], blue) > 50


def test_ten_thousand_noisy_values_in_six_lines_are_no_large_file() -> None:
    noise = [float(abs(hash(str(at)) % 100)) for at in range(10_000)]
    lines = [replace(steady(*noise[at:], *noise[:at], every=1.08), label=f"p{at}") for at in range(6)]
    seen(a_graph(*lines))


HOSTILE = (
    "$x_{1}^2$ \\frac{1}{0} $",
    "one\ntwo\r\nthree\u2028four",
    "x" * 5000,
    "\u202eevil שלום مرحبا\u202c",
    "😀🏳️‍🌈 很长的名字 \U0010ffff\ud800",
    "\x1b[31mred\x07",
    "_hidden",
    "",
    " ",
    "%d {0} <b>&amp;",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_without_a_warning(name: str) -> None:
    marks = tuple(Mark(NOON - 600 * at, name, kind) for at, kind in enumerate(MarkKind, 1))
    hostile = a_graph(
        replace(steady(1.0, 2.0), label=name), title=name, unit=name, marks=marks, thresholds=(Threshold(1),)
    )
    assert seen(hostile).size == (1600, 720)


@settings(max_examples=10)
@given(st.text(max_size=40), st.lists(st.floats(), max_size=40), st.lists(st.floats(START, END), max_size=90))
def test_whatever_comes_is_a_picture(name: str, values: list[float], moments: list[float]) -> None:
    kinds = itertools.cycle(MarkKind)
    marks = tuple(Mark(at, name, next(kinds)) for at in moments)
    assert seen(a_graph(replace(steady(*values), label=name), title=name, marks=marks)).width == 1600


def test_many_lines_have_a_row_more_of_names_and_the_rest_is_counted() -> None:
    lines = [replace(steady(*[float(at)] * 100), label=f"a function with a long name {at}") for at in range(9)]
    assert seen(a_graph(*lines)).size[1] > 720


def test_a_time_that_ends_before_it_begins_is_drawn_all_the_same() -> None:
    assert seen(a_graph(start=END, end=START)).size == (1600, 720)


def test_a_secret_in_a_name_is_not_on_the_picture() -> None:
    secret, masked = "password=" + "hunter2hunter2", "password=[redacted]"
    assert draw((a_graph(title=secret),)) == draw((a_graph(title=masked),))


def test_threads_draw_what_one_draws() -> None:
    graphs = [a_graph(steady(*[float(at)] * 60)) for at in range(6)]
    alone = [draw((graph,)) for graph in graphs]
    drawn: dict[int, bytes] = {}
    threads = [
        threading.Thread(target=lambda at=at: drawn.__setitem__(at, draw((graphs[at],)))) for at in range(len(graphs))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [drawn[at] for at in range(len(graphs))] == alone


def test_no_figure_is_kept() -> None:
    draw((a_graph(),))
    assert "matplotlib.figure" in sys.modules
    assert "matplotlib.pyplot" not in sys.modules


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


WRITTEN = (look.INK, look.QUIET, look.RED, *look.COLOURS, *(colour for colour, _, _ in look.MARKS.values()))


@pytest.mark.parametrize("colour", sorted(set(WRITTEN)))
def test_whatever_is_written_can_be_read(colour: str) -> None:
    assert contrast(colour, look.CARD) >= 4.5
    assert contrast(colour, look.SHADE) >= 4.5


def test_nothing_is_told_by_colour_alone() -> None:
    assert len({shape for _, shape, _ in look.MARKS.values()}) == len(MarkKind)
    assert len({str(pattern) for pattern in look.PATTERNS}) == len(look.PATTERNS) == len(look.COLOURS)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((75.0,), "alarm > 75%"),
        ((1e9,), "alarm > 1G%, off this scale"),
        ((75.0, 90.0), "alarm > 75%, > 90%"),
        ((75.0, 2000.0), "alarm > 75%, > 2000%, 1 off this scale"),
        ((70.0, 80.0, 90.0, 95.0, 99.0), "alarm > 70%, > 80%, > 90% and 2 more"),
    ],
)
def test_what_the_thresholds_are_is_told_in_words(values: tuple[float, ...], said: str) -> None:
    figure = Figure(figsize=(look.WIDTH, look.HEIGHT), dpi=look.DOTS)
    pen = look.Pen(figure, FigureCanvasAgg(figure))
    limits = Limits(pen, [Threshold(value, "GreaterThanThreshold") for value in values], [40.0, 55.0], "%")
    assert limits.words == said
    crowded = Limits(pen, [Threshold(value * 1.2345e9) for value in values], [40e9, 55e9], "requests of all")
    assert len(values) == 1 or crowded.words.endswith("more")
