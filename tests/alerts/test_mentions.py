"""What people say to the bot in the thread of an incident."""

from __future__ import annotations

import pytest

from alerts.mentions import EXAMPLES, understood


@pytest.mark.parametrize(
    ("text", "name"),
    [("timeline", "timeline"), ("Timeline.", "timeline"), ("report", "report"), ("postmortem please", "report")],
)
def test_the_record_is_asked_for_in_a_word(text: str, name: str) -> None:
    said = understood(text)
    assert said is not None
    assert (said.name, dict(said.payload)) == (name, {})


def test_every_example_is_understood() -> None:
    for example, _ in EXAMPLES:
        text = example.replace("@somebody", "<@U0BOB>").replace("<alarm>", "api").replace("<text>", "x")
        assert understood(text.replace("<link to the other headline>", "api")) is not None, example
