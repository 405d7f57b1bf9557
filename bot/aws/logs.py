"""CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.cloud import LogLine
from bot.domain import Account
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.ports import Clock
from bot.telemetry import LogSearch

PER_PAGE = 10_000
"""Events one FilterLogEvents or GetLogEvents may return."""
_BACKWARDS_SINCE = 1_704_067_200.0
"""2024-01-01 UTC: only a search that begins later may ask for the newest events first."""


def quote_term(text: str) -> str:
    """What a person typed, as one literal term of a CloudWatch filter pattern."""
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Logs:
    """Fills ``bot.ports.Logs``. ``clock`` is the one its deadlines are told by."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def search(
        self, account: Account, group: str, pattern: str, *, start: float, end: float, limit: int, deadline: float
    ) -> tuple[LogLine, ...]:
        """The newest ``limit`` events that match, oldest first, as far as found by ``deadline`` (clock)."""
        whole = self.scan(account, group, pattern, start=start, end=end, limit=limit, deadline=deadline)
        return whole.lines

    def scan(
        self, account: Account, group: str, pattern: str, *, start: float, end: float, limit: int, deadline: float
    ) -> LogSearch:
        """The same, with whether that was all.

        Raises NotFoundError when the group does not exist and UpstreamError for a pattern CloudWatch cannot read;
        what people typed goes through ``quote_term`` first.
        """
        client = self._sessions.client(account, "logs")
        parameters: dict[str, Any] = {
            "logGroupName": group,
            "filterPattern": pattern,
            "startTime": int(start * 1000),
            "endTime": int(end * 1000),
        }
        if start >= _BACKWARDS_SINCE:
            parameters["startFromHead"] = False
        found: dict[str, dict[str, Any]] = {}
        is_whole = False
        # Pages may be empty or short long before the end: only a missing token says that there is no more.
        while len(found) < limit:
            try:
                answer = ask(client, "filter_log_events", limit=min(limit, PER_PAGE), **parameters)
            except UpstreamError as error:
                if found and error.retryable:
                    break
                raise _no_group(error, group) from error
            found |= {each["eventId"]: each for each in answer.get("events", []) if each["eventId"] not in found}
            token = answer.get("nextToken")
            is_whole = (not token or token == parameters.get("nextToken")) and len(found) <= limit
            if is_whole or self._clock.now() >= deadline:
                break
            parameters["nextToken"] = token
        return LogSearch(_oldest_first(list(found.values())[:limit]), is_whole)

    def tail(self, account: Account, group: str, stream: str, limit: int) -> tuple[LogLine, ...]:
        """The last lines of one stream, oldest first; empty when the stream does not exist (yet).

        Raises NotFoundError when the group does not exist.
        """
        client = self._sessions.client(account, "logs")
        try:
            answer = ask(
                client,
                "get_log_events",
                logGroupName=group,
                logStreamName=stream,
                limit=min(limit, PER_PAGE),
                startFromHead=False,
            )
        except UpstreamError as error:
            # One code for both; only the text tells "The specified log stream does not exist." from a missing group.
            if error.code == "ResourceNotFoundException" and "log stream" in error.message:
                return ()
            raise _no_group(error, group) from error
        return tuple(_line(each, stream) for each in answer["events"])


def _no_group(error: UpstreamError, group: str) -> BotError:
    if error.code == "ResourceNotFoundException":
        return NotFoundError(f"CloudWatch has no log group {group}.")
    return error


def _oldest_first(events: Iterable[dict[str, Any]]) -> tuple[LogLine, ...]:
    # Lines of one millisecond, such as a stack trace, keep the order of their ids, which are numbers in text.
    def age(event: dict[str, Any]) -> tuple[int, int, int, str]:
        return event["timestamp"], event.get("ingestionTime", 0), len(event["eventId"]), event["eventId"]

    return tuple(_line(each, each.get("logStreamName", "")) for each in sorted(events, key=age))


def _line(event: dict[str, Any], stream: str) -> LogLine:
    return LogLine(at=event["timestamp"] / 1000, message=event["message"], stream=stream)
