"""When people are at work: weekends, nights, zones, and clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.settings.calendar import WorkingHours
from bot.working_hours import is_open, next_business_day, next_opening

WEEKDAYS = frozenset(range(5))
ZONES = (
    "UTC",
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "Europe/Prague",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
instants = st.integers(
    int(datetime(2011, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2037, 1, 1, tzinfo=UTC).timestamp())
)
weekdays = st.sets(st.integers(0, 6), min_size=1)


def at(text: str, zone: str = "UTC", fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def hours(**changes: Any) -> WorkingHours:
    return WorkingHours.model_validate(changes)


# 2026-03-06 is a Friday.


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2026-03-06T03:00", "2026-03-06T09:00"),
        ("2026-03-06T08:59", "2026-03-06T09:00"),
        ("2026-03-06T09:00", "2026-03-09T09:00"),
        ("2026-03-06T23:59", "2026-03-09T09:00"),
        ("2026-03-08T12:00", "2026-03-09T09:00"),
        ("2026-03-09T12:00", "2026-03-10T09:00"),
    ],
)
def test_the_next_business_day_begins_after_now_and_never_at_a_weekend(now: str, begins: str) -> None:
    for zone in ZONES:
        assert next_business_day(at(now, zone), ZoneInfo(zone), WEEKDAYS, 540) == at(begins, zone)


def test_the_day_is_that_of_the_zone_and_not_of_the_machine() -> None:
    friday_evening = at("2026-03-06T20:00", "UTC")
    assert next_business_day(friday_evening, ZoneInfo("Asia/Tokyo"), WEEKDAYS, 540) == at(
        "2026-03-09T09:00", "Asia/Tokyo"
    )
    assert next_business_day(friday_evening, ZoneInfo("America/New_York"), frozenset({4}), 960) == at(
        "2026-03-06T16:00", "America/New_York"
    )


def test_a_beginning_that_clocks_skip_is_the_moment_at_which_they_do() -> None:
    prague = ZoneInfo("Europe/Prague")
    saturday = at("2026-03-28T12:00", "Europe/Prague")
    assert next_business_day(saturday, prague, frozenset({6}), 150) == at("2026-03-29T03:00", "Europe/Prague")


def test_a_beginning_that_clocks_show_twice_is_the_first_and_comes_once() -> None:
    prague, days = ZoneInfo("Europe/Prague"), frozenset(range(7))
    first = at("2026-10-25T02:30", "Europe/Prague", fold=0)
    assert next_business_day(at("2026-10-25T00:00", "Europe/Prague"), prague, days, 150) == first
    assert next_business_day(first, prague, days, 150) == at("2026-10-26T02:30", "Europe/Prague")


def test_without_any_business_day_there_is_no_next() -> None:
    with pytest.raises(ValueError, match="no day"):
        next_business_day(at("2026-03-06T03:00"), ZoneInfo("UTC"), frozenset(), 540)


@given(instants, zones, weekdays, st.integers(0, 1439))
@example(int(datetime(2011, 12, 30, tzinfo=UTC).timestamp()), ZoneInfo("Pacific/Apia"), {4}, 0)
def test_the_next_business_day_is_later_soon_and_one_of_the_days(
    now: int, zone: ZoneInfo, days: set[int], opens: int
) -> None:
    begins = next_business_day(now, zone, days, opens)
    # Apia skipped a whole Friday in 2011.
    assert now < begins <= now + 16 * 86_400
    shown = datetime.fromtimestamp(begins, zone)
    minute = shown.hour * 60 + shown.minute
    assert shown.weekday() in days
    # Only a clock that was put forward shows another time, and a later one.
    before = datetime.fromtimestamp(begins - 1, zone).utcoffset()
    assert minute == opens or (minute > opens and before != shown.utcoffset())


@given(instants, zones, weekdays, st.integers(0, 1439), st.integers(0, 86_400 * 3))
def test_asking_later_never_gives_an_earlier_day(
    now: int, zone: ZoneInfo, days: set[int], opens: int, later: int
) -> None:
    first = next_business_day(now, zone, days, opens)
    second = next_business_day(now + later, zone, days, opens)
    assert second >= first
    assert now + later >= first or second == first


@pytest.mark.parametrize(
    ("now", "opened"),
    [
        ("2026-03-06T08:59", False),
        ("2026-03-06T09:00", True),
        ("2026-03-06T17:59", True),
        ("2026-03-06T18:00", False),
        ("2026-03-07T12:00", False),
    ],
)
def test_people_are_at_work_on_their_days_and_hours(now: str, opened: bool) -> None:
    for zone in ZONES:
        assert is_open(hours(zone=zone), at(now, zone)) is opened


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    nights = hours(days=("friday",), hours="22:00-06:00")
    assert [is_open(nights, at(now)) for now in ("2026-03-06T23:00", "2026-03-07T05:59")] == [True, True]
    assert [is_open(nights, at(now)) for now in ("2026-03-06T05:00", "2026-03-07T06:00")] == [False, False]
    assert is_open(hours(days=("friday",), hours="00:00-24:00"), at("2026-03-06T23:59"))


def test_the_next_opening_is_now_while_people_are_at_work() -> None:
    assert next_opening(hours(), at("2026-03-06T10:00")) == at("2026-03-06T10:00")
    assert next_opening(hours(), at("2026-03-06T19:00")) == at("2026-03-09T09:00")


@given(instants, st.sampled_from(ZONES))
def test_people_are_at_work_at_every_next_opening(now: int, zone: str) -> None:
    assert is_open(hours(zone=zone), next_opening(hours(zone=zone), now))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"zone": "Asia/Tokio"}, "did you mean Asia/Tokyo"),
        ({"zone": "asia/tokyo"}, "is written Asia/Tokyo"),
        ({"days": ()}, "at least 1 item"),
        ({"days": ("funday",)}, "monday"),
        ({"hours": "9-18"}, "must be two times of day"),
        ({"break": "12:00-13:00"}, "not permitted"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        hours(**wrong)
