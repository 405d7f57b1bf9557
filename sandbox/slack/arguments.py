"""A call's arguments, however they were sent: JSON, form or query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.slack.errors import SlackError
from sandbox.slack.received import parsed

MOST_DIGITS = 18
"""Of a number that is worth reading; Python refuses to read those of thousands."""

_STRUCTURES = ("blocks", "attachments", "metadata", "view", "files", "unfurls")


class Arguments:
    """Typed reads of what the caller gave; an empty text counts as not given."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = dict(given)

    def has(self, name: str) -> bool:
        """Whether it was given at all, be it empty."""
        return self.given.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """A text; numbers are taken as written."""
        value = self.given.get(name)
        if value is None or isinstance(value, (dict, list)):
            return default
        return str(value)

    def required(self, name: str, word: str = "invalid_arguments") -> str:
        """A text that must be there. Raises SlackError with the word."""
        value = self.text(name)
        if not value:
            problems = [f"missing required field: {name}"] if word == "invalid_arguments" else []
            raise SlackError(word, problems)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """True for true, "true" and 1."""
        value = self.given.get(name)
        return default if value in (None, "") else str(value).lower() in ("true", "1")

    def number(self, name: str, default: int, *, highest: int) -> int:
        """A whole number from 1 up; more than ``highest`` is taken as ``highest``. Raises SlackError invalid_limit."""
        value = self.text(name)
        if not value:
            return default
        if not value.isdecimal():
            raise SlackError("invalid_limit")
        number = int(value) if len(value) <= MOST_DIGITS else highest
        if number < 1:
            raise SlackError("invalid_limit")
        return min(number, highest)

    def structure(self, name: str, word: str) -> Any:
        """A list or object, which forms send as JSON. Raises SlackError with the word when it is no JSON."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return parsed(value)
        except ValueError:
            raise SlackError(word) from None

    def shown(self) -> dict[str, Any]:
        """For the record of calls: with JSON read, so that a test can look into it."""
        shown = dict(self.given)
        for name in _STRUCTURES:
            try:
                if name in shown:
                    shown[name] = self.structure(name, "")
            except SlackError:
                continue
        return shown


async def arguments_of(request: Request) -> Arguments:
    """Read the query and the body. Raises SlackError invalid_json or json_not_object."""
    given: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body.strip() and kind == "application/json":
        try:
            sent = parsed(body)
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(sent, dict):
            raise SlackError("json_not_object")
        given |= sent
    elif body and kind == "application/x-www-form-urlencoded":
        try:
            given |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise SlackError("invalid_charset") from None
    elif body.strip() and kind != "application/json":
        raise SlackError("invalid_form_data" if kind.startswith("multipart/") else "invalid_post_type")
    return Arguments(given)
