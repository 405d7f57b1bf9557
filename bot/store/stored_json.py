"""JSON as the store keeps it, by the encoder that pydantic brings along: a few times faster than the standard one."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json


def dump(value: Any) -> str:
    """The value as text; a float is read back as the same. Raises ValueError for what has no place in JSON."""
    return to_json(value, inf_nan_mode="constants").decode()


def load(text: str) -> Any:
    """What such a text holds."""
    return from_json(text)
