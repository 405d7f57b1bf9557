"""Operations that moto has not at all, or cannot load: the sandbox answers them itself, in JSON.

Their state lives in backends like moto's, so that a reset empties them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.aws.operations import Operation

Answerer = Callable[[Operation, Mapping[str, Any]], Mapping[str, Any]]

_ANSWERERS: dict[str, Answerer] = {}


class RefusedError(Exception):
    """The operation refuses: the error's code and its words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def teach(service: str, **operations: Answerer) -> None:
    """From now on these operations of a service, by their names, are answered so; safe to repeat."""
    for name, answerer in operations.items():
        _ANSWERERS[f"{service}:{name}"] = answerer


def answerer_of(operation: Operation) -> Answerer | None:
    """Who answers an operation; None where moto does."""
    return _ANSWERERS.get(operation.action)


def answered(answerer: Answerer, operation: Operation, body: bytes) -> bytes:
    """The answer as JSON, instants in seconds since the epoch. Raises RefusedError."""
    params = json.loads(body or b"{}")
    return json.dumps(answerer(operation, params), default=_seconds).encode()


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{value!r} is nothing that JSON has")
