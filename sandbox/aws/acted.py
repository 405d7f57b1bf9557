"""Faults that a service acts out by itself, where others refuse the call: their words, and the one a call has met."""

from __future__ import annotations

from contextvars import ContextVar

QUOTA = "quota"
"""The operation allows as many calls as AWS does, and no more: logs:FilterLogEvents, logs:GetLogEvents,
logs:GetQueryResults.
"""
QUERY_TIMEOUT, QUERY_FAILED = "query_timeout", "query_failed"
"""The query that is started ends so: logs:StartQuery."""
EXPORT_FAILED = "export_failed"
"""The task that is begun fails in the end: logs:CreateExportTask."""
EMPTY_PAGE = "empty_page"
"""The page has no events, but a token: logs:FilterLogEvents."""
ACTED = frozenset({QUOTA, QUERY_TIMEOUT, QUERY_FAILED, EXPORT_FAILED, EMPTY_PAGE})

_MET: ContextVar[str | None] = ContextVar("MET", default=None)


def meet(word: str | None) -> None:
    """The call that this thread answers has met this fault, or none."""
    _MET.set(word)


def met(word: str) -> bool:
    """Whether the call that this thread answers has met this fault."""
    return _MET.get() == word
