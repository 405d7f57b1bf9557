"""Values as a row of bars."""

from __future__ import annotations

from collections.abc import Sequence

SPARKS = "▁▂▃▄▅▆▇█"
MOST = 40


def spark(values: Sequence[float]) -> str:
    """The last forty values, as ``▁▂█▇``."""
    values = values[-MOST:]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(SPARKS[min(7, int((value - low) / span * 8))] for value in values)
