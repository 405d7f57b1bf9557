"""Small rules that values are checked by; each problem is worded and placed as Slack does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Rule = Callable[[Any, str, list[str]], None]
"""Called with a value, its json-pointer and the problems found so far."""


def problem(words: str, pointer: str) -> str:
    """A problem in Slack's form."""
    return f"{words} [json-pointer:{pointer}]"


def string(longest: int, shortest: int = 1) -> Rule:
    """A text of so many characters."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, str):
            problems.append(problem("must provide a string", pointer))
        elif len(value) < shortest:
            problems.append(problem(f"must be more than {shortest - 1} characters", pointer))
        elif len(value) > longest:
            problems.append(problem(f"must be less than {longest + 1} characters", pointer))

    return check


def address(longest: int = 3000) -> Rule:
    """An address that a person may follow."""
    sized = string(longest)

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        sized(value, pointer, problems)
        if isinstance(value, str) and not re.match(r"(https?://|mailto:|slack:)\S", value, re.IGNORECASE):
            problems.append(problem("must be a valid URL", pointer))

    return check


def matching(pattern: str) -> Rule:
    """A text that the pattern matches as a whole."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            problems.append(problem("failed to match the required format", pointer))

    return check


def choice(*words: Any) -> Rule:
    """One of these."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if value not in words:
            problems.append(problem(f"must be one of: {', '.join(map(str, words))}", pointer))

    return check


def boolean(value: Any, pointer: str, problems: list[str]) -> None:
    """A truth value."""
    if not isinstance(value, bool):
        problems.append(problem("must provide a boolean", pointer))


def whole(low: int, high: int) -> Rule:
    """A whole number from low to high."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            problems.append(problem("must provide an integer", pointer))
        elif not low <= value <= high:
            problems.append(problem(f"must be between {low} and {high}", pointer))

    return check


def anything(value: Any, pointer: str, problems: list[str]) -> None:
    """No rule."""


def array(rule: Rule, high: int, low: int = 1) -> Rule:
    """A list of so many items that keep the rule."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, list):
            problems.append(problem("must provide an array", pointer))
            return
        if len(value) > high:
            problems.append(problem(f"no more than {high} items allowed", pointer))
        if len(value) < low:
            problems.append(problem(f"must provide at least {low} items", pointer))
        for number, item in enumerate(value):
            rule(item, f"{pointer}/{number}", problems)

    return check


def record(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these properties and no other."""
    known = {"type": anything, **required, **(optional or {})}

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            problems.append(problem("must provide an object", pointer))
            return
        absent = [name for name in required if value.get(name) is None]
        problems += [problem(f"missing required field: {name}", pointer) for name in absent]
        for name, inner in value.items():
            if name not in known:
                problems.append(problem(f"invalid additional property: {name}", pointer))
            elif inner is not None:
                known[name](inner, f"{pointer}/{name}", problems)

    return check


def one_of(types: Mapping[str, Rule]) -> Rule:
    """An object whose ``type`` says which rule holds."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            problems.append(problem("must provide an object", pointer))
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            problems.append(problem("missing required field: type", pointer))
        elif kind not in types:
            problems.append(problem(f"unsupported type: {kind}", f"{pointer}/type"))
        else:
            types[kind](value, pointer, problems)

    return check


def all_of(*rules: Rule) -> Rule:
    """Every one of the rules."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        for rule in rules:
            rule(value, pointer, problems)

    return check


def exactly_one(names: Iterable[str]) -> Rule:
    """Of these properties an object has one."""
    wanted = tuple(names)

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if isinstance(value, dict) and sum(value.get(name) is not None for name in wanted) != 1:
            problems.append(problem(f"must provide exactly one of: {', '.join(wanted)}", pointer))

    return check


def some_of(*names: str) -> Rule:
    """Of these properties an object has at least one."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if isinstance(value, dict) and not any(value.get(name) for name in names):
            problems.append(problem(f"missing required field: {names[0]}", pointer))

    return check


def initially_offered(value: Any, pointer: str, problems: list[str]) -> None:
    """What a menu or boxes begin with is among the options, be they in groups or not."""
    if not isinstance(value, dict):
        return
    groups = [value, *(value.get("option_groups") or ())]
    lists = [group["options"] for group in groups if isinstance(group, dict) and isinstance(group.get("options"), list)]
    offered = [option for options in lists for option in options]
    many = value.get("initial_options")
    begins = {
        "initial_option": [value.get("initial_option")],
        "initial_options": many if isinstance(many, list) else [],
    }
    for name, options in begins.items():
        if any(option is not None and option not in offered for option in options):
            problems.append(problem("must be one of the provided options", f"{pointer}/{name}"))
