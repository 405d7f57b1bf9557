"""From CloudWatch's answers to values: periods, sums, shares, and what is left out."""

from __future__ import annotations

import math

import pytest

from bot.cloud import Datapoint
from bot.signal import Line, Signal
from bot.signals.values import DAY, MOST_POINTS, name_of, period_for, points_of, wanted
from tests.bot.signals.readings import a_metric, every_minute
from tests.fakes import NOON

ERRORS, REQUESTS = a_metric("AWS/ApplicationELB/HTTPCode_Target_5XX_Count"), a_metric("AWS/ApplicationELB/RequestCount")
MINUTE = NOON - NOON % 60


@pytest.mark.parametrize(
    ("seconds", "period"),
    [
        (600, 60),
        (3 * 3600, 60),
        (4 * 3600, 300),
        (DAY, 600),
        (7 * DAY, 3600),
        (92 * DAY, 12 * 3600),
        (300 * DAY, 2 * DAY),
    ],
)
def test_a_longer_time_has_longer_periods_and_never_too_many_values(seconds: float, period: int) -> None:
    found = period_for(NOON - seconds, NOON, NOON)
    assert found == period
    assert seconds / found <= MOST_POINTS


@pytest.mark.parametrize(("days", "period"), [(14, 60), (16, 300), (70, 3600)])
def test_what_was_long_ago_is_kept_only_in_longer_periods(days: int, period: int) -> None:
    start = NOON - days * DAY
    assert period_for(start, start + 1800, NOON) == period


def test_a_time_that_begins_within_a_value_of_being_forgotten_is_read_in_longer_periods() -> None:
    start = NOON - 15 * DAY + 30
    assert period_for(start, start + 1800, NOON) == 300


def test_each_metric_is_wanted_once_with_the_period() -> None:
    share = Signal("errors", "Errors", (Line("share", (ERRORS,), (REQUESTS,), share=True),))
    count = Signal("requests", "Requests", (Line("count", (REQUESTS,)),))
    found = wanted((share, count), 300)
    assert {each.name for each in found.values()} == {"HTTPCode_Target_5XX_Count", "RequestCount"}
    assert {each.period for each in found.values()} == {300}
    assert len(found) == 2


def test_a_share_has_a_value_wherever_there_are_requests_though_errors_are_told_only_when_there_are_any() -> None:
    values = {
        name_of(ERRORS): every_minute(MINUTE - 180, 5.0),
        name_of(REQUESTS): every_minute(MINUTE - 180, 100.0, 50.0, 0.0),
    }
    line = Line("share", (ERRORS,), (REQUESTS,), share=True)
    assert points_of(line, values, 60, NOON) == every_minute(MINUTE - 180, 5.0, 0.0)


def test_no_error_at_all_is_none_and_not_unknown() -> None:
    values = {name_of(REQUESTS): every_minute(MINUTE - 120, 100.0, 50.0)}
    counted = Line("count", (ERRORS,), (REQUESTS,), per_minute=True)
    assert [each.value for each in points_of(counted, values, 60, NOON)] == [0.0, 0.0]
    assert points_of(counted, {}, 60, NOON) == ()


def test_counts_are_per_minute_whatever_the_period_and_added_up_over_several_places() -> None:
    green, blue = a_metric("AWS/ApplicationELB/RequestCount", T="a"), a_metric("AWS/ApplicationELB/RequestCount", T="b")
    values = {name_of(green): (Datapoint(MINUTE - 900, 1500.0),), name_of(blue): (Datapoint(MINUTE - 900, 300.0),)}
    line = Line("per minute", (green, blue), per_minute=True)
    assert points_of(line, values, 300, NOON) == (Datapoint(MINUTE - 900, 360.0),)


def test_what_is_still_being_counted_is_no_drop_and_what_is_no_number_no_value() -> None:
    values = {name_of(REQUESTS): (*every_minute(MINUTE - 60, 100.0), Datapoint(MINUTE, 3.0))}
    counted, plain = Line("n", (REQUESTS,), per_minute=True), Line("n", (REQUESTS,))
    assert [each.value for each in points_of(counted, values, 60, MINUTE + 30)] == [100.0]
    assert [each.value for each in points_of(plain, values, 60, MINUTE + 30)] == [100.0, 3.0]
    odd = {name_of(REQUESTS): every_minute(MINUTE - 180, math.nan, math.inf, 1.0)}
    assert [each.value for each in points_of(plain, odd, 60, NOON)] == [1.0]
