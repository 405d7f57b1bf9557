"""What is made to go wrong, and for how long: one list for the pretend Slack, AWS, PagerDuty and GitHub."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    ``error`` is the word the pretend service knows ("ratelimited", "timeout", "AccessDenied", "lost_response" ...);
    None means that only latency is added. ``seconds`` is how long a hang lasts, where the error is one that hangs.
    """

    error: str | None
    latency_ms: float = 0
    seconds: float | None = None


@dataclass
class _Rule:
    target: str
    operation: str
    fault: Fault
    left: int | None
    expires: float | None


class Faults:
    """The faults that are waiting to happen, oldest first. Thread-safe.

    They expire by real time, not by the sandbox's clock: a fault of 20 seconds lasts 20 seconds of the watcher's.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []

    def add(
        self,
        target: str,
        operation: str,
        error: str | None,
        count: int | None = None,
        seconds: float | None = None,
        latency_ms: float = 0,
    ) -> None:
        """Make calls fail.

        ``target`` is slack, aws, pagerduty or github; ``operation`` is one call ("chat.postMessage",
        "ecs:UpdateService") or a pattern of them ("*", "ecs:*"). ``count`` is how many calls fail, ``seconds`` for how
        long; both None: until cleared. ``latency_ms`` is waited before anything else. Raises ValueError for a negative
        number.
        """
        if (count or 0) < 0 or (seconds or 0) < 0 or latency_ms < 0:
            raise ValueError("count, seconds and latency_ms cannot be negative")
        expires = None if seconds is None else self._monotonic() + seconds
        rule = _Rule(target, operation, Fault(error, latency_ms, seconds), count, expires)
        with self._lock:
            self._rules.append(rule)

    def take(self, target: str, operation: str) -> Fault | None:
        """The fault this call meets, if any; one with a count is used up by it."""
        with self._lock:
            rule = next(self._matching(target, operation), None)
            if rule is None:
                return None
            if rule.left is not None:
                rule.left -= 1
            return rule.fault

    def peek(self, target: str, operation: str) -> list[Fault]:
        """Every fault that waits for such a call, oldest first; none is used up."""
        with self._lock:
            return [rule.fault for rule in self._matching(target, operation)]

    def waiting(self) -> list[dict[str, Any]]:
        """All of them as ``add`` takes them, oldest first; ``count`` and ``seconds`` are what is left of each."""
        with self._lock:
            self._drop_spent()
            now = self._monotonic()
            return [
                {
                    "target": rule.target,
                    "operation": rule.operation,
                    "error": rule.fault.error,
                    "count": rule.left,
                    "seconds": None if rule.expires is None else rule.expires - now,
                    "latency_ms": rule.fault.latency_ms,
                }
                for rule in self._rules
            ]

    def clear(self, target: str | None = None) -> None:
        """Forget the faults of one target, or all of them."""
        with self._lock:
            self._rules = [] if target is None else [rule for rule in self._rules if rule.target != target]

    def _matching(self, target: str, operation: str) -> Iterator[_Rule]:
        self._drop_spent()
        return (rule for rule in self._rules if rule.target == target and fnmatchcase(operation, rule.operation))

    def _drop_spent(self) -> None:
        now = self._monotonic()
        self._rules = [
            rule
            for rule in self._rules
            if (rule.left is None or rule.left > 0) and (rule.expires is None or rule.expires > now)
        ]
