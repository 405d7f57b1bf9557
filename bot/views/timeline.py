"""The timeline of an incident, for whoever asks for it in its thread."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import Message
from bot.record import Line
from bot.views import blocks as b

MARKS = {
    "alarm": ":red_circle:",
    "finding": ":mag:",
    "person": ":bust_in_silhouette:",
    "page": ":pager:",
    "incident": ":small_blue_diamond:",
    "operation": ":gear:",
    "pin": ":pushpin:",
}
SHOWN = 60
TEXT = 240
ROOM = 11_000
"""Characters that all lines together may have: of the 12,000 of a message's blocks something is left for the rest."""


def timeline(lines: Sequence[Line]) -> Message:
    """The newest lines that fit, oldest first, with each reader's own clock."""
    if not lines:
        return b.paragraph("Nothing is known of this incident yet.")
    shown: list[str] = []
    room = ROOM
    for line in reversed(lines[-SHOWN:]):
        written = _line(line)
        room -= len(written)
        if room < 0:
            break
        shown.insert(0, written)
    left = len(lines) - len(shown)
    hint = f"{left} earlier. Mention me with *report* for all of it as a file." if left else ""
    title = f"*Timeline*, {len(lines)} line{'s' if len(lines) > 1 else ''}"
    blocks = (*b.sections([title, *shown]), *((b.context(hint),) if hint else ()))
    return Message(text=f"Timeline of this incident: {len(lines)} lines", blocks=b.fit(blocks))


def _line(line: Line) -> str:
    by = f" — {b.user(line.by)}" if line.by else ""
    files = "".join(f" {b.link(each.link, each.name)}" for each in line.files[:5])
    text = b.esc(line.text, TEXT) or ("" if files else "(no text)")
    return f"{MARKS.get(line.kind, ':small_blue_diamond:')} {b.when(line.at)} {text}{files}{by}"
