"""What pydantic found wrong, as problems with a line and a sentence."""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.settings.source import KeyPath, Source, plain

M = TypeVar("M", bound=BaseModel)

_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a block of keys",
    "model_type": "must be a block of keys",
    "model_attributes_type": "must be a block of keys",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
}


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or the empty string. Case does not count."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""


def unknown(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about a word nobody knows: the nearest one, or all of them."""
    known = sorted(known)
    near = nearest(word, known)
    if near:
        return f"did you mean '{plain(near)}'?"
    if not known:
        return "there are none"
    listed = ", ".join(plain(name) for name in known[:12])
    return f"there are {listed}" + (f" and {len(known) - 12} more" if len(known) > 12 else "")


def validate(source: Source, model: type[M]) -> M | None:
    """The file's value as a model, or None after reporting to the source everything that is wrong with it."""
    # JSON in strict mode: lists become tuples and words become enums, but 1.0 never turns into "1.0" or 1.
    try:
        return model.model_validate_json(json.dumps(source.value), strict=True)
    except ValidationError as error:
        _report(source, model, error)
        return None


def _report(source: Source, model: type[BaseModel], error: ValidationError) -> None:
    grouped: dict[KeyPath, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        grouped.setdefault(_place(source, details), []).append(details)
    for path, found in grouped.items():
        source.report(path, _sentence(source, model, path, found))


def _place(source: Source, details: ErrorDetails) -> KeyPath:
    """Where in the file it is. Pydantic's own steps, such as the member of a union, are left out."""
    path: KeyPath = ()
    for part in details["loc"]:
        if (*path, part) in source.lines:
            path += (part,)
    if details["type"] == "missing":
        path += (details["loc"][-1],)
    return path


def _sentence(source: Source, model: type[BaseModel], path: KeyPath, found: list[ErrorDetails]) -> str:
    details = found[0]
    kind, given = details["type"], details.get("input")
    if len(found) > 1:
        return f"must be {_either(sorted({_kind_of_value(each['type']) for each in found}))}{_but(given, kind)}"
    if kind == "extra_forbidden":
        return f"is not known here; {unknown(str(path[-1]), _keys_at(model, path[:-1]))}"
    context = details.get("ctx", {})
    if kind in ("enum", "literal_error"):
        return _not_one_of(str(context.get("expected", "")), given)
    if kind == "union_tag_invalid":
        return _not_one_of(str(context.get("expected_tags", "")), str(context.get("tag", "")))
    if kind == "union_tag_not_found":
        return f"needs {context.get('discriminator')}"
    if kind in ("value_error", "assertion_error"):
        return plain(str(context.get("error", details["msg"])), 400)
    if kind in _SENTENCES:
        return _SENTENCES[kind] + _but(given, kind)
    return plain(details["msg"][:1].lower() + details["msg"][1:], 400)


def _kind_of_value(kind: str) -> str:
    return _SENTENCES.get(kind, kind).removeprefix("must be ")


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _but(given: Any, kind: str) -> str:
    """Why it may have gone wrong, where YAML's own rules are the reason."""
    if kind == "missing":
        return ""
    if given is None:
        return (
            "; nothing stands here (a text with # needs quotes)" if kind == "string_type" else "; nothing stands here"
        )
    if kind == "string_type" and isinstance(given, bool | int | float):
        return "; put it in quotes"
    if kind == "int_type" and isinstance(given, str) and given.isdecimal():
        return "; take the quotes away"
    return ""


def _not_one_of(expected: str, given: Any) -> str:
    known = [word.strip().strip("'") for word in expected.replace(" or ", ",").split(",")]
    sentence = f"must be {_either(known)}"
    near = nearest(given, known) if isinstance(given, str) else ""
    return f"{sentence}, not '{plain(str(given), 60)}'" + (f"; did you mean '{near}'?" if near else "")


def _keys_at(model: type[BaseModel], path: KeyPath) -> set[str]:
    """The keys that the block at a path may have, over all models it may be."""
    inside: list[Any] = [model]
    for part in path:
        inside = [step for annotation in inside for step in _inside(annotation, part)]
    return {name for annotation in inside for each in _models(annotation) for name in each.model_fields}


def _inside(annotation: Any, part: str | int) -> Iterator[Any]:
    for each in _models(annotation):
        if part in each.model_fields:
            yield each.model_fields[str(part)].annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _inside(arguments[0], part)
    elif origin in (Union, types.UnionType):
        for argument in arguments:
            yield from _inside(argument, part)
    elif arguments and origin is dict:
        yield arguments[1]
    elif arguments and isinstance(part, int):
        yield arguments[0]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is Annotated:
        yield from _models(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for argument in get_args(annotation):
            yield from _models(argument)
