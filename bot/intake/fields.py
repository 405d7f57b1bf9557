"""Reading fields of documents that strangers wrote: any value may be of any type, and nothing here raises."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.intake.delivery import storable
from bot.redact import clean

MAX_TEXT = 4_000
_MAX_READ = 2_000_000


def json_object(text: str) -> dict[str, Any]:
    """The JSON object a text is; empty when it is none."""
    if len(text) > _MAX_READ:
        return {}
    try:
        document = json.loads(text)
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
