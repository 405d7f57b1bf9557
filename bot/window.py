"""The time range that people type among other words: ``last 15m``, ``since 14:00``, ``14:00-14:20 Europe/Berlin``.

What is quoted, between slashes or after ``=`` is text to search for and never a time. A word of one part that is also
the name of a zone (``Japan``) is text: zones are said with their slash, or as ``UTC``, ``GMT`` or an offset. Words that
begin a time which cannot be read (``since friday``) are refused: as text they would be looked for at another time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.duration import parse_duration
from bot.errors import UsageError
from bot.moments import (
    INTERVAL,
    MOMENT,
    Moment,
    Zone,
    beginning,
    day_after,
    day_of,
    instant,
    read_moment,
    read_zone,
    refuse_likely_zone,
)

LONGEST = 92 * 86400.0
HALF_A_DAY = 12 * 3600.0
"""Less than this over midnight is meant so (``23:50-00:10``); more is a range typed the wrong way round."""
AROUND = 300.0
"""Seconds before and after the moment of ``around 14:05``."""
EXAMPLES = "last 15m, since 14:00, 14:00-14:20 Europe/Berlin, around 14:05, yesterday or since deploy"

_UNIT = r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
_LENGTH = rf"(?:[0-9]{{1,6}}\s?{_UNIT}(?:\s?[0-9]{{1,6}}\s?{_UNIT}){{0,4}}+)"
# Seconds by themselves are what logs say: "timeout after 30s".
_SHORT = r"[0-9]{1,4}(?:m|mins?|h|hrs?|d|w)"
_TO = r"(?:\s*[-\u2013\u2014]\s*|\s+(?:to|until|till|and)\s+)"
_TIME = re.compile(
    rf"""(?<!\S)(?:
        (?:(?:for|in|over|during)\s+)?(?:the\s+)?(?:last|past)\s+(?P<length>{_LENGTH}|minute|hour|day|week)
        | (?:since\s+)?(?P<ago>{_LENGTH})\s+ago | since\s+(?P<span>{_LENGTH}) | (?P<short>{_SHORT})
        | (?P<deploy>since\s+(?:the\s+)?(?:last\s+)?deploy(?:ment)?)
        | since\s+(?P<since>{MOMENT})
        | around\s+(?P<around>{MOMENT})
        | (?:(?:from|between)\s+)?(?P<start>{MOMENT}){_TO}(?P<end>now|{MOMENT})
        | (?P<interval>{INTERVAL}) | (?P<alone>{MOMENT})
    )(?!\S)""",
    re.IGNORECASE | re.VERBOSE,
)
_DAYS = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_HOUR, _MINUTE, _DASH = "(?:[01]?[0-9]|2[0-3])", "[0-5][0-9]", r"\s?[-\u2013\u2014]\s?"
_PAIR = rf"(?:{_HOUR}[.:]|(?:[01][0-9]|2[0-3])){_MINUTE}"
# With a bare hour on one side a dot may be that of a number: 1-2.30.
_OTHER_CLOCKS = rf"(?:{_PAIR}{_DASH}{_PAIR}|{_HOUR}{_DASH}{_HOUR}:{_MINUTE}|{_HOUR}:{_MINUTE}{_DASH}{_HOUR})(?:[ap]m)?"
_HALF_READ = re.compile(
    r"(?<!\S)(?:(?:since|around|last|past)(?:\s+[0-9]+(?!\S))?(?:\s+\S+)?"
    rf"|ago|tomorrow|{_DAYS}|{_OTHER_CLOCKS})(?!\S)",
    re.IGNORECASE,
)
_NEXT_WORDS = re.compile(r"\s+(\S+)(?:\s+(\S+))?")
_WORD_BEFORE = re.compile(r"(?<!\S)(\S{1,60})\s{1,20}$")
_TEXT = re.compile(
    r"""(?<!\S)[^\s"'/=\u201c\u201d]*[=](?:"[^"]*"|'[^']*'|\S*) | ["\u201c\u201d][^"\u201c\u201d]*["\u201c\u201d]
        | (?<!\S)-?'[^']*'(?!\S) | (?<!\S)-?/(?:\\.|[^/\\])+/(?!\S)""",
    re.VERBOSE,
)
_OTHER_DATE = re.compile(
    r"(?<!\S)(?![0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[0-9]{1,2}([./-])[0-9]{1,2}\1|(?=20[0-9]{2}[./-][0-9]{1,2}[./-][0-9]{1,2}(?!\S)))20[0-9]{2}\S*"
)


@dataclass(frozen=True)
class Window:
    """A range of time; ``start`` and ``end`` are in seconds since the epoch.

    ``zone`` is the IANA name in which it was said and is shown; ``said`` are the words it was read from, empty for
    the default. ``open_end`` is true when it ends now, so that the same words mean another range later;
    ``since_deploy`` asks the caller to put the last deployment in place of ``start``.
    """

    start: float
    end: float
    zone: str
    said: str
    open_end: bool
    since_deploy: bool = False


def find_window(words: str, *, now: float, zone: str, default: float, longest: float = LONGEST) -> tuple[Window, str]:
    """The window that a text names, and the text without it; the last ``default`` seconds where it names none.

    A window never ends after ``now``; one that is said to is cut there. Raises UsageError, a sentence and an example,
    for a range that is in the future, reversed, longer than ``longest`` seconds, in an unknown zone or on no clock.
    """
    # Of what is text only its length counts: places in the masked text are those in the words.
    masked = _TEXT.sub(lambda text: "\0" * len(text[0]), words)
    found = list(_TIME.finditer(masked))
    _refuse_other_dates(masked)
    _refuse_half_read(_TIME.sub(lambda time: "\0" * len(time[0]), masked), now, zone)
    if not found:
        return Window(now - default, now, zone, "", open_end=True), words.strip()
    if len(found) > 1:
        raise UsageError(
            f"I read two times: “{found[0][0]}” and “{found[1][0]}”.",
            hint="Say one, as in 14:00-14:20; put in quotes what is text to search for.",
        )
    match = found[0]
    start = match.start()
    named, end = _zone_after(match, zone)
    window = _read(match, words[start:end], named or Zone(ZoneInfo(zone), zone), now, default)
    return _checked(window, now, longest), f"{words[:start].rstrip()} {words[end:].lstrip()}".strip()


def _refuse_other_dates(masked: str) -> None:
    other = _OTHER_DATE.search(masked)
    if other is not None:
        raise UsageError(
            f"“{other[0]}” can be read in more than one way.",
            hint="Say a date like 2026-11-25; put it in quotes when it is text to search for.",
        )


def _refuse_half_read(masked: str, now: float, zone: str) -> None:
    half = _HALF_READ.search(masked)
    if half is None:
        return
    quoted = "put it in quotes when it is text to search for"
    if half[0].lower().endswith("tomorrow"):
        raise UsageError(_in_future(half[0], now, zone), hint=f"Say a time that has been: {EXAMPLES}; {quoted}.")
    raise UsageError(f"“{half[0]}” is no time that I can read.", hint=f"Say {EXAMPLES}; {quoted}.")


def _in_future(said: str, now: float, zone: str) -> str:
    return f"“{said}” is in the future: it is {datetime.fromtimestamp(now, ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}."


def _zone_after(match: re.Match[str], shown_in: str) -> tuple[Zone | None, int]:
    """The zone that is said after a time, and where both end. Raises UsageError for one said otherwise."""
    after = _NEXT_WORDS.match(match.string, match.end())
    named = read_zone(after[1], shown_in) if after else None
    if after and named:
        return named, after.end(1)
    # Of these the times are on a clock, and mean others in another zone.
    if any(match[name] for name in ("since", "around", "start", "interval", "alone")):
        before = _WORD_BEFORE.search(match.string, 0, match.start())
        if before and read_zone(before[1], shown_in):
            raise UsageError(f"“{before[1]}” goes after the time.", hint=f"Say {match[0]} {before[1]}.")
        if after:
            refuse_likely_zone(after[1])
            refuse_likely_zone(f"{after[1]} {after[2] or ''}")
    return None, match.end()


def _read(match: re.Match[str], said: str, zone: Zone, now: float, default: float) -> Window:
    deploy = bool(match["deploy"])
    length = match["length"] or match["ago"] or match["span"] or match["short"]
    if deploy or length:
        start = now - (_seconds(length) if length else default)
        return Window(start, now, zone.name, said, open_end=True, since_deploy=deploy)
    if match["since"]:
        moment = read_moment(match["since"])
        start = _opening(moment, _zone_of(moment, zone), now)
        return Window(start, now, _zone_of(moment, zone).name, said, open_end=True)
    if match["around"]:
        return _around(read_moment(match["around"]), said, zone, now)
    if match["alone"]:
        return _whole_day(read_moment(match["alone"]), said, zone, now)
    first, last = match["interval"].split("/") if match["interval"] else (match["start"], match["end"])
    return _between(first, last, said, zone, now)


def _seconds(length: str) -> float:
    amounts = re.findall(r"([0-9]+)\s?([a-z])", length.lower()) or [("1", length[0].lower())]
    return sum(
        7 * parse_duration(f"{count}d") if unit == "w" else parse_duration(count + unit) for count, unit in amounts
    )


def _zone_of(moment: Moment, zone: Zone) -> Zone:
    """What a moment says itself goes before the zone that was said beside it."""
    if moment.offset is None:
        return zone
    return Zone(moment.offset, "UTC" if moment.said[-1] in "zZ" else zone.name)


def _opening(moment: Moment, zone: Zone, now: float) -> float:
    day = day_of(moment, zone.clock, now)
    if moment.second is None:
        return beginning(day, zone.clock)
    return instant(day, moment.second, zone.clock, fold=0)


def _around(moment: Moment, said: str, zone: Zone, now: float) -> Window:
    if moment.second is None:
        raise UsageError(f"“{moment.said}” is a whole day.", hint="Say a time of day too, as in around 14:05.")
    zone = _zone_of(moment, zone)
    day = day_of(moment, zone.clock, now)
    first, second = (instant(day, moment.second, zone.clock, fold=fold) for fold in (0, 1))
    return Window(first - AROUND, second + AROUND, zone.name, said, open_end=False)


def _whole_day(moment: Moment, said: str, zone: Zone, now: float) -> Window:
    if moment.second is not None:
        raise UsageError(
            f"“{moment.said}” is a moment and no range.",
            hint=f"Say since {moment.said} or around {moment.said}; put it in quotes when it is text to search for.",
        )
    day = day_of(moment, zone.clock, now)
    start, end = beginning(day, zone.clock), beginning(day_after(day), zone.clock)
    return Window(start, end, zone.name, said, open_end=False)


def _between(first: str, last: str, said: str, zone: Zone, now: float) -> Window:
    if last.lower() == "now":
        moment = read_moment(first)
        zone = _zone_of(moment, zone)
        return Window(_opening(moment, zone, now), now, zone.name, said, open_end=True)
    opens, closes = _same_half(first, last)
    zone = _zone_of(closes if opens.offset is None else opens, zone)
    day = day_of(opens, zone.clock, now)
    start = _opening(opens, zone, now)
    end_zone = _zone_of(closes, zone)
    if closes.day:
        day = day_of(closes, end_zone.clock, now)
    if closes.second is None:
        end = beginning(day_after(day), end_zone.clock)
    else:
        end = instant(day, closes.second, end_zone.clock, fold=1)
        # A range that ends at 00:00 ends with the day, as one until 24:00 does.
        if not closes.day and (start - end > HALF_A_DAY or (closes.second == 0 and end <= start)):
            end = instant(day_after(day), closes.second, end_zone.clock, fold=1)
    return Window(start, end, zone.name, said, open_end=False)


def _same_half(first: str, last: str) -> tuple[Moment, Moment]:
    """Both moments of a range; ``2:00-2:20pm`` is in one half of the day, ``11:30-1:00pm`` in both."""
    opens, closes = read_moment(first), read_moment(last)
    half = last.lower()[-2:]
    if half not in ("am", "pm") or opens.second is None or opens.second >= 13 * 3600 or first.lower()[-1] == "m":
        return opens, closes
    near = read_moment(f"{first}{half}")
    if closes.day or (near.second or 0.0) < (closes.second or 0.0):
        return near, closes
    return read_moment(f"{first}{'pm' if half == 'am' else 'am'}"), closes


def _checked(window: Window, now: float, longest: float) -> Window:
    """The window cut at now. Raises UsageError for one that cannot be looked at."""
    if window.start > now or window.start == now < window.end:
        said = _in_future(window.said, now, window.zone)
        raise UsageError(said, hint=f"Say a time that has been: {EXAMPLES}.")
    if window.end < window.start:
        raise UsageError(f"“{window.said}” ends before it starts.", hint="Say the earlier time first.")
    if window.end == window.start:
        raise UsageError(f"“{window.said}” is no time at all.", hint=f"Say a range: {EXAMPLES}.")
    if window.end - window.start > longest:
        raise UsageError(
            f"“{window.said}” is {_long(window.end - window.start)} long; I look at {_long(longest)} at most.",
            hint=f"Say a shorter range: {EXAMPLES}.",
        )
    return window if window.end <= now else replace(window, end=now, open_end=True)


def shown(window: Window) -> str:
    """The range in words, ``2026-11-26 14:00–14:20 Europe/Berlin (20 min)``.

    Where clocks change within it, each time tells how far it is from UTC.
    """
    start, end = (datetime.fromtimestamp(at, ZoneInfo(window.zone)) for at in (window.start, window.end))
    shape = "%H:%M:%S" if window.end - window.start < 600 and (start.second or end.second) else "%H:%M"
    offset = start.utcoffset() != end.utcoffset()
    first, last = (f"{each:{shape}}" + (f"{each:%z}" if offset else "") for each in (start, end))
    between = f"{first}–{last}" if start.date() == end.date() else f"{first} – {end:%Y-%m-%d} {last}"
    return f"{start:%Y-%m-%d} {between} {window.zone} ({_long(window.end - window.start)})"


def _long(seconds: float) -> str:
    """A length of time in its two largest units."""
    left = max(round(seconds), 0)
    days, left = divmod(left, 86400)
    hours, left = divmod(left, 3600)
    minutes, left = divmod(left, 60)
    day = "day" if days == 1 else "days"
    parts = [f"{count} {unit}" for count, unit in ((days, day), (hours, "h"), (minutes, "min"), (left, "s")) if count]
    return " ".join(parts[:2]) or "0 s"
