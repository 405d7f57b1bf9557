"""Moments that have been, as people type them: ``14:00``, ``2:30pm``, ``yesterday 14:00``, ``2026-11-25T14:05Z``.

A time of day without a date is the latest such time. Clocks are put forward and back: a time that they skipped is
refused, one that they showed twice is the first or the second of the two, as the caller says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from bot.errors import UsageError
from bot.zones import means_zone, nearest_zones, zone_named

_CLOCK = r"(?:[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:\s?[ap]m)?|[0-9]{1,2}[ap]m)"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAY = rf"(?:today|yesterday|{_DATE})"
_AHEAD = r"(?:z|\+(?:0[0-9]|1[0-4]):?(?:00|15|30|45))"
_OFFSET = rf"(?:{_AHEAD}|-(?:0[0-9]|1[0-2]):?(?:00|15|30|45))"
# After a T a minus begins an offset, as ISO 8601 has it; anywhere else it is the middle of a range.
MOMENT = rf"(?:{_DAY}(?:t{_CLOCK}{_OFFSET}?+|\s+{_CLOCK}{_AHEAD}?+)?|{_CLOCK}{_AHEAD}?+)"
"""A regular expression without groups, to be matched without regard to capitals."""

INTERVAL = rf"{_DATE}t{_CLOCK}{_OFFSET}?+/{_DATE}t{_CLOCK}{_OFFSET}?+"
"""Two whole moments as ISO 8601 writes an interval; an expression like ``MOMENT``."""

_PARTS = re.compile(rf"({_DAY})?(?:t|\s+)?({_CLOCK})?({_OFFSET})?", re.IGNORECASE)
_TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?(?::([0-9]{2}(?:[.,][0-9]+)?))?\s?([ap]m)?", re.IGNORECASE)
_ZONE_OFFSET = re.compile(r"(?:(?:utc|gmt)([+-][0-9]{1,2})|([+-][0-9]{2})(?=:))(?::?([0-9]{2}))?", re.IGNORECASE)

_AMBIGUOUS = {
    **dict.fromkeys(("CET", "CEST", "MET", "MEZ", "MESZ"), "Europe/Berlin"),
    **dict.fromkeys(("WET", "WEST"), "Europe/Lisbon"),
    **dict.fromkeys(("EET", "EEST"), "Europe/Helsinki"),
    **dict.fromkeys(("EST", "EDT"), "America/New_York"),
    **dict.fromkeys(("CST", "CDT"), "America/Chicago or Asia/Shanghai"),
    **dict.fromkeys(("MST", "MDT"), "America/Denver"),
    **dict.fromkeys(("PST", "PDT"), "America/Los_Angeles"),
    **dict.fromkeys(("AKST", "AKDT"), "America/Anchorage"),
    **dict.fromkeys(("AEST", "AEDT"), "Australia/Sydney"),
    **dict.fromkeys(("ACST", "ACDT"), "Australia/Adelaide"),
    **dict.fromkeys(("NZST", "NZDT"), "Pacific/Auckland"),
    "AWST": "Australia/Perth",
    "HST": "Pacific/Honolulu",
    "BRT": "America/Sao_Paulo",
    "BST": "Europe/London or Asia/Dhaka",
    "IST": "Asia/Kolkata, Europe/Dublin or Asia/Jerusalem",
    "MSK": "Europe/Moscow",
    "SAST": "Africa/Johannesburg",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "SGT": "Asia/Singapore",
    "HKT": "Asia/Hong_Kong",
}
_SAY_A_ZONE = "Say it like 14:00-14:20 Europe/Berlin; put it in quotes when it is text to search for."
_LIKE_A_ZONE = re.compile(r"[A-Z][a-z]+(?:_[A-Za-z]+)*/[A-Z][a-z]+(?:_[A-Za-z]+)*")
_ALSO_WORDS = ("met", "wet", "west")


@dataclass(frozen=True)
class Moment:
    """A moment as it was said.

    ``day`` is empty, ``today``, ``yesterday`` or an ISO date; ``second`` is that of the day, None where a whole day
    was said; ``offset`` is what the moment itself says of its zone.
    """

    said: str
    day: str
    second: float | None
    offset: timezone | None


@dataclass(frozen=True)
class Zone:
    """A time zone as it was said: what clocks there show, and the IANA name in which times are shown."""

    clock: tzinfo
    name: str


def read_moment(said: str) -> Moment:
    """The moment that a text matched by ``MOMENT`` says. Raises UsageError for a time that no clock shows."""
    parts = _PARTS.fullmatch(said)
    if parts is None:
        raise ValueError(said)
    day, clock, offset = parts.groups()
    return Moment(
        said=said,
        day=(day or "").lower(),
        second=_second(clock) if clock else None,
        offset=_offset(offset) if offset else None,
    )


def _second(clock: str) -> float:
    found = _TIME.fullmatch(clock)
    if found is None:
        raise ValueError(clock)
    hour, minute, second = int(found[1]), int(found[2] or 0), float((found[3] or "0").replace(",", "."))
    if found[4]:
        known = 1 <= hour <= 12
        hour = hour % 12 + (12 if found[4].lower() == "pm" else 0)
    else:
        known = hour < 24 or (hour, minute, second) == (24, 0, 0)
    if not known or minute > 59 or second >= 60:
        raise UsageError(
            f"“{clock}” is no time of day.",
            hint="A time of day is 14:00, 14:00:30 or 2:00pm. Put it in quotes when it is text to search for.",
        )
    return hour * 3600 + minute * 60 + second


def _offset(text: str) -> timezone:
    if text.lower() == "z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def read_zone(word: str, shown_in: str) -> Zone | None:
    """The zone that a word says; None when it says none. An offset has no name: its times are shown in ``shown_in``.

    Raises UsageError for abbreviations, which several zones share, and for names that no zone has.
    """
    if word.upper() in _AMBIGUOUS and (word.isupper() or word.lower() not in _ALSO_WORDS):
        raise UsageError(
            f"“{word}” is short for more than one time zone.",
            hint=f"Say {_AMBIGUOUS[word.upper()]}; put it in quotes when it is text to search for.",
        )
    if word == "Z":
        return Zone(UTC, "UTC")
    found = _ZONE_OFFSET.fullmatch(word)
    if found is not None:
        ahead = found[1] or found[2]
        minutes = int(ahead[1:]) * 60 + int(found[3] or 0)
        if minutes > 14 * 60:
            raise UsageError(f"“{word}” is no time zone: none is so far from UTC.", hint="Say +02:00 or Europe/Berlin.")
        return Zone(timezone((-1 if ahead[0] == "-" else 1) * timedelta(minutes=minutes)), shown_in)
    if not means_zone(word):
        return None
    try:
        name = zone_named(word)
    except ValueError as error:
        raise UsageError(f"“{word}” {error}", hint=_SAY_A_ZONE) from error
    return Zone(ZoneInfo(name), name)


def refuse_likely_zone(word: str) -> None:
    """Raises UsageError for a city that a zone is named after, and for ``Foo/Bar``: neither is likely to be a text."""
    city = word.lower().replace(" ", "_")
    near = [name for name in nearest_zones(word) if name.lower().endswith(f"/{city}")]
    if near or _LIKE_A_ZONE.fullmatch(word):
        meant = f"did you mean {' or '.join(near)}?" if near else "it is written like Asia/Tokyo or UTC."
        raise UsageError(f"“{word}” is no time zone; {meant}", hint=_SAY_A_ZONE)


def day_of(moment: Moment, clock: tzinfo, now: float) -> date:
    """The day that a moment is on. Without one it is the latest on which that time was before ``now``."""
    today = datetime.fromtimestamp(now, clock).date()
    yesterday = today - timedelta(days=1)
    if moment.day in ("today", "yesterday"):
        return today if moment.day == "today" else yesterday
    if not moment.day:
        return today if _wall(today, moment.second or 0.0, clock, 0).timestamp() < now else yesterday
    try:
        day = date.fromisoformat(moment.day)
    except ValueError as error:
        raise UsageError(f"“{moment.day}” is no day of the calendar.", hint="Say it like 2026-11-25 14:00.") from error
    if not 1970 <= day.year < 3000:
        raise UsageError(f"“{moment.day}” is too far away.", hint="Say it like 2026-11-25 14:00.")
    return day


def instant(day: date, second: float, clock: tzinfo, *, fold: int) -> float:
    """Seconds since the epoch at a time of a day. ``fold`` 0 is the first and 1 the second time that clocks show it.

    Raises UsageError, with the two times around it, for a time that clocks skip.
    """
    wall = _wall(day, second, clock, fold)
    at = wall.timestamp()
    if datetime.fromtimestamp(at, clock).replace(tzinfo=None, fold=0) != wall.replace(tzinfo=None, fold=0):
        around = (datetime.fromtimestamp(_wall(day, second, clock, side).timestamp(), clock) for side in (1, 0))
        earlier, later = (f"{each:%H:%M}" for each in around)
        raise UsageError(
            f"{wall:%H:%M} does not exist on {day} in {clock}: clocks were put forward over it.",
            hint=f"Say {earlier} or {later}.",
        )
    return at


def beginning(day: date, clock: tzinfo) -> float:
    """The first moment of a day, in seconds since the epoch; where clocks skip midnight, the one after it."""
    return _wall(day, 0.0, clock, 0).timestamp()


def day_after(day: date) -> date:
    """The day with whose beginning a day ends."""
    return day + timedelta(days=1)


def _wall(day: date, second: float, clock: tzinfo, fold: int) -> datetime:
    return (datetime.combine(day, time()) + timedelta(seconds=second)).replace(tzinfo=clock, fold=fold)
