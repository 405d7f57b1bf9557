"""What is proposed where nothing was found."""

from __future__ import annotations

import pytest

from bot.search.spelling import other_spelling
from bot.search.words import read_query


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", ""),
        ("42 10.0.0.1:80 12:30", ""),
        ("/error/", "Upper and lower case counts."),
        ("status=Open", "Upper and lower case counts."),
        ("error", "Did you mean `level error`? Upper and lower case counts."),
        ("http://x host:", "Upper and lower case counts."),
        ("user_id:x1", "A field is `user_id=…`, in JSON too. Upper and lower case counts."),
    ],
)
def test_another_spelling_is_told(typed: str, said: str) -> None:
    assert other_spelling(read_query(typed)) == said
