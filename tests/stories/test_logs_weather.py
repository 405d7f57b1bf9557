"""Logs in bad weather: millions of lines, limits, classes, queries that end badly, and what strangers write."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.aws.logs import busiest_second, busiest_second_of_streams, limit_filter_rate, limit_stream_rate
from sandbox.seed.catalogue import service_of
from tests.stories.town import ALICE, BOB, Message, Town, labels, words

pytestmark = pytest.mark.story

ARBOR, LAB = "#arbor-energy", "#ops"
BACKEND = service_of("arbor", "backend")
GROUP = "/ecs/arbor-production/backend"
FILTER, START = "logs:FilterLogEvents", "logs:StartQuery"
MAIL = "somebody@example.cz"
KEY = "A" + "KIA" + "QRSTUVWXYZABCDEF"


def _whispered(town: Town, user: str, channel: str, before: str, label: str) -> Message | None:
    shown = [one for one in town.messages(channel, user) if one["ephemeral"] and float(one["ts"]) > float(before)]
    return next((one for one in reversed(shown) if label in labels(one)), None)


def _answer(town: Town, user: str, channel: str, text: str, label: str = "Share") -> Message:
    before = town.newest(channel)
    town.type(user, channel, text)
    found: Message = town.until(
        f"{label} under an answer to {text}", lambda: _whispered(town, user, channel, before, label), 90
    )
    return found


def test_a_few_minutes_of_five_million_lines_are_read_and_more_can_be_cancelled(town: Town) -> None:
    said = words(_answer(town, ALICE, LAB, "/logs lab/storefront staging level error last 5m"))
    assert "lines match" in said
    waiting = _answer(town, ALICE, LAB, "/logs lab/storefront staging timeout last 7d", "Cancel")
    assert "scanned" in words(waiting)
    town.press(ALICE, LAB, waiting["ts"], "Cancel")
    stopped = "`/logs lab/storefront staging timeout last 7d`: stopped; nothing goes on in AWS."
    town.until("that it stopped", lambda: _says(town, ALICE, LAB, waiting["ts"], stopped))
    queries = town.aws("logs", "us-east-1").describe_queries(status="Running")["queries"]
    assert queries == []


def test_a_query_that_aws_does_not_let_be_stopped_is_stopped_as_soon_as_it_does(town: Town) -> None:
    waiting = _answer(town, ALICE, LAB, "/logs lab/storefront staging unstoppable last 7d", "Cancel")
    town.fault("aws", "logs:StopQuery", "ThrottlingException")
    town.press(ALICE, LAB, waiting["ts"], "Cancel")
    said = "AWS does not let it be stopped just now; I go on trying."
    town.until("that it goes on trying", lambda: _says(town, ALICE, LAB, waiting["ts"], said))
    town.calm()
    logs = town.aws("logs", "us-east-1")
    town.until("that it was stopped", lambda: _statuses(logs, "unstoppable") == {"Cancelled"}, 60)


def _statuses(logs: Any, word: str) -> set[str]:
    return {one["status"] for one in logs.describe_queries()["queries"] if word in one["queryString"]}


def test_three_searches_in_one_breath_are_two_that_run_and_one_that_waits_for_its_turn(town: Town) -> None:
    logs, before = town.aws("logs", "us-east-1"), town.newest(LAB)

    def running() -> set[str]:
        queries = logs.describe_queries()["queries"]
        return {one["queryId"] for one in queries if one["status"] in ("Scheduled", "Running")}

    for word in ("alpha", "beta", "gamma"):
        town.type(ALICE, LAB, f"/logs lab/storefront staging {word} last 7d")

    def told(sentence: str) -> list[Message]:
        shown = [one for one in town.messages(LAB, ALICE) if one["ephemeral"] and float(one["ts"]) > float(before)]
        return [one for one in shown if sentence in words(one) and "Cancel" in labels(one)]

    town.until("that the third waits", lambda: told("Two of your searches run in Logs Insights"))
    first = running()
    assert len(first) == 2
    town.until("how far the first are", lambda: len(told("scanned")) >= 2)
    town.press(ALICE, LAB, told("scanned")[0]["ts"], "Cancel")
    town.until("that the third runs", lambda: len(running()) == 2 and running() != first)
    for one in told(""):
        town.press(ALICE, LAB, one["ts"], "Cancel")
    town.until("that nothing runs any more", lambda: not running())


def test_a_group_of_the_infrequent_class_is_asked_through_insights(town: Town) -> None:
    said = words(_answer(town, ALICE, LAB, "/logs lab/checkout staging last 15m"))
    assert "Logs Insights," in said and "/lab/checkout/audit is only read by Logs Insights" in said


def test_a_group_of_infrequent_access_is_not_followed(town: Town) -> None:
    assert "It is in your conversation with me" in town.ask(ALICE, LAB, "/logs lab/checkout staging follow")
    (conversation,) = [one for one in town.get("state", user=ALICE)["channels"] if one["is_im"]]

    def is_told() -> bool:
        told = [words(one) for one in town.messages(conversation["id"], ALICE)]
        return any("/lab/checkout/audit is not followed" in each and "AWS was slow" not in each for each in told)

    town.until("what is not followed", is_told)


def test_while_aws_is_slow_the_asker_reads_that_it_is_being_looked_for(town: Town) -> None:
    before = town.newest(ARBOR)
    town.fault("aws", FILTER, None, latency_ms=2500.0)
    answer = _answer(town, BOB, ARBOR, "/logs arbor/backend production zzslow last 5m")
    shown = [one for one in town.messages(ARBOR, BOB) if one["ephemeral"] and float(one["ts"]) > float(before)]
    assert words(shown[0]) == ":hourglass_flowing_sand: Looking: logs of arbor/backend production …"
    assert float(shown[0]["ts"]) < float(answer["ts"])


def test_no_more_than_five_calls_begin_in_a_second_and_throttling_loses_nothing(town: Town) -> None:
    limit_filter_rate(None)  # counts anew: other stories had another pace of the clock
    town.fault("aws", FILTER, "quota", seconds=60.0)
    for span in ("5m", "10m", "20m"):
        assert "lines match" in words(_answer(town, BOB, LAB, f"/logs lab/storefront staging last {span}"))
    assert 0 < busiest_second() <= 5


def test_all_of_a_busy_time_is_read_from_its_streams_within_their_quota(town: Town) -> None:
    last = round(time.time()) // 60 * 60 - 600
    span = " to ".join(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M}" for at in (last - 5400, last))
    # How long the first page takes decides whether streams are read: a busy machine may need a calmer moment.
    said = town.until("an answer from the streams", lambda: _read_by_streams(town, span), 150)
    pages = town.aws("logs", "us-east-1").get_paginator("filter_log_events")
    asked = {"logGroupName": "/lab/storefront/requests", "startTime": (last - 5400) * 1000, "endTime": last * 1000}
    count = sum(len(page["events"]) for page in pages.paginate(**asked))
    assert count > 40_000 and f"*{count:,}* lines match" in said


def _read_by_streams(town: Town, span: str) -> str:
    """What is answered about a time, when its streams were read; none of the quotas may be exceeded in any case."""
    limit_filter_rate(None)
    limit_stream_rate(None)
    for operation in (FILTER, "logs:GetLogEvents"):
        town.fault("aws", operation, "quota", seconds=60.0)
    said = words(_answer(town, BOB, LAB, f"/logs lab/storefront staging {span} UTC"))
    town.calm()
    assert busiest_second() <= 5
    assert busiest_second_of_streams() <= 25
    return said if busiest_second_of_streams() > 5 and "all of the range was read" in said else ""


def test_empty_pages_are_walked_through(town: Town) -> None:
    town.fault("aws", FILTER, "empty_page", count=4)
    assert "lines match" in words(_answer(town, ALICE, ARBOR, "/logs arbor/backend production finished last 1h"))


def test_a_query_that_cannot_be_read_or_ends_badly_gets_a_sentence(town: Town) -> None:
    said = town.ask(ALICE, ARBOR, '/logs arbor/backend production insights "fields @message | fliter x"')
    assert "The query is malformed: unexpected symbol found fliter" in said
    for fault, sentence in (("query_timeout", "time limit"), ("query_failed", "failed inside CloudWatch")):
        town.fault("aws", START, fault, count=1)
        # Not in the channel of the system, where nobody asked.
        assert sentence in town.ask(ALICE, LAB, "/logs arbor/backend production query errors last 3h")


def test_a_query_that_gets_no_place_says_so_at_once_and_begins_when_there_is_one(town: Town) -> None:
    town.fault("aws", START, "LimitExceededException", count=8)
    before = town.newest(ARBOR)
    waiting = _answer(town, ALICE, ARBOR, "/logs arbor/backend production query errors last 3h", "Cancel")
    assert "already runs as many Logs Insights queries as it may" in words(waiting)
    town.until("the answer", lambda: _whispered(town, ALICE, ARBOR, before, "Share"), 60)


def test_what_strangers_write_pings_nobody_and_leaks_nothing(town: Town) -> None:
    logs = town.aws("logs", BACKEND.region)
    stream = "backend/backend/hostile"
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    texts = (
        f"hostile <!channel> <@U0BOB> *bold* ``` \x1b[31mred\x1b[0m 😀 {KEY} password=hunter2",
        "hostile " + "x" * 100_000,
        json.dumps(
            {"level": "error", "msg": "hostile <!here>", "authorization": f"Bearer {KEY.lower() * 2}", "to": MAIL}
        ),
    )
    now = round(time.time() * 1000)
    events = [{"timestamp": now + number, "message": text} for number, text in enumerate(texts)]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    message = _answer(town, ALICE, ARBOR, "/logs arbor/backend production hostile last 5m")
    said = str(message)
    assert message["pings"] == [] and "*3* lines match" in words(message)
    assert KEY not in said and KEY.lower() not in said and "hunter2" not in said and MAIL not in said
    assert "\\x1b" not in said and "\\u001b" not in said


def _says(town: Town, user: str, channel: str, after: str, text: str) -> bool:
    shown = [one for one in town.messages(channel, user) if float(one["ts"]) > float(after)]
    return any(text in words(one) for one in shown)
