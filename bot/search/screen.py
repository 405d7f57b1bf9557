"""What was found in logs, at most a screenful: few lines as they are, many by what they say and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.masks import masked, masker
from bot.said import read
from bot.search.found import Found
from bot.search.lines import LONGEST, readable
from bot.templates import LogGroup, entries, kind_of
from bot.views import blocks as b

FEW = 12
"""So many things logged are shown as they are; more are grouped."""
KINDS = 10
NO_LINK = "this question does not fit into a link to CloudWatch"
OPEN = "Open in CloudWatch"
"""How the label of the link to the console begins."""
FIRST_LINES, LAST_LINES = 7, 4
"""Lines of one thing logged that are shown, where it has more."""
SCREEN = 2600
"""Characters of lines in a message."""
SHORTEST = 100
"""Characters that are shown of one thing logged at least."""
ROWS = 15
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
"""How Logs Insights writes a time, always in UTC."""
_OF_CLOUDWATCH = re.compile(r"@timestamp|@ingestionTime|(?:bin|datefloor|dateceil|fromMillis)\(.*|\w+\(@\w+\)")
"""Columns in which a time is CloudWatch's; in others it may be one that a program wrote, in whatever zone."""
GRAVEST = {"CRITICAL": 0, "ERROR": 0, "WARNING": 1}
MARKS = {"CRITICAL": ":red_circle: ", "ERROR": ":red_circle: ", "WARNING": ":large_yellow_circle: "}


@dataclass(frozen=True)
class Head:
    """What every answer says of itself: where was looked, in which time, for what, and how.

    ``looked`` are sentences about the engine, what was scanned and what it cost; ``console`` is the address of the same
    question in AWS's console, empty for none; it ``asks_more`` where the console's language cannot say all of it.
    ``masked`` are names of fields whose values are not shown. ``spelling`` is what to try where nothing is found, and
    ``narrower`` what the question leaves out where something is, both in Slack's markup. A range that is ``dated``
    covers several days, and its times have dates. What is found ``is_part`` of what there is where a query was stopped
    before its end: then the newest may be missing as well as the oldest.
    """

    target: str
    window: str
    zone: str
    asked: str
    looked: tuple[str, ...] = ()
    console: str = ""
    asks_more: bool = False
    masked: tuple[str, ...] = ()
    spelling: str = ""
    narrower: str = ""
    dated: bool = False
    is_part: bool = False


def spanning(head: Head, start: float, end: float) -> Head:
    """The head of an answer about a range, which is dated when it covers more than one day of its zone."""
    # A range ends before its end: a day until midnight is one day.
    first, last = (datetime.fromtimestamp(at, ZoneInfo(head.zone)).date() for at in (start, max(start, end - 0.001)))
    return replace(head, dated=first != last)


def lines(
    head: Head, found: Found, grouped: Sequence[LogGroup], new: frozenset[str] | None, deployed: str
) -> list[b.Block]:
    """An answer in lines, or in kinds of lines; ``new`` are kinds first seen since the deployment ``deployed``."""
    logged = entries(found.told) if len(found.lines) <= FEW * 60 else []
    few = 0 < len(logged) <= FEW and not grouped
    counted = f"*{found.counted}* {'line matches' if len(found.lines) == 1 else 'lines match'}"
    if not found.lines:
        counted = "*No line matches*" + ("" if found.is_whole else " so far")
        counted += f"\n{head.spelling}" if head.spelling else ""
    elif not few:
        counted += f", of {b.counted(len(grouped), 'kind')}"
    if found.lines and head.is_part:
        counted += f"; here is what was found before the query was stopped, {b.counted(len(found.lines), 'line')}"
    elif found.lines and not found.is_whole:
        since = time_of(found.lines[0].at, head.zone, dated=head.dated)
        counted += f"; the newest {b.counted(len(found.lines), 'line')} are here, from {since} on"
    shown = [_head(head, counted)]
    if few:
        shown.append(b.section(b.pre(_whole_screen(head, logged, _times_of(found, new)), SCREEN)))
    elif found.lines:
        # However rare, what failed is what somebody looks for.
        first = sorted(grouped, key=lambda each: (GRAVEST.get(each.level, 2), each.kind not in (new or ())))
        shown += b.sections(_kind(each, head, new) for each in first[:KINDS])
        more = len(grouped) - KINDS
        shown += [b.context(f"… and {more} more {'kind' if more == 1 else 'kinds'}")] if more > 0 else []
        newest = entries(line for line in found.told[-FEW * 60 :] if line.place == found.told[-1].place)[-1:]
        shown.append(b.section("*The newest*\n" + b.pre(_screen(head, newest), 900)))
    marked = f":new: no line like it matched in the hour before {b.esc(deployed)}" if new else ""
    failed = (*found.failed, *([found.torn] if found.torn else []))
    return [*shown, *_foot(head, failed, marked, head.narrower if found.lines else "")]


def table(head: Head, rows: Sequence[Mapping[str, str]], *, more: bool) -> list[b.Block]:
    """An answer in the rows of a query, which are without masked fields; times of CloudWatch's are in the head's zone.

    A row is shown whole or, with a mark, without its middle; of what does not fit it says how many there are.
    """
    told = _fitting([_row(each, head.zone) for each in rows[:ROWS]])
    total = f"{len(rows):,}{'+' if more else ''} {'row' if len(rows) == 1 else 'rows'}"
    counted = f"*{total}*" if len(told) == len(rows) else f"*{len(told)} of {total}*; the whole as a file"
    counted = counted if rows else "*No row*"
    counted += "; the query was stopped: rows may be missing, and what it counts is not all" if head.is_part else ""
    shown = [_head(head, counted)]
    shown += [b.section(b.pre(told, SCREEN))] if told else []
    return [*shown, *_foot(head, _zones(rows[: len(told)], head.zone))]


def _fitting(told: Sequence[str]) -> list[str]:
    """As many from the first on as a message shows with their markup escaped, and one at least."""
    count = len(told)
    while count > 1 and len(b.pre(told[:count], SCREEN + 1)) > SCREEN:
        count -= 1
    return list(told[:count])


def _row(row: Mapping[str, str], zone: str) -> str:
    cells = {name: readable(_moved(name, value, zone)) for name, value in row.items()}
    if len(cells) == 1:
        return _cut(next(iter(cells.values())))
    return _cut(" · ".join(f"{name} {value}" for name, value in cells.items()))


def _moved(name: str, value: str, zone: str) -> str:
    """A cell, in another zone where it is a time of CloudWatch's."""
    if not (_TIME.fullmatch(value) and _OF_CLOUDWATCH.fullmatch(name)):
        return value
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError):
        return value
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def _zones(rows: Sequence[Mapping[str, str]], zone: str) -> list[str]:
    """In which zone the times of the rows are, where somebody could take them for others."""
    if zone == "UTC":
        return []
    times = dict.fromkeys(name for row in rows for name, value in row.items() if _TIME.fullmatch(value))
    moved = [name for name in times if _OF_CLOUDWATCH.fullmatch(name)]
    others = [name for name in times if name not in moved]
    said = [f"times of {', '.join(moved)} are {zone}"] if moved else []
    said += [f"times of {', '.join(others)} are as the query gives them, CloudWatch's own in UTC"] if others else []
    return said


def live(head: Head, counted: str, told: Sequence[str]) -> list[b.Block]:
    """What was written lately, newest last."""
    shown = [_head(head, counted)]
    shown += [b.section(b.pre(told, SCREEN))] if told else []
    return [*shown, *_foot(head, ())]


def running(head: Head, so_far: str) -> list[b.Block]:
    """While a query runs."""
    return [_head(head, f":hourglass_flowing_sand: {so_far}")]


def _head(head: Head, counted: str) -> b.Block:
    asked = f" · {b.code(masked(head.asked, masker(head.masked)), 300)}" if head.asked else ""
    return b.section(f"*{b.esc(head.target)}* · {b.esc(head.window)}{asked}\n{counted}")


def _foot(head: Head, failed: Sequence[str], *written: str) -> list[b.Block]:
    """What is said of the answer, with the link to the console: in a block of its own where it is long.

    ``written`` is in Slack's markup already.
    """
    told = [*(b.esc(each, 300) for each in (*head.looked, *failed)), *filter(None, written)]
    label = f"{OPEN} (asks for a little more)" if head.asks_more else OPEN
    short = b.link(head.console, label)
    long = b.link(head.console, label, b.SECTION_TEXT)
    if head.console and short != long:
        return [b.context(" · ".join(told) or "as found"), b.section(long)]
    if head.console:
        told.append(short if "|" in short else NO_LINK)
    return [b.context(" · ".join(told) or "as found")]


def _kind(found: LogGroup, head: Head, new: frozenset[str] | None) -> str:
    mark = MARKS.get(found.level, "") + (":new: " if found.kind in (new or ()) else "")
    first, last = (time_of(at, head.zone, dated=head.dated) for at in (found.first, found.last))
    if first[:5] == last[:5] and head.dated:
        last = last.partition(" ")[2]
    span = first if first.endswith(last) else f"{first}–{last}"
    return f"{mark}*{found.count:,}×* {b.code(found.template, 260)} {span}"


def _times_of(found: Found, new: frozenset[str] | None) -> frozenset[float]:
    """When what is new was logged."""
    return (
        frozenset(at for at, text in entries(found.lines) if kind_of(read(text).template) in new)
        if new
        else frozenset()
    )


def _whole_screen(head: Head, logged: Sequence[tuple[float, str]], new: frozenset[float]) -> list[str]:
    """All that was logged; the more it is, the less of each, so that none is missing from the end."""
    longest = LONGEST
    told = _screen(head, logged, longest, new)
    while len(b.pre(told, SCREEN + 1)) > SCREEN and longest > SHORTEST:
        longest -= SHORTEST
        told = _screen(head, logged, longest, new)
    return told


def _screen(
    head: Head, logged: Sequence[tuple[float, str]], longest: int = LONGEST, new: frozenset[float] = frozenset()
) -> list[str]:
    told = []
    for at, text in logged:
        # In a block of code Slack shows the sign, but not by its name.
        mark = "\N{SQUARED NEW} " if at in new else ""
        moment = time_of(at, head.zone, precise=True, dated=head.dated)
        told.append(f"{moment} {mark}{_cut(readable(text), longest)}")
    return told


def _cut(text: str, longest: int = LONGEST) -> str:
    """A long text by its head and its end, where a stack trace says most."""
    lines = text.split("\n")
    if len(lines) > FIRST_LINES + LAST_LINES + 1:
        text = "\n".join([*lines[:FIRST_LINES], "…", *lines[-LAST_LINES:]])
    return text if len(text) <= longest else f"{text[: longest // 2]}\n…\n{text[-longest // 3 :]}"


def time_of(at: float, zone: str, *, precise: bool = False, dated: bool = False) -> str:
    """A time of day in a zone, to the millisecond where it matters, with month and day where there are several days."""
    moment = datetime.fromtimestamp(at, ZoneInfo(zone))
    shape = "%m-%d %H:%M:%S" if dated else "%H:%M:%S"
    return f"{moment:{shape}}.{moment.microsecond // 1000:03d}" if precise else f"{moment:{shape}}"
