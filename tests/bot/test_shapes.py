from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import redact as redaction
from bot import secret_values
from bot.redact import clean, redact
from bot.said import Reading, level_of, read
from bot.shapes import LONGEST, shape

HEX = "3f2a9b10"
WORDS = (*redaction._TOKEN_WORDS, *secret_values._KEY_WORDS, *secret_values._KINDS_OF_KEY)
IDS = ("7", "1234567", HEX, HEX.upper(), "550e8400-e29b-41d4-a716-446655440000", "abcdefa", "2026-11-26T10:00:00.123Z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("took 17 ms", "took 11 ms"),
        ("request=b75fda43d0ea52cd done", "request=1a11111111111111 done"),
        ("550e8400-e29b-0000-a716-446655440000", "1a111111-1a11-1111-1a11-111111111111"),
        ("550e8400-e29b-41d4-a716-4466554400001", "1a111111-e11b-11d1-a111-1111111111111"),
        ("defaced 2222222", "defaced 1111111"),
        ("x3f2a9b10 3f2a9b10x é3f2a9b10", "x1f1a1b11 1f1a1b11x é1f1a1b11"),
        ("ok ٣ 3f2a9b10", "ok ٣ 1a111111"),
    ],
)
def test_only_digits_and_ids_are_made_the_same(text: str, expected: str) -> None:
    assert shape(text) == expected
    assert shape(expected) == expected


@given(st.lists(st.sampled_from([*WORDS, *IDS, " ", "=", "-", "_", ".", '"', "x", "é"]), max_size=12).map("".join))
def test_no_word_of_a_secret_is_lost_or_made_by_it(text: str) -> None:
    assert [word for word in WORDS if word in shape(text)] == [word for word in WORDS if word in text]


@given(st.sampled_from(["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"]), st.sampled_from(IDS))
def test_a_card_is_found_though_another_number_of_its_shape_is_none(card: str, number: str) -> None:
    harmless = f"order {number} paid {card[:-1]}{(int(card[-1]) + 1) % 10}"
    assert shape(harmless) == shape(f"order {number} paid {card}")
    assert redact(harmless) == harmless
    assert redact(f"order {number} paid {card}") == f"order {number} paid [redacted]"


@pytest.mark.parametrize("first", ["AKIA" + "Q1W2E3R4T5Y6U7I8", "no-key"])
def test_the_same_shape_is_redacted_the_same_whichever_came_first(first: str) -> None:
    texts = [f"{each} uses {first}" for each in ("17", "42")]
    assert ["[redacted]" in redact(text) for text in texts] == [first != "no-key"] * 2
    assert [redact(f"password={number}hunter") for number in (1, 2)] == ["password=[redacted]"] * 2


@pytest.mark.parametrize(("number", "level"), [(50, "ERROR"), (35, ""), (30, "INFO"), (20, "DEBUG"), (60, "CRITICAL")])
@pytest.mark.parametrize("key", ["level", "lvl", "severity"])
def test_levels_that_are_numbers_are_read_as_numbers(number: int, level: str, key: str) -> None:
    for text in (json.dumps({key: number, "msg": "done"}), json.dumps({key: number, "msg": "done"}, indent=1)):
        assert (level_of(text), read(text).level) == (level, level)


def test_letters_that_json_writes_as_numbers_are_read_as_letters() -> None:
    one, other = (read(json.dumps({"msg": f"{letter} fails"})) for letter in "éß")
    assert (one.template, other.template) == ("é fails", "ß fails")


def test_what_was_read_of_one_line_holds_for_every_line_of_its_shape_and_no_other() -> None:
    lines = [
        f'{{"level": "warn", "msg": "slow {number}", "id": "{number}f2a9b10", "ms": {number}}}' for number in (1, 7)
    ]
    assert [read(line) for line in lines] == [Reading("WARNING", "slow <n>")] * 2
    assert read('{"level": "warn", "msg": "fast 1", "id": "1f2a9b10", "ms": 1}').template == "fast <n>"
    assert read("3xdeadbeef 0xdeadbeef").template == "<hex> <hex>"


@pytest.mark.parametrize("number", ["8.821487426757812e-05", "1.23456789E9", "123456789e5", "012345678"])
def test_numbers_that_look_like_ids_do_not_hide_the_record_they_are_in(number: str) -> None:
    text = f'{{"level": "error", "msg": "db gone", "elapsed": {number}}}'
    expected = ("ERROR", "db gone")
    assert (level_of(text), read(text).template) == expected
    assert level_of('{"level":"error","msg":"page\\f123456 done"}') == "ERROR"


@pytest.mark.parametrize("name", ["facade2.TimeoutError", "a1b2c3d.jobs.PaymentError"])
def test_what_an_exception_s_name_begins_with_is_no_number(name: str) -> None:
    assert level_of(f"{name}: no answer") == read(f"{name}: no answer").level == "ERROR"


@pytest.mark.parametrize("tail", ["", " " * LONGEST])
def test_short_and_long_lines_are_redacted_alike(tail: str) -> None:
    text = "id 00308533-7301-4878-3533-082370079087"
    assert redact(text + tail) == "id 00308533-7301-4878-[redacted]" + tail


def test_what_was_masked_hides_nothing_behind_it() -> None:
    text = f"SG.{'a' * 22}.{'b' * 64}4111111111111111"
    assert redact(text) == "[redacted][redacted]"


def test_what_is_longer_than_most_lines_is_read_all_the_same() -> None:
    text = "ERROR " + "x" * LONGEST + " card 4111 1111 1111 1111 password=hunter2"
    assert not re.search("hunter2|4111", clean(text))
    assert read(text).level == level_of(text) == "ERROR"
