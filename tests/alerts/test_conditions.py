"""A remedy is offered for facts that are known and hold, and for nothing else."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from alerts.conditions import Condition, Conditions, Known, known_facts, support
from bot.domain import Fact, Finding

CONDITIONS: TypeAdapter[Conditions] = TypeAdapter(Conditions)


def conditions(written: Any) -> Conditions:
    return CONDITIONS.validate_json(json.dumps(written), strict=True)


def finding(weight: int, **facts: float | str) -> Finding:
    named = tuple(Fact(name=name.replace("_", "."), value=value) for name, value in facts.items())
    return Finding(step="s", title="T", summary="s", weight=weight, facts=named)


def holds(written: Any, **facts: float | str) -> bool:
    return support(conditions(written), known_facts([finding(10, **facts)])) is not None


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ({"above": 80}, 80.1, True),
        ({"above": 80}, 80.0, False),
        ({"below": 80}, 79.9, True),
        ({"below": 80}, 80.0, False),
        ({"above": 1, "below": 3}, 2.0, True),
        ({"above": 1, "below": 3}, 3.0, False),
        ({"equals": 0}, 0.0, True),
        ({"equals": "oom"}, "OOM", True),
        ({"equals": "oom"}, "crash", False),
        ({"equals": True}, "yes", True),
        ({"equals": False}, "no", True),
        ({"one_of": ["oom", 3]}, 3.0, True),
        ({"one_of": ["oom", "pull"]}, "pull", True),
        ({"one_of": ["oom", "pull"]}, "crash", False),
        ({"above": 80}, "oom", False),
        ({"equals": "3"}, 3.0, False),
        ({"above": 0, "equals": 5}, 4.0, False),
    ],
)
def test_a_fact_is_compared(condition: dict[str, Any], value: float | str, expected: bool) -> None:
    assert holds({"fact": "a.b", **condition}, a_b=value) is expected


def test_what_is_no_number_lies_neither_above_nor_below() -> None:
    assert not holds({"fact": "a.b", "above": 0}, a_b=math.nan)
    assert not holds({"fact": "a.b", "below": 0}, a_b=math.nan)


def test_a_fact_that_nobody_knows_meets_nothing() -> None:
    for each in ({"above": 0}, {"below": 0}, {"equals": "no"}):
        assert not holds({"fact": "a.b", **each}, c_d=1.0)


def test_all_conditions_of_a_list_must_hold_and_one_of_any_is_enough() -> None:
    both = [{"fact": "a.b", "above": 1}, {"fact": "c.d", "above": 1}]
    assert holds(both, a_b=2.0, c_d=2.0)
    assert not holds(both, a_b=2.0, c_d=1.0)
    assert holds({"any": both}, a_b=2.0, c_d=1.0)
    assert not holds({"any": both}, a_b=1.0)


def test_the_support_is_the_facts_and_the_strongest_finding_among_theirs() -> None:
    known = known_facts([finding(60, cpu_max=91.0), finding(65, changes_age=60.0), finding(90, other_fact=1.0)])
    met = support(conditions([{"fact": "cpu.max", "above": 80}, {"fact": "changes.age", "below": 3600}]), known)
    assert met is not None
    assert ([fact.name for fact in met.facts], met.weight) == (["cpu.max", "changes.age"], 65)


def test_the_stronger_of_two_findings_is_believed_and_a_failed_one_never() -> None:
    failed = finding(99, a_b=3.0).model_copy(update={"failed": True})
    known = known_facts([finding(10, a_b=1.0), finding(60, a_b=2.0), failed])
    assert known["a.b"] == Known(Fact(name="a.b", value=2.0), 60)


@given(
    above=st.one_of(st.none(), st.floats(allow_nan=False)),
    below=st.one_of(st.none(), st.floats(allow_nan=False)),
    value=st.floats(),
)
def test_limits_mean_what_they_mean_in_python(above: float | None, below: float | None, value: float) -> None:
    condition = Condition(fact="a.b", above=above, below=below)
    expected = (above is None or value > above) and (below is None or value < below)
    met = support(condition, {"a.b": Known(Fact(name="a.b", value=value), 1)})
    assert (met is not None) is expected
