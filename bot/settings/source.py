"""A YAML file with the line of every key, so that each problem can say where it is.

The text is composed into nodes and read from there: keys are always text (``on:`` stays "on"), a key given
twice is a problem, and neither aliases that contain themselves nor aliases that multiply can hang the bot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from bot.errors import Problem

KeyPath: TypeAlias = tuple[str | int, ...]

WHOLE_FILE = "(file)"
"""The key of a problem that belongs to no key."""

_NODE_LIMIT = 200_000
_MERGE_TAG = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}
_TEXT_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "timestamp", "value")}


def dotted(path: KeyPath) -> str:
    """A path as people write it: ``allow[0].roles``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return plain(text.removeprefix(".")) or WHOLE_FILE


def plain(text: str, limit: int = 200) -> str:
    """Text from a file made fit for one line of a message."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:limit])


@dataclass
class Source:
    """One file as read: its value, and the line (1-based) of every key and list item."""

    file: str
    value: Any = None
    text: str = ""
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """The line of a key, or of the nearest block around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """A problem at a key of this file."""
        return Problem(self.file, self.line(path), dotted(path), message)

    def report(self, path: KeyPath, message: str) -> None:
        """Remember a problem at a key of this file."""
        self.problems.append(self.problem(path, message))

    def at(self, pattern: str) -> Iterator[tuple[KeyPath, Any]]:
        """Every present value that a dotted pattern names; ``*`` stands for any key or list item."""
        found: list[tuple[KeyPath, Any]] = [((), self.value)]
        for part in pattern.split("."):
            found = [((*path, key), value) for path, inside in found for key, value in _entries(inside, part)]
        return iter(found)


def _entries(value: Any, part: str) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        keys = list(value) if part == "*" else [part] * (part in value)
        yield from ((key, value[key]) for key in keys)
    elif isinstance(value, list) and part == "*":
        yield from enumerate(value)


def read(path: Path, name: str) -> Source:
    """Read one YAML file; ``name`` is how problems call it. Never raises for anything the file contains."""
    source = Source(name)
    try:
        source.text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        source.problems.append(Problem(name, error.object[: error.start].count(b"\n") + 1, WHOLE_FILE, "is not UTF-8"))
    except OSError as error:
        source.problems.append(Problem(name, 0, WHOLE_FILE, f"could not be read: {error.strerror}"))
    else:
        parse(source)
    return source


def parse(source: Source) -> None:
    """Fill a source's value and lines from its text."""
    try:
        node = yaml.compose(source.text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        source.problems.append(Problem(source.file, line, WHOLE_FILE, _syntax_sentence(error)))
        return
    except RecursionError:
        source.report((), "is nested too deeply")
        return
    # Beside its own errors PyYAML lets some of Python's through, for example for "\U00110000".
    except (yaml.YAMLError, ValueError, OverflowError, LookupError) as error:
        source.report((), f"is not valid YAML: {plain(str(error))}")
        return
    if node is None:
        source.report((), "is empty")
        return
    _Reading(source).start(node)
    if not source.problems and not isinstance(source.value, dict):
        source.report((), "must be a block of keys")


def _syntax_sentence(error: yaml.MarkedYAMLError) -> str:
    problem = plain(error.problem or "")
    if "'\\t'" in problem:
        return "has a tab where YAML wants spaces"
    if "single document" in problem or "single document" in (error.context or ""):
        return "holds more than one document; everything after the second '---' would be lost"
    if "mapping values are not allowed" in problem:
        return "is not valid YAML: a second ': ' in one line; put the text in quotes, or check the indentation"
    return f"is not valid YAML: {problem or plain(error.context or 'unreadable')}"


def _is_text(value: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in value)


class _TooLargeError(Exception):
    pass


class _Reading:
    """One walk through the nodes of a file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._loader = yaml.SafeLoader("")
        self._open: list[int] = []
        self._left = _NODE_LIMIT

    def start(self, node: yaml.Node) -> None:
        try:
            self._source.value = self._value(node, ())
        except _TooLargeError:
            self._source.report((), "grows too large when its aliases are filled in")
        except RecursionError:
            self._source.report((), "is nested too deeply")

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _TooLargeError
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._source.report(path, f"contains itself through the alias at line {node.start_mark.line + 1}")
            return None
        self._open.append(id(node))
        try:
            return self._list(node, path) if isinstance(node, yaml.SequenceNode) else self._mapping(node, path)
        finally:
            self._open.pop()

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        if node.tag not in _PLAIN_TAGS | _TEXT_TAGS:
            self._source.report(path, f"has a tag that is not understood: {plain(node.tag)}")
            return None
        if not _is_text(node.value):
            self._source.report(path, "has half of a surrogate pair, which is no character")
            return None
        # PyYAML follows YAML 1.1, where 12:30 is the number 750; nobody who writes it means that.
        if node.tag in _TEXT_TAGS or ":" in node.value:
            return node.value
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError, LookupError):  # "0b_" looks like a number to PyYAML
            return node.value

    def _list(self, node: yaml.SequenceNode, path: KeyPath) -> list[Any]:
        values = []
        for index, item in enumerate(node.value):
            self._source.lines[(*path, index)] = item.start_mark.line + 1
            values.append(self._value(item, (*path, index)))
        return values

    def _mapping(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _MERGE_TAG:
                self._source.lines[(*path, "<<")] = key.start_mark.line + 1
                merged = {**self._merge(value, path), **merged}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not _is_text(key.value):
                self._source.report(path, f"has a key that is no text, at line {key.start_mark.line + 1}")
            elif key.tag != _MERGE_TAG:
                self._entry(own, key, value, path)
        return {**merged, **own}

    def _entry(self, own: dict[str, Any], key: yaml.ScalarNode, value: yaml.Node, path: KeyPath) -> None:
        here = (*path, key.value)
        line = key.start_mark.line + 1
        if key.value in own:
            first = self._source.lines[here]
            self._source.problems.append(
                Problem(self._source.file, line, dotted(here), f"is given twice; the first is at line {first}")
            )
            return
        self._source.lines[here] = line
        own[key.value] = self._value(value, here)

    def _merge(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        """What ``<<`` brings in; of several mappings the first one wins."""
        merged: dict[str, Any] = {}
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            value = self._value(part, path)
            if isinstance(value, dict):
                merged = {**value, **merged}
            else:
                self._source.report((*path, "<<"), "merges something that is no block of keys")
        return merged
