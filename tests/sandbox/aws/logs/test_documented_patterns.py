"""The examples of "Filter pattern syntax" in the CloudWatch Logs user guide, asked through FilterLogEvents.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws import logs as sandbox_logs
from sandbox.clock import Clock

Client = Callable[..., Any]
Ask = Callable[[str, list[str]], list[str]]
GROUP = "/documented"

PLAIN = [
    "[ERROR 400] BAD REQUEST",
    "[ERROR 401] UNAUTHORIZED REQUEST",
    "[ERROR 419] MISSING ARGUMENTS",
    "[ERROR 420] INVALID ARGUMENTS",
    "[ERROR 500] INTERNAL SERVER ERROR",
    "[SUCCESS 200] AUTHORIZED REQUEST",
    "[INFO] REQUEST FAILED",
]
TRAIL = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "cluster.name": "c",
    "ThisFlag": True,
}
PEOPLE = {
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
}
NUMBERS = {
    "bandwidth": 80,
    "latency": 45,
    "refreshRate": 60,
    "responseTime": 5,
    "errorCode": 400,
    "number": [1000],
    "listed": [1, 2, 3],
}
ACCESS = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
WORDS = [
    "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200",
    "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310",
    "WARNING 09/25/2014 12:00:02 Invalid user request",
    "ERROR 09/25/2014 12:00:02 Failed to process request",
]


@pytest.fixture
def ask(client: Client, clock: Clock) -> Ask:
    logs = client("logs")

    def found(pattern: str, lines: list[str]) -> list[str]:
        at = int(clock.now() * 1000) - 1_000
        sandbox_logs.write("us-east-1", GROUP, "a", [(at + number, line) for number, line in enumerate(lines)])
        answer = logs.filter_log_events(logGroupName=GROUP, filterPattern=pattern)
        return [event["message"] for event in answer["events"]]

    return found


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("ERROR", [0, 1, 2, 3, 4]),
        ("ERROR ARGUMENTS", [2, 3]),
        ("?ERROR ?ARGUMENTS", [0, 1, 2, 3, 4]),
        ("?ERROR ?ARGUMENTS REQUEST", [0, 1, 5, 6]),
        ("?SUCCESS -ERROR", [5, 6]),
        ('"INTERNAL SERVER ERROR"', [4]),
        ("ERROR -ARGUMENTS", [0, 1, 4]),
        ('" "', [0, 1, 2, 3, 4, 5, 6]),
        ("error", []),
        ("%AUTHORIZED%", [1, 5]),
        ("%4[0-9]{2}%", [0, 1, 2, 3]),
        ("%^.ERROR%", [0, 1, 2, 3, 4]),
        (r"%\[ERROR 4\d+\]%", [0, 1, 2, 3]),
        (r"%\x5BINFO\x5D%", [6]),
        ("%MISSING|INVALID%", [2, 3]),
        (r"%\sFAILED$%", [6]),
        ("ERROR %[A-Z]+ ARGUMENTS%", [2, 3]),
    ],
)
def test_terms_in_unstructured_events(ask: Ask, pattern: str, expected: list[int]) -> None:
    assert ask(pattern, PLAIN) == [PLAIN[place] for place in expected]


@pytest.mark.parametrize(
    ("expression", "matching", "others"),
    [
        ("^[hc]at", ["hat", "cat on"], ["a hat"]),
        ("[hc]at$", ["a hat"], ["hats"]),
        ("colou?r", ["color", "colour"], ["colr"]),
        ("[abcx-z]", ["y", "b"], ["defg"]),
        ("a{3,5}", ["aaa", "aaaa"], ["aa"]),
        ("gra|ey", ["gray", "grey"], ["grow"]),
        ("^starting|^initializing|^shutting down", ["starting ...", "shutting down"], ["skipping initializing ..."]),
        ("abcc|ab[^c]$", ["abcc ...", "... aba"], ["aac ..."]),
        (r"\[.\]", ["[a]", "[7]", "[@]", "[]]", "[ ]"], ["a", "[]"]),
        (r"10\.10\.0\.1", ["10.10.0.1"], ["10010,051"]),
        ("10.10.0.1", ["10010,051"], ["10.1.0.1"]),
        ("ab*c", ["ac", "abc", "abbbc"], ["a c"]),
        ("ab[0-9]*", ["ab", "ab129"], ["a1"]),
        ("ab+c", ["abc", "abbbc"], ["ac"]),
        (".at", ["hat", "4at", "#at", " at"], ["at"]),
        (r"\d", ["a1"], ["a", "٣"]),
        (r"\D", ["a"], ["12"]),
        (r"\w", ["_"], ["-", "ä"]),
        (r"\W", ["-"], ["a_1"]),
        (r"\s", ["a b", "a\tb"], ["ab"]),
        (r"\S", ["a"], ["  "]),
        (r"\x3A", ["a:b"], ["ab"]),
        (r"\x28", ["f(x)"], ["fx"]),
    ],
)
def test_regular_expressions(ask: Ask, expression: str, matching: list[str], others: list[str]) -> None:
    assert ask(f"%{expression}%", [*matching, *others]) == matching


@pytest.mark.parametrize(
    ("pattern", "document"),
    [
        ('{ $.eventType = "UpdateTrail" }', TRAIL),
        ("{ $.sourceIPAddress != 123.123.* }", TRAIL),
        ('{ $.arrayKey[0] = "value" }', TRAIL),
        ("{ $.eventType = %Trail% }", TRAIL),
        ("{ $.arrayKey[*] = %val.{2}% }", TRAIL),
        (r"{ $.* = %111\.111\.111\.1[0-9]{1,2}% }", TRAIL),
        ("{ $.['cluster.name'] = \"c\" }", TRAIL),
        ("{ $.objectList[1].id = 2 }", TRAIL),
        ("{ $.SomeObject IS NULL }", TRAIL),
        ("{ $.ThisFlag IS TRUE }", TRAIL),
        ("{ $.SomeOtherObject NOT EXISTS }", TRAIL),
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', PEOPLE),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" '
            '&& $.actions[2] = "nonmatch" }',
            PEOPLE,
        ),
        ("{ $.bandwidth > 75 }", NUMBERS),
        ("{ $.latency < 50 }", NUMBERS),
        ("{ $.refreshRate >= 60 }", NUMBERS),
        ("{ $.responseTime <= 5 }", NUMBERS),
        ("{ $.errorCode = 400}", NUMBERS),
        ("{ $.errorCode != 500 }", NUMBERS),
        ("{ $.errorCode = 4* }", NUMBERS),
        ("{ $.number[0] = 1e+3 }", NUMBERS),
        ("{ $.number[0] != 1e-3 }", NUMBERS),
        ("{ $.bandwidth > +75 }", NUMBERS),
    ],
)
def test_json_patterns_that_match(ask: Ask, pattern: str, document: dict[str, Any]) -> None:
    line = json.dumps(document)
    assert ask(pattern, [line, "no json", '{"another": "document"}'])[:1] == [line]


@pytest.mark.parametrize(
    ("pattern", "document"),
    [
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', PEOPLE),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") '
            '&& $.actions[2] = "nonmatch" }',
            PEOPLE,
        ),
        ("{ $.listed = 1 }", NUMBERS),
        ("{ $.listed != 1 }", NUMBERS),
        ('{ $.eventType = "updatetrail" }', TRAIL),
        ("{ $.ThisFlag IS FALSE }", TRAIL),
        ("{ $.SomeObject NOT EXISTS }", TRAIL),
    ],
)
def test_json_patterns_that_do_not(ask: Ask, pattern: str, document: dict[str, Any]) -> None:
    assert ask(pattern, [json.dumps(document)]) == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
        "[..., request =*.html*, status_code = 4*, bytes]",
        "[..., request=*.html*, status_code=4*,]",
        "[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]",
        "[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes > 1000]",
        "[ip, user, ...]",
    ],
)
def test_an_access_log_s_fields(ask: Ask, pattern: str) -> None:
    assert ask(pattern, [ACCESS]) == [ACCESS]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[w1=ERROR, w2]", [3]),
        ("[w1=ERROR || w1=WARNING, w2]", [2, 3]),
        ("[w1!=ERROR && w1!=WARNING, w2]", [0, 1]),
        ("[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]", [0]),
        ("[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]", [1]),
        ("[w1, w2, w3, w4, w5, w6 > 1250]", [1]),
    ],
)
def test_words_in_their_order(ask: Ask, pattern: str, expected: list[int]) -> None:
    assert ask(pattern, WORDS) == [WORDS[place] for place in expected]


@pytest.mark.parametrize(
    "pattern",
    [
        "%something!%",
        "%(ab)+%",
        "%(?i)error%",
        r"%\(ab\)%",
        r"%\bword%",
        "%caf\u00e9%",
        "%%",
        "%[a-%",
        "{ $.a = %x% && $.b = %y% && $.c = %z% }",
        "[a = %x%, b = %y%, c = %z%]",
        "{ $.a[*].b[*] = 1 }",
        "{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.* = 1 }",
        "{ $.a EXISTS }",
        "{ $.a IS NOT NULL }",
        "user@example.com",
        "a.b",
        "50%",
    ],
)
def test_what_the_guide_says_is_not_supported_is_refused(client: Client, ask: Ask, pattern: str) -> None:
    with pytest.raises(client("logs").exceptions.InvalidParameterException):
        ask(pattern, ["x"])
