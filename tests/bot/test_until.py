"""When something ends, as people type it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.until import check, in_words, leading, length, moment

NOW = datetime(2026, 11, 25, 21, 30, tzinfo=UTC).timestamp()  # a Wednesday


@pytest.mark.parametrize(
    ("typed", "ends"),
    [
        ("2h", "2026-11-25 23:30"),
        ("3D", "2026-11-28 21:30"),
        ("23:15", "2026-11-25 23:15"),
        ("9:00", "2026-11-26 09:00"),
        ("21:30", "2026-11-26 21:30"),
        ("18:00 Asia/Tokyo", "2026-11-26 09:00"),
        ("08:00 asia/tokyo", "2026-11-25 23:00"),
        ("today", "2026-11-26 00:00"),
        ("tomorrow", "2026-11-27 00:00"),
        ("tomorrow 09:00", "2026-11-26 09:00"),
        ("Tomorrow 09:00 UTC", "2026-11-26 09:00"),
        ("tomorrow Asia/Tokyo", "2026-11-27 15:00"),  # it is Thursday there already
        ("friday", "2026-11-28 00:00"),
        ("friday 18:00", "2026-11-27 18:00"),
        ("wednesday", "2026-11-26 00:00"),
        ("wednesday 21:00", "2026-12-02 21:00"),
        ("2026-12-31", "2027-01-01 00:00"),
        ("2026-12-31 18:00 Europe/Prague", "2026-12-31 17:00"),
    ],
)
def test_an_end_is_read_as_people_mean_it(typed: str, ends: str) -> None:
    assert check(typed) == typed
    assert in_words(moment(typed, NOW)) == f"{ends} UTC"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "an end is 2h"),
        ("18", "an end is 2h"),
        ("25:00", "an end is 2h"),
        ("someday", "an end is 2h"),
        ("18:00 soon", "an end is 2h"),
        ("2026-02-30", "2026-02-30 is no day of the calendar"),
        ("18:00 Asia/Tokio", "Asia/Tokio is no time zone; did you mean Asia/Tokyo"),
    ],
)
def test_anything_else_gets_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check(typed)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["2h", "18:00"], 1),
        (["18:00", "London", "is", "away"], 1),
        (["18:00", "UTC", "release"], 2),
        (["18:00", "and/or", "later"], 1),
        (["tomorrow", "09:00", "Europe/London", "x"], 3),
        (["2026-12-31", "year", "end"], 1),
        (["release"], 0),
        ([], 0),
    ],
)
def test_a_reason_is_never_taken_for_a_part_of_the_end(words: list[str], count: int) -> None:
    assert leading(words) == count


def test_only_a_length_of_time_has_a_length() -> None:
    assert (length("90m"), length("18:00"), length("tomorrow")) == (5400.0, None, None)


@given(typed=st.text(max_size=40), now=st.integers(0, 4_000_000_000))
def test_whatever_is_typed_ends_in_a_moment_or_in_a_sentence(typed: str, now: int) -> None:
    try:
        check(typed)
    except ValueError as error:
        assert str(error)
    else:
        assert moment(typed, float(now)) >= 0
