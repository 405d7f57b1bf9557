"""Every API call the sandbox received, so that a test can count what the bot really did."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

KEPT = 20_000
"""How many calls are remembered; the oldest are forgotten first."""

_SECRET_WORDS = ("token", "secret", "password", "authorization", "routing_key", "private_key", "credential")
_NOT_SECRET = ("nexttoken", "clienttoken", "idempotencytoken", "clientrequesttoken", "task_token", "next_token")


class Calls:
    """The newest calls in the order they arrived. Thread-safe."""

    def __init__(self, kept: int = KEPT) -> None:
        self._lock = threading.Lock()
        self._calls: deque[dict[str, Any]] = deque(maxlen=kept)
        self._seq = 0

    def record(
        self,
        target: str,
        operation: str,
        params: Mapping[str, Any],
        status: str,
        at: float,
        began: float | None = None,
    ) -> dict[str, Any]:
        """Remember one call; returns its parameters as they are shown.

        ``status`` is "ok" or the error the caller was told; ``at`` is the sandbox's time in seconds since the epoch,
        and ``began`` when the request had come in, where that was noted.
        Values whose name says that they are secret are replaced by "***", at any depth.
        """
        shown: dict[str, Any] = _without_secrets(params)
        with self._lock:
            self._seq += 1
            self._calls.append(
                {
                    "target": target,
                    "operation": operation,
                    "params": shown,
                    "status": status,
                    "at": at,
                    "began": at if began is None else began,
                    "seq": self._seq,
                }
            )
        return shown

    def list(self, target: str | None = None, operation: str | None = None) -> list[dict[str, Any]]:
        """The calls still remembered, oldest first, of one target and one operation where given."""
        with self._lock:
            calls = list(self._calls)
        return [
            call
            for call in calls
            if (target is None or call["target"] == target) and (operation is None or call["operation"] == operation)
        ]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(key): "***" if _is_secret(str(key), inner) else _without_secrets(inner) for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_without_secrets(inner) for inner in value]
    return value


def _is_secret(name: str, value: Any) -> bool:
    lowered = name.lower()
    if lowered in _NOT_SECRET or isinstance(value, (Mapping, list, tuple)):
        return False
    return any(word in lowered for word in _SECRET_WORDS)
