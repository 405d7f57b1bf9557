"""Looking into logs in Slack: few lines, a query that takes its time, what is followed and what is shared."""

from __future__ import annotations

import time
from functools import partial

import pytest

from sandbox.seed.catalogue import service_of
from tests.stories.town import ALICE, BOB, DAVE, Message, Town, labels, words

pytestmark = pytest.mark.story

ARBOR, GROUP = "#arbor-energy", "/ecs/arbor-production/backend"
BACKEND = service_of("arbor", "backend")


def _answer(town: Town, user: str, channel: str, text: str) -> Message:
    """The whispered message that has the buttons of an answer."""
    before = town.newest(channel)
    town.type(user, channel, text)

    def look() -> Message | None:
        shown = [one for one in town.messages(channel, user) if one["ephemeral"] and float(one["ts"]) > float(before)]
        return next((one for one in shown if "Share" in labels(one)), None)

    return town.until(f"an answer to {text}", look)


def test_an_error_is_found_shared_and_kept_as_a_file(town: Town) -> None:
    message = _answer(town, ALICE, ARBOR, "/logs arbor/backend production level error last 1h")
    said = words(message)
    assert "*arbor/backend production*" in said and "UTC (1 h)" in said and "lines match" in said
    assert "all of the range was read" in said
    before = town.newest(ARBOR)
    town.press(ALICE, ARBOR, message["ts"], "Share")
    shared = town.until("the shared answer", lambda: town.shown(ARBOR, "Shared by", before))[0]
    assert not labels(shared)
    town.until(
        "the whole in its thread", lambda: [one for one in town.replies(ARBOR, shared["ts"]) if one.get("files")]
    )


def test_a_stack_trace_in_an_event_per_line_is_whole_whichever_of_its_lines_was_looked_for(town: Town) -> None:
    frames = [
        each for number in range(4) for each in (f'  File "/app/x.py", line {number}, in f', f"    code({number})")
    ]
    head, *rest = (
        "ERROR zztrace Unhandled exception",
        "Traceback (most recent call last):",
        *frames,
        "ZzBoomError: it",
    )
    stream, now = "backend/backend/zztrace", round(time.time() * 1000) - 1000
    logs = town.aws("logs", BACKEND.region)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    events = [{"timestamp": now + number, "message": each} for number, each in enumerate((head, *rest, "INFO served"))]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    for text in ("zztrace", "ZzBoomError"):
        said = words(_answer(town, ALICE, ARBOR, f"/logs arbor/backend production {text} last 3m"))
        assert "*1* line matches" in said and "\n".join((head, *rest)) in said and "served" not in said


def test_what_is_asked_next_in_a_thread_is_answered_in_the_thread(town: Town) -> None:
    first = town.say(ALICE, ARBOR, "the tariffs look odd")
    town.mention(ALICE, ARBOR, "logs arbor/backend production tariff", first)
    message = town.until("an answer in the thread", lambda: _last_answer(town, first, ""))
    in_channel = [one["ts"] for one in town.messages(ARBOR) if one["ephemeral"]]
    town.press(ALICE, ARBOR, message["ts"], "last 1h", thread=first)
    wider = town.until("the wider answer", lambda: _last_answer(town, first, message["ts"]))
    assert "UTC (1 h)" in words(wider)
    town.press(ALICE, ARBOR, wider["ts"], "Again", thread=first)
    town.until("the answer once more", lambda: _last_answer(town, first, wider["ts"]))
    town.press(ALICE, ARBOR, wider["ts"], "Share", thread=first)
    town.until("the shared answer", lambda: [one for one in town.replies(ARBOR, first) if "Shared by" in words(one)])
    assert [one["ts"] for one in town.messages(ARBOR) if one["ephemeral"]] == in_channel


def _last_answer(town: Town, thread: str, after: str) -> Message | None:
    """The newest whispered answer in a thread."""
    shown = [one for one in town.messages(ARBOR, ALICE, thread) if one["ephemeral"] and "Share" in labels(one)]
    return shown[-1] if shown and shown[-1]["ts"] > after else None


def test_a_wide_question_is_asked_of_insights(town: Town) -> None:
    message = _answer(town, BOB, ARBOR, '/logs arbor/backend production "customer" last 24h')
    assert "Logs Insights," in words(message) and "scanned" in words(message)
    assert _answer(town, BOB, ARBOR, "/logs arbor/backend production query errors last 3h")


def test_what_is_followed_stands_in_one_message_of_the_asker(town: Town) -> None:
    town.type(ALICE, ARBOR, "/logs arbor/backend production tariff follow")
    logs = town.aws("logs", BACKEND.region)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="backend/backend/followed")

    def is_told(text: str) -> bool:
        return text in words(_live(town, ALICE) or found)

    def write(text: str) -> None:
        event = {"timestamp": round(time.time() * 1000), "message": text}
        logs.put_log_events(logGroupName=GROUP, logStreamName="backend/backend/followed", logEvents=[event])

    found = town.until("the live message", lambda: _live(town, ALICE))
    assert {"Pause", "5 minutes more", "Stop"} <= set(labels(found))

    for text in ("INFO the first tariff", "INFO the second tariff"):
        write(text)
        town.until("its line", partial(is_told, text))
    assert "2 lines so far · following" in words(_live(town, ALICE) or found)
    where = str(found["channel"])
    town.press(ALICE, where, found["ts"], "Stop")
    town.until("its end", lambda: "Share" in labels(_live(town, ALICE) or found))
    assert "2 lines · stopped" in words(_live(town, ALICE) or found)


def test_who_may_not_read_production_logs_is_refused(town: Town) -> None:
    assert "You may not read logs in production" in town.ask(DAVE, ARBOR, "/logs arbor/backend production")


def _live(town: Town, user: str) -> Message | None:
    """The message that is brought up to date in somebody's conversation with the bot."""
    mine = [one for one in town.get("state", user=user)["channels"] if one["is_im"]]
    found = [one for each in mine for one in town.messages(each["id"], user) if "Following" in one["text"]]
    return found[-1] if found else None
