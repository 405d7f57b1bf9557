from __future__ import annotations

import json

import pytest

from sandbox.aws.logs_matching import PatternError
from sandbox.aws.logs_patterns import compile_pattern

LINES = {
    "plain": "ERROR 400 bad request for /orders",
    "exc": "Exception in thread main: timeout after 5.5 s",
    "info": 'INFO user "alice" logged in',
    "json": json.dumps(
        {
            "level": "ERROR",
            "duration": 2500,
            "customer_id": "abc123",
            "user": {"id": 7, "mail": None},
            "tags": ["a", "b"],
            "ok": True,
            "steps": [{"ms": 1}, {"ms": 9}],
        }
    ),
    "fast": json.dumps({"level": "INFO", "duration": 12, "customer_id": "xyz", "ok": False, "dotted key": "v"}),
    "access": '10.0.0.1 - alice [22/Nov/2026:10:01:00 +0000] "GET /a b HTTP/1.1" 404 1534',
}
ALL = set(LINES)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", ALL),
        ("ERROR", {"plain", "json"}),
        ("error", set()),
        ("ERROR 400", {"plain"}),
        ('"bad request"', {"plain"}),
        (r'"\"alice\""', {"info"}),
        ("?timeout ?alice", {"exc", "info", "access"}),
        ("?timeout ?alice logged", {"info"}),
        ("ERROR -400", {"json"}),
        ("-ERROR -INFO", {"exc", "access"}),
        ('-"bad request" ERROR', {"json"}),
        (r"%after \d+\.\d%", {"exc"}),
        ("?%4\\d\\d% ?logged", {"plain", "info", "access"}),
        ('{ $.customer_id = "abc123" }', {"json"}),
        ("{ $.duration > 2000 }", {"json"}),
        ("{ $.duration >= 12 && $.duration < 100 }", {"fast"}),
        ('{ $.level = "ERROR" && $.duration > 5000 }', set()),
        ('{ ($.level = "ERROR" && $.duration > 5000) || $.ok IS FALSE }', {"fast"}),
        ("{ $.level = ERR* }", {"json"}),
        ('{ $.level = "*" }', {"json", "fast"}),
        ('{ $.level != "ERROR" }', {"fast"}),
        ('{ $.absent != "x" }', set()),
        ("{ $.level = %^ERROR$|^WARN$% }", {"json"}),
        ("{ $.user.id = 7 }", {"json"}),
        ("{ $.user.mail IS NULL }", {"json"}),
        ("{ $.user NOT EXISTS }", {"fast"}),
        ("{ $.user.id = * }", {"json"}),
        ("{ $.ok IS TRUE }", {"json"}),
        ('{ $.tags[1] = "b" }', {"json"}),
        ('{ $.tags[*] = "a" }', {"json"}),
        ("{ $.steps[*].ms > 8 }", {"json"}),
        ('{ $["dotted key"] = "v" }', {"fast"}),
        ('{ $.customer_id = "abc123" || $.customer_id = "xyz" }', {"json", "fast"}),
        ("[ip, dash, user, time, request, status = %^\\d+$%, bytes]", {"access"}),
        ("[ip, dash, user, time, request, status = 4*, bytes > 1000]", {"access"}),
        ("[ip, dash, user, time, request, status = 200 || status = 404, bytes]", {"access"}),
        ("[ip, dash, user, time, request = %GET.*HTTP%, status != 200 && status < 500, bytes]", {"access"}),
        ("[..., status = 404, bytes]", {"access"}),
        ("[level = ERROR, code, ...]", {"plain"}),
        ("[a, b, c, d, e, f, g, h, i]", {"json", "fast"}),
        ("[level = INFO, rest = *logged*]", {"info"}),
    ],
)
def test_a_pattern_finds_what_aws_says_it_finds(pattern: str, expected: set[str]) -> None:
    compiled = compile_pattern(pattern)
    assert {name for name, line in LINES.items() if compiled.matches(line)} == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "foo.bar",
        "user@example.com",
        '"unclosed',
        "%(%",
        "{ $.a = ",
        "{ $.a = 1",
        "{ a = 1 }",
        "{ $.a > text }",
        "{ $.a = 1 && }",
        "{ ($.a = 1 }",
        "{ $.a IS maybe }",
        "[a, b",
        "[a, ..., b, ...]",
        "[a = ]",
        "[]",
        "x" * 1_025,
    ],
)
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


def test_patterns_yield_the_numbers_metric_filters_count() -> None:
    assert compile_pattern("ERROR").value(LINES["plain"], "1") == 1
    assert compile_pattern("{ $.duration > 0 }").value(LINES["json"], "$.duration") == 2500
    assert compile_pattern("[..., status, bytes]").value(LINES["access"], "$bytes") == 1534
    assert compile_pattern("{ $.duration > 0 }").value(LINES["json"], "$.level") is None
