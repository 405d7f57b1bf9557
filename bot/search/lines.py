"""One thing logged, as somebody reads it on a phone: JSON as its message and its fields, anything else as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bot.said import LEVELS

LONGEST = 700
MOST_FIELDS = 12
_LEVELS = ("level", "levelname", "severity", "lvl", "loglevel")
_MESSAGES = ("message", "msg", "event", "text", "log")
_TIMES = ("time", "timestamp", "ts", "@timestamp", "asctime", "datetime", "date")


def readable(text: str) -> str:
    """The text of one thing logged; a JSON record becomes ``ERROR it failed  order=7 ms=12``, its stack below."""
    record = _record(text)
    if record is None:
        return text
    level = next((str(record.pop(key)) for key in _LEVELS if key in record), "")
    message = next((record.pop(key) for key in _MESSAGES if isinstance(record.get(key), str)), "")
    for key in _TIMES:
        record.pop(key, None)
    stacks = [str(record.pop(key)) for key, value in list(record.items()) if isinstance(value, str) and "\n" in value]
    fields = [f"{name}={_short(value)}" for name, value in list(_flat(record))[:MOST_FIELDS]]
    level = level.upper() if level.lower() in LEVELS else f"level={level}" if level else ""
    head = " ".join(part for part in (level, message) if part)
    line = "  ".join(part for part in (head, " ".join(fields)) if part)
    return "\n".join([line, *stacks]) or text


def _record(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found else None


def _flat(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Fields by their dotted paths, two levels deep."""
    for name, value in record.items():
        if isinstance(value, dict) and value and not prefix:
            yield from _flat(value, f"{name}.")
        else:
            yield f"{prefix}{name}", value


def _short(value: object) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    said = said if said and not any(each.isspace() for each in said) else json.dumps(said, ensure_ascii=False)
    return said if len(said) <= 120 else said[:119] + "…"
