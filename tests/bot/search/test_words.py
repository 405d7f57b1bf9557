"""What people type after the service, as a query; whatever they type, it is text and never syntax."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.search.words import LogQuery, read_query


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("", LogQuery()),
        ("timeout", LogQuery(include=("timeout",))),
        ('"pool exhausted" -health', LogQuery(include=("pool exhausted",), exclude=("health",))),
        ("-\"GET /health\" -'a b'", LogQuery(exclude=("GET /health", "a b"))),
        ("customer_id=abc123", LogQuery(fields=(("customer_id", "abc123"),))),
        ('user.name="Ada L" status=500', LogQuery(fields=(("user.name", "Ada L"), ("status", "500")))),
        (r"/time(d )?out \/api/", LogQuery(patterns=(r"time(d )?out \/api",))),
        ("level error", LogQuery(level="ERROR")),
        ("LEVEL warn timeout", LogQuery(level="WARNING", include=("timeout",))),
        ("task 0f3a91c2 group", LogQuery(task="0f3a91c2", grouped=True)),
        ("follow oops", LogQuery(follow=True, include=("oops",))),
        ("export", LogQuery(export=True)),
        ('"level" "follow"', LogQuery(include=("level", "follow"))),
        ("query slow-requests", LogQuery(named="slow-requests")),
        ('insights "stats count(*) by bin(5m)"', LogQuery(free="stats count(*) by bin(5m)")),
        ("insights fields @message | limit 5", LogQuery(free="fields @message | limit 5")),
        ("/api/v1/orders", LogQuery(include=("/api/v1/orders",))),
        ("-a=b -c='d e'", LogQuery(without=(("a", "b"), ("c", "d e")))),
        ("customer_id = abc123 x", LogQuery(fields=(("customer_id", "abc123"),), include=("x",))),
        ("level=Error", LogQuery(level="ERROR")),
        ('level="error"', LogQuery(fields=(("level", "error"),))),
        ("level=loud", LogQuery(fields=(("level", "loud"),))),
        ('"no insights available here" x', LogQuery(include=("no insights available here", "x"))),
        (
            '-"level" -"/a/" "/error/i" "status>=5"',
            LogQuery(include=("/error/i", "status>=5"), exclude=("level", "/a/")),
        ),
        ("don't YWJj== === a->b =", LogQuery(include=("don't", "===", "a->b", "="), fields=(("YWJj", "="),))),
        ("List<String> /users/i/x /static/img", LogQuery(include=("List<String>", "/users/i/x", "/static/img"))),
    ],
)
def test_words_are_read(typed: str, query: LogQuery) -> None:
    assert read_query(typed) == query


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("level", "Which level?"),
        ("task", "Which task?"),
        ("query", "Which query?"),
        ("/(/", "is no regular expression"),
        ("insights ", 'Which query?.*insights "stats'),
        ("timeout insights", "Which query?.*in quotes"),
        ("level eror", "“eror” is no level; did you mean error\\? There are critical, error, warning, info and debug"),
        ("level WARNIGN", "“WARNIGN” is no level; did you mean warning\\?"),
        ("level wrn", "did you mean warning\\?"),
        ("level timeout", "“timeout” is no level\\. There are critical"),
        ("timeout insights x", "stands alone"),
        ("query slow timeout", "stands alone"),
        ("follow export", "one of them"),
        ("follow group", "line by line"),
        ("timeout -/err[0-9]/", "a pattern cannot be left out.*-name=value"),
        ("-level error", "only words and fields can be left out"),
        ("-level=error", "only words and fields can be left out"),
        ("-task 0f3a", "only words and fields can be left out"),
        ("/error/i", r"“/error/i”: case counts.*/\[Ee\]rror/"),
        ("/pool error/gi", "case counts"),
        ("status>=500", "I do not compare.*status=500"),
        ("status >= 500", "I do not compare"),
        ("status==500", "I do not compare"),
        ("status>500", "I do not compare"),
        ('"pool exhausted', "The quote of .* does not end"),
        ("'pool exhausted", "The quote of .* does not end"),
        ('user="Ada L', "The quote of .* does not end"),
        ('-"health', "The quote of .* does not end"),
        ("query slow -a=b", "stands alone"),
        ("w " * 21, "20 words at most"),
        ("w" * 501, "500 characters at most"),
    ],
)
def test_what_makes_no_query_gets_a_sentence(typed: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_query(typed)


@given(st.text(max_size=300))
def test_anything_is_a_query_or_a_sentence(typed: str) -> None:
    try:
        query = read_query(typed)
    except UsageError as error:
        assert error.message
    else:
        assert all(query.include) and all(query.exclude)
