"""What people wrote in Slack, as plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mrkdwn import plain


def name(user: str) -> str:
    return {"U0BOB": "bob"}.get(user, user)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("it was <@U0BOB>", "it was bob"),
        ("ask <@U0BOB|robert>", "ask bob"),
        ("see <#C0OPS|ops> and <#C0BI>", "see #ops and #C0BI"),
        ("<!here> <!subteam^S0ONCALL|@on-call> <!subteam^S0ONCALL>", "here @on-call subteam"),
        ("at <!date^1750000000^{time}|15:06 UTC>", "at 15:06 UTC"),
        ("<https://x.example/a?b=1&amp;c>", "https://x.example/a?b=1&c"),
        ("<https://x.example|the status>", "the status (https://x.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("5 &lt; 7 &amp;&amp; &amp;lt;", "5 < 7 && &lt;"),
        ("*bold* `code`", "*bold* `code`"),
        ("a < b > c", "a < b > c"),
        ("", ""),
    ],
)
def test_markup_is_what_it_stands_for(written: str, said: str) -> None:
    assert plain(written, name) == said


@given(st.text(st.sampled_from([*"<>|@#!^&;a \n"]), max_size=40))
def test_any_text_is_read(written: str) -> None:
    assert isinstance(plain(written, name), str)


@given(st.text(max_size=60))
def test_what_slack_escaped_is_what_was_typed(typed: str) -> None:
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(escaped, name) == typed
