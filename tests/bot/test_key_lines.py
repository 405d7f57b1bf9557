from __future__ import annotations

import pytest

from bot.cloud import LogLine
from bot.key_lines import without_keys
from bot.redact import clean
from bot.secret_values import MASK
from bot.templates import entries, group, masked_line, read_line

BEGIN, END = (f"-----{word} RSA {'PRIVATE'} KEY-----" for word in ("BEGIN", "END"))
BODY = ("MIIEpAIBAAKCAQEAzz" + "Q0pX" * 10, "zz" + "Kd7h" * 15, "c3Rz" * 16, "zzab==")


def lines(*texts: str, stream: str = "a") -> list[LogLine]:
    return [LogLine(number / 100, text, stream, str(number)) for number, text in enumerate(texts)]


def left(found: list[str]) -> list[str]:
    return [part for part in BODY if any(part in text for text in found)]


@pytest.mark.parametrize("redacted", [False, True])
@pytest.mark.parametrize(
    "texts",
    [
        (BEGIN, *BODY, END),
        ("loading key " + BEGIN, *BODY, END, "done"),
        (BEGIN, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,00", "", *BODY, END),
        (BEGIN, *BODY),
        (*BODY, END),
        (*BODY[1:], END, BEGIN, *BODY, "all ok"),
    ],
)
def test_nothing_is_left_of_a_key_whose_lines_are_events(texts: tuple[str, ...], redacted: bool) -> None:
    written = lines(*(clean(text) if redacted else text for text in texts))
    found = without_keys(written)
    assert left([line.message for line in found]) == []
    assert [line.id for line in found] == [line.id for line in written]
    assert [line.message for line in found if line.message in ("all ok", "done")] == [
        text for text in texts if text in ("all ok", "done")
    ]


def test_lines_of_other_streams_in_between_stay_and_their_keys_do_not() -> None:
    one, other = (lines(*texts, stream=name) for texts, name in (((BEGIN, *BODY, END), "a"), (("OK",) * 6, "b")))
    found = without_keys([line for pair in zip(one, other, strict=True) for line in pair])
    assert left([line.message for line in found]) == []
    assert [line.message for line in found if line.stream == "b"] == ["OK"] * 6


def test_what_only_looks_like_a_key_s_line_stays() -> None:
    for texts in (
        ("Authorization: [redacted]", "done", "started", "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"),
        ("started", "a1b2c3d4", "----- END of it -----", "OK"),
    ):
        assert [line.message for line in without_keys(lines(*texts))] == list(texts)


def test_groups_and_entries_have_no_key_either() -> None:
    for written in (lines(BEGIN, *BODY, END), [read_line(line, line.message) for line in lines(BEGIN, *BODY, END)]):
        assert left([text for _, text in entries(written)]) == []
        assert left([part for found in group(written) for part in (found.sample, found.template)]) == []


def test_a_line_that_a_search_found_alone_is_a_key_s_by_its_look() -> None:
    assert clean(BODY[2][:63] + "1") == MASK
    assert clean("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08") != MASK
    assert masked_line(LogLine(1.0, "x", "s")).message == MASK
