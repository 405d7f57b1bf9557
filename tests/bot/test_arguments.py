"""What phones and Slack make of typed text is read as what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import arguments
from bot.command import Command
from bot.errors import UsageError
from commands import COMMANDS

DEPLOY = COMMANDS["deploy"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("api production v2", ["api", "production", "v2"]),
        ("  api \t production\nv2 ", ["api", "production", "v2"]),
        ("api\u00a0production\u202fv2", ["api", "production", "v2"]),
        ("a\u200bpi pro\u2060duction \ufeffv2", ["api", "production", "v2"]),
        ("\u2066api\u2069 \u202eproduction\u202c v2", ["api", "production", "v2"]),
        ("api production v1\u20112\u20133", ["api", "production", "v1-2-3"]),
        ("a \u2014\u2014force b", ["a", "--force", "b"]),
        ("a \u2014force b", ["a", "--force", "b"]),
        ("v1\u2014rc", ["v1-rc"]),
        ("\u201cone two\u201d \u2018three four\u2019", ["one two", "three four"]),
        ("\u201eeins zwei\u201c \u00abtrois quatre\u00bb", ["eins zwei", "trois quatre"]),
        ("it\u2019s 5\u2032", ["it's", "5'"]),
        ("wait\u2026", ["wait..."]),
        ("<http://example.com|example.com>", ["example.com"]),
        ("<https://example.com/a?b=1>", ["example.com/a?b=1"]),
        ("<http://v1.4.zip|v1.4.zip>", ["v1.4.zip"]),
        ("<mailto:a@b.io|a@b.io> <tel:123456|123456>", ["a@b.io", "123456"]),
        ("<#C0BI|bi-platform> <@U0ALICE|alice> <@U0BOB> <!channel>", ["bi-platform", "alice", "U0BOB", "channel"]),
        ("a &amp; b &lt;c&gt;", ["a", "&", "b", "<c>"]),
        ("&amp;lt;", ["&lt;"]),
        ("\"\" ''", ["", ""]),
        ('an "unfinished quote', ["an", '"unfinished', "quote"]),
        ("", []),
        ("\u200b", []),
    ],
)
def test_typography_is_undone(typed: str, meant: list[str]) -> None:
    assert arguments.words(typed) == meant


def test_endless_text_is_cut() -> None:
    assert len(arguments.as_meant("x" * 1_000_000)) == arguments.MAX_TEXT


hostile = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from(list("<>|&;\"'`“”—@#! \u00a0\u200b\ud800"))), max_size=200
)


@given(typed=hostile)
def test_words_never_fail_and_hold_no_blanks_that_nobody_typed(typed: str) -> None:
    for word in arguments.words(typed):
        assert isinstance(word, str)


@given(command=st.sampled_from(list(COMMANDS.values())), typed=hostile)
def test_parsing_ends_in_arguments_or_in_a_usage_error(command: Command, typed: str) -> None:
    try:
        args = arguments.parse(command, command.name, arguments.words(typed))
    except UsageError as error:
        assert f"Usage: /{command.name}" in error.hint
        assert error.message
    else:
        assert isinstance(args, command.args)


def test_arguments_that_may_be_left_out_are_shown_in_brackets() -> None:
    assert arguments.usage(DEPLOY, "deploy") == "/deploy <service> <environment> <version>"
    assert arguments.usage(COMMANDS["services"], "services") == "/services [service] [environment]"


@pytest.mark.parametrize("tag", ["v1.4.2", "1", "_x", "sha256:" + "0" * 64, "a" * 128])
def test_a_tag_or_a_digest_is_a_version(tag: str) -> None:
    args = arguments.parse(DEPLOY, "deploy", ["api", "production", tag])
    assert args.model_dump()["version"] == tag


@pytest.mark.parametrize("tag", ["", "-x", "a b", "v1:2", "a" * 129, "sha256:" + "0" * 63, "v1\n", "ü", "v1@sha256"])
def test_anything_else_is_no_version(tag: str) -> None:
    with pytest.raises(UsageError, match="is no version: a version has"):
        arguments.parse(DEPLOY, "deploy", ["api", "production", tag])


def test_a_misspelt_word_gets_what_was_probably_meant() -> None:
    assert arguments.nearest("servics", ["services", "deploy"]) == " Did you mean services?"
    assert arguments.nearest("zzz", ["services", "deploy"]) == ""
