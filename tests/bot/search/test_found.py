"""What was found: rows of Insights as lines, masked fields, what is new."""

from __future__ import annotations

import json

import pytest

from bot.cloud import LogLine
from bot.masks import MASKED, masked, masker
from bot.search.found import from_insights, new_kinds, reader
from bot.search.insights import insights_query, literal
from bot.search.lines import readable
from bot.search.words import LogQuery, read_query
from bot.telemetry import QueryAnswer
from bot.templates import group


def test_rows_become_lines_oldest_first_and_those_not_asked_for_are_left_out() -> None:
    rows = (
        {"@timestamp": "2026-11-26 06:00:01.500", "@message": "b timeout", "@logStream": "s1"},
        {"@timestamp": "2026-11-26 06:00:00.250", "@message": "a timeout", "@logStream": "s2"},
        {"@timestamp": "2026-11-26 05:00:00.000", "@message": "TIMEOUT", "@logStream": "s2"},
        {"count()": "7"},
    )
    found = from_insights(QueryAnswer(rows, scanned=9.0, scanned_bytes=100.0), read_query("timeout"), 100, ())
    assert [(line.message, line.stream) for line in found.lines] == [("a timeout", "s2"), ("b timeout", "s1")]
    assert found.lines[0].at == pytest.approx(1795672800.25)
    assert (found.is_whole, found.counted, found.scanned_bytes) == (True, "2", 100.0)
    assert not from_insights(QueryAnswer(rows), LogQuery(), 4, ()).is_whole


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("customer_id=abc123 rest", f"customer_id={MASKED} rest"),
        ('{"customer_id": "abc123", "a": 1}', f'{{"customer_id": "{MASKED}", "a": 1}}'),
        ('{"customer_id":42}', f'{{"customer_id":"{MASKED}"}}'),
        (r'"{\"customer_id\":\"abc\"}"', rf'"{{\"customer_id\":\"{MASKED}\"}}"'),
        ("Customer_ID: 'x y', b", f"Customer_ID: '{MASKED}', b"),
        ("""{"customer_id": "o'brien", "a": 1}""", f'{{"customer_id": "{MASKED}", "a": 1}}'),
        (r'{"customer_id": "a \"b\" c", "a": 1}', f'{{"customer_id": "{MASKED}", "a": 1}}'),
        ('{"customer_id": "cut o', f'{{"customer_id": "{MASKED}"'),
        ('{"customer_id":["abc","x]"],"a":1}', f'{{"customer_id":"{MASKED}","a":1}}'),
        ('{"customer_id": {"v": ["x"], "w": "}"}, "a": 1}', f'{{"customer_id": "{MASKED}", "a": 1}}'),
        (r'"{\"customer_id\":[\"a\\\"]\",2],\"a\":1}"', rf'"{{\"customer_id\":\"{MASKED}\",\"a\":1}}"'),
        ('{"customer_id":["cut o', f'{{"customer_id":"{MASKED}"'),
        ("customer_id=[a, b] rest", f"customer_id={MASKED} rest"),
        ("customer_id[0]=a customer_id.v=b", f"customer_id[0]={MASKED} customer_id.v={MASKED}"),
        ("customer_id=Optional[abc] Some", f"customer_id={MASKED} Some"),
        ("{'customer_id': b'abc'}", f"{{'customer_id': b'{MASKED}'}}"),
        ('"customer_id"=>"abc"', f'"customer_id"=>"{MASKED}"'),
        ("my_customer_id=1", "my_customer_id=1"),
        ("ctx.customer_id=abc123", f"ctx.customer_id={MASKED}"),
        ("<customer_id>abc 123</customer_id><a>1</a>", f"<customer_id>{MASKED}</customer_id><a>1</a>"),
        ('<c:customer_id type="x">a</c:customer_id> b', f'<c:customer_id type="x">{MASKED}</c:customer_id> b'),
        ("<customer_id><v>a</v><w>b</w></customer_id>c", f"<customer_id>{MASKED}</customer_id>c"),
        ("<customer_id>cut o", f"<customer_id>{MASKED}"),
        ('<a customer_id="abc"/>b', f'<a customer_id="{MASKED}"/>b'),
        ("<customer_id/>b <x:customer_id></x:customer_id>", f"<customer_id/>b <x:customer_id>{MASKED}</x:customer_id>"),
        (r'{"x": "<customer_id>abc<\/customer_id>"}', rf'{{"x": "<customer_id>{MASKED}<\/customer_id>"}}'),
        ("if customer_id > 5 then", "if customer_id > 5 then"),
        ("\x1b[36mcustomer_id\x1b[0m=\x1b[35mabc\x1b[0m b", f"customer_id={MASKED} b"),
        ("customer_id\u200b=abc b", f"customer_id={MASKED} b"),
        ("Key (customer_id)=(abc) already exists.", f"Key (customer_id)={MASKED} already exists."),
        ("Key (customer_id, plan_id)=(abc, 3) exists", f"Key (customer_id, plan_id)={MASKED} exists"),
        ("Key (plan_id, customer_id)=(3, abc) exists", f"Key (plan_id, customer_id)={MASKED} exists"),
        ("WHERE customer_id IN ('abc', 'b') AND", f"WHERE customer_id IN {MASKED} AND"),
        ("customer_id LIKE 'abc%' AND", f"customer_id LIKE '{MASKED}' AND"),
        ("customer_id != abc AND", f"customer_id != {MASKED} AND"),
        ("?customer_id%3Dabc&x=1", f"?customer_id%3D{MASKED}&x=1"),
        ('<field name="customer_id">abc d</field>', f'<field name="customer_id">{MASKED}</field>'),
        ("&lt;customer_id&gt;abc&lt;/customer_id&gt;", f"&lt;customer_id&gt;{MASKED}&lt;/customer_id&gt;"),
        ('{"name":"customer_id","value":"abc"}', f'{{"name":"customer_id","value":"{MASKED}"}}'),
        ('{"name": "customer_id", "value": 7}', f'{{"name": "customer_id", "value": "{MASKED}"}}'),
        ("`customer_id=abc` b", f"`customer_id={MASKED}` b"),
        ("customer_id in the list, customer_id (its name)", "customer_id in the list, customer_id (its name)"),
        ("no field", "no field"),
    ],
)
def test_values_of_masked_fields_are_not_shown(text: str, shown: str) -> None:
    assert masked(text, masker(["customer_id"])) == shown
    assert masked(text, masker([])) == text


def test_a_line_is_read_when_it_was_asked_for_by_what_is_masked_in_it() -> None:
    read = reader(read_query("customer_id=abc123"), ("customer_id",))
    secret = "hunter2hunter2"
    found = read(LogLine(1.0, f'{{"msg": "failed", "customer_id": "abc123", "password": "{secret}"}}', "s", "7"))
    assert found is not None
    assert (found.at, found.stream, found.id, found.reading.template) == (1.0, "s", "7", "failed")
    assert "abc123" not in found.message and secret not in found.message and MASKED in found.message
    assert read(LogLine(1.0, "customer_id=abc124", "s")) is None


def test_fields_that_begin_with_the_same_letter_are_told_apart() -> None:
    pattern = masker(["user", "user_id", "Owner"])
    assert (
        masked("user_id=1 USER=2 owner=3 users=4", pattern) == f"user_id={MASKED} USER={MASKED} owner={MASKED} users=4"
    )


def test_words_of_people_stay_text_in_a_query() -> None:
    evil = '" | stats count(*) by @message | filter "a" like "'
    query = insights_query(LogQuery(include=(evil,), patterns=("a/b|c",)), 50)
    assert f"@message like {literal(evil)}" in query
    assert literal(evil).count('\\"') == evil.count('"')
    assert "| filter @message like /a\\/b|c/" in query
    assert query.endswith("| limit 50")
    assert literal("a\nb\\") == '"a\\nb\\\\"'


def test_what_nobody_said_before_is_new() -> None:
    lines = [LogLine(10.0, "ERROR order 7 failed", "s"), LogLine(11.0, "INFO served", "s")]
    before = [LogLine(1.0, "INFO served", "s")]
    assert new_kinds(group(lines), before) == frozenset({"ERROR order <n> failed"})


def test_an_id_that_happens_to_have_no_letters_is_nothing_new() -> None:
    lines = [LogLine(10.0, "ERROR failed: request=20734918", "s")]
    before = [LogLine(1.0, "ERROR failed: request=7be40a31", "s")]
    assert new_kinds(group(lines), before) == frozenset()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ('{"level":"error","msg":"it failed","order":7,"ctx":{"a":"b c"}}', 'ERROR it failed  order=7 ctx.a="b c"'),
        ('{"time":"x","message":"m"}', "m"),
        ('{"level":50,"msg":"pino"}', "level=50 pino"),
        (json.dumps({"msg": "m", "stack": "Error: x\n  at y"}), "m\nError: x\n  at y"),
        ('{"a": ', '{"a": '),
        ("{}", "{}"),
        ("[1]", "[1]"),
    ],
)
def test_json_is_shown_as_its_message_and_fields(text: str, shown: str) -> None:
    assert readable(text) == shown
