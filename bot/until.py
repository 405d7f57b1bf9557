"""When something is to end, as people type it: ``2h``, ``18:00``, ``tomorrow 09:00``, ``2026-12-31``, ``friday``.

Times of day are in UTC unless a zone follows, ``18:00 Asia/Tokyo``. A day alone means all of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.duration import parse_duration
from bot.zones import means_zone, zone_named

LONGEST = 366 * 86400.0
EXAMPLES = "2h, 3d, 18:00, tomorrow 09:00, friday, 2026-12-31, or 18:00 Asia/Tokyo"

_LENGTH = re.compile(r"[0-9]{1,6}[smhd]")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = ("today", "tomorrow", *_WEEK)


def begins_end(word: str) -> bool:
    """True for a word with which an end begins."""
    lower = word.lower()
    return lower in _DAYS or any(shape.fullmatch(lower) for shape in (_LENGTH, _CLOCK, _DATE))


def leading(words: Sequence[str]) -> int:
    """How many of these words say together when something ends; 0 when the first one does not."""
    if not words or not begins_end(words[0]):
        return 0
    if _LENGTH.fullmatch(words[0].lower()):
        return 1
    count = 1
    if not _CLOCK.fullmatch(words[0]) and len(words) > 1 and _CLOCK.fullmatch(words[1]):
        count = 2
    return count + (len(words) > count and means_zone(words[count]))


def check(text: str) -> str:
    """The text when it says an end. Raises ValueError in a sentence."""
    words = text.split()
    if not words or leading(words) != len(words):
        raise ValueError(f"an end is {EXAMPLES}")
    moment(text, 0.0)
    return text


def length(text: str) -> float | None:
    """Seconds, where an end is said as a length of time; None where it is a moment."""
    return parse_duration(text.lower()) if _LENGTH.fullmatch(text.lower()) else None


def moment(text: str, now: float) -> float:
    """When that is, seconds since the epoch. A time of day is its next one. Raises ValueError in a sentence."""
    seconds = length(text)
    if seconds is not None:
        return now + seconds
    words = text.split()
    zone = ZoneInfo("UTC")
    if means_zone(words[-1]):
        zone = _zone(words.pop())
    today = datetime.fromtimestamp(now, zone).date()
    clock = next((match for match in map(_CLOCK.fullmatch, words) if match), None)
    if _CLOCK.fullmatch(words[0]):
        day, again = today, 1
    else:
        day, again = _day(words[0].lower(), today)
    found = _at(day, clock, zone)
    return _at(day + timedelta(days=again), clock, zone) if again and found <= now else found


def _zone(word: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone_named(word))
    except ValueError as error:
        raise ValueError(f"{word} {error}") from error


def _day(word: str, today: date) -> tuple[date, int]:
    """The day that a word means, and after how many days it comes again when it is over; 0 for never."""
    if word in _WEEK:
        return today + timedelta(days=(_WEEK.index(word) - today.weekday()) % 7), 7
    if word in ("today", "tomorrow"):
        return today + timedelta(days=int(word == "tomorrow")), 0
    try:
        return date.fromisoformat(word), 0
    except ValueError as error:
        raise ValueError(f"{word} is no day of the calendar") from error


def _at(day: date, clock: re.Match[str] | None, zone: ZoneInfo) -> float:
    if clock is None:
        day += timedelta(days=1)
    at = time(int(clock[1]), int(clock[2])) if clock else time()
    return datetime.combine(day, at, zone).timestamp()


def in_words(at: float) -> str:
    """A moment in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
