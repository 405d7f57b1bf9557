from __future__ import annotations

import json

import pytest

from bot.masks import MASKED, masked, masker
from bot.search.matching import has_field

PATTERN = masker(("customer_id",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path=/customers/cus_0260 customer_id=cus_0260", "path=/customers/[masked] customer_id=[masked]"),
        ("customer_id=cus_0260,cus_0261 plan", "customer_id=[masked] plan"),
        ("customer_id=7,8,plan=3", "customer_id=[masked],plan=3"),
        ("customer_id\tcus_0260", "customer_id\t[masked]"),
        ("customer_id -> cus_0260", "customer_id -> [masked]"),
        ("customer_id|cus_0260|ok", "customer_id|[masked]|ok"),
        ("no customer_id 12 here", "no customer_id [masked] here"),
        ("customer_id is missing", "customer_id is missing"),
        ("customer_id=17 in 17 ms", "customer_id=[masked] in 17 ms"),
        ("customer_id=true and true", "customer_id=[masked] and true"),
        ("customer_id=cus_0260 and xcus_0260", "customer_id=[masked] and xcus_0260"),
    ],
)
def test_a_value_is_masked_wherever_its_line_has_it(text: str, expected: str) -> None:
    assert masked(text, PATTERN) == expected


@pytest.mark.parametrize("value", ["cus_0260", 1234567])
def test_json_stays_json_when_a_value_stands_in_it_twice(value: str | int) -> None:
    said = {"customer_id": value, "also": [value, {"of": value}], "message": f"failed for {value}", "ms": 3}
    expected = {"customer_id": MASKED, "also": [MASKED, {"of": MASKED}], "message": f"failed for {MASKED}", "ms": 3}
    assert json.loads(masked(json.dumps(said), PATTERN)) == expected


@pytest.mark.parametrize("text", ["customer_id=7,8", "customer_id 7", "customer_id -> 7", "customer_id=7"])
def test_what_is_masked_is_found_by_its_field(text: str) -> None:
    assert has_field(text, "customer_id", "7")
    assert not has_field(text, "customer_id", "71")
