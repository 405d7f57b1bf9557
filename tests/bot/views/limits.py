"""Slack's limits, and what may never come out of foreign text, checked on a finished message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from bot.ports import Message

PIECES = [
    "<!channel>", "<!here>", "<@U0VICTIM>", "<#C0BI>", "<!subteam^S0ONCALL>", "<https://evil.example.com|click>",
    "&lt;!channel&gt;", "&", "<", ">", "`", "``", "```", "*", "_", "~", "\n", "\r\n", "\u202e", "\u200b", "\x1b[31m",
    "\x00", ":rotating_light:", "password=hunter2hunter2", "x", " ", "é", "😀",
]  # fmt: skip
hostile = st.one_of(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=20).map("".join),
    st.sampled_from(["", "&" * 700, "<!channel>" * 90, "`" * 700, "a" * 3100, "\n" * 300, "<" * 590 + "`" * 20]),
)
_OWN_MENTION = re.compile(
    r"<@[UW][A-Z0-9]{2,20}>|<!date\^-?\d+\^[^|>]*\|[\d: -]+ UTC>"
    r"|<https://ci\.example\.com/[!-;=?-{}~]*\|(?:Watch|Look at) it there>|<https://slack\.example\.com/[!-;=?-{}~]*\|incident>"
)


def texts(value: Any) -> Iterable[str]:
    """Every text object's text."""
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "plain_text"):
            yield value["text"]
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def mrkdwn(value: Any) -> Iterable[str]:
    """Every text that Slack reads as markup."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for inner in value.values():
            yield from mrkdwn(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from mrkdwn(inner)


def check(message: Message, *, mentions: frozenset[str] = frozenset()) -> None:
    """Fail when Slack would refuse the message or when foreign text could do anything in it."""
    assert len(message.text) <= 4000
    assert len(message.blocks) <= 50
    assert sum(len(text) for text in texts(message.blocks)) <= 13_200
    for block in message.blocks:
        _check_block(block)
    for text in (message.text, *mrkdwn(message.blocks)):
        check_markup(text, mentions)
        assert "hunter2hunter2" not in text


def check_markup(text: str, mentions: frozenset[str]) -> None:
    """No mention and no link but our own, no fence left open, no control character."""
    rest = _OWN_MENTION.sub("", text)
    assert "<" not in rest, rest
    assert set(re.findall(r"<@(\w+)>", text)) <= mentions
    assert text.count("```") % 2 == 0, text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)


def _check_block(block: dict[str, Any]) -> None:
    assert len(block.get("block_id", "")) <= 255
    kind = block["type"]
    if kind == "header":
        assert 1 <= len(block["text"]["text"]) <= 150
        assert block["text"]["type"] == "plain_text"
    elif kind == "section":
        assert "text" in block or block["fields"]
        if "text" in block:
            assert 1 <= len(block["text"]["text"]) <= 3000
        assert len(block.get("fields", ())) <= 10
        assert all(1 <= len(field["text"]) <= 2000 for field in block.get("fields", ()))
    elif kind == "context":
        assert 1 <= len(block["elements"]) <= 10
        assert all(1 <= len(element["text"]) <= 3000 for element in block["elements"])
    elif kind == "actions":
        assert 1 <= len(block["elements"]) <= 25
        assert len({element["action_id"] for element in block["elements"]}) == len(block["elements"])
        for element in block["elements"]:
            if element["type"] == "static_select":
                _check_menu(element)
            else:
                _check_button(element)
    else:
        raise AssertionError(kind)


def _check_menu(element: dict[str, Any]) -> None:
    assert 1 <= len(element["placeholder"]["text"]) <= 150
    assert 1 <= len(element["options"]) <= 100
    assert all(1 <= len(option["text"]["text"]) <= 75 for option in element["options"])
    assert all(len(option["value"]) <= 150 for option in element["options"])


def _check_button(element: dict[str, Any]) -> None:
    if element["type"] == "overflow":
        assert 1 <= len(element["options"]) <= 5
        assert all(1 <= len(option["text"]["text"]) <= 75 for option in element["options"])
        assert all(len(option["value"]) <= 150 for option in element["options"])
        return
    assert element["type"] == "button"
    assert 1 <= len(element["text"]["text"]) <= 75
    assert len(element["action_id"]) <= 255
    assert len(element["value"]) <= 2000
    confirm = element.get("confirm")
    if confirm:
        assert len(confirm["title"]["text"]) <= 100
        assert len(confirm["text"]["text"]) <= 300
        assert len(confirm["confirm"]["text"]) <= 30
