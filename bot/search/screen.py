"""What was found in logs, at most a screenful: few lines as they are, many by what they say and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.search.found import Found, masked, masker
from bot.search.lines import LONGEST, readable
from bot.templates import LogGroup, entries
from bot.views import blocks as b

FEW = 12
"""So many things logged are shown as they are; more are grouped."""
KINDS = 10
SCREEN = 2600
"""Characters of lines in a message."""
ROWS = 15
GRAVEST = {"CRITICAL": 0, "ERROR": 0, "WARNING": 1}
MARKS = {"CRITICAL": ":red_circle: ", "ERROR": ":red_circle: ", "WARNING": ":large_yellow_circle: "}


@dataclass(frozen=True)
class Head:
    """What every answer says of itself: where was looked, in which time, for what, and how.

    ``looked`` are sentences about the engine, what was scanned and what it cost; ``console`` is the address of the same
    question in AWS's console, empty for none. ``masked`` are names of fields whose values are not shown. ``spelling``
    is what to try where nothing is found.
    """

    target: str
    window: str
    zone: str
    asked: str
    looked: tuple[str, ...] = ()
    console: str = ""
    masked: tuple[str, ...] = ()
    spelling: str = ""


def lines(
    head: Head, found: Found, grouped: Sequence[LogGroup], new: frozenset[str] | None, deployed: str
) -> list[b.Block]:
    """An answer in lines, or in kinds of lines; ``new`` are templates first seen since the deployment ``deployed``."""
    logged = entries(found.lines[-FEW * 60 :]) if len(found.lines) <= FEW * 60 else []
    few = 0 < len(logged) <= FEW and not grouped
    counted = f"*{found.counted}* {'line matches' if len(found.lines) == 1 else 'lines match'}"
    if not found.lines:
        counted = "*No line matches*" + ("" if found.is_whole else " so far")
        counted += f"\n{head.spelling}" if head.spelling else ""
    elif not few:
        counted += f", of {b.counted(len(grouped), 'kind')}"
    if found.lines and not found.is_whole:
        since = time_of(found.lines[0].at, head.zone)
        counted += f"; the newest {b.counted(len(found.lines), 'line')} are here, from {since} on"
    shown = [_head(head, counted)]
    if few:
        shown.append(b.section(b.pre(_screen(head, logged), SCREEN)))
    elif found.lines:
        # However rare, what failed is what somebody looks for.
        first = sorted(grouped, key=lambda each: (GRAVEST.get(each.level, 2), each.template not in (new or ())))
        shown += b.sections(_kind(each, head, new) for each in first[:KINDS])
        more = len(grouped) - KINDS
        shown += [b.context(f"… and {more} more {'kind' if more == 1 else 'kinds'}")] if more > 0 else []
        newest = entries(found.lines[-60:])[-1:]
        shown.append(b.section("*The newest*\n" + b.pre(_screen(head, newest), 900)))
    return [*shown, _foot(head, found.failed, deployed if new else "")]


def table(head: Head, rows: Sequence[Mapping[str, str]], *, more: bool) -> list[b.Block]:
    """An answer in the rows of a query, which are without masked fields."""
    counted = f"*{len(rows):,}{'+' if more else ''} {'row' if len(rows) == 1 else 'rows'}*" if rows else "*No row*"
    shown = [_head(head, counted)]
    if rows:
        told = [_row(each) for each in rows[:ROWS]]
        left = len(rows) - ROWS
        told += [f"… {left:,} more"] if left > 0 else []
        shown.append(b.section(b.pre(told, SCREEN)))
    return [*shown, _foot(head, (), "")]


def _row(row: Mapping[str, str]) -> str:
    if len(row) == 1:
        return _cut(readable(next(iter(row.values()))))
    return _cut(" · ".join(f"{name} {readable(value)}" for name, value in row.items()))


def live(head: Head, counted: str, told: Sequence[str]) -> list[b.Block]:
    """What was written lately, newest last."""
    shown = [_head(head, counted)]
    shown += [b.section(b.pre(told, SCREEN))] if told else []
    return [*shown, _foot(head, (), "")]


def running(head: Head, so_far: str) -> list[b.Block]:
    """While a query runs."""
    return [_head(head, f":hourglass_flowing_sand: {so_far}")]


def _head(head: Head, counted: str) -> b.Block:
    asked = f" · {b.code(masked(head.asked, masker(head.masked)), 300)}" if head.asked else ""
    return b.section(f"*{b.esc(head.target)}* · {b.esc(head.window)}{asked}\n{counted}")


def _foot(head: Head, failed: Sequence[str], deployed: str) -> b.Block:
    told = [b.esc(each, 300) for each in (*head.looked, *failed)]
    told += [f":new: is new since {b.esc(deployed)}"] if deployed else []
    told += [b.link(head.console, "Open in CloudWatch")] if head.console else []
    return b.context(" · ".join(told) or "as found")


def _kind(found: LogGroup, head: Head, new: frozenset[str] | None) -> str:
    mark = MARKS.get(found.level, "") + (":new: " if found.template in (new or ()) else "")
    first, last = (time_of(at, head.zone) for at in (found.first, found.last))
    span = first if first == last else f"{first}–{last}"
    return f"{mark}*{found.count:,}×* {b.code(found.template, 260)} {span}"


def _screen(head: Head, logged: Sequence[tuple[float, str]]) -> list[str]:
    return [f"{time_of(at, head.zone, precise=True)} {_cut(readable(text))}" for at, text in logged]


def _cut(text: str) -> str:
    """A long text by its head and its end, where a stack trace says most."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n…\n{text[-LONGEST // 3 :]}"


def time_of(at: float, zone: str, *, precise: bool = False) -> str:
    """A time of day in a zone, to the millisecond where it matters."""
    moment = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}" if precise else f"{moment:%H:%M:%S}"
