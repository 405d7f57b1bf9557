"""Addresses to click on: only whole ones, and never one that carries a secret."""

from __future__ import annotations

import pytest
from hypothesis import given

from bot.views.blocks import link
from tests.bot.views.limits import check_markup, hostile

LABEL = "Watch it there"


def test_an_address_becomes_a_link() -> None:
    address = "https://console.example.com/home?region=eu-west-1&x=1#logEvent:group=/aws/codebuild/api;stream=1f"
    assert link(address, LABEL) == f"<{address.replace('&', '&amp;')}|{LABEL}>"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "javascript:alert(1)",
        "https://ci.example.com/a b",
        "https://ci.example.com/|x>",
        f"https://ci.example.com/{'a' * 1500}",
        "https://ci.example.com/?token=hunter2hunter2",
    ],
)
def test_anything_else_is_only_its_label(address: str) -> None:
    assert link(address, LABEL) == LABEL


@given(text=hostile)
def test_no_text_breaks_out_of_a_link(text: str) -> None:
    check_markup(link(f"https://ci.example.com/{text}", LABEL), frozenset())
