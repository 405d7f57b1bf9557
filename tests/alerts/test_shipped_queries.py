"""The Logs Insights queries and filter patterns of the shipped playbooks, over lines as the applications write them."""

from __future__ import annotations

import random
import re

import pytest

from bot.steps.insights import InsightsStep
from bot.steps.log_search import LogSearchStep
from sandbox.aws.insights_commands import parse_query
from sandbox.aws.insights_gather import Table
from sandbox.aws.insights_records import Record, shown
from sandbox.aws.logs_patterns import compile_pattern
from sandbox.aws.logs_store import Event
from sandbox.seed.log_lines import STYLES, visits
from tests.alerts.shipped import PLAYBOOKS

NOON = 1_750_000_000.0


def queries(name: str) -> dict[str, str]:
    return {step.name: step.query for step in PLAYBOOKS[name].steps if isinstance(step, InsightsStep)}


def lines(style: str) -> list[Record]:
    """An hour of an application's lines, the newest first."""
    chance = random.Random(7)
    told = [
        (visit.at, line)
        for visit in visits(NOON - 3600, NOON, 2.0, style, chance)
        for line in STYLES[style](visit, chance)
    ]
    events = [Event(n, int(at * 1000), int(at * 1000), line, "task/app/1") for n, (at, line) in enumerate(told)]
    return [Record(event, "1:/ecs/app") for event in reversed(events)]


def answer(query: str, records: list[Record]) -> list[dict[str, str]]:
    table = Table(list(records), matched=len(records))
    for command in parse_query(query):
        command.step(table)
    columns = table.shown_columns()
    return [{name: shown(row.get(name)) for name in columns if row.get(name) is not None} for row in table.rows]


CASES = [
    ("high-error-rate", "latest", "usage", {"@timestamp", "@message"}),
    ("high-error-rate", "endpoints", "usage", {"path", "errors"}),
    ("high-error-rate", "requests", "usage", {"traceId", "errors", "last"}),
    ("high-latency", "slow", "usage", {"path", "average", "longest", "requests"}),
    ("high-latency", "slow", "arbor-backend", {"path", "average", "longest", "requests"}),
    ("high-latency", "busiest", "usage", {"path", "requests", "average"}),
    ("high-latency", "slowest", "usage", {"@timestamp", "method", "path", "duration", "traceId"}),
    ("unhealthy-hosts", "latest", "usage", {"@timestamp", "@message"}),
    ("no-traffic", "busiest", "usage", {"path", "requests", "average"}),
    ("failed-deployment", "latest", "photo", {"@timestamp", "@message"}),
    ("caption-high-error-rate", "latest", "caption", {"@timestamp", "@message"}),
    ("caption-high-latency", "captions", "caption", {"@timestamp", "@message", "duration"}),
    ("photo-high-error-rate", "latest", "photo", {"@timestamp", "@message", "@logStream"}),
    ("photo-high-latency", "slowest", "photo", {"@timestamp", "@message", "@logStream", "duration"}),
    ("lambda-errors", "latest", "photo", {"@timestamp", "@message", "@logStream"}),
    ("bi-high-latency", "slow", "bi-api", {"path", "average", "longest", "requests"}),
    ("bi-card-timeouts", "cards", "bi-executor", {"card", "timeouts"}),
    ("arbor-slow-recommendations", "logged", "postgresql", {"@timestamp", "@message", "ms"}),
]


@pytest.mark.parametrize(("name", "query", "style", "columns"), CASES)
def test_a_query_finds_what_it_is_for(name: str, query: str, style: str, columns: set[str]) -> None:
    rows = answer(queries(name)[query], lines(style))
    assert rows
    assert set(rows[0]) == columns


@pytest.mark.parametrize("query", ["endpoints", "requests"])
def test_where_lines_are_no_json_nothing_is_grouped_under_an_empty_name(query: str) -> None:
    assert answer(queries("high-error-rate")[query], lines("caption")) == []


def test_every_query_was_tried() -> None:
    tried = {queries(name)[query] for name, query, *_ in CASES}
    assert {text for name in PLAYBOOKS for text in queries(name).values()} == tried


def test_numbers_are_compared_as_numbers() -> None:
    rows = answer(queries("photo-high-latency")["slowest"], lines("photo"))
    durations = [int(row["duration"]) for row in rows]
    assert durations == sorted(durations, reverse=True)
    assert min(durations) > 1000


def test_the_queries_of_the_runbooks_are_all_there() -> None:
    """The ten of them, by what they ask for; the one for a single request is asked for whichever failed most."""
    written = [re.sub(r"\s+", " ", text) for name in PLAYBOOKS for text in queries(name).values()]
    wanted = (
        ("/error|Error|ERROR/", "limit 100"),
        ("stats count(*) as errors", "by path"),
        ("duration > 1000", "avg(duration)", "max(duration)", "by path"),
        ("/error|Error|ERROR/", "limit 50"),
        ("count(*) as requests", "avg(duration)", "sort requests desc"),
        ("duration > 500", "traceId", "sort @timestamp desc", "limit 50"),
        ("by traceId",),
        ("like /ERROR/", "limit 100"),
        ("/ERROR|Exception|error/", "@logStream", "limit 100"),
        ("parse @message /duration=", "duration > 1000", "sort duration desc", "limit 50"),
    )
    for parts in wanted:
        assert any(all(part in text for part in parts) for text in written), parts


SEARCHED = [
    ("database-connections", "pool", "arbor-backend"),
    ("photo-high-error-rate", "pool", "photo"),
    ("photo-high-error-rate", "bucket", "photo"),
    ("cache", "uncached", "arbor-backend"),
    ("arbor-slow-recommendations", "over", "arbor-backend"),
    ("bi-card-timeouts", "timeouts", "bi-executor"),
    ("dynamodb-throttling", "throttled", "bi-api"),
    ("caption-dynamodb-throttling", "throttled", "caption"),
    ("permissions", "refused", "bi-api"),
    ("authentication", "rejected", "caption"),
    ("connectivity", "network", "usage"),
    ("caption-high-error-rate", "model", "caption"),
]


def patterns(name: str) -> dict[str, str]:
    return {step.name: step.pattern for step in PLAYBOOKS[name].steps if isinstance(step, LogSearchStep)}


@pytest.mark.parametrize(("name", "search", "style"), SEARCHED)
def test_a_pattern_finds_the_lines_it_is_for_and_few_others(name: str, search: str, style: str) -> None:
    pattern = compile_pattern(patterns(name)[search])
    messages = [record.event.message for record in lines(style) if record.event is not None]
    found = [message for message in messages if pattern.matches(message)]
    assert found
    assert len(found) < len(messages) / 10


@pytest.mark.parametrize("name", list(PLAYBOOKS))
def test_every_pattern_is_one(name: str) -> None:
    for pattern in patterns(name).values():
        compile_pattern(pattern)
