"""Takes keys out of logs in which every line of a key is an event of its own, as containers' standard output is logged.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.cloud import LogLine
from bot.secret_values import MASK

_BASE64 = re.compile(r"\s*[A-Za-z0-9+/]+={0,2}\s*")
_FIRST_LINE = 24
"""Characters of which a key's first line has more; a word by itself has fewer."""
_HEADER = re.compile(r"\s*(?:Proc-Type|DEK-Info|Comment): |\s*$")
_MARK = "-----"


def without_keys(lines: Sequence[LogLine], masked: Callable[[LogLine], LogLine] | None = None) -> Sequence[LogLine]:
    """The lines, in order of time, with a mask for each that is part of a PEM block written a line at a time.

    They may be redacted already, so that the block's first line is only a mask. ``masked`` makes the line that stands
    for one, by default with the mask as its message.
    """
    mask = masked or (lambda line: replace(line, message=MASK))
    hidden = _hidden(lines) if any(_is_mark(line.message) for line in lines) else frozenset()
    return [mask(line) if place in hidden else line for place, line in enumerate(lines)] if hidden else lines


def _is_mark(text: str) -> bool:
    return _MARK in text or text.rstrip().endswith(MASK)


def _hidden(lines: Sequence[LogLine]) -> frozenset[int]:
    """The places of the lines that are within a block, those before an end whose beginning is not there included."""
    hidden: set[int] = set()
    blocks: dict[tuple[str, str], _Block] = {}
    for place, line in enumerate(lines):
        block = blocks.setdefault(line.place, _Block())
        text = line.message
        if text.strip() == MASK or _BASE64.fullmatch(text):
            if block.takes(place, text):
                hidden.add(place)
            continue
        if _MARK in text and "END" in text and block.is_long:
            hidden.update(block.run)
        goes_on = block.is_open and not block.run and _HEADER.match(text)
        blocks[line.place] = _Block(is_open=bool(goes_on) or (_is_mark(text) and "END" not in text))
    return frozenset(hidden)


@dataclass
class _Block:
    """What was read of a stream since its last line that can be no part of a key."""

    is_open: bool = False
    run: list[int] = field(default_factory=list)
    is_long: bool = False

    def takes(self, place: int, text: str) -> bool:
        """Add a line that may be part of a key; whether it is, as far as is known by then."""
        is_mask = text.strip() == MASK
        self.is_open = is_mask or (self.is_open and (bool(self.run) or len(text) > _FIRST_LINE))
        self.is_long = self.is_long or is_mask or len(text) > _FIRST_LINE
        self.run.append(place)
        return self.is_open
