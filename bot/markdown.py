"""Foreign text inside Markdown, as CommonMark reads it: it can neither format nor ping, and its secrets are masked."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bot.redact import clean

_SPECIAL = re.compile(r"[\\`*\[\]<>|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=#?\w{1,31};)", re.ASCII)
"""What could begin something; an underscore inside a word formats nothing, and stays as it is."""
_BEGINNING = re.compile(r"^(?:[-+#=:]|\d{1,9}(?=[.)]))")
"""What would make a list, a heading or a rule of a line that begins with it."""
_PING = re.compile(r"@(?=\w)")


def text(foreign: str, limit: int = 500) -> str:
    """One line of foreign text, at most ``limit`` characters of it."""
    plain = " ".join(clean(foreign).split())
    plain = plain if len(plain) <= limit else plain[: limit - 1] + "…"
    written = _SPECIAL.sub(r"\\\g<0>", plain)
    written = _BEGINNING.sub(lambda found: _kept(found[0]), written)
    return _PING.sub("@\u200b", written)


def _kept(beginning: str) -> str:
    return f"{beginning}\\" if beginning.isdecimal() else f"\\{beginning}"


def code(foreign: str, limit: int = 200) -> str:
    """Foreign text as inline code; a dash where there is none."""
    plain = " ".join(clean(foreign).replace("`", "\u02cb").split())
    plain = plain if len(plain) <= limit else plain[: limit - 1] + "…"
    return f"`{plain}`" if plain else "–"


def link(address: str, label: str) -> str:
    """A word to click on; the label alone where the address is none of the web's."""
    if not re.fullmatch(r"https?://[\w.~:/?#@!$&'*+,;=%-]{1,1500}", address, re.ASCII) or clean(address) != address:
        return text(label)
    return f"[{text(label)}](<{address}>)"


def at(moment: float) -> str:
    """A time with its date, in UTC: everybody reads a report, wherever they are."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def took(seconds: float) -> str:
    """A duration in its two largest units: ``45 s``, ``12 min 30 s``, ``3 h 5 min``, ``2 days 4 h``."""
    left = max(0, round(seconds))
    for size, name, smaller_size, smaller in ((86400, "days", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if left >= size:
            whole, rest = divmod(left, size)
            rest //= smaller_size
            word = "day" if name == "days" and whole == 1 else name
            return f"{whole} {word} {rest} {smaller}" if rest else f"{whole} {word}"
    return f"{left} s"
