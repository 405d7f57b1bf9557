"""What must fit together in ``config/playbooks/*.yaml``, and with the systems and the commands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.settings.rules import refuse_unknown
from bot.settings.sentences import unknown
from bot.settings.source import KeyPath, Source, plain
from bot.settings.step_facts import PLACES, facts_of, key_of

DEFAULT = "default"
TARGET = ("system", "service", "environment")
"""What may stand in braces in a remedy, besides facts."""
COMPARISONS = ("above", "below", "equals", "one_of")

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def check_playbooks(sources: Collection[Source], systems: Collection[str], known_commands: Collection[str]) -> None:
    """The rules of all playbooks together; without known commands any word passes as one."""
    books = {Path(source.file).stem: source for source in sources}
    for source in books.values():
        if systems:
            refuse_unknown(source, "systems.*", systems, "system")
        _check_extends(source, books)
    _check_use(books)
    _refuse_same_pattern(sources)
    facts = {name: _facts(name, books) for name in books}
    for name, source in books.items():
        _check_steps(source)
        for path, remedy in source.at("remedies.*"):
            if isinstance(remedy, dict):
                _check_remedy(source, path, remedy, facts[name], known_commands)


def _extended(source: Source) -> str:
    name = source.value.get("extends")
    return name if isinstance(name, str) else ""


def _line_of(name: str, books: Mapping[str, Source]) -> list[str]:
    """A playbook and those it extends, one after the other; a circle ends where it would begin anew."""
    line: list[str] = []
    while name in books and name not in line:
        line.append(name)
        name = _extended(books[name])
    return line


def _check_extends(source: Source, books: Mapping[str, Source]) -> None:
    name, base = Path(source.file).stem, _extended(source)
    if base and base not in books:
        source.report(("extends",), f"'{plain(base, 60)}' is no playbook; {unknown(base, set(books) - {name})}")
    line = _line_of(name, books)
    if _extended(books[line[-1]]) == name:
        source.report(("extends",), f"goes round in a circle: {plain(' extends '.join([*line, name]))}")
    elif not any(books[each].value.get("steps") for each in line):
        source.report(("steps",), "is missing; say what is looked at, or which playbook this one extends")


def _check_use(books: Mapping[str, Source]) -> None:
    """A playbook that no alarm can ever get was meant for some."""
    extended = {_extended(source) for source in books.values()}
    for name, source in books.items():
        chosen = any(books[each].value.get(key) for each in _line_of(name, books) for key in ("alarms", "metrics"))
        if name != DEFAULT and not chosen and not source.value.get("systems") and name not in extended:
            source.report((), "is never used: it names no alarms, metrics or systems, and no playbook extends it")


def _refuse_same_pattern(sources: Collection[Source]) -> None:
    seen: dict[tuple[object, ...], tuple[Source, KeyPath]] = {}
    for source in sources:
        scope = tuple(tuple(sorted(map(str, _list(source.value.get(key))))) for key in ("systems", "kinds"))
        for key in ("alarms", "metrics"):
            for path, pattern in source.at(f"{key}.*"):
                if pattern == "":
                    source.report(path, "must not be empty")
                elif isinstance(pattern, str):
                    first, at = seen.setdefault((scope, key, pattern.lower()), (source, path))
                    if at != path or first is not source:
                        place = f"{first.file}:{first.line(at)}"
                        source.report(
                            path, f"'{plain(pattern, 60)}' already stands at {place}; one would never be used"
                        )


def _facts(name: str, books: Mapping[str, Source]) -> set[str]:
    """Facts that may be known where a playbook's remedies count: of its steps, of those it extends, of those on it."""
    near = {*_line_of(name, books), *(each for each in books if name in _line_of(each, books))}
    steps = (step for each in near for _, step in books[each].at("steps.*"))
    return {fact for step in steps if isinstance(step, dict) for fact in facts_of(step)}


def _check_steps(source: Source) -> None:
    seen: dict[str, KeyPath] = {}
    for path, step in source.at("steps.*"):
        if not isinstance(step, dict):
            continue
        first = seen.setdefault(key_of(step), path)
        if first is not path:
            key = plain(key_of(step), 60)
            source.report(path, f"'{key}' already stands at line {source.line(first)}; give it a name of its own")
        for where, text in _texts(step, path):
            for word in _PLACEHOLDER.findall(text):
                if word not in PLACES:
                    source.report(where, f"{{{plain(word, 60)}}} stands for nothing; {unknown(word, PLACES)}")


def _texts(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in entries:
            yield from _texts(inner, (*path, key))


def _check_remedy(
    source: Source, path: KeyPath, remedy: dict[str, Any], facts: set[str], known_commands: Collection[str]
) -> None:
    run, advise = remedy.get("run"), remedy.get("advise")
    if _says(run) == _says(advise):
        source.report(path, "needs either run, a command line, or advise, what a person has to do")
    if advise and "label" in remedy:
        source.report((*path, "label"), "is used only with run: advice has no button")
    if "because" in remedy and "when" not in remedy:
        source.report((*path, "because"), "is used only with when: it says why something is offered")
    command = run.split(maxsplit=1)[0] if isinstance(run, str) and run.strip() else ""
    if command and known_commands and command not in known_commands:
        source.report((*path, "run"), f"'{plain(command, 60)}' is no command; {unknown(command, known_commands)}")
    for key in ("run", "advise", "label", "because"):
        text = remedy.get(key)
        for word in _PLACEHOLDER.findall(text) if isinstance(text, str) else ():
            if "." not in word and word not in TARGET:
                source.report((*path, key), f"{{{plain(word, 60)}}} stands for nothing; {unknown(word, TARGET)}")
            elif word not in TARGET:
                _check_fact(source, (*path, key), word, facts)
    when = remedy.get("when")
    for inner, condition in [((*path, "when"), when)] if isinstance(when, dict) else _items(when, (*path, "when")):
        _check_condition(source, inner, condition, facts)


def _check_condition(source: Source, path: KeyPath, condition: Any, facts: set[str]) -> None:
    if not isinstance(condition, dict):
        return  # the model says what it must be
    fact, inner = condition.get("fact"), condition.get("any")
    if bool(fact) == bool(inner):
        source.report(path, "needs either fact, with what it must be, or any, a list of conditions")
        return
    compared = [key for key in COMPARISONS if condition.get(key) not in (None, [])]
    if inner and compared:
        source.report((*path, compared[0]), "is used only with a fact beside it")
    for where, each in _items(inner, (*path, "any")):
        _check_condition(source, where, each, facts)
    if isinstance(fact, str) and fact:
        if not compared:
            source.report(path, "must say what the fact is: above, below, equals or one_of")
        _check_fact(source, (*path, "fact"), fact, facts)


def _check_fact(source: Source, path: KeyPath, fact: str, facts: set[str]) -> None:
    if fact in facts or "*" in facts or f"{fact.partition('.')[0]}.*" in facts:
        return
    named = [each for each in facts if not each.endswith("*")]
    source.report(path, f"'{plain(fact, 60)}' is established by no step of this playbook; {unknown(fact, named)}")


def _items(value: Any, path: KeyPath) -> list[tuple[KeyPath, Any]]:
    return [((*path, index), each) for index, each in enumerate(_list(value))]


def _says(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
