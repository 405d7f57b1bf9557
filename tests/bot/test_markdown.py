"""Foreign text in Markdown: whatever it is, a reader of Markdown sees a text and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot import markdown as md

PIECES = st.lists(
    st.sampled_from(
        [*"`*_[]()<>#-+=|~\\!&;:1.) \n\t@$", "http://x", "a", "```", "---", "<b>", "&lt;", "![x](y)", "\u200b"]
    ),
    max_size=30,
).map("".join)
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def kinds(source: str) -> list[str]:
    """The kinds of everything a reader of Markdown finds, texts run together."""
    found: list[str] = []
    for token in READER.parse(source):
        inside = [token] if token.children is None else token.children
        for kind in ("text" if each.type == "text_special" else each.type for each in inside):
            if kind != "text" or not found or found[-1] != "text":
                found.append(kind)
    return found


def shown(source: str) -> str:
    return "".join(
        each.content for token in READER.parse(source) for each in token.children or () if each.type != "softbreak"
    )


@pytest.mark.parametrize(
    ("foreign", "written"),
    [
        ("5 < 7 & *so*", r"5 \< 7 & \*so\*"),
        ("api_errors_total of _api_", r"api_errors_total of \_api\_"),
        ("[click](https://evil.example)", r"\[click\](https://evil.example)"),
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
        ("- no list\n- at all", r"\- no list - at all"),
        ("&lt; &amp; R&D", r"\&lt; \&amp; R&D"),
        ("| no | table |", r"\| no \| table \|"),
        ("@here", "@\u200bhere"),
        ("password=hunter2hunter2", r"password=\[redacted\]"),
        ("", ""),
    ],
)
def test_text_is_written_so_that_it_reads_as_it_was(foreign: str, written: str) -> None:
    assert md.text(foreign) == written


@given(PIECES | st.text(max_size=60))
@example("a\n\n# b")
@example("\\`*`")
@example("\\")
@example("1)")
@example("    code")
def test_no_text_is_anything_but_text(foreign: str) -> None:
    written = md.text(foreign)
    assert kinds(f"- **x** {written}") == kinds("- **x** a") or not written
    assert kinds(written) in (kinds("a"), [])


@given(PIECES | st.text(max_size=60))
def test_no_code_ends_before_its_end(foreign: str) -> None:
    written = md.code(foreign)
    if written != "–":
        assert kinds(f"a {written} b") == kinds("a `x` b")


@given(PIECES)
def test_nothing_is_lost_by_being_escaped(foreign: str) -> None:
    plain = " ".join(foreign.replace("\u200b", "").split())
    if "http" not in plain and "@" not in plain:
        assert shown(f"x {md.text(foreign)}").removeprefix("x").strip() == plain


def test_a_long_text_is_cut() -> None:
    assert md.text("x" * 600) == "x" * 499 + "…"


def test_an_address_is_linked_and_what_is_none_is_not() -> None:
    assert md.link("https://slack.example.com/a_b?c=d&e", "here") == "[here](<https://slack.example.com/a_b?c=d&e>)"
    assert md.link("https://x/>)<", "here") == "here"
    assert md.link("javascript:alert(1)", "here") == "here"
    assert md.link("", "[here]") == r"\[here\]"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.6, "1 min"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (11_100, "3 h 5 min"),
        (86_400, "1 day"),
        (187_200, "2 days 4 h"),
    ],
)
def test_durations_have_their_two_largest_units(seconds: float, words: str) -> None:
    assert md.took(seconds) == words


def test_times_are_in_utc_with_their_date() -> None:
    assert md.at(1_750_000_000.9) == "2025-06-15 15:06:40 UTC"
