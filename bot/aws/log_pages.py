"""Pages of log events, which may be megabytes, read without botocore's walk through every one of their fields."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

OPERATIONS = ("FilterLogEvents", "GetLogEvents")
"""Whose answers are JSON that needs no conversion: texts and numbers."""


def read_page(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """A listener of botocore's ``before-parse`` event; what is no page it leaves to botocore, with its errors."""
    if response_dict["status_code"] != 200:
        return
    try:
        page = from_json(response_dict["body"])
    except ValueError:
        return
    if isinstance(page, dict):
        customized_response_dict |= {name: value for name, value in page.items() if value is not None}
        response_dict["body"] = b"{}"
