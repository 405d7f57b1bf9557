"""Time zones by their names in the IANA database, as ``Asia/Tokyo``."""

from __future__ import annotations

import difflib
import zoneinfo
from functools import cache

_AREAS = ("africa", "america", "antarctica", "arctic", "asia", "atlantic", "australia", "europe", "indian", "pacific")
_CLOSE = 0.85
"""How like a zone's name a misspelt one is, of 1."""


@cache
def zones() -> dict[str, str]:
    """Every zone that this machine knows, by its name in small letters."""
    return {name.lower(): name for name in zoneinfo.available_timezones()}


def zone_named(word: str) -> str:
    """The zone's exact name; capitals do not count. Raises ValueError, a sentence with the nearest names."""
    found = zones().get(word.lower())
    if found is None:
        near = nearest_zones(word)
        hint = f"did you mean {' or '.join(near)}?" if near else "it is written like Asia/Tokyo or UTC"
        raise ValueError(f"is no time zone; {hint}")
    return found


def means_zone(word: str) -> bool:
    """True for ``UTC``, ``GMT`` and names with a slash; ``London`` and ``Japan`` may be words of a text."""
    lower = word.lower()
    if lower in ("utc", "gmt"):
        return True
    area, slash, _ = lower.partition("/")
    if not slash or lower in zones() or area in _AREAS:
        return bool(slash)
    # Eurpe/Berlin is a misspelt zone, and/or is not.
    return bool(difflib.get_close_matches(lower[:60], zones(), n=1, cutoff=_CLOSE))


def nearest_zones(word: str) -> list[str]:
    """Zones that may have been meant, at most three: spelt almost like it, or named after that city."""
    lower = word.lower().strip().replace(" ", "_")[:60]
    city = [name for key, name in sorted(zones().items()) if lower and key.rpartition("/")[2] == lower]
    close = difflib.get_close_matches(lower, zones(), n=3, cutoff=_CLOSE)
    return list(dict.fromkeys([*city, *(zones()[key] for key in close)]))[:3]
