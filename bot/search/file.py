"""The whole of what a search found, as a text file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain import Account
from bot.errors import NotFoundError
from bot.key_lines import without_keys
from bot.masks import masked, masker
from bot.ports import World
from bot.redact import clean
from bot.search.found import Found, from_insights
from bot.search.own_query import NOT_FOR_ALL
from bot.search.reading import KNOWN_SECONDS, MOST_ROWS, place, walk
from bot.search.traces import with_traces
from bot.search.words import LogQuery, read_query

LARGEST = 20_000_000
"""Bytes of a file."""
OLDER_LEFT_OUT = "older lines are not here: there were more than could be read"
A_PART = "only a part of what there is: the query was stopped before its end"


def make_logs(world: World, parameters: Mapping[str, Any]) -> bytes | None:
    """The maker of such files; None when nothing is there any more. Redacted like everything that leaves."""
    target = world.catalog.target(str(parameters["target"]))
    if target is None:
        raise NotFoundError("This service is no longer configured.")
    query, fields = read_query(str(parameters["text"])), tuple(parameters["masked"])
    start, end, query_id = float(parameters["start"]), float(parameters["end"]), str(parameters["query"])
    if not query_id:
        found = walk(world, place(target, world, age=KNOWN_SECONDS), query, start=start, end=end, masked=fields)
        return _text(_whole_traces(found, query, target.account, fields, world))
    if query.free and fields:
        return NOT_FOR_ALL.encode()
    answer = world.insights.results(target.account, query_id)
    if query.named or query.free:
        pattern = masker(fields)
        rows = [clean(masked(json.dumps(row, ensure_ascii=False), pattern)) for row in answer.rows]
        return _cut("\n".join([f"({A_PART})", *rows] if rows and not answer.is_whole else rows))
    found = from_insights(answer, query, MOST_ROWS, fields)
    why = OLDER_LEFT_OUT if answer.is_whole else A_PART
    return _text(_whole_traces(found, query, target.account, fields, world), why)


def _whole_traces(found: Found, query: LogQuery, account: Account, fields: Sequence[str], world: World) -> Found:
    return with_traces(found, found.lines, query, account, masked=fields, world=world)


def _text(found: Found, why: str = OLDER_LEFT_OUT) -> bytes | None:
    told = [f"{_time(line.at)} {line.stream} {clean(line.message)}" for line in without_keys(found.told)]
    if told and found.torn:
        told.insert(0, f"({found.torn})")
    if told and not found.is_whole:
        told.insert(0, f"({why})")
    return _cut("\n".join(told))


def _cut(text: str) -> bytes | None:
    return text.encode()[:LARGEST] or None


def _time(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
