"""A line is what was asked for, or not; and whatever is, the filter pattern picks too, by CloudWatch's own rules."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.cloud import LogLine
from bot.masks import MASKED, masked, masker
from bot.search.insights import asks_more, insights_query
from bot.search.matching import filter_pattern, has_field, is_servers, matcher, parts_of, quote_term
from bot.search.words import LogQuery, read_query
from sandbox.aws.logs_patterns import compile_pattern

LINES = (
    "2026-11-26T06:12:07.930Z INFO  [api] GET /api/cards/387 200 236ms",
    "ERROR timeout after 31 ms calling http://10.0.0.1:8080/pay order=7",
    '{"level":"error","msg":"no tariff","customer_id":"abc123","status":500}',
    '{"level": 50, "msg": "pino says no", "ctx": {"customer_id": 42}}',
    "Traceback (most recent call last):",
    "ValueError: bad value for 'x y'",
    'WARN disk is "nearly" full \\ 91%',
    "fatal: cannot go on",
    "customer_id=abc1234 and customer_id='abc 123'",
    '{"ids": {"Order_Id": ["o1", 7]}}',
    "",
)


def lines_of(typed: str) -> list[str]:
    matches = matcher(read_query(typed))
    return [text for text in LINES if matches(LogLine(0.0, text, "api/api/0f3a91c2"))]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("timeout", [LINES[1]]),
        ("TIMEOUT", []),
        ("tariff -customer_id", []),
        ("customer_id=abc123", [LINES[2]]),
        ("customer_id=42", [LINES[3]]),
        ("ctx.customer_id=42", [LINES[3]]),
        ("customer_id='abc 123'", [LINES[8]]),
        ("status=500", [LINES[2]]),
        ("status=50", []),
        ("order=7", [LINES[1]]),
        ("Customer_Id=abc123", [LINES[2]]),
        ("customer_id = abc123", [LINES[2]]),
        ("order_id=o1", [LINES[9]]),
        ("ids.order_id=7", [LINES[9]]),
        ("customer_id -customer_id=abc123", [LINES[3], LINES[8]]),
        ("customer_id -customer_id=abc123 -ctx.customer_id=42", [LINES[8]]),
        ("level=error", [LINES[1], LINES[2], LINES[3], LINES[4], LINES[5], LINES[7]]),
        ("level error", [LINES[1], LINES[2], LINES[3], LINES[4], LINES[5], LINES[7]]),
        ("level critical", [LINES[7]]),
        ("task 0f3a nearly", [LINES[6]]),
        ("task ffff nearly", []),
    ],
)
def test_lines_match(typed: str, found: list[str]) -> None:
    assert lines_of(typed) == found


@pytest.mark.parametrize("level", ["critical", "error", "warning", "info", "debug"])
def test_the_pattern_of_a_level_picks_every_line_of_it(level: str) -> None:
    query = read_query(f"level {level}")
    picks, matches = compile_pattern(filter_pattern(query)), matcher(query)
    kept = [text for text in LINES if matches(LogLine(0.0, text, ""))]
    assert [text for text in kept if not picks.matches(text)] == []


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)))
def test_the_pattern_never_loses_a_line_that_has_the_words(words: list[str]) -> None:
    query = LogQuery(include=tuple(words))
    text = " – ".join(["before", *words, "after"])
    assume(matcher(query)(LogLine(0.0, text, "")))
    assert compile_pattern(filter_pattern(query)).matches(text)


@pytest.mark.parametrize("words", [["w" * 390 + str(number) for number in range(6)], ["\\" * 500] * 3])
def test_more_words_than_a_pattern_can_have_still_pick_every_line_that_has_them(words: list[str]) -> None:
    pattern = filter_pattern(LogQuery(include=tuple(words)))
    assert words[0][:100] in pattern and len(pattern) <= 1024
    assert compile_pattern(pattern).matches(" ".join(words))


@pytest.mark.parametrize(
    "typed", ['"', "\\", '\\"', "a b", '" ?x "', "{ $.a = 1 }", "%x%", "-x", "?x", "[w1, w2]", "<!channel>"]
)
def test_what_people_type_is_one_literal_term(typed: str) -> None:
    pattern = compile_pattern(quote_term(typed))
    assert pattern.matches(f"before {typed} after")
    assert not pattern.matches("something else")


def test_only_what_cloudwatch_can_read_is_given_to_it_as_a_pattern() -> None:
    assert is_servers(r"time\d+ out [a-z]{2,3}|x")
    assert not is_servers("(a|b)")
    assert not is_servers("100%")
    assert filter_pattern(LogQuery(patterns=("(?i)x",))) == ""
    assert filter_pattern(LogQuery(patterns=("err[0-9]+",))) == "%err[0-9]+%"


def test_a_field_in_json_that_is_a_list_has_each_of_its_values() -> None:
    text = '{"ctx": {"customer_id": ["abc123", 42, {"v": "x"}]}}'
    assert all(has_field(text, "customer_id", each) for each in ("abc123", "42"))
    assert has_field(text, "ctx.customer_id", "42") and has_field(text, "customer_id.v", "x")
    assert not has_field(text, "customer_id", "abc12") and not has_field(text, "customer_id", "x")


@pytest.mark.parametrize(
    "text",
    [
        "<customer_id>S5</customer_id>",
        '<c:customer_id type="x">S5</c:customer_id>',
        r'"{\"customer_id\":\"S5\"}"',
        json.dumps({"message": json.dumps({"customer_id": "S5"})}),
        json.dumps({"message": "customer_id=S5"}),
        "Key (customer_id)=(S5) already exists.",
        "\x1b[36mcustomer_id\x1b[0m=\x1b[35mS5\x1b[0m",
    ],
)
def test_what_would_be_masked_is_found(text: str) -> None:
    assert has_field(text, "customer_id", "S5")
    assert not has_field(text, "customer_id", "S")
    assert MASKED in masked(text, masker(["customer_id"]))


@pytest.mark.parametrize("text", ['{"customer_id": "S5 6"}', '{"customer_id": "S55"}', "my_customer_id=S5"])
def test_another_value_or_field_is_not_found(text: str) -> None:
    assert not has_field(text, "customer_id", "S5")


def test_a_value_is_looked_for_by_what_every_line_writes_of_it() -> None:
    assert parts_of("/v2/orders/494") == ("orders", "494", "v2")
    assert parts_of("cus_0260") == ("cus_0260",)
    assert parts_of("faf61db5-c4dc-1994") == ("faf61db5-c4dc-1994",)
    assert parts_of("é&") == ()
    query = read_query("path=/api/v9/cards customer_id=cus_0260")
    assert filter_pattern(query) == '"cards" "api" "v9" "cus_0260"'
    filters = [f'| filter @message like "{each}"' for each in ("cards", "api", "v9", "cus_0260")]
    assert insights_query(query, 10).splitlines()[1:5] == filters


GIVEN = (
    "GET /x status=502 12ms",
    "status: 502",
    "STATUS='502'",
    '{"status": 502, "ms": 7}',
    '{"status":"502"}',
    '{"Status": ["500", "502"]}',
    json.dumps({"message": "at\nstatus=502"}),
    json.dumps({"message": json.dumps({"status": "502"})}),
    "<status>502</status>",
    "GET /?status%3D502",
    "Key (order, status)=(7, 502) already exists.",
    "\x1b[36mstatus\x1b[0m=\x1b[35m502\x1b[0m",
    '{"msg": "it said",\n "status": 502\n}',
)
NOT_GIVEN = (
    "502 ms, status=200",
    "status=1502",
    "status=5021",
    "http_status=502",
    '{"ms": 502, "status": 200}',
)


def filters_of(typed: str) -> list[tuple[bool, re.Pattern[str]]]:
    """Whether a line must have it or must not, and what, of each filter that is a regular expression."""
    filters = re.findall(
        r"^\| filter @message (not )?like /(.*)/$", insights_query(read_query(typed), 10), re.MULTILINE
    )
    return [(not negated, re.compile(pattern)) for negated, pattern in filters]


def finds(typed: str, text: str) -> bool:
    return all(bool(pattern.search(text)) is wanted for wanted, pattern in filters_of(typed))


def test_the_query_of_a_field_finds_every_line_that_gives_it() -> None:
    given = [text for text in GIVEN if has_field(text, "status", "502")]
    assert len(given) >= 10
    assert [text for text in given if not finds("status=502", text)] == []


@pytest.mark.parametrize("text", NOT_GIVEN)
def test_the_query_of_a_field_does_not_find_its_value_elsewhere(text: str) -> None:
    assert not has_field(text, "status", "502") and not finds("status=502", text)


def test_the_query_of_a_field_knows_paths_and_takes_odd_names_for_any() -> None:
    assert finds("ctx.user.id=o1", '{"ctx": {"user": {"ID": "o1"}}}')
    assert not finds("ctx.id=o1", '{"id": "o1", "ctx": 2}')
    assert filters_of("@id=o1") == filters_of("id=/a/b/") == []


@pytest.mark.parametrize(
    "text", ["x y=2", "y=2", "GET /?a=1&y=2", "got (y=2)", '{"a": 1, "y": 2}', '{"y":"2"}', '"y": 2}']
)
def test_the_query_without_a_field_leaves_out_what_surely_gives_it(text: str) -> None:
    assert has_field(text, "y", "2") and not finds("-y=2", text)


@given(
    st.text(alphabet="{}[]\"'\\:=,y2 \n&", max_size=12),
    st.sampled_from(("y=2", '"y":2', '"y": "2"', '"y" : 2 }', "y=", "2")),
    st.text(alphabet="{}[]\"'\\:=,y2 \n&", max_size=12),
)
def test_the_query_without_a_field_keeps_every_line_that_does_not_give_it(before: str, said: str, after: str) -> None:
    for text in (before + said + after, '{"a": ' + json.dumps(before + said + after) + "}"):
        assert has_field(text, "y", "2") or finds("-y=2", text)


def test_it_is_known_of_which_questions_the_query_asks_more() -> None:
    assert not asks_more(read_query('"a b" -c /d+/ task e1'))
    assert all(asks_more(read_query(typed)) for typed in ("level error", "x=1", "-x=1"))


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_a_field_in_json_is_found_whatever_its_value(name: str, value: str) -> None:
    assume(name and "." not in name)
    assert has_field(json.dumps({"a": {name: value}}), name, value)
    assert has_field(json.dumps({name: value}, ensure_ascii=False), name, value)
