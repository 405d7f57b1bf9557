"""The time range that people type among other words."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.window import LONGEST, Window, find_window, shown

NOW = datetime(2026, 11, 25, 21, 30, tzinfo=UTC).timestamp()  # a Wednesday
HOUR = 3600.0


def find(words: str, *, now: float = NOW, zone: str = "UTC") -> tuple[Window, str]:
    return find_window(words, now=now, zone=zone, default=HOUR)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ("last 15m", "2026-11-25 21:15", "2026-11-25 21:30"),
        ("Last 2H", "2026-11-25 19:30", "2026-11-25 21:30"),
        ("for the last 3d", "2026-11-22 21:30", "2026-11-25 21:30"),
        ("past 90 minutes", "2026-11-25 20:00", "2026-11-25 21:30"),
        ("last 1h30m", "2026-11-25 20:00", "2026-11-25 21:30"),
        ("in the last hour", "2026-11-25 20:30", "2026-11-25 21:30"),
        ("last week", "2026-11-18 21:30", "2026-11-25 21:30"),
        ("since 2h ago", "2026-11-25 19:30", "2026-11-25 21:30"),
        ("since 2h", "2026-11-25 19:30", "2026-11-25 21:30"),
        ("5m ago", "2026-11-25 21:25", "2026-11-25 21:30"),
        ("15m", "2026-11-25 21:15", "2026-11-25 21:30"),
        ("since 14:00", "2026-11-25 14:00", "2026-11-25 21:30"),
        ("since 22:00", "2026-11-24 22:00", "2026-11-25 21:30"),
        ("since 21:30", "2026-11-24 21:30", "2026-11-25 21:30"),
        ("since 9pm", "2026-11-25 21:00", "2026-11-25 21:30"),
        ("since 2026-11-25 14:00", "2026-11-25 14:00", "2026-11-25 21:30"),
        ("since 2026-11-24", "2026-11-24 00:00", "2026-11-25 21:30"),
        ("since yesterday", "2026-11-24 00:00", "2026-11-25 21:30"),
        ("since yesterday 14:00", "2026-11-24 14:00", "2026-11-25 21:30"),
        ("since 2026-11-25T14:00:30.5Z", "2026-11-25 14:00:30.5", "2026-11-25 21:30"),
        ("since 2026-11-25T14:00-05:00", "2026-11-25 19:00", "2026-11-25 21:30"),
        ("14:00-14:20", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("14:00 – 14:20", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("14:00-14:20 Europe/Berlin", "2026-11-25 13:00", "2026-11-25 13:20"),
        ("14:00 - 14:20 europe/berlin", "2026-11-25 13:00", "2026-11-25 13:20"),
        ("14:00 to 14:20 Asia/Tokyo", "2026-11-25 05:00", "2026-11-25 05:20"),
        ("from 14:00 to 14:20", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("between 14:00 and 14:20", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("14:00 - now", "2026-11-25 14:00", "2026-11-25 21:30"),
        ("14:00-14:20 +02:00", "2026-11-25 12:00", "2026-11-25 12:20"),
        ("14:00-14:20 -05:30", "2026-11-25 19:30", "2026-11-25 19:50"),
        ("14:00-14:20 UTC+2", "2026-11-25 12:00", "2026-11-25 12:20"),
        ("14:00Z-14:20Z Europe/Berlin", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("14:00-14:20Z", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("14:00-14:20 Z", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("2:00pm-2:20pm", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("2:00 - 2:20 pm", "2026-11-25 14:00", "2026-11-25 14:20"),
        ("11:30-1:00pm", "2026-11-25 11:30", "2026-11-25 13:00"),
        ("11:30pm-0:30", "2026-11-24 23:30", "2026-11-25 00:30"),
        ("12am-12:30am", "2026-11-25 00:00", "2026-11-25 00:30"),
        ("23:50-00:10", "2026-11-24 23:50", "2026-11-25 00:10"),
        ("23:00-24:00", "2026-11-24 23:00", "2026-11-25 00:00"),
        ("11:00-00:00", "2026-11-25 11:00", "2026-11-25 21:30"),
        ("13:00-00:00", "2026-11-25 13:00", "2026-11-25 21:30"),
        ("yesterday 11:00-0:00", "2026-11-24 11:00", "2026-11-25 00:00"),
        ("yesterday 13:00-00:00", "2026-11-24 13:00", "2026-11-25 00:00"),
        ("2026-11-24 11am-12am", "2026-11-24 11:00", "2026-11-25 00:00"),
        ("yesterday 00:00-00:00", "2026-11-24 00:00", "2026-11-25 00:00"),
        ("2026-11-24 11:00-00:00 +02:00", "2026-11-24 09:00", "2026-11-24 22:00"),
        ("21:00-22:00", "2026-11-25 21:00", "2026-11-25 21:30"),
        ("2026-11-24 14:00-14:20", "2026-11-24 14:00", "2026-11-24 14:20"),
        ("2026-11-24 23:50-00:10", "2026-11-24 23:50", "2026-11-25 00:10"),
        ("2026-11-24 14:00 - 2026-11-25 02:00", "2026-11-24 14:00", "2026-11-25 02:00"),
        ("2026-11-24T14:00Z to 2026-11-24T16:00+01:00", "2026-11-24 14:00", "2026-11-24 15:00"),
        ("2026-11-24T09:00Z/2026-11-24T10:00Z", "2026-11-24 09:00", "2026-11-24 10:00"),
        ("2026-11-24t23:00:30+01:00/2026-11-25T01:00Z", "2026-11-24 22:00:30", "2026-11-25 01:00"),
        ("2026-11-24T09:00/2026-11-24T10:00 Europe/Berlin", "2026-11-24 08:00", "2026-11-24 09:00"),
        ("2026-11-23 - 2026-11-24", "2026-11-23 00:00", "2026-11-25 00:00"),
        ("2026-11-24", "2026-11-24 00:00", "2026-11-25 00:00"),
        ("yesterday", "2026-11-24 00:00", "2026-11-25 00:00"),
        ("yesterday Asia/Tokyo", "2026-11-24 15:00", "2026-11-25 15:00"),
        ("yesterday 14:00-15:00", "2026-11-24 14:00", "2026-11-24 15:00"),
        ("today", "2026-11-25 00:00", "2026-11-25 21:30"),
        ("around 14:05", "2026-11-25 14:00", "2026-11-25 14:10"),
        ("around 2026-11-24T14:05Z", "2026-11-24 14:00", "2026-11-24 14:10"),
        ("around yesterday 14:05 Europe/Berlin", "2026-11-24 13:00", "2026-11-24 13:10"),
        ("around 21:28", "2026-11-25 21:23", "2026-11-25 21:30"),
    ],
)
def test_a_range_is_read_as_people_mean_it(typed: str, start: str, end: str) -> None:
    window, left = find(typed)
    assert (window.start, window.end, left) == (at(start), at(end), "")
    assert window.said == typed
    assert window.open_end == (window.end == NOW)


def test_without_a_time_it_is_the_default_that_ends_now() -> None:
    assert find("timeout level error") == (Window(NOW - HOUR, NOW, "UTC", "", open_end=True), "timeout level error")


def test_since_deploy_leaves_the_start_to_who_knows_the_deployment() -> None:
    for typed in ("since deploy", "since the last deployment", "Since Deploy Europe/Berlin"):
        window, left = find(f"timeout {typed}")
        assert (window.since_deploy, window.open_end, window.end, left) == (True, True, NOW, "timeout")


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("timeout last 15m level error", "timeout level error"),
        ('"last 15m" since 14:00 -health', '"last 15m" -health'),
        ('"a=b last 2h" today', '"a=b last 2h"'),
        ("/since 14:00/ last 2h", "/since 14:00/"),
        ("at=14:00 note='last 3d' last 15m", "at=14:00 note='last 3d'"),
        ("“yesterday” today  keep   the spaces", "“yesterday”  keep   the spaces".replace("”  ", "” ")),
        ("30s 15mb -15m -yesterday -last at=last blast", "30s 15mb -15m -yesterday -last at=last blast"),
        ('last 15m "since friday" "last seen" “tomorrow” /around/', '"since friday" "last seen" “tomorrow” /around/'),
        ("don't last 15m can't", "don't can't"),
        ("/api/orders last 15m and/or /health", "/api/orders and/or /health"),
        ("last 15m berlin", "berlin"),
        ("UTC last 15m", "UTC"),
        ("last 15m Custom/Latency", "Custom/Latency"),
        ("14:00-14:20 Arbor/Backend/Requests AWS/Usage", "Arbor/Backend/Requests AWS/Usage"),
        ('14:00-14:20 "berlin"', '"berlin"'),
        ("14:00-14:20 UTC berlin", "berlin"),
        ("14:00-14:20 Japan", "Japan"),
        ("14:00-14:20 deadline met", "deadline met"),
        ("14:00-14:20 met", "met"),
        ("took 10.0.0.1:80 1.2.3 a:14:00", "took 10.0.0.1:80 1.2.3 a:14:00"),
        ("for the record", "for the record"),
        ("9-10 pages 1-2.30 of 2400-2500", "9-10 pages 1-2.30 of 2400-2500"),
        ("0960-0970 9:70-9.80 25.00-26.00", "0960-0970 9:70-9.80 25.00-26.00"),
        ('"9-9:30" at=09.00-09.30 /0900-0930/ x0900-0930', '"9-9:30" at=09.00-09.30 /0900-0930/ x0900-0930'),
        ('"2026-11-24T09:00Z/2026-11-24T10:00Z"', '"2026-11-24T09:00Z/2026-11-24T10:00Z"'),
        ("a/2026-11-24 14:0/15:00", "a/2026-11-24 14:0/15:00"),
    ],
)
def test_what_is_no_time_stays_in_the_text(typed: str, left: str) -> None:
    assert find(typed)[1] == left


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2027-01-01", "is in the future: it is 2026-11-25 21:30 UTC"),
        ("since 2026-11-25 23:00 Europe/Berlin", "is in the future: it is 2026-11-25 22:30 Europe/Berlin"),
        ("since 2026-11-26", "is in the future"),
        ("around 2026-11-26T14:05Z", "is in the future"),
        ("today 22:00-23:00", "is in the future"),
        ("2026-11-25 14:00 - 2026-11-24 14:00", "ends before it starts"),
        ("14:00-13:30", "ends before it starts"),
        ("2026-11-24 11:00 - 2026-11-24 00:00", "ends before it starts"),
        ("14:00-14:00", "is no time at all"),
        ("last 0m", "is no time at all"),
        ("last 400d", "is 400 days long; I look at 92 days at most"),
        ("since 2020-01-01", "long; I look at 92 days at most"),
        ("14:00-14:20 Europe/Berlni", "is no time zone; did you mean Europe/Berlin"),
        ("14:00-14:20 Eurpe/Berlin", "is no time zone; did you mean Europe/Berlin"),
        ("14:00-14:20 Europe/Nowhere", "is no time zone; it is written like"),
        ("14:00-14:20 UTC+15", "is no time zone: none is so far"),
        ("14:00-14:20 CET", "more than one time zone.*Europe/Berlin"),
        ("14:00-14:20 est", "more than one time zone.*America/New_York"),
        ("14:00-14:20 WEST", "more than one time zone.*Europe/Lisbon"),
        ("25:00-26:00", "“25:00” is no time of day"),
        ("since 14:75", "“14:75” is no time of day"),
        ("14:00pm-15:00", "“14:00pm” is no time of day"),
        ("2026-02-30", "is no day of the calendar"),
        ("since 0001-01-01", "is too far away"),
        ("since 25/11/2026", "more than one way.*2026-11-25"),
        ("11.12.2026 14:00-15:00", "more than one way"),
        ("2026-1-5", "more than one way"),
        ("14:05", "is a moment and no range.*since 14:05 or around 14:05"),
        ("2026-11-25T14:05Z", "is a moment and no range"),
        ("around yesterday", "is a whole day"),
        ("14:00-14:20 Foo/Bar", "“Foo/Bar” is no time zone; it is written like"),
        ("14:00-14:20 berlin", "“berlin” is no time zone; did you mean Europe/Berlin"),
        ("since 14:00 Tokyo", "“Tokyo” is no time zone; did you mean Asia/Tokyo"),
        ("14:00-14:20 new york timeout", "“new york” is no time zone; did you mean America/New_York"),
        ("Europe/Berlin 14:00-14:20", "“Europe/Berlin” goes after the time.*14:00-14:20 Europe/Berlin"),
        ("tomorrow 09:00-10:00", "“tomorrow” is in the future: it is .*Say a time that has been.*in quotes"),
        ("timeout Tomorrow", "“Tomorrow” is in the future: it is "),
        ("friday 14:00-15:00", "“friday” is no time that I can read"),
        ("since friday", "“since friday” is no time that I can read"),
        ("since tomorrow", "“since tomorrow” is in the future"),
        ("last month", "“last month” is no time"),
        ("last friday", "“last friday” is no time"),
        ("last 15", "“last 15” is no time"),
        ("last 15x", "“last 15x” is no time"),
        ("last 2 fortnights", "“last 2 fortnights” is no time"),
        ("around now", "“around now” is no time"),
        ("around", "“around” is no time"),
        ("since", "“since” is no time"),
        ("5 parsecs ago", "“ago” is no time"),
        ("since friday 14:00-15:00", "“since friday” is no time"),
        ("9-9:30", "“9-9:30” is no time that I can read.*Say last 15m"),
        ("9:00-10", "“9:00-10” is no time"),
        ("9-9:30am", "“9-9:30am” is no time"),
        ("09.00-09.30", "“09.00-09.30” is no time"),
        ("9:00–9.30", "“9:00–9.30” is no time"),
        ("0900-0930", "“0900-0930” is no time"),
        ("0900-09:30 last 2h", "“0900-09:30” is no time"),
        ("2026-11-24T10:00Z/2026-11-24T09:00Z", "ends before it starts"),
        ("2027-01-01T10:00Z/2027-01-01T11:00Z", "is in the future"),
        ("15m 2h", "two times: “15m” and “2h”"),
        ("last 15m since 14:00", "two times: “last 15m” and “since 14:00”"),
    ],
)
def test_anything_else_gets_a_sentence_and_an_example(typed: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as refused:
        find(f"timeout {typed}")
    assert refused.value.hint


def test_at_midnight_today_has_not_begun() -> None:
    with pytest.raises(UsageError, match="is in the future: it is 2026-11-25 00:00 UTC"):
        find("today", now=at("2026-11-25 00:00"))


def test_a_caller_may_look_less_far() -> None:
    with pytest.raises(UsageError, match="I look at 1 day at most"):
        find_window("last 2d", now=NOW, zone="UTC", default=HOUR, longest=86400.0)


SPRING = datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp()  # at 02:00 clocks in Berlin were put forward
AUTUMN = datetime(2026, 10, 25, 12, tzinfo=UTC).timestamp()  # at 03:00 they were put back


@pytest.mark.parametrize("typed", ["since 02:30", "01:30-02:30", "02:30-04:00", "around 02:30", "today 02:30 - now"])
def test_a_time_that_clocks_skipped_is_refused_with_the_times_around_it(typed: str) -> None:
    with pytest.raises(UsageError, match=r"02:30 does not exist on 2026-03-29 in Europe/Berlin.*Say 01:30 or 03:30"):
        find(typed, now=SPRING, zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ("02:10-02:50", "2026-10-25 00:10", "2026-10-25 01:50"),
        ("02:50-02:10", "2026-10-25 00:50", "2026-10-25 01:10"),
        ("since 02:30", "2026-10-25 00:30", "2026-10-25 12:00"),
        ("around 02:30", "2026-10-25 00:25", "2026-10-25 01:35"),
        ("today", "2026-10-24 22:00", "2026-10-25 12:00"),
        ("last 24h", "2026-10-24 12:00", "2026-10-25 12:00"),
    ],
)
def test_of_a_time_that_clocks_showed_twice_nothing_is_missed(typed: str, start: str, end: str) -> None:
    window, _ = find(typed, now=AUTUMN, zone="Europe/Berlin")
    assert (window.start, window.end) == (at(start), at(end))


def test_a_day_begins_where_clocks_skip_its_midnight() -> None:
    now = datetime(2026, 4, 24, 12, tzinfo=UTC).timestamp()
    window, _ = find("today", now=now, zone="Africa/Cairo")
    assert shown(window) == "2026-04-24 01:00–15:00 Africa/Cairo (14 h)"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("14:00-14:20 Europe/Berlin", "2026-11-25 14:00–14:20 Europe/Berlin (20 min)"),
        ("23:50-00:10", "2026-11-24 23:50 – 2026-11-25 00:10 UTC (20 min)"),
        ("last 3d", "2026-11-22 21:30 – 2026-11-25 21:30 UTC (3 days)"),
        ("14:00:10-14:01:40", "2026-11-25 14:00:10–14:01:40 UTC (1 min 30 s)"),
        ("yesterday 00:00-24:00", "2026-11-24 00:00 – 2026-11-25 00:00 UTC (1 day)"),
        ("2026-10-25 02:10-02:50 Europe/Berlin", "2026-10-25 02:10+0200–02:50+0100 Europe/Berlin (1 h 40 min)"),
        ("14:00Z-14:20Z", "2026-11-25 14:00–14:20 UTC (20 min)"),
        ("15:00-15:20 +01:00", "2026-11-25 14:00–14:20 UTC (20 min)"),
    ],
)
def test_a_window_is_shown_with_its_day_its_zone_and_its_length(typed: str, words: str) -> None:
    assert shown(find(typed)[0]) == words


PLAIN = st.lists(
    st.sampled_from(["timeout", "level", "-health", '"last 2h"', "/since 14:00/", "at=14:00", "é🙂", "met"])
)
SAID = st.sampled_from(
    ["last 15m", "since 14:00", "23:50-00:10", "yesterday", "around 14:05", "14:00 - 14:20 UTC", "today"]
)
INSTANT = st.integers(0, 4_000_000_000).map(lambda second: second + 0.5)
"""Never midnight itself, at which today has not begun."""


@given(before=PLAIN, said=SAID, after=PLAIN, now=INSTANT)
def test_only_the_time_is_taken_from_a_text(before: list[str], said: str, after: list[str], now: float) -> None:
    window, left = find(" ".join([*before, said, *after]), now=now)
    assert left == " ".join([*before, *after])
    assert window.said == said


TIMES = ["last", "since", "around", "yesterday", "today", "14:00", "02:30", "2026-03-29", "2026-10-25", "2pm", "24:00"]
OTHERS = [
    "-",
    "to",
    "now",
    "15m",
    "3d",
    "Europe/Berlin",
    "America/New_York",
    "+05:30",
    "Z",
    "T",
    '"',
    "'",
    "/",
    "=",
    "x",
]
PIECES = st.sampled_from([*TIMES, *OTHERS])


@example(typed="since 02:30", now=SPRING, zone="Europe/Berlin")
@given(
    typed=st.text(max_size=60) | st.lists(PIECES, max_size=8).map(" ".join) | st.lists(PIECES, max_size=8).map("".join),
    now=INSTANT | st.floats(1_700_000_000, 1_900_000_000),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe"]),
)
def test_whatever_is_typed_is_a_range_that_has_been_or_a_sentence(typed: str, now: float, zone: str) -> None:
    try:
        window, left = find(typed, now=now, zone=zone)
    except UsageError as refused:
        assert refused.message and refused.hint
        return
    assert window.start < window.end <= now
    assert window.end - window.start <= LONGEST
    assert shown(window)
    assert left.split() in _without(typed, window.said)


def _without(typed: str, said: str) -> list[list[str]]:
    """The words of a text without those of the time, for each place at which they stand in it."""
    places = [found.start() for found in re.finditer(f"(?={re.escape(said)})", typed)]
    return [(typed[:place] + " " + typed[place + len(said) :]).split() for place in places]
