"""What CloudWatch Logs allows at most: calls a second and queries at once. Calls are limited when somebody wishes so.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sandbox.aws.acted import QUOTA, met
from sandbox.aws.logs_errors import LogsError, throttled
from sandbox.aws.world import current

QUERIES_AT_ONCE = 100
INFREQUENT_AT_ONCE = 5
"""Queries at once over groups of the Infrequent Access class."""


class RateLimit:
    """How often an operation may be called in a region, in calls a second of the sandbox's clock.

    None is without limit; ``quota`` is AWS's own, ``quotas`` those of regions that have another. They also hold for a
    call that meets the fault "quota".
    """

    def __init__(self, quota: int, quotas: Mapping[str, int] = MappingProxyType({})) -> None:
        self.quota = quota
        self.quotas = quotas
        self.per_second: int | None = None
        self.busiest = 0
        """The most calls that began within any second since ``limit`` was called, those that were refused included."""
        self._begun: dict[str, deque[float]] = {}
        self._allowed: dict[str, deque[float]] = {}

    def limit(self, per_second: int | None) -> None:
        """Set or lift the limit, and count anew."""
        self.per_second, self.busiest = per_second, 0
        self._begun.clear()
        self._allowed.clear()

    def check(self, region: str) -> None:
        """Count a call. Raises ThrottlingException when as many were answered in the last second as are allowed."""
        now = current().clock.now()
        begun = _since(self._begun, region, now)
        begun.append(now)
        self.busiest = max(self.busiest, len(begun))
        allowed = _since(self._allowed, region, now)
        quota = self.quotas.get(region, self.quota) if met(QUOTA) else None
        most = self.per_second if self.per_second is not None else quota
        if most is not None and len(allowed) >= most:
            raise throttled()
        allowed.append(now)


def _since(calls: dict[str, deque[float]], region: str, now: float) -> deque[float]:
    """The region's calls of the last second."""
    found = calls.setdefault(region, deque())
    while found and found[0] <= now - 1:
        found.popleft()
    return found


@dataclass
class Queries:
    """How many queries may run at once in a region."""

    at_once: int = QUERIES_AT_ONCE

    def check(self, running: int, running_infrequent: int, infrequent: bool) -> None:
        """Raises LimitExceededException when a query more is too many; ``infrequent`` are those over such groups."""
        if running >= self.at_once:
            raise LogsError(
                "LimitExceededException", f"Account maximum query concurrency limit of [{self.at_once}] reached."
            )
        if infrequent and running_infrequent >= INFREQUENT_AT_ONCE:
            raise LogsError(
                "LimitExceededException", f"Account maximum query concurrency limit of [{INFREQUENT_AT_ONCE}] reached."
            )


_TEN_STREAMS = (
    "ap-northeast-3",
    "ap-southeast-3",
    "ca-west-1",
    "eu-central-1",
    "eu-west-1",
    "il-central-1",
    "us-west-2",
)

filter_rate = RateLimit(5)
stream_rate = RateLimit(25, {"eu-west-3": 30} | dict.fromkeys(_TEN_STREAMS, 10))
results_rate = RateLimit(5)
queries = Queries()


def lift() -> None:
    """Only what always holds at AWS."""
    filter_rate.limit(None)
    stream_rate.limit(None)
    results_rate.limit(None)
    queries.at_once = QUERIES_AT_ONCE
