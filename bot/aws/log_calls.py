"""Calls of CloudWatch Logs that read events, never more in a second than an account may make.

Quotas: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from bot.aws.call_limit import CallLimit
from bot.aws.errors import ask, is_throttled
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.ports import Clock

CALLS = 5
"""FilterLogEvents that an account may begin within a second in any region; some allow more."""
STREAM_CALLS, FEWER = 25, 10
"""GetLogEvents that an account may begin within a second, and in the regions that allow fewer."""
FEWER_IN = frozenset(
    (
        *("ap-northeast-3", "ap-southeast-3", "ca-west-1", "eu-central-1", "eu-west-1", "il-central-1"),
        "us-west-2",
    )
)
WITHIN = 1.0
AGAIN_SECONDS = 1.0
"""How long to wait when AWS throttles all the same, since others use the account's limit too."""
MOST_STREAMS = 50
"""Streams that one DescribeLogStreams tells of."""


class LogCalls:
    """Asks for events and streams. ``clock`` is the one deadlines are told by; ``pause`` waits some seconds."""

    def __init__(self, sessions: Sessions, clock: Clock, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pause = pause
        self._filters, self._streams, self._few_streams = (
            CallLimit(most, WITHIN, clock, pause) for most in (CALLS, STREAM_CALLS, FEWER)
        )

    def filtered(self, account: Account, asked: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """FilterLogEvents. Raises NotFoundError when there is no such group, and UpstreamError."""
        try:
            return self._ask(account, self._filters, "filter_log_events", asked, deadline)
        except UpstreamError as error:
            raise no_group(error, asked["logGroupName"]) from error

    def of_stream(self, account: Account, asked: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """GetLogEvents. Raises UpstreamError."""
        limit = self._few_streams if account.region in FEWER_IN else self._streams
        return self._ask(account, limit, "get_log_events", asked, deadline)

    def streams(self, account: Account, group: str, prefix: str) -> tuple[str, ...]:
        """All streams of the group that begin so; empty when they are more than fifty, or nobody may know."""
        asked: dict[str, Any] = {"logGroupName": group, "limit": MOST_STREAMS}
        asked |= {"logStreamNamePrefix": prefix} if prefix else {}
        try:
            answer = ask(self._sessions.client(account, "logs", repeat=False), "describe_log_streams", **asked)
        except UpstreamError:
            return ()
        return () if "nextToken" in answer else tuple(each["logStreamName"] for each in answer.get("logStreams", ()))

    def _ask(
        self, account: Account, limit: CallLimit, operation: str, asked: Mapping[str, Any], deadline: float
    ) -> dict[str, Any]:
        """Repeated here and not by botocore, which knows no limit but its own."""
        client = self._sessions.client(account, "logs", repeat=False)
        again = False
        while True:
            try:
                with limit.call(account.quotas):
                    answer: dict[str, Any] = ask(client, operation, **asked)
                    return answer
            except UpstreamError as error:
                late = self._clock.now() + AGAIN_SECONDS >= deadline
                if late or not error.retryable or (again and not is_throttled(error)):
                    raise
                again = True
                self._pause(AGAIN_SECONDS)


def calls_within_a_second(region: str) -> int:
    """GetLogEvents that an account may begin within a second in a region."""
    return FEWER if region in FEWER_IN else STREAM_CALLS


def no_group(error: UpstreamError, group: str) -> BotError:
    """The error, or that there is no such group when it says so."""
    if error.code == "ResourceNotFoundException":
        return NotFoundError(f"CloudWatch has no log group {group}.")
    return error
