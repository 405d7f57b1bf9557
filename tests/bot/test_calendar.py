"""What the calendar holds up: quarter ends, weekly windows, clocks that change, and what it means for a plan."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.calendar import hold_checks, holds, maintenance_spans, moment
from bot.catalog import Catalog
from bot.command import Check, CheckStatus, Override
from bot.domain import Target
from bot.holds import Hold, HoldKind
from bot.settings import CalendarConfig, load

ROOT = Path(__file__).parents[2]
SHIPPED = load(ROOT / "config")
CATALOG = Catalog(SHIPPED.systems)
ZONES = ("UTC", "Asia/Tokyo", "Asia/Kathmandu", "Europe/Prague", "America/New_York", "Australia/Lord_Howe")
zones = st.sampled_from(ZONES)
instants = st.integers(
    int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2037, 1, 1, tzinfo=UTC).timestamp())
)


def target(key: str) -> Target:
    found = CATALOG.target(key)
    assert found is not None
    return found


USAGE = target("usage/production/delivery-standard")
BI = target("bi/production/api")
STAGING = target("bi/staging/api")
CAPTION = target("caption/production/app")


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def utc(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def calendar(**rules: Any) -> CalendarConfig:
    return CalendarConfig.model_validate(rules)


def window(zone: str = "UTC", *, outside: str = "block", **times: Any) -> CalendarConfig:
    return calendar(zone=zone, windows={"w": {"reason": "r", "outside": outside, **times}})


def opened(config: CalendarConfig, now: float) -> bool:
    return holds(config, BI, now) == ()


# what the runbooks say


@pytest.mark.parametrize(
    ("day", "frozen"),
    [
        ("2026-12-24T23:59", False),
        ("2026-12-25T00:00", True),
        ("2026-12-31T23:59", True),
        ("2027-01-01T00:00", False),
        ("2027-03-24T12:00", False),
        ("2027-03-25T00:00", True),
        ("2027-06-23T23:59", False),
        ("2027-06-24T00:00", True),
        ("2028-02-29T12:00", False),
    ],
)
def test_the_last_week_of_each_quarter_is_frozen_for_usage(day: str, frozen: bool) -> None:
    kinds = {hold.kind for hold in holds(SHIPPED.calendar, USAGE, at(day))}
    assert (HoldKind.FREEZE in kinds) is frozen


def test_a_freeze_says_until_when_and_why() -> None:
    (freeze, preferred) = holds(SHIPPED.calendar, USAGE, at("2026-12-28T12:00"))
    assert freeze.reason == "Frozen until 2027-01-01 00:00 UTC: the last week of the quarter."
    assert (utc(freeze.since), utc(freeze.until)) == ("2026-12-25 00:00", "2027-01-01 00:00")
    assert (freeze.blocks, freeze.place) == (True, "usage")
    assert (preferred.kind, preferred.blocks) == (HoldKind.WINDOW, False)


def test_outside_its_preferred_sundays_usage_is_only_warned() -> None:
    (hold,) = holds(SHIPPED.calendar, USAGE, at("2026-11-25T21:00"))
    assert hold.kind is HoldKind.WINDOW
    assert not hold.blocks
    assert utc(hold.until) == "2026-11-29 02:00"
    assert holds(SHIPPED.calendar, USAGE, at("2026-11-29T02:00")) == ()
    assert holds(SHIPPED.calendar, USAGE, at("2026-11-29T06:00")) != ()


@pytest.mark.parametrize(
    ("there", "until"),
    [
        ("2026-11-25T08:59", None),  # a Wednesday
        ("2026-11-25T09:00", "2026-11-25 09:00"),
        ("2026-11-25T17:59", "2026-11-25 09:00"),
        ("2026-11-25T18:00", None),
        ("2026-11-28T12:00", None),  # a Saturday
        ("2026-11-30T03:00", None),  # Monday before work
        ("2026-11-30T10:00", "2026-11-30 09:00"),
    ],
)
def test_bi_production_changes_at_weekends_or_off_hours_of_tokyo(there: str, until: str | None) -> None:
    found = holds(SHIPPED.calendar, BI, at(there, "Asia/Tokyo"))
    assert [utc(hold.until) for hold in found] == ([until] if until else [])
    assert all(hold.blocks and hold.kind is HoldKind.WINDOW for hold in found)
    assert holds(SHIPPED.calendar, STAGING, at(there, "Asia/Tokyo")) == ()


def test_a_window_names_its_times_in_utc_and_in_its_zone() -> None:
    (hold,) = holds(SHIPPED.calendar, BI, at("2026-11-25T10:00", "Asia/Tokyo"))
    assert hold.reason.startswith("Closed until 2026-11-25 09:00 UTC (2026-11-25 18:00 Asia/Tokyo): production of")
    assert hold.place == "bi/production"


def test_outside_its_window_caption_is_announced_an_hour_ahead() -> None:
    now = at("2026-11-25T21:00")
    (hold,) = holds(SHIPPED.calendar, CAPTION, now)
    assert (hold.kind, hold.blocks, hold.until) == (HoldKind.NOTICE, False, now + 3600)
    assert "Outside the window until 2026-11-29 02:00 UTC" in hold.reason
    assert hold.reason.endswith("Confirmed now, it may begin at 2026-11-25 22:00 UTC.")


def test_a_window_that_opens_earlier_ends_the_notice() -> None:
    (hold,) = holds(SHIPPED.calendar, CAPTION, at("2026-11-29T01:40"))
    assert utc(hold.until) == "2026-11-29 02:00"
    assert holds(SHIPPED.calendar, CAPTION, at("2026-11-29T02:00")) == ()


def test_what_no_rule_names_is_never_held() -> None:
    for name in ("photo/production/backend", "arbor/production/frontend"):
        assert holds(SHIPPED.calendar, target(name), at("2026-12-31T12:00")) == ()


def test_a_freeze_that_comes_once_lasts_through_its_last_day_in_its_zone() -> None:
    once = {"reason": "audit", "first_day": "2026-12-24", "last_day": "2027-01-03", "zone": "America/New_York"}
    config = calendar(freezes={"audit": once})
    assert opened(config, at("2026-12-23T23:59:59", "America/New_York"))
    assert not opened(config, at("2026-12-24T00:00", "America/New_York"))
    (hold,) = holds(config, BI, at("2027-01-03T23:59:59", "America/New_York"))
    assert hold.until == at("2027-01-04T00:00", "America/New_York")
    assert hold.place == ""
    assert opened(config, hold.until)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    config = window(open=[{"days": ["friday"], "hours": "22:00-06:00"}])
    assert not opened(config, at("2026-11-27T21:59"))
    assert opened(config, at("2026-11-27T22:00"))
    assert opened(config, at("2026-11-28T05:59"))
    assert not opened(config, at("2026-11-28T06:00"))
    assert not opened(config, at("2026-11-27T03:00"))


def test_windows_that_touch_are_one() -> None:
    config = window(
        closed=[{"days": ["friday"], "hours": "12:00-24:00"}, {"days": ["saturday"], "hours": "00:00-08:00"}]
    )
    (hold,) = holds(config, BI, at("2026-11-27T13:00"))
    assert utc(hold.until) == "2026-11-28 08:00"


def test_a_window_that_never_opens_says_so() -> None:
    (hold,) = holds(window(closed=[{}]), BI, at("2026-11-27T13:00"))
    assert (hold.until, hold.reason) == (0.0, "Closed for weeks to come: r.")
    assert opened(window(open=[{}]), at("2026-11-27T13:00"))


# clocks that change


def test_a_window_keeps_the_hours_of_its_zone_when_clocks_change() -> None:
    config = window("Europe/Prague", open=[{"days": ["monday"], "hours": "09:00-10:00"}])
    (summer,) = holds(config, BI, at("2026-10-20T00:00"))
    (winter,) = holds(config, BI, at("2026-10-27T00:00"))
    assert (utc(summer.until), utc(winter.until)) == ("2026-10-26 08:00", "2026-11-02 08:00")
    (before,) = holds(config, BI, at("2026-10-18T00:00"))
    assert utc(before.until) == "2026-10-19 07:00"


@pytest.mark.parametrize(
    ("hours", "start", "end"),
    [
        ("01:30-03:30", "2026-03-29 00:30", "2026-03-29 01:30"),
        ("02:30-03:30", "2026-03-29 01:00", "2026-03-29 01:30"),  # clocks skip 02:00 to 03:00
        ("02:00-03:00", "2026-04-05 00:00", "2026-04-05 01:00"),  # nothing is left of it; a week later there is
    ],
)
def test_a_skipped_time_is_the_moment_at_which_clocks_skip_it(hours: str, start: str, end: str) -> None:
    config = window("Europe/Prague", open=[{"days": ["sunday"], "hours": hours}])
    (hold,) = holds(config, BI, at("2026-03-28T12:00"))
    assert utc(hold.until) == start
    assert opened(config, hold.until)
    assert opened(config, at(end) - 1)
    assert not opened(config, at(end))


def test_a_time_that_comes_twice_is_its_first() -> None:
    config = window("Europe/Prague", open=[{"days": ["sunday"], "hours": "01:00-02:30"}])
    (hold,) = holds(config, BI, at("2026-10-24T12:00"))
    assert utc(hold.until) == "2026-10-24 23:00"
    assert opened(config, at("2026-10-25T00:29"))
    assert not opened(config, at("2026-10-25T00:30"))
    assert not opened(config, at("2026-10-25T01:15"))


@given(zone=zones, day=st.dates(date(2020, 1, 1), date(2037, 1, 1)), minute=st.integers(0, 1440))
@example(zone="Europe/Prague", day=date(2026, 3, 29), minute=150)
@example(zone="Europe/Prague", day=date(2026, 10, 25), minute=150)
@example(zone="Australia/Lord_Howe", day=date(2026, 10, 4), minute=135)
def test_a_moment_is_the_first_at_which_clocks_show_that_much(zone: str, day: date, minute: int) -> None:
    found = moment(day, minute, ZoneInfo(zone))
    wanted = datetime.combine(day, time()) + timedelta(minutes=minute)
    shown = [datetime.fromtimestamp(found + offset, ZoneInfo(zone)).replace(tzinfo=None) for offset in (-1, 0, 86400)]
    assert shown[0] < wanted <= shown[1] < shown[2]


@given(now=instants, zone=zones)
def test_a_quarter_ends_for_the_days_that_clocks_there_show(now: int, zone: str) -> None:
    config = calendar(zone=zone, freezes={"f": {"reason": "r", "last_days": 7}})
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    in_a_week = today + timedelta(days=7)
    last_week = (today.month - 1) // 3 != (in_a_week.month - 1) // 3
    found = holds(config, BI, now)
    assert bool(found) is last_week
    for hold in found:
        first = datetime.fromtimestamp(hold.until, ZoneInfo(zone))
        assert (first.day, first.month % 3, first.hour) == (1, 1, 0)
        assert hold.since <= now < hold.until


@given(year=st.integers(2020, 2036), period=st.sampled_from(["month", "year"]))
def test_leap_days_are_the_end_of_a_february(year: int, period: str) -> None:
    config = calendar(freezes={"f": {"reason": "r", "last_days": 1, "of": period}})
    leap = (date(year, 3, 1) - timedelta(days=1)).day == 29
    assert bool(holds(config, BI, at(f"{year}-02-28T12:00"))) is (period == "month" and not leap)
    assert holds(config, BI, at(f"{year}-12-31T23:59"))
    assert not holds(config, BI, at(f"{year}-12-30T23:59"))


@given(
    now=instants,
    zone=zones,
    day=st.sampled_from(["monday", "sunday", "weekdays", "weekends"]),
    hours=st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda pair: pair[0] != pair[1]),
)
def test_open_and_closed_are_opposites_and_an_end_is_a_change(now: int, zone: str, day: str, hours: Any) -> None:
    times = [{"days": [day], "hours": f"{hours[0]:02}:00-{hours[1]:02}:00"}]
    welcome, unwelcome = window(zone, open=times), window(zone, closed=times)
    assert opened(welcome, now) is not opened(unwelcome, now)
    (hold,) = holds(welcome, BI, now) or holds(unwelcome, BI, now)
    config = unwelcome if opened(welcome, now) else welcome
    assert now < hold.until
    assert not opened(config, hold.until - 1)
    assert opened(config, hold.until)
    assert not opened(config, max(hold.since, now))


# what it means for a plan


def a_hold(kind: HoldKind, **changes: Any) -> Hold:
    values = {"id": kind, "kind": kind, "place": "", "reason": f"{kind.value} it is.", "since": 0.0, "until": 100.0}
    return Hold.model_validate(values | changes)


def test_holds_become_checks_that_an_emergency_passes() -> None:
    found = tuple(a_hold(kind, blocks=kind is not HoldKind.NOTICE) for kind in reversed(HoldKind))
    emergency = Override.EMERGENCY
    assert hold_checks(found, 50.0) == (
        Check(name="lock", status=CheckStatus.BLOCKING, detail="lock it is.", override=emergency),
        Check(name="freeze", status=CheckStatus.BLOCKING, detail="freeze it is.", override=emergency),
        Check(name="window", status=CheckStatus.BLOCKING, detail="window it is.", override=emergency),
        Check(name="notice", status=CheckStatus.WARNED, detail="notice it is.", override=emergency, waits=True),
    )


def test_a_preferred_window_warns() -> None:
    (check,) = hold_checks((a_hold(HoldKind.WINDOW, blocks=False),), 50.0)
    assert check.status is CheckStatus.WARNED


def test_two_of_a_kind_are_one_check_as_hard_as_the_harder() -> None:
    soft = a_hold(HoldKind.WINDOW, blocks=False, reason="Rather not.")
    (check,) = hold_checks((soft, a_hold(HoldKind.WINDOW)), 50.0)
    assert (check.status, check.detail) == (CheckStatus.BLOCKING, "window it is. Rather not.")


def test_what_is_over_is_no_check_and_what_has_no_end_is() -> None:
    assert hold_checks((a_hold(HoldKind.FREEZE),), 100.0) == ()
    assert hold_checks((a_hold(HoldKind.LOCK, until=0.0),), 1e9) != ()


def test_the_times_of_a_maintenance_are_those_of_its_zone_and_join_over_midnight() -> None:
    rule = {"reason": "r", "zone": "Asia/Tokyo", "during": [{"days": ["saturday"], "hours": "22:00-24:00"}]}
    rule["during"].append({"days": ["sunday"], "hours": "00:00-01:30"})  # type: ignore[attr-defined]  # it is a list
    config = calendar(maintenance={"m": rule})
    now = at("2026-11-22 12:00")
    coming = [span for span in maintenance_spans(config, config.maintenance["m"], now) if span[1] > now]
    assert [utc(moment) for moment in coming[0]] == ["2026-11-28 13:00", "2026-11-28 16:30"]
