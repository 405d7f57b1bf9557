"""The shape of a text: what is left of a line when all that differs from one time to the next looks the same.

Services say the same few sentences again and again, with other numbers and ids. What only depends on the words of a
text need not be found out again for a text of a shape that was seen before.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 2_000
"""Characters of a text that is likely to have a shape others have, too."""
_DIGITS = bytes.maketrans(b"023456789", b"111111111")
_ALL_DIGITS = str.maketrans("023456789", "111111111")
_H = "[0-9a-fA-F]"
# Seven are looked for before what stands in front of them, which is faster by half.
_HEX = re.compile(rf"{_H}{{7}}(?<!\w.{{7}})(?:{_H}(?:-{_H}{{4}}){{3}}-{_H}{{12}}(?!\w)|{_H}{{0,57}}+(?!\w))")


@lru_cache(maxsize=64)
def shape(text: str) -> str:
    """The text with every digit as 1 and every hexadecimal id as one of its length; the words stay as they are.

    What was JSON is JSON, which knows no numbers such as 00. Remembered for the next who asks for the same line.
    """
    text = _HEX.sub(_same_hex, text)
    return text.encode().translate(_DIGITS).decode() if text.isascii() else text.translate(_ALL_DIGITS)


def _same_hex(found: re.Match[str]) -> str:
    said = found[0]
    if said[8:9] == "-":  # a group of digits stays one, since with the next it may look like a payment card
        return "-".join(each if each.isdecimal() else f"1a{'1' * (len(each) - 2)}" for each in said.split("-"))
    if said.isdecimal() or said.isalpha():
        return said
    # What an exception's name begins with: no name begins with a digit.
    is_name = said[0].isalpha() and found.string.startswith(".", found.end())
    return f"{'a1' if is_name else '1a'}{'1' * (len(said) - 2)}"
