"""When the weekly digest comes, as operators write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import load
from bot.settings.digest import Digest
from tests.bot.config_files import BOT, problems, write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, 540)),
        ("digest: {}\n", (0, 540)),
        ("digest: {day: friday}\n", (4, 540)),
        ('digest: {hour: "16:30"}\n', (0, 990)),
        ("digest: {hour: 16:30}\n", (0, 990)),
        ("digest: never\n", None),
    ],
)
def test_day_and_hour_have_defaults_and_never_is_a_word(
    tmp_path: Path, text: str, expected: tuple[int, int] | None
) -> None:
    digest = load(write(tmp_path, {"bot.yaml": f"{BOT}{text}"})).bot.digest
    assert (digest and (digest.weekday, digest.hour)) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('digest: {hour: "9:00"}\n', "config/bot.yaml:2: digest.hour: must be a time of day as in 09:00"),
        ('digest: {hour: "24:00"}\n', "config/bot.yaml:2: digest.hour: must be a time of day as in 09:00"),
        ("digest: {hour: 1630}\n", "config/bot.yaml:2: digest.hour: must be a time of day as in 09:00"),
    ],
)
def test_a_time_that_is_none_is_named(tmp_path: Path, text: str, said: str) -> None:
    assert problems(tmp_path, {"bot.yaml": f"{BOT}{text}"}) == [said]


@pytest.mark.parametrize("text", ["digest: {day: mon}\n", "digest: daily\n", "digest: {days: monday}\n"])
def test_what_is_no_digest_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    (said,) = problems(tmp_path, {"bot.yaml": f"{BOT}{text}"})
    assert said.startswith("config/bot.yaml:2: digest")


def test_the_digest_says_which_day_it_is() -> None:
    assert Digest.model_validate({"day": "sunday"}).weekday == 6
