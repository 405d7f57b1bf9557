"""Where the marks of a graph find room: their labels stand above the plot and never on one another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.graph import Mark, MarkKind

ROWS = 2
"""Rows of labels above a plot."""
MOST = 60
"""Marks that are drawn at all; of more, the newest."""
_APART = 8.0
_FIRST = (MarkKind.ALARM, MarkKind.INCIDENT, MarkKind.DEPLOYMENT, MarkKind.OK, MarkKind.SCALING)
"""Which labels are written first when there is not room for all."""


@dataclass(frozen=True)
class Placed:
    """A mark and where its symbol and label stand, in pixels from the left; ``row`` None has room for neither."""

    mark: Mark
    x: float
    row: int | None = None
    label: str = ""
    to_the_left: bool = False


def place(
    marks: Sequence[Mark],
    at_pixel: Callable[[float], float],
    width_of: Callable[[str], float],
    *,
    symbol: float,
    left: float,
    right: float,
) -> tuple[Placed, ...]:
    """Find a row for every mark's symbol and label between two edges; what finds none is a line only.

    ``symbol`` is how wide a symbol is, ``at_pixel`` where a moment is.
    """
    newest = sorted(marks, key=lambda mark: mark.at)[-MOST:]
    taken: list[list[tuple[float, float]]] = [[] for _ in range(ROWS)]
    placed = []
    for mark in sorted(newest, key=lambda mark: (_FIRST.index(mark.kind), -mark.at)):
        x = at_pixel(mark.at)
        placed.append(_placed(mark, x, width_of(mark.label), taken, symbol, (left, right)))
    return tuple(sorted(placed, key=lambda each: each.mark.at))


def _placed(
    mark: Mark,
    x: float,
    width: float,
    taken: list[list[tuple[float, float]]],
    symbol: float,
    edges: tuple[float, float],
) -> Placed:
    half = symbol / 2
    for row, spans in enumerate(taken):
        for to_the_left in (False, True):
            span = (x - half - width, x + half) if to_the_left else (x - half, x + half + width)
            if span[0] >= edges[0] - half and span[1] <= edges[1] and _is_free(span, spans):
                spans.append(span)
                return Placed(mark, x, row, mark.label, to_the_left)
    for row, spans in enumerate(taken):
        span = (x - half, x + half)
        if _is_free(span, spans):
            spans.append(span)
            return Placed(mark, x, row)
    return Placed(mark, x)


def _is_free(span: tuple[float, float], spans: list[tuple[float, float]]) -> bool:
    return all(span[1] + _APART <= other[0] or other[1] + _APART <= span[0] for other in spans)


def red_spans(marks: Sequence[Mark], start: float, end: float) -> list[tuple[float, float]]:
    """When the alarm was on: from each mark of an alarm to the next OK. An OK that comes first ends one from before."""
    turns = sorted((mark for mark in marks if mark.kind in (MarkKind.ALARM, MarkKind.OK)), key=lambda each: each.at)
    spans: list[tuple[float, float]] = []
    began: float | None = start if turns and turns[0].kind is MarkKind.OK else None
    for mark in turns:
        if mark.kind is MarkKind.ALARM and began is None:
            began = mark.at
        elif mark.kind is MarkKind.OK and began is not None:
            spans.append((began, mark.at))
            began = None
    return spans if began is None else [*spans, (began, end)]
