"""Conditions on facts: what must have been found for a remedy to be offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag

from bot.domain import Fact, Finding, Frozen

FactValue: TypeAlias = float | str


def _word(value: Any) -> Any:
    """YAML 1.1 takes a bare yes for true, and facts say yes."""
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _form(value: Any) -> str:
    return "one" if isinstance(value, dict | Condition) else "several"


Word: TypeAlias = Annotated[FactValue, BeforeValidator(_word, json_schema_input_type=float | str | bool)]


class Condition(Frozen):
    """One fact compared, or several conditions of which one is enough. A fact that nobody knows meets nothing."""

    fact: str = Field(default="", description="Name of a fact, as cpu.max.")
    above: float | None = Field(default=None, description="The fact is more than this.")
    below: float | None = Field(default=None, description="The fact is less than this.")
    equals: Word | None = Field(default=None, description="The fact is this number or word.")
    one_of: tuple[Word, ...] = Field(default=(), description="The fact is one of these.")
    any: tuple[Condition, ...] = Field(default=(), description="In place of a fact: one of these is enough.")


Conditions: TypeAlias = Annotated[
    Annotated[Condition, Tag("one")] | Annotated[tuple[Condition, ...], Tag("several")], Discriminator(_form)
]
"""A condition, or a list of them, all of which must hold; told apart first, so that a mistake is named once."""


@dataclass(frozen=True)
class Known:
    """A fact, and how strongly the finding that established it points at a cause."""

    fact: Fact
    weight: int


@dataclass(frozen=True)
class Support:
    """The facts that meet conditions, and the weight of the strongest finding among theirs."""

    facts: tuple[Fact, ...]
    weight: int


def known_facts(findings: Iterable[Finding]) -> dict[str, Known]:
    """The facts of findings by name; where two findings name the same, the stronger one is believed."""
    known: dict[str, Known] = {}
    for finding in findings:
        for fact in () if finding.failed else finding.facts:
            if fact.name not in known or finding.weight > known[fact.name].weight:
                known[fact.name] = Known(fact, finding.weight)
    return known


def support(conditions: Conditions, known: Mapping[str, Known]) -> Support | None:
    """What speaks for all conditions together; None when one of them is not met or its fact is not known."""
    found: list[Known] = []
    for condition in (conditions,) if isinstance(conditions, Condition) else conditions:
        met = _met(condition, known)
        if not met:
            return None
        found += met
    facts = {each.fact.name: each.fact for each in found}
    return Support(tuple(facts.values()), max((each.weight for each in found), default=0))


def in_words(conditions: Conditions) -> str:
    """Conditions as people read them, ``cpu.max above 80 and tasks.cause oom or pull``; empty where there are none."""
    each = (conditions,) if isinstance(conditions, Condition) else conditions
    return " and ".join(filter(None, map(_in_words, each)))


def _in_words(condition: Condition) -> str:
    if condition.any:
        return f"({' or '.join(map(_in_words, condition.any))})"
    parts = [
        f"above {condition.above:g}" if condition.above is not None else "",
        f"below {condition.below:g}" if condition.below is not None else "",
        f"= {_plain(condition.equals)}" if condition.equals is not None else "",
        f"one of {', '.join(map(_plain, condition.one_of))}" if condition.one_of else "",
    ]
    said = " and ".join(filter(None, parts)) or "known"
    return f"{condition.fact} {said}" if condition.fact else ""


def _plain(value: FactValue) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _met(condition: Condition, known: Mapping[str, Known]) -> list[Known]:
    if condition.any:
        return [found for inner in condition.any for found in _met(inner, known)]
    found = known.get(condition.fact)
    return [found] if found is not None and _holds(condition, found.fact.value) else []


def _holds(condition: Condition, value: FactValue) -> bool:
    limits = (condition.above, condition.below)
    if any(limit is not None for limit in limits):
        if isinstance(value, str):
            return False
        above, below = limits
        # Written so that a value that is no number (NaN) lies nowhere.
        if not ((above is None or value > above) and (below is None or value < below)):
            return False
    if condition.equals is not None and not _same(value, condition.equals):
        return False
    return not condition.one_of or any(_same(value, each) for each in condition.one_of)


def _same(value: FactValue, wanted: FactValue) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return value.casefold() == wanted.casefold()
    return value == wanted
