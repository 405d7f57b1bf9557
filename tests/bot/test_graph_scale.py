from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cloud import Datapoint
from bot.graph import Mark, MarkKind, Threshold
from bot.graph_marks import place, red_spans
from bot.graph_scale import number, runs, scale_of, span_label, spread, thinned, times
from bot.graph_text import fitted, legible, with_unit


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (90.0, "90"),
        (1234.0, "1234"),
        (12_345.0, "12.3k"),
        (3_400_000.0, "3.4M"),
        (-2e9, "-2G"),
        (0.0005, "500µ"),
        (1e30, "1e+30"),
        (-1.7e308, "-1.7e+308"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_number_is_a_few_characters(value: float, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("values", "threshold", "ticks"),
    [
        ([0.0, 0.0], None, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([0.0, 0.0], 10.0, ["0", "2", "4", "6", "8", "10"]),
        ([30.0, 99.0], 75.0, ["0", "20", "40", "60", "80", "100"]),
        ([96.0, 99.0], None, ["96", "97", "98", "99"]),
        ([-5.0], None, ["-5", "-4", "-3", "-2", "-1", "0"]),
        ([41.2e9, 41.3e9], 40e9, ["40.0G", "40.5G", "41.0G"]),
        ([1e300, 5e299], None, ["0", "2e+299", "4e+299", "6e+299", "8e+299", "1e+300"]),
        ([], None, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([5e-324], None, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([1.0, 2.0], 1e9, ["0.0", "0.5", "1.0", "1.5", "2.0"]),
    ],
)
def test_an_axis_shows_all_values_in_round_steps(
    values: list[float], threshold: float | None, ticks: list[str]
) -> None:
    scale = scale_of(values, () if threshold is None else (threshold,))
    assert [scale.written(tick) for tick in scale.ticks] == ticks


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20), st.lists(st.floats(), max_size=3))
def test_every_finite_value_lies_on_the_axis(values: list[float], thresholds: list[float]) -> None:
    scale = scale_of(values, thresholds)
    assert math.isfinite(scale.low) and math.isfinite(scale.high) and scale.low < scale.high
    assert 1 <= len(scale.ticks) <= 12
    for value in values:
        if math.isfinite(value):
            assert scale.low - 1e-9 <= scale.scaled(value) <= scale.high + 1e-9


def points(*pairs: tuple[float, float]) -> list[Datapoint]:
    return [Datapoint(at, value) for at, value in pairs]


def test_a_line_is_broken_where_a_period_is_missing() -> None:
    found = runs(points((0, 1), (60, 2), (240, 3), (300, math.nan), (360, 4)), 60, 0, 400)
    assert found == [[(0, 1), (60, 2)], [(240, 3)], [(360, 4)]]


def test_without_a_period_the_usual_distance_tells_what_is_missing() -> None:
    found = runs(points((0, 1), (10, 1), (20, 1), (30, 1), (90, 1)), 0, 0, 400)
    assert [len(part) for part in found] == [4, 1]


def test_values_outside_the_time_are_left_out_and_order_does_not_matter() -> None:
    assert runs(points((120, 3), (60, 2), (0, 1), (999, 9)), 60, 60, 200) == [[(60, 2), (120, 3)]]


def test_thinning_keeps_the_lowest_and_highest_of_every_column() -> None:
    line = [(float(at), float(at % 7)) for at in range(10_000)]
    line[4321] = (4321.0, 99.0)
    line[8765] = (8765.0, -99.0)
    kept = thinned(line, 100, 0, 10_000)
    assert len(kept) <= 400
    assert {(4321.0, 99.0), (8765.0, -99.0), line[0], line[-1]} <= set(kept)
    assert kept == sorted(kept)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("span", [60, 600, 3600, 10_800, 86_400, 14 * 86_400, 400 * 86_400])
def test_times_are_few_and_within(span: float, zone: str) -> None:
    start = 1_750_000_123.0
    found = times(start, start + span, zone)
    assert len(found) <= 8
    assert all(start <= at <= start + span for at, _ in found)
    assert len({label for _, label in found}) == len(found)


def at(text: str, zone: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("zone", "start", "end", "labels"),
    [
        ("Europe/Berlin", "2025-06-15 14:10", "2025-06-15 17:10", "14:30 15:00 15:30 16:00 16:30 17:00"),
        ("Asia/Kathmandu", "2025-06-15 14:10", "2025-06-15 20:10", "15:00 16:00 17:00 18:00 19:00 20:00"),
        ("Europe/Berlin", "2025-06-15 12:00", "2025-06-20 12:00", "16 Jun 17 Jun 18 Jun 19 Jun 20 Jun"),
        # Clocks go from 02:00 to 03:00, and in autumn from 03:00 to 02:00 again.
        ("Europe/Berlin", "2025-03-30 00:30", "2025-03-30 05:30", "01:00 03:00 04:00 05:00"),
        ("Europe/Berlin", "2025-10-26 00:30", "2025-10-26 04:30", "01:00 02:00 02:00 03:00 04:00"),
        ("Europe/Berlin", "2025-10-26 00:00", "2025-10-26 10:00", "00:00 02:00 04:00 06:00 08:00 10:00"),
        ("Europe/Berlin", "2025-03-29 00:00", "2025-03-31 06:00", "29 Mar 12:00 30 Mar 12:00 31 Mar"),
        # The day begins at 01:00.
        ("Africa/Cairo", "2025-04-24 12:00", "2025-04-26 12:00", "12:00 25 Apr 12:00 26 Apr 12:00"),
    ],
)
def test_times_are_those_of_the_zones_clocks(zone: str, start: str, end: str, labels: str) -> None:
    found = times(at(start, zone), at(end, zone), zone)
    assert " ".join(label for _, label in found) == labels
    for moment, label in found:
        look = "%H:%M" if ":" in label else "%d %b"
        assert datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime(look) == label


@pytest.mark.parametrize(
    ("start", "end", "label"),
    [
        ("2025-06-15 23:30", "2025-06-16 00:30", "15–16 Jun 2025 Europe/Berlin (CEST)"),
        ("2025-06-15 00:00", "2025-06-16 00:00", "15 Jun 2025 Europe/Berlin (CEST)"),
        ("2025-10-26 00:00", "2025-10-27 00:00", "26 Oct 2025 Europe/Berlin (CEST, then CET)"),
        ("2025-12-31 22:00", "2026-01-01 02:00", "31 Dec – 1 Jan 2026 Europe/Berlin (CET)"),
    ],
)
def test_days_begin_at_midnight_in_the_zone_whose_clocks_are_named(start: str, end: str, label: str) -> None:
    zone = "Europe/Berlin"
    assert span_label(at(start, zone), at(end, zone), zone) == label


@pytest.mark.parametrize(
    ("heights", "placed"),
    [
        ((), ()),
        ((5.0,), (5.0,)),
        ((2.0, 5.0, 8.0), (2.0, 5.0, 8.0)),
        ((5.0, 5.2), (4.6, 5.6)),
        ((5.0, 5.3, 5.6, 9.0), (4.3, 5.3, 6.3, 9.0)),
        ((9.9, 9.95, 10.0), (8.0, 9.0, 10.0)),
        ((0.0, 0.1, 9.9), (0.0, 1.0, 9.9)),
        ((0.0, 9.5, 9.6), (0.0, 9.0, 10.0)),
    ],
)
def test_numbers_beside_lines_stand_apart(heights: tuple[float, ...], placed: tuple[float, ...]) -> None:
    assert spread(heights, 1.0, 0.0, 10.0) == pytest.approx(list(placed))


def test_times_are_utc_and_round() -> None:
    assert [label for _, label in times(1_750_000_000, 1_750_010_800, "UTC")] == [
        "15:30", "16:00", "16:30", "17:00", "17:30", "18:00",
    ]  # fmt: skip
    assert span_label(1_750_000_000, 1_750_010_800, "UTC") == "15 Jun 2025 UTC"
    assert span_label(1_750_000_000, 1_750_086_400, "UTC") == "15–16 Jun 2025 UTC"
    assert span_label(1_750_000_000, 1_752_000_000, "UTC") == "15 Jun – 8 Jul 2025 UTC"
    assert span_label(1_750_000_000, 1_750_010_800, "Asia/Kathmandu") == "15 Jun 2025 Asia/Kathmandu (+0545)"


@pytest.mark.parametrize(
    ("comparison", "sign", "is_above"),
    [
        ("GreaterThanThreshold", ">", True),
        ("GreaterThanOrEqualToThreshold", "≥", True),
        ("LessThanThreshold", "<", False),
        ("LessThanOrEqualToThreshold", "≤", False),
        ("", ">", True),
    ],
)
def test_a_threshold_knows_its_bad_side(comparison: str, sign: str, is_above: bool) -> None:
    threshold = Threshold(1, comparison)
    assert (threshold.sign, threshold.is_above) == (sign, is_above)


def a_mark(at: float, label: str = "deploy", kind: MarkKind = MarkKind.DEPLOYMENT) -> Mark:
    return Mark(at, label, kind)


def test_labels_never_stand_on_one_another() -> None:
    marks = [a_mark(at, "x" * (at % 9), kind) for at in range(0, 1000, 13) for kind in MarkKind]
    placed = place(marks, lambda at: at, lambda text: 10.0 * len(text), symbol=12, left=0, right=1000)
    for row in (0, 1):
        spans = sorted(
            (each.x - 6 - (wide if each.to_the_left else 0), each.x + 6 + (0 if each.to_the_left else wide))
            for each in placed
            if each.row == row
            for wide in (10.0 * len(each.label),)
        )
        assert spans
        assert all(one[1] <= other[0] for one, other in pairwise(spans))
        assert spans[-1][1] <= 1000


def test_a_label_that_does_not_fit_to_the_right_stands_to_the_left() -> None:
    (placed,) = place([a_mark(990)], lambda at: at, lambda _: 60.0, symbol=12, left=0, right=1000)
    assert (placed.to_the_left, placed.row, placed.label) == (True, 0, "deploy")


def test_an_alarm_is_written_before_a_change_of_the_size() -> None:
    marks = [a_mark(at, kind=kind) for kind in (MarkKind.SCALING, MarkKind.ALARM) for at in (100, 105, 110)]
    placed = place(marks, lambda at: at, lambda _: 300.0, symbol=12, left=0, right=1000)
    assert {each.mark.kind for each in placed if each.label} == {MarkKind.ALARM}
    assert len(placed) == 6


def test_red_is_from_alarm_to_ok_from_the_start_and_to_the_end() -> None:
    marks = [a_mark(at, kind=MarkKind(word)) for at, word in ((5, "ok"), (20, "alarm"), (25, "deployment"), (30, "ok"))]
    assert red_spans(marks, 0, 50) == [(0, 5), (20, 30)]
    assert red_spans([*marks, a_mark(40, kind=MarkKind.ALARM)], 0, 50)[-1] == (40, 50)
    assert red_spans([], 0, 50) == []


def test_what_the_font_lacks_is_one_box() -> None:
    glyphs = {ord(character) for character in "abc □"}
    assert legible("ab\u200d漢字\ufe0f c", glyphs) == "ab□ c"


def test_a_text_is_cut_to_its_room() -> None:
    assert fitted("abcdef", 6, len) == "abcdef"
    assert fitted("abcdef", 4, len) == "a…ef"


def test_names_that_are_alike_at_their_beginning_are_told_apart_when_they_are_cut() -> None:
    cut = [fitted(f"caption-production-image_captions {word}", 16, len) for word in ("reads", "writes")]
    assert cut == ["caption…ns reads", "caption…s writes"]


@pytest.mark.parametrize(
    ("values", "counts", "lowest"),
    [
        ([330.0, 520.0], True, "0"),
        ([0.0012, 0.002], False, "0.0"),
        ([9_700.0, 9_900.0], True, "0"),
        ([97.0, 99.0], False, "97.0"),
        ([-99.0, -97.0], False, "-99.0"),
        ([64.06e9, 64.10e9], False, "64.06G"),
    ],
)
def test_an_axis_begins_at_zero_but_for_what_is_measured_and_hardly_differs(
    values: list[float], counts: bool, lowest: str
) -> None:
    scale = scale_of(values, counts=counts)
    assert scale.written(scale.ticks[0]) == lowest
    assert fitted("abcdef", 0, len) == ""


@pytest.mark.parametrize(
    ("written", "unit", "said"),
    [
        ("90", "%", "90%"),
        ("3", "", "3"),
        ("1.5", "s", "1.5 s"),
        ("2G", "B", "2 GB"),
        ("2", "B", "2 B"),
        ("1.2m", "s", "1.2 ms"),
        ("3k", "/min", "3k/min"),
    ],
)
def test_a_unit_is_written_as_people_do(written: str, unit: str, said: str) -> None:
    assert with_unit(written, unit) == said
