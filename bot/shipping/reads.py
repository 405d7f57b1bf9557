"""What a gathered read gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import UpstreamError


def value(found: Mapping[str, Any], name: str) -> Any:
    """What a read gave. Raises what it raised, in words where AWS was too slow."""
    answer = found[name]
    if isinstance(answer, TimeoutError):
        raise UpstreamError("AWS did not answer in time.", hint="Try again.", retryable=True)
    if isinstance(answer, Exception):
        raise answer
    return answer
