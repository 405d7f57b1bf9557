"""From what people type to typed arguments, and from the argument model to usage lines and help.

Phones write curly quotes, long dashes and turn names into links; all of it is read as what was meant.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.fields import FieldInfo

from bot.command import Command
from bot.errors import UsageError

MAX_TEXT = 2000
HELP = "help"
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        **dict.fromkeys("\u00a0\u2007\u202f\u2009", " "),
        "\u2026": "...",
    }
)
_LINK = re.compile(r"<(?:https?://|mailto:|tel:)([^|>\s]*)(?:\|([^>]*))?>")
_REFERENCE = re.compile(r"<([@#!])([^|>]*)(?:\|([^>]*))?>")
_WORD = re.compile(r'"([^"]*)"|\'([^\']*)\'|(\S+)')


def as_meant(text: str) -> str:
    """Typed text with typography undone and Slack's links turned back into what was typed."""
    text = text[:MAX_TEXT].translate(_PLAIN).translate(_INVISIBLE)
    text = re.sub(r"(^|\s)\u2014(?=\w)", r"\1--", text).replace("\u2014", "-")
    text = _LINK.sub(lambda link: link[2] or link[1], text)
    text = _REFERENCE.sub(lambda reference: reference[3] or reference[2], text)
    return html.unescape(text).strip()


class Word(str):
    """A word of a command line; ``raw`` is how it was written, with its quotes."""

    __slots__ = ("raw",)
    raw: str


def words(text: str) -> list[str]:
    """Words of a command line; quotes keep several together. Each is a ``Word``."""
    return [_word(match) for match in _WORD.finditer(as_meant(text))]


def _word(match: re.Match[str]) -> Word:
    word = Word(next(part for part in match.groups() if part is not None))
    word.raw = match[0]
    return word


def is_quoted(word: str) -> bool:
    """Whether a word was written in quotes."""
    return isinstance(word, Word) and word.raw != word


def as_text(command: Command) -> bool:
    """Whether the last argument takes its words as they were written, so that their quotes have a meaning."""
    return any(_says(field, "written") for field in command.args.model_fields.values())


def _as_written(typed: Iterable[str]) -> str:
    return " ".join(word.raw if isinstance(word, Word) else word for word in typed)


REST: Final[dict[str, JsonValue]] = {"rest": True}
"""``json_schema_extra`` of a last field that takes all the words left."""
WRITTEN: Final[dict[str, JsonValue]] = {"rest": True, "written": True}
"""The same for one that wants them as they were written, with their quotes."""


def _required(field: FieldInfo) -> bool:
    return field.is_required()


def _takes_rest(field: FieldInfo) -> bool:
    return _says(field, "rest")


def _says(field: FieldInfo, word: str) -> bool:
    return isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get(word))


def usage(command: Command, slash: str) -> str:
    """The usage line, for example ``/deploy <service> <environment> <version>``."""
    parts = []
    for name, field in command.args.model_fields.items():
        word = f"{name}…" if _takes_rest(field) else name
        parts.append(f"<{word}>" if _required(field) else f"[{word}]")
    return " ".join([f"/{slash}", *parts])


def explain(command: Command) -> list[tuple[str, str]]:
    """Each argument with its description, in the order they are typed."""
    return [(name, field.description or "") for name, field in command.args.model_fields.items()]


def hint(command: Command, slash: str, example: str = "") -> str:
    """The usage line and an example, as they are shown beside a mistake; the first one as written by default."""
    words = example or next(iter(command.examples), "")
    return f"Usage: {usage(command, slash)}   Example: {f'/{slash} {words}'.strip()}"


def has_form(command: Command) -> bool:
    """Whether there is something to fill in; who wants help is helped at once."""
    return bool(command.args.model_fields) and command.name != HELP


def lacking(command: Command, typed: list[str]) -> list[str]:
    """Names of the arguments that the command cannot do without and that were not typed."""
    fields = list(command.args.model_fields.items())
    return [name for name, field in fields[len(typed) :] if _required(field)]


def mistakes(command: Command, given: Mapping[str, Any]) -> dict[str, str]:
    """A sentence for each argument that does not fit, by name; what is missing comes first. Empty when all is well."""
    fields = command.args.model_fields
    found = {
        name: f"Please say which {name}." for name, field in fields.items() if _required(field) and name not in given
    }
    try:
        command.args.model_validate(dict(given))
    except ValidationError as error:
        for wrong in error.errors():
            name = str(wrong["loc"][0]) if wrong["loc"] else "arguments"
            said = str(wrong["msg"]).removeprefix("Value error, ")
            found.setdefault(name, f"“{given.get(name, '')}” is no {name}: {said}.")
    return found


def parse(command: Command, slash: str, typed: list[str]) -> BaseModel:
    """Typed words as the command's argument model. Raises UsageError with the usage line and an example."""
    fields = list(command.args.model_fields.items())
    if fields and _takes_rest(fields[-1][1]) and len(typed) >= len(fields):
        left = typed[len(fields) - 1 :]
        written = _says(fields[-1][1], "written")
        typed = [*typed[: len(fields) - 1], _as_written(left) if written else " ".join(left)]
    if len(typed) > len(fields):
        surplus = " ".join(typed[len(fields) :])
        raise UsageError(f"I do not know what to do with “{surplus}”.", hint=hint(command, slash))
    missing = [name for name, field in fields[len(typed) :] if _required(field)]
    if missing:
        raise UsageError(f"Please say which {' and which '.join(missing)}.", hint=hint(command, slash))
    given: dict[str, Any] = {name: word for (name, _), word in zip(fields, typed, strict=False)}
    wrong = mistakes(command, given)
    if wrong:
        raise UsageError(next(iter(wrong.values())), hint=hint(command, slash))
    return command.args.model_validate(given)


def nearest(word: str, known: Iterable[str]) -> str:
    """`` Did you mean …?`` for a misspelt word, or nothing."""
    close = difflib.get_close_matches(word.lower(), list(known), n=2, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""
