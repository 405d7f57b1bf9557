"""The words and numbers that are written on a picture, and what is filled."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot import graph_look as look
from bot.cloud import Datapoint
from bot.graph import Graph, Mark, MarkKind, Series
from bot.graph_panel import Panel
from tests.fakes import NOON

START, END = NOON - 3600, NOON


def line(label: str, *values: float) -> Series:
    first = END - 60 * (len(values) - 1)
    return Series(label, tuple(Datapoint(first + 60 * place, value) for place, value in enumerate(values)), 60)


def drawn(*series: Series, unit: str = "", title: str = "Requests", marks: tuple[Mark, ...] = ()) -> Figure:
    figure = Figure(figsize=(look.WIDTH, look.HEIGHT), dpi=look.DOTS)
    panel = Panel(look.Pen(figure, FigureCanvasAgg(figure)), Graph(title, series, START, END, unit, marks=marks))
    figure.set_size_inches(look.WIDTH, panel.height)
    panel.draw(0.0, *panel.sides)
    return figure


def numbers(figure: Figure) -> list[str]:
    (plot,) = figure.axes
    return [label.get_text() for label in plot.get_yticklabels()]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


@pytest.mark.parametrize(
    ("values", "unit", "said"),
    [
        ((0.0012, 0.002), "s", ["0.0", "0.5 ms", "1.0 ms", "1.5 ms", "2.0 ms"]),
        ((64.06e9, 64.10e9), "B", ["64.06 GB", "64.07 GB", "64.08 GB", "64.09 GB", "64.10 GB"]),
        ((100.0, 250.0), "ms", ["0", "50 ms", "100 ms", "150 ms", "200 ms", "250 ms"]),
        ((0.0, 100.0), "%", ["0%", "20%", "40%", "60%", "80%", "100%"]),
        ((330.0, 520.0), "/min", ["0", "200", "400"]),
        ((30_000.0, 52_000.0), "", ["0", "20k", "40k"]),
    ],
)
def test_numbers_of_the_axis_have_their_unit(values: tuple[float, ...], unit: str, said: list[str]) -> None:
    assert numbers(drawn(line("x", *values), unit=unit)) == said


def test_two_lines_stand_beside_one_another_in_full_while_there_is_room() -> None:
    reads, writes = (line(f"image_captions {word}", 300, 465.4) for word in ("reads", "writes"))
    assert {"image_captions reads", "image_captions writes"} <= set(words(drawn(reads, writes, unit="/min")))


def test_of_longer_names_that_which_differs_is_left() -> None:
    lines = [line(f"caption-production-image_captions {word}", 300, 465) for word in ("reads", "writes")]
    said = words(drawn(*lines, unit="/min"))
    assert [name.rpartition(" ")[2] for name in said if name.startswith("caption")] == ["reads", "writes"]


def test_a_title_without_room_is_smaller_before_it_is_cut() -> None:
    assert "Oldest message in jobs · bi/api production" in words(
        drawn(line("x", 1, 2), title="Oldest message in jobs · bi/api production")
    )
    title = words(
        drawn(line("x", 1, 2), title="Throttled requests of tables · caption-service/application production")
    )[0]
    assert title.startswith("Throttled") and title.endswith("/application production")


def test_a_mark_that_is_cut_keeps_its_version() -> None:
    mark = Mark(NOON - 3000, "bi-production-background-executor:9", MarkKind.DEPLOYMENT)
    (label,) = (each for each in words(drawn(line("x", 1, 2), marks=(mark,))) if each.startswith("bi-"))
    assert "…" in label
    assert label.endswith("executor:9")


def is_filled(plot: Axes) -> bool:
    return bool(plot.collections)


@pytest.mark.parametrize(("values", "filled"), [((330.0, 520.0), True), ((64.06e9, 64.10e9), False)])
def test_only_what_begins_at_zero_is_filled(values: tuple[float, ...], filled: bool) -> None:
    (plot,) = drawn(line("x", *values), unit="B").axes
    assert is_filled(plot) == filled
