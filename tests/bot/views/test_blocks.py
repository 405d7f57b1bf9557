"""Foreign text inside messages: it shows what it says and does nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports import Message
from bot.views import blocks as b
from tests.bot.views.limits import check, check_markup, hostile

NOBODY: frozenset[str] = frozenset()


def test_words_have_examples_in_code_that_is_left_as_it_is() -> None:
    said = b.with_code("say `count(*)` or `level error`; _no_ <@U1>")
    assert said == "say `count(*)` or `level error`; _\u200bno_ &lt;@U1&gt;"
    assert b.with_code("") == ""


@given(text=hostile)
def test_escaped_text_pings_nobody_and_links_nowhere(text: str) -> None:
    check_markup(b.esc(text), NOBODY)
    assert "\n" not in b.esc(text)


@given(text=hostile)
def test_nothing_breaks_out_of_inline_code(text: str) -> None:
    shown = b.code(text)
    assert shown == "" or (shown[0] == shown[-1] == "`" and "`" not in shown[1:-1] and len(shown) > 2)
    check_markup(shown, NOBODY)


@given(lines=st.lists(hostile, max_size=5))
def test_nothing_breaks_out_of_a_preformatted_block(lines: list[str]) -> None:
    shown = b.pre(lines)
    assert shown.startswith("```")
    assert shown.endswith("```")
    assert "`" not in shown[3:-3]


@given(text=hostile)
def test_every_piece_fits_whatever_it_is_given(text: str) -> None:
    pieces = (
        b.header(text),
        b.section(b.esc(text, 5000)),
        b.section(b.pre([text], 5000)),
        b.section(f"{b.code(text, 3000)} and {b.pre([text], 2900)}"),
        b.fields([(b.esc(text), b.code(text))] * 12),
        b.context(*[b.esc(text)] * 12),
        b.actions("row", b.button(text or "x", "a", text, confirm=(text, b.esc(text), text))),
    )
    for piece in pieces:
        check(Message(text="x", blocks=b.fit([piece])))


@given(lengths=st.lists(st.integers(0, 3000), max_size=70))
def test_as_many_blocks_as_fit_are_kept_and_the_buttons_always(lengths: list[int]) -> None:
    told = [b.section("x" * length) for length in lengths]
    message = Message(text="x", blocks=b.fit([*told, b.actions("row", b.button("Go", "go", "1")), b.context("end")]))
    check(message)
    assert any(block["type"] == "actions" for block in message.blocks)


def test_what_did_not_fit_is_counted() -> None:
    shown = b.fit([b.section("x" * 3000)] * 6)
    assert shown[-1]["elements"][0]["text"] == "… and 2 more that did not fit."


def test_a_cut_leaves_no_half_of_an_escaped_character() -> None:
    shown = b.section("x" * 2993 + "&amp;" * 10)["text"]["text"]
    assert shown == "x" * 2993 + "…"


def test_lines_fill_as_few_paragraphs_as_they_need_and_none_is_torn() -> None:
    lines = [f"{number} " + "x" * 990 for number in range(7)]
    shown = [section["text"]["text"] for section in b.sections(lines)]
    assert [line for text in shown for line in text.split("\n")] == lines
    assert [text.count("\n") + 1 for text in shown] == [3, 3, 1]
    assert b.sections([]) == []


@pytest.mark.parametrize("user", ["U0ALICE", "W012ABC"])
def test_a_users_id_becomes_a_mention(user: str) -> None:
    assert b.user(user) == f"<@{user}>"


@pytest.mark.parametrize("user", ["", "alice", "U0ALICE>", "!channel", "U0ALICE|x", "u0alice", "S0ONCALL", "U0ALICE\n"])
def test_anything_else_becomes_no_mention(user: str) -> None:
    assert "<" not in b.user(user)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (172800, "2 days")],
)
def test_ages_are_rough(seconds: float, words: str) -> None:
    assert b.ago(seconds) == words


@pytest.mark.parametrize(
    ("done", "total", "filled"), [(0, 4, 0), (1, 4, 5), (4, 4, 20), (9, 4, 20), (1, 0, 0), (-1, 4, 0)]
)
def test_a_bar_is_as_long_as_it_is_done(done: int, total: int, filled: int) -> None:
    assert b.bar(done, total) == "▓" * filled + "░" * (20 - filled)
