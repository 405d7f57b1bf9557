"""What a step that can stand several times in a playbook is told apart by."""

from __future__ import annotations

import math
import re
from typing import Annotated, TypeAlias

from pydantic import Field

from bot.domain import Fact

Prefix: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Begins the names of its facts; a lower-case word.")
]
Heading: TypeAlias = Annotated[str, Field(max_length=80, description="Heading in the thread.")]
Seconds: TypeAlias = Annotated[float, Field(ge=1, le=8, description="Longest wait for an answer, in seconds.")]
Port: TypeAlias = Annotated[int, Field(ge=0, le=65_535)]

_NOT_IN_A_FACT = re.compile(r"[^a-z0-9]+")


def facts(prefix: str, **values: float | str | None) -> tuple[Fact, ...]:
    """``prefix.name`` for every value there is."""
    return tuple(
        Fact(name=f"{prefix}.{name}", value=float(value) if isinstance(value, int) else value)
        for name, value in values.items()
        if value is not None and not (isinstance(value, float) and not math.isfinite(value))
    )


def yes_no(truth: object) -> str:
    """How a fact says whether something is so."""
    return "yes" if truth else "no"


def fact_word(text: str) -> str:
    """A name from outside, say of a column, as the end of a fact's name."""
    return _NOT_IN_A_FACT.sub("_", text.lower()).strip("_") or "value"


def number(value: float) -> str:
    """A number as people read it."""
    return f"{value:.4g}" if abs(value) < 10_000 and not value.is_integer() else f"{value:,.0f}"
