from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cloud import LogLine
from bot.said import mask
from bot.secret_values import MASK
from bot.templates import MAX_GROUPS, OTHER, LogGroup, by_entry, entries, group, may_be_of_trace, read_line

WORD = "hunter" + "2"


def grouped(*messages: str, stream: str = "s1") -> list[LogGroup]:
    """Messages of one stream, a minute apart, so that none continues another unless it says so."""
    return group(LogLine(index * 60.0, message, stream) for index, message in enumerate(messages))


def together(*messages: str) -> list[LogGroup]:
    """Messages of one stream in the same instant, as a container writes a stack trace."""
    return group(LogLine(5.0, message, "s1") for message in messages)


@pytest.mark.parametrize(
    ("line", "template"),
    [
        ("user 41 not found", "user <n> not found"),
        ("took 12ms of 3.5 s", "took <n>ms of <n> s"),
        ("id 550e8400-e29b-41d4-a716-446655440000 gone", "id <uuid> gone"),
        ("dial 10.0.3.4:5432 refused", "dial <ip> refused"),
        ("2022-09-25T18:50:37.811Z ERROR down", "<time> ERROR down"),
        ("2022-09-25 18:50:37,811 ERROR down", "<time> ERROR down"),
        ("at 0xdeadbeef", "at <hex>"),
        ("commit 3ce72d1ab failed", "commit <hex> failed"),
        ("request=fadedbac effaced", "request=<hex> effaced"),
        ("batch 12, 13 sent", "batch <n>, <n> sent"),
        ('relation "users" does not exist', "relation <text> does not exist"),
        ("KeyError: 'customer'", "KeyError: <text>"),
        ("GET /api/users/41?page=2 500", "GET <path> <n>"),
        ("fetch https://api.example.com/a/b?c=1 failed", "fetch <url> failed"),
        ("can't connect, won't retry", "can't connect, won't retry"),
        ("task a1B2c3D4e5F6g7H8i9J0 lost", "task <id> lost"),
    ],
)
def test_what_differs_between_occurrences_is_masked(line: str, template: str) -> None:
    assert mask(line) == template


def test_lines_that_say_the_same_are_one_group_with_first_and_last_seen() -> None:
    (only,) = grouped("ERROR user 1 not found", "ERROR user 2 not found", "ERROR user 3 not found")
    assert (only.count, only.first, only.last, only.level) == (3, 0.0, 120.0, "ERROR")
    assert only.sample == "ERROR user 3 not found"


def test_groups_are_sorted_by_count_and_then_by_recency() -> None:
    found = grouped("older", "newer", "often 1", "often 2")
    assert [one.template for one in found] == ["often <n>", "newer", "older"]


def test_an_id_of_digits_alone_is_an_id_like_those_with_letters() -> None:
    (only,) = grouped(
        "ERROR failed: request=20734918, 7", "ERROR failed: request=7be40a31, 7", "ERROR failed: request=91cc03ae, 8"
    )
    assert (only.template, only.count, only.kind) == (
        "ERROR failed: request=<hex>, <n>",
        3,
        "ERROR failed: request=<n>, <n>",
    )
    assert (only.first, only.last, only.sample) == (0.0, 120.0, "ERROR failed: request=91cc03ae, 8")


def test_of_numbers_that_look_like_ids_at_times_the_template_is_that_of_the_most() -> None:
    (only,) = grouped("order 20734918 sent", "order 20734919 sent", "order 2073e918 sent")
    assert (only.template, only.count, only.sample) == ("order <n> sent", 3, "order 2073e918 sent")


def test_the_newest_line_is_the_sample_even_when_lines_come_out_of_order() -> None:
    (only,) = group([LogLine(90.0, "user 9", "a"), LogLine(10.0, "user 1", "a")])
    assert (only.sample, only.first, only.last) == ("user 9", 10.0, 90.0)


def test_json_lines_are_grouped_by_level_logger_and_message() -> None:
    lines = [json.dumps({"level": "error", "logger": "api", "msg": f"user {n} not found", "at": n}) for n in range(3)]
    lines += [json.dumps({"level": "error", "logger": "worker", "msg": "user 1 not found"})]
    first, second = grouped(*lines)
    assert (first.template, first.count, first.level) == ("api: user <n> not found", 3, "ERROR")
    assert second.template == "worker: user <n> not found"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level": 50, "msg": "x"}', "ERROR"),
        ('{"severity": "WARNING", "message": "x"}', "WARNING"),
        ('{"levelname": "CRITICAL", "message": "x"}', "CRITICAL"),
        ("[error] 7#7: upstream timed out", "ERROR"),
        ("level=warn msg=slow", "WARNING"),
        ("INFO 0 error lines", "INFO"),
        ("no error seen", ""),
        ("ValueError: bad", "ERROR"),
        ("FATAL: too many connections", "CRITICAL"),
    ],
)
def test_the_level_is_recognised(line: str, level: str) -> None:
    assert grouped(line)[0].level == level


def test_an_error_object_in_json_shows_its_message_and_stack() -> None:
    error = {"type": "TypeError", "message": "x is undefined", "stack": "TypeError: x is undefined\n  at a (/b.js:1:2)"}
    (only,) = grouped(json.dumps({"level": 50, "err": error}))
    assert only.template == "TypeError: x is undefined"
    assert "at a (/b.js:1:2)" in only.sample


def test_a_python_trace_in_one_event_is_named_by_its_exception() -> None:
    trace = 'Traceback (most recent call last):\n  File "/app/x.py", line 3, in f\n    f()\nValueError: bad value 7'
    (only,) = grouped(trace)
    assert only.template == "ValueError: bad value <n>"
    assert only.sample == trace


def test_a_python_trace_with_an_event_per_line_stays_with_the_error_above_it() -> None:
    (only,) = together(
        "ERROR could not save order 7",
        "Traceback (most recent call last):",
        '  File "/app/x.py", line 3, in f',
        "    f()",
        "ValueError: bad value 7",
    )
    assert only.template == "ERROR could not save order <n> | ValueError: bad value <n>"
    assert only.sample.startswith("ERROR could not save order 7\nTraceback")


def test_a_trace_is_not_given_to_a_bystander() -> None:
    found = together("INFO GET /health 200", "Traceback (most recent call last):", "  File x", "KeyError: 'a'")
    assert {one.template for one in found} == {"INFO GET <path> <n>", "KeyError: <text>"}


def test_a_java_trace_keeps_its_head_and_its_cause() -> None:
    (only,) = together(
        "java.lang.IllegalStateException: no", "\tat com.x.Y(Z.java:3)", "Caused by: java.io.IOException: 5"
    )
    assert only.template == "java.lang.IllegalStateException: no | Caused by: java.io.IOException: <n>"


def test_traces_of_two_streams_that_interleave_are_told_apart() -> None:
    lines = [
        LogLine(1.0, "Traceback (most recent call last):", "a"),
        LogLine(1.0, "Traceback (most recent call last):", "b"),
        LogLine(1.0, "  File a", "a"),
        LogLine(1.0, "  File b", "b"),
        LogLine(1.0, "KeyError: 1", "a"),
        LogLine(1.0, "TypeError: 2", "b"),
    ]
    assert {one.template for one in group(lines)} == {"KeyError: <n>", "TypeError: <n>"}


def test_an_indented_line_a_minute_later_is_no_continuation() -> None:
    assert len(grouped("head", "  indented")) == 2


def test_secrets_show_neither_in_template_nor_in_sample() -> None:
    (only,) = grouped(f"ERROR login password={WORD} bob@example.com")
    assert WORD not in only.template + only.sample and "bob@" not in only.template + only.sample
    assert MASK in only.sample


def test_terminal_tricks_are_removed() -> None:
    assert grouped("\x1b[31mERROR\x1b[0m \u202edown")[0].sample == "ERROR down"


def test_groups_beyond_the_limit_are_counted_together() -> None:
    words = ["".join(chr(97 + int(digit)) for digit in str(number)) for number in range(MAX_GROUPS + 300)]
    found = grouped(*words)
    assert len(found) == MAX_GROUPS + 1
    assert found[0].template == OTHER and found[0].count == 300


def test_a_huge_line_gives_a_short_template_and_a_short_sample() -> None:
    (only,) = grouped("ERROR " + "word " * 200_000)
    assert len(only.template) <= 300 and len(only.sample) <= 1_600


def test_a_trace_of_ten_thousand_lines_keeps_head_and_end() -> None:
    (only,) = together("Traceback (most recent call last):", *["  File x"] * 10_000, "RecursionError: too deep")
    assert only.template == "RecursionError: too deep"
    assert only.sample.startswith("Traceback") and only.sample.endswith("RecursionError: too deep")


def test_every_line_is_looked_at_once() -> None:
    taken = 0

    def lines() -> Iterator[LogLine]:
        nonlocal taken
        for number in range(3_000):
            taken += 1
            yield LogLine(float(number * 10), f"request {number} failed", f"stream-{number}")

    assert group(lines())[0].count == taken == 3_000


def test_lines_that_were_read_before_are_grouped_as_they_would_be() -> None:
    texts = ("ERROR it failed", "Traceback (most recent call last):", '  File "a.py", line 3', "ValueError: 7 of 9")
    lines = [LogLine(float(number), text, "s") for number, text in enumerate((*texts, '{"msg": "served", "ms": 12}'))]
    read = [read_line(line, line.message) for line in lines]
    assert group(read) == group(lines)
    assert entries(read) == entries(lines)
    assert len(group(read)) == 2


def test_lines_of_a_stream_are_put_together_as_the_entries_of_it_are() -> None:
    texts = ("INFO served", "ERROR it failed", "Traceback (most recent call last):", '  File "a.py"', "ValueError: 7")
    lines = [LogLine(float(number), text, "s") for number, text in enumerate((*texts, "INFO served", "\tat A.b(c)"))]
    found = by_entry(lines)
    assert [[*map(lines.index, entry)] for entry in found] == [[0], [1, 2, 3, 4], [5, 6]]
    assert ["\n".join(line.message for line in entry) for entry in found] == [text for _, text in entries(lines)]
    assert by_entry([]) == []


@pytest.mark.parametrize(
    ("text", "may_be"),
    [
        ("ERROR it failed", True),
        ("WARN retrying", True),
        ("Traceback (most recent call last):", True),
        ('  File "a.py", line 3', True),
        ("\tat A.b(c)", True),
        ("Caused by: it", True),
        ("app.BoomError: kaput", True),
        ('Exception in thread "main" Boom', True),
        ("INFO served", False),
        ("GET /orders 200", False),
        ("ERROR it failed\n  here", False),
        ('{"level":"error","msg":"it failed"}', False),
        ("", False),
    ],
)
def test_only_what_may_be_a_line_of_a_trace_in_several_events_is_taken_for_one(text: str, may_be: bool) -> None:
    assert may_be_of_trace(text) is may_be


def test_no_lines_give_no_groups() -> None:
    assert group([]) == []


MESSAGES = st.text() | st.sampled_from(
    ["Traceback (most recent call last):", "  File", "ValueError: x", '{"msg":[1]}', '{"level":{}}']
)
LINES = st.builds(LogLine, st.floats(), MESSAGES, st.sampled_from(["a", "b"]))


@given(st.lists(LINES, max_size=30))
def test_any_lines_can_be_grouped(lines: list[LogLine]) -> None:
    found = group(lines)
    assert 0 <= sum(one.count for one in found) <= len(lines)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["msg", "level", "err", "error", "stack", "logger", "message"]), JSON))
def test_any_json_record_can_be_grouped(record: dict[str, object]) -> None:
    (only,) = grouped(json.dumps(record))
    assert only.count == 1


def test_of_a_long_record_within_a_record_the_outer_s_message_is_shown() -> None:
    inner = json.dumps({"message": "payment failed", "order": 7, "reason": "declined"})
    text = json.dumps({"log": inner, "kubernetes": "x" * 9_000})
    (found,) = group([LogLine(1.0, text, "s")])
    assert found.sample == inner
