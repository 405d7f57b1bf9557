"""Reading fields of documents that strangers wrote: any value may be of any type, and nothing here raises."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from bot.intake.delivery import storable
from bot.redact import clean

MAX_TEXT = 4_000
_MAX_READ = 2_000_000
_SHORT = 200
"""Characters of a text that is remembered."""


def read_json(text: str | bytes) -> Any:
    """What JSON says; first by the parser that is three times faster, which takes no lone surrogates and no deep nests.

    Raises ValueError and RecursionError.
    """
    try:
        return from_json(text)
    except (ValueError, TypeError):  # a lone surrogate in the text itself is a TypeError
        return json.loads(text)


def json_object(text: str) -> dict[str, Any]:
    """The JSON object a text is; empty when it is none."""
    if len(text) > _MAX_READ:
        return {}
    try:
        document = read_json(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def words(value: object, size: int = MAX_TEXT) -> str:
    """The value where it is text, cut and storable; else nothing."""
    return storable(value[:size]) if isinstance(value, str) else ""


def prose(value: object, size: int = MAX_TEXT) -> str:
    """The same without secrets, for what is kept and shown; cut afterwards: half a secret no longer looks like one."""
    return words(clean(value[: 4 * size]), size) if isinstance(value, str) else ""


def described(value: object) -> str:
    """The same for what is said in the same words each time, as an alarm is described: short texts are remembered."""
    return _remembered(value) if isinstance(value, str) and len(value) <= _SHORT else prose(value)


@lru_cache(maxsize=1024)
def _remembered(text: str) -> str:
    return prose(text)


def moment(value: object, otherwise: float) -> float:
    """Seconds since the epoch of "2022-09-25T18:50:37.811+0000" and its like; UTC when no zone is named."""
    try:
        found = datetime.fromisoformat(words(value, 64))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return finite(otherwise)


def finite(at: float) -> float:
    """The number, or 0 for one that JSON cannot hold."""
    return at if math.isfinite(at) else 0.0
