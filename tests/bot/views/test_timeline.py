"""The timeline as it is whispered in a thread."""

from __future__ import annotations

from bot.chat_ports import SharedFile
from bot.record import Line
from bot.views.blocks import ALL_TEXT
from bot.views.timeline import SHOWN, timeline
from tests.fakes import NOON, texts

WHEN = "<!date^1750000000^{date_short_pretty} {time}|2025-06-15 15:06 UTC>"


def test_lines_say_what_when_and_who() -> None:
    files = (SharedFile("CPU", "https://x.slack.com/files/F1"), SharedFile("old", ""))
    message = timeline(
        (
            Line(NOON, "alarm", "api-errors: 7 > 5"),
            Line(NOON, "person", "acknowledged it", "U0BOB"),
            Line(NOON, "pin", "", "U0CARA", "", files),
            Line(NOON, "pin", "", "Ann Lee"),
        )
    )
    assert message.text == "Timeline of this incident: 4 lines"
    assert message.blocks[0]["text"]["text"].split("\n") == [
        "*Timeline*, 4 lines",
        f":red_circle: {WHEN} api-errors: 7 &gt; 5",
        f":bust_in_silhouette: {WHEN} acknowledged it — <@U0BOB>",
        f":pushpin: {WHEN}  <https://x.slack.com/files/F1|CPU> old — <@U0CARA>",
        f":pushpin: {WHEN} (no text) — Ann Lee",
    ]


def test_the_newest_lines_are_shown_when_there_are_too_many() -> None:
    lines = tuple(Line(NOON + number, "person", f"line {number} " + "x" * 300, "U0BOB") for number in range(200))
    message = timeline(lines)
    said = texts(message)
    shown = said.count("acknowledged") + said.count(":bust_in_silhouette:")
    assert 20 < shown <= SHOWN
    assert "line 199" in said
    assert "line 1 " not in said
    assert f"{200 - shown} earlier. Mention me with *report* for all of it as a file." in said
    assert sum(len(block["text"]["text"]) for block in message.blocks if "text" in block) <= ALL_TEXT


def test_nothing_is_said_to_be_nothing() -> None:
    assert timeline(()).text == "Nothing is known of this incident yet."


def test_what_others_wrote_neither_pings_nor_formats() -> None:
    said = texts(timeline((Line(NOON, "pin", "<!channel> *now* `x`", "<!here>"),)))
    assert "<!channel>" not in said
    assert "<!here>" not in said
    assert "*now*" not in said
