"""What is proposed where nothing was found."""

from __future__ import annotations

import pytest

from bot.search.spelling import narrower, other_spelling
from bot.search.words import read_query


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", ""),
        ("42 10.0.0.1:80 12:30", ""),
        ("/error/", "Upper and lower case counts."),
        ("status=Open", "Upper and lower case counts."),
        ("error", "Did you mean `level error`? Upper and lower case counts."),
        ("errors", "Did you mean `level error`? Upper and lower case counts."),
        ("Exceptions timeout", "Did you mean `level error`? Upper and lower case counts."),
        ("warn", "Did you mean `level warning`? Upper and lower case counts."),
        ("err", "Did you mean `level error`? Upper and lower case counts."),
        ("debug", "Did you mean `level debug`? Upper and lower case counts."),
        ("level error exception", "Upper and lower case counts."),
        ("http://x host:", "Upper and lower case counts."),
        (
            '"status=500"',
            "In lines of JSON a field is found as `status=…` with its whole value, without quotes or slashes.",
        ),
        (
            '"pool full  status=500"',
            "In lines of JSON a field is found as `status=…` with its whole value, without quotes or slashes.",
        ),
        (
            "/customer_id=abc1/",
            "In lines of JSON a field is found as `customer_id=…` with its whole value, without quotes or slashes.",
        ),
        ("customer_id=abc1*", "A value is looked for whole, with its `*`: `/…/` finds the lines with a part of it."),
        ("path=a*b|c.", "A value is looked for whole, with its `*`: `/…/` finds the lines with a part of it."),
        (
            '"ERROR Connection pool"',
            "Lines of JSON are shown put together: look for the message alone, with `level error`.",
        ),
        (
            "/WARN pool .* full/",
            "Lines of JSON are shown put together: look for the message alone, with `level warning`.",
        ),
        ("timeout OR pool", "All words must be in a line: `/timeout|pool/` finds those with either."),
        ("timeout or pool-x or b", "All words must be in a line: `/timeout|pool-x|b/` finds those with either."),
        ("shop timeout OR pool", "All words must be in a line: `/timeout|pool/` finds those with either."),
        ('"error while reading"', "Upper and lower case counts."),
        ("/login?status=500", "Upper and lower case counts."),
        ('"a b" OR "c.d"', "All words must be in a line: `/one|other/` finds those with either."),
        ("OR timeout", "Upper and lower case counts."),
        ("user_id:x1", "A field is `user_id=…`, in JSON too. Upper and lower case counts."),
    ],
)
def test_another_spelling_is_told(typed: str, said: str) -> None:
    assert other_spelling(read_query(typed)) == said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", ""),
        ("timeout", ""),
        ("trace", ""),
        ("level error exception", ""),
        ("error", "only lines with the word “error”; `level error` finds all of that level"),
        ("Errors pool", "only lines with the word “Errors”; `level error` finds all of that level"),
        ("warn", "only lines with the word “warn”; `level warning` finds all of that level"),
        ("timeout or pool", "only lines with all of the words; `/timeout|pool/` finds those with either"),
    ],
)
def test_where_something_is_found_it_is_told_what_else_would_be(typed: str, said: str) -> None:
    assert narrower(read_query(typed)) == said
