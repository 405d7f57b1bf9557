"""Values of fields, wherever a line gives them: those that are masked are not shown, those looked for are found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.redact import clean, plain
from bot.secret_values import nested_end

MASKED = "[masked]"
# What is shorter, or a word, would be found elsewhere by chance.
_IS_TELLING = re.compile(r"(?=\D*\d)[\w.@+-]{4,200}|[\w.@+-]{8,200}")

# After the name: "=", ":" and the like, the value's own key of a pair, or what SQL writes before a value.
_SEPARATOR = (
    r"""(?:[.\[][\w.\[\]]{0,64}+)?(?P<key>\\*["'])?"""
    r"""(?:\s{0,4},\s{0,4}\\*["']?(?i:value)\\*["']?(?=\s{0,4}[=:]))?"""
    r"""(?:\s{0,4}(?:=>|->|!=|<>|[=:|]|%3[dD])\s{0,4}|\s{1,4}(?=[\w.$-]{0,64}?\d)|\s{1,4}(?:not\s{1,4})?(?i:like|ilike|in)\s{1,4}(?=[\\"'(]))"""
    r"""(?:[bBuUrR]{1,2}(?=["']))?"""
)
# PostgreSQL: Key (customer_id, plan_id)=(7, 3) already exists.
_TUPLE = r"(?P<tuple>(?:,[\w\s,.\"]{0,200}+)?\)\s{0,2}=\s{0,2}(?=\())"
_TAG = r"(?(opens)(?:\s[^<>]{0,500}+)?(?<!/)(?P<tag>>)|(?!))"
# <field name="customer_id">7</field>, and XML that was escaped.
_ATTRIBUTE = r"(?P<attribute>\\*[\"'](?:\s[^<>]{0,200}+)?>|&gt;)"
_VALUE = (
    r"""(?P<quote>\\*["'])(?:(?!(?P=quote))(?:\\.|.))*+(?:(?P=quote)|$)"""
    r"""|(?P<nested>[\[{(])|[\w.$]{0,64}+(?P<call>[\[{]|\((?=\\*["']))|[^\s,;&"'`<>{}\[\]()\\|]+"""
    # Further values of a list: customer_id=7,8,plan=3.
    r"""(?:,(?![\w.-]{1,64}[=:])(?=[\w.$-]{0,64}?\d)[^\s,;&"'`<>{}\[\]()\\|]+)*+"""
)
_END = r"<\\{0,4}/(?:[\w.-]{1,64}:)?(?P=name)\s{0,4}>"
_ELEMENT = rf"(?:[^<]++|(?!{_END})<)*+(?P<end>{_END})?"
_UNTIL_TAG = r"(?:[^<&]++|&(?!lt;))++"


@dataclass(frozen=True)
class Given:
    """Where a text gives a field's value: what stands before ends at ``kept``, and the value from there at ``end``.

    ``quote`` stands around the value, ``closing`` is a tag behind it that is no part of it.
    """

    start: int
    kept: int
    end: int
    quote: str
    closing: str


def masker(fields: Sequence[str]) -> re.Pattern[str] | None:
    """What finds the values of these fields, as ``given`` reads it; None for none.

    In JSON, in JSON within JSON, in XML, in SQL and PostgreSQL's errors, and as ``name=value``. A value in quotes ends
    with the quote that began it, an element of XML with its closing tag, and each with a text that was cut off; of a
    list or an object it finds the bracket.
    """
    return _masker(tuple(fields)) if fields else None


@lru_cache(maxsize=256)
def _masker(fields: tuple[str, ...]) -> re.Pattern[str]:
    # A search that may begin with few characters takes a third of one that may begin anywhere.
    begins = re.escape("".join({each[0].lower() + each[0].upper() for each in fields}))
    by_length = sorted(fields, key=len, reverse=True)
    names = "|".join(f"(?<={re.escape(each[0])}){re.escape(each[1:])}" for each in by_length)
    name = rf"(?P<name>[{begins}](?<![\w-].)(?:(?<=[<:;].)(?P<opens>)|)(?i:{names}))"
    after = rf"(?:{_TAG}|{_ATTRIBUTE}|{_TUPLE}|{_SEPARATOR})"
    value = rf"(?(tag){_ELEMENT}|(?(attribute){_UNTIL_TAG}|(?:{_VALUE})))"
    return re.compile(rf"(?P<kept>{name}{after}){value}", re.DOTALL)


def given(text: str, pattern: re.Pattern[str]) -> Iterator[Given]:
    """Each value that the text gives one of the pattern's fields."""
    found = pattern.search(text)
    while found is not None:
        quote, closing = found["quote"] or found["key"] or "", found["end"] or ""
        bracket = found.start("nested") if found["nested"] else found.start("call") if found["call"] else -1
        end = nested_end(text, bracket) if bracket >= 0 else found.end()
        yield Given(found.start(), found.end("kept"), end, quote, closing)
        found = pattern.search(text, end)


def masked(text: str, pattern: re.Pattern[str] | None) -> str:
    """The text without the values of masked fields and without colours; what was JSON is JSON."""
    if pattern is None:
        return text
    text = plain(text)
    pieces: list[str] = []
    values: set[str] = set()
    position = 0
    for each in given(text, pattern):
        pieces += [text[position : each.kept], each.quote, MASKED, each.quote, each.closing]
        position = each.end
        values.update(said.strip("\\\"'") for said in text[each.kept : each.end - len(each.closing)].split(","))
    return _without_values("".join([*pieces, text[position:]]), values)


def is_column_of(name: str, fields: Sequence[str]) -> bool:
    """Whether what a query calls a column says that a field stands in it: customer_id, order.customer_id."""
    names = {field.lower() for field in fields}
    return name.lower() in names or name.lower().rpartition(".")[2] in names


def safe_row(row: Mapping[str, str], fields: Sequence[str]) -> dict[str, str]:
    """A row of a query without masked fields, by the names of its columns too, and without secrets."""
    pattern = masker(fields)
    return {
        name: MASKED if is_column_of(name, fields) else _safe_cell(name, masked(value, pattern))
        for name, value in row.items()
    }


def _safe_cell(name: str, value: str) -> str:
    """What a column is called may say that a secret stands in it."""
    told = clean(f"{name}={value}")
    return told.removeprefix(f"{name}=") if told.startswith(f"{name}=") else clean(value)


def _without_values(text: str, values: set[str]) -> str:
    """The text without values that were masked in one place of it, in any other: ``path=/customers/cus_0260``."""
    for value in sorted(values, key=len, reverse=True):
        if value in text and _IS_TELLING.fullmatch(value):
            said = re.escape(value)
            if text.startswith("{"):  # a number in JSON
                text = re.sub(rf"(?<=[:\[,])(\s{{0,4}}){said}(?=\s{{0,4}}[,}}\]])", rf'\1"{MASKED}"', text)
            text = re.sub(rf"(?<![A-Za-z0-9]){said}(?![A-Za-z0-9])", MASKED, text)
    return text
