"""Pages of a list behind CloudWatch's NextToken."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from moto.cloudwatch.exceptions import InvalidParameterValue

T = TypeVar("T")


def page(items: Sequence[T], token: str | None, size: int) -> tuple[Sequence[T], str | None]:
    """One page and the token of the next one, None at the end. Raises InvalidParameterValue for a strange token."""
    first = 0
    if token:
        try:
            first = int(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError):
            raise InvalidParameterValue("Request parameter NextToken is invalid") from None
    last = first + int(size)
    more = base64.b64encode(str(last).encode()).decode() if last < len(items) else None
    return items[first:last], more
