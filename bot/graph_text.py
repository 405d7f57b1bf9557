"""Words on a picture: only what the font has, on one line, and no longer than there is room for."""

from __future__ import annotations

from collections.abc import Callable, Container

from bot.redact import clean

LONGEST = 300
"""Characters that are looked at; the rest of a name is never on a picture."""
NO_GLYPH = "□"
SIZES = ("B", "B/s", "B/min", "bit/s")
MEASURES = ("%", "s", "ms", *SIZES)
"""Units of what is measured; all else is counted."""
_JOINERS = {"\u200c", "\u200d", *(chr(code) for code in range(0xFE00, 0xFE10))}
"""What only joins or chooses the look of its neighbours."""


def legible(text: str, glyphs: Container[int]) -> str:
    """Hostile text made fit: redacted, on one line, a box for each run of characters that the font lacks."""
    cut = text[: LONGEST * 4]
    words = " ".join(clean(cut).split())[:LONGEST]
    shown = ""
    for character in words:
        if character in _JOINERS:
            continue
        if ord(character) in glyphs:
            shown += character
        elif not shown.endswith(NO_GLYPH):
            shown += NO_GLYPH
    return shown


def fitted(text: str, room: float, width_of: Callable[[str], float]) -> str:
    """As much of the text as is no wider than the room, with "…" in its middle where something is missing.

    Names that are alike at their beginning differ at their end, where a version stands too.
    """
    if width_of(text) <= room:
        return text
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if width_of(_without_middle(text, middle)) <= room:
            least = middle
        else:
            most = middle - 1
    return _without_middle(text, least) if least else ""


def _without_middle(text: str, kept: int) -> str:
    """So many characters of the text, the longer part of them at its end."""
    first = kept // 2
    return f"{text[:first].rstrip()}…{text[len(text) - (kept - first) :].lstrip()}"


def with_unit(written: str, unit: str) -> str:
    """A number and its unit as they are written: 90%, 1.5 s, 3k requests, 2 GB, 420/min, 1.2 ms."""
    if not unit or unit == "%" or unit.startswith("/"):
        return written + unit
    prefixes = "mµn" if unit == "s" else "kMGTP" if unit in SIZES else ""
    prefixed = written[-1:] in tuple(prefixes)
    return f"{written[:-1]} {written[-1]}{unit}" if prefixed else f"{written} {unit}"
