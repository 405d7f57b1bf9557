"""Cursors, as Slack hands them out."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackError

Item = TypeVar("Item")


def page(items: list[Item], arguments: Arguments, *, default: int, highest: int) -> tuple[list[Item], dict[str, Any]]:
    """The items of this page, and ``response_metadata``. Raises SlackError invalid_cursor or invalid_limit."""
    start = _start(arguments.text("cursor"))
    end = start + arguments.number("limit", default, highest=highest)
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], {"next_cursor": following}


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (ValueError, binascii.Error):
        raise SlackError("invalid_cursor") from None
