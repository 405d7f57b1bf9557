"""AWS X-Ray: summaries of traced requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from bot.ports import Clock
from bot.telemetry import Trace, TraceSearch

PAGES = 20
"""Pages read of one window; X-Ray puts about a hundred summaries, or fewer, on one."""


class Traces:
    """Fills ``bot.telemetry_ports.Traces``. ``clock`` tells the deadlines."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def traces(self, account: Account, expression: str, *, start: float, end: float, deadline: float) -> TraceSearch:
        """Traces updated in a window that a filter expression picks, page by page until ``deadline`` (clock).

        By the time of their update: one that began before the window and failed in it belongs to it.
        https://docs.aws.amazon.com/xray/latest/api/API_GetTraceSummaries.html
        """
        client = self._sessions.client(account, "xray")
        asked: dict[str, Any] = {
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
            "TimeRangeType": "Event",
        }
        if expression:
            asked["FilterExpression"] = expression
        found: dict[str, Trace] = {}
        for _ in range(PAGES):
            try:
                answer = ask(client, "get_trace_summaries", **asked)
            except UpstreamError as error:
                if found and error.retryable:
                    break
                raise
            # A trace that goes on is told again on a later page, and then with more.
            found |= {each["Id"]: _read(each) for each in answer.get("TraceSummaries", [])}
            if not answer.get("NextToken"):
                return TraceSearch(tuple(found.values()), is_whole=True)
            if self._clock.now() >= deadline:
                break
            asked["NextToken"] = answer["NextToken"]
        return TraceSearch(tuple(found.values()), is_whole=False)


def _read(found: Mapping[str, Any]) -> Trace:
    http = found.get("Http") or {}
    services = found.get("ServiceIds") or []
    entry = (found.get("EntryPoint") or {}).get("Name") or next((each.get("Name", "") for each in services), "")
    return Trace(
        id=str(found["Id"]),
        # Response time is what the caller waited, duration what was still worked after that, too.
        duration=float(found.get("ResponseTime") or found.get("Duration") or 0.0),
        fault=bool(found.get("HasFault")),
        error=bool(found.get("HasError")),
        throttle=bool(found.get("HasThrottle")),
        entry=str(entry),
        causes=tuple(dict.fromkeys(_causes(found))),
        address=str(http.get("HttpURL", "")),
        status=int(http.get("HttpStatus") or 0),
    )


def _causes(found: Mapping[str, Any]) -> Iterator[str]:
    """The service at the end of each path that led to a fault, or else an error, and what it raised."""
    for cause in found.get("FaultRootCauses") or found.get("ErrorRootCauses") or []:
        services = cause.get("Services") or []
        if not services:
            continue
        raised = [
            ": ".join(part for part in (each.get("Name"), each.get("Message")) if part)
            for entity in services[-1].get("EntityPath") or []
            for each in entity.get("Exceptions") or []
        ]
        yield " ".join([str(services[-1].get("Name", "")), *raised[-1:]]).strip()
