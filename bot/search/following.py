"""Logs as they are written, in one message for a bounded time.

FilterLogEvents is asked every few seconds about the last minute: lines come late, and the same line comes again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.cloud import LogLine
from bot.command import Button, Plan
from bot.errors import UsageError
from bot.ports import World
from bot.search import screen as view
from bot.search.asked import Asked
from bot.search.lines import readable
from bot.search.reading import is_recent_and_narrow, walk
from bot.search.shown import whole
from bot.templates import entries
from bot.views import blocks as b

EVERY = 2.5
"""Seconds between two looks: Slack takes an update of a message every second or two, and AWS five calls a second."""
FOR, EXTENDED_BY = 300.0, 300.0
LATE = 60.0
MOST_A_LOOK = 500
SHOWN = 18
REMEMBERED = 3000
LONGEST = 240


def begun(asked: Asked, world: World) -> Plan:
    """The first look. Raises UsageError for a range, and for what only Logs Insights can look for."""
    if asked.window.said:
        hint = "Leave out follow to read that range, or the time to follow."
        raise UsageError(f"Following begins now: “{asked.window.said}” does not go with it.", hint=hint)
    if not is_recent_and_narrow(asked.query, 0.0, 0.0):
        hint = "Look for plain words, or for one pattern without groups and without other words."
        raise UsageError("These patterns cannot be followed.", hint=hint)
    now = world.clock.now()
    facts: dict[str, Any] = {
        "target": asked.target.key,
        "began": now - EVERY,
        "until": now + FOR,
        "paused": False,
        "seen": [],
        "shown": [],
        "count": 0,
        "left_out": 0,
        "late": False,
    }
    return _looked(asked, facts, world)


def gone_on(asked: Asked, plan: Plan, world: World) -> Plan:
    """One more look, with what was pressed."""
    facts, now = dict(plan.facts), world.clock.now()
    for pressed in plan.pressed:
        name = pressed.partition(":")[0]
        if name == "extend":
            facts["until"] = now + EXTENDED_BY
        elif name in ("pause", "resume"):
            facts["paused"] = name == "pause"
    if now >= _number(facts["until"]):
        return _shown(asked, facts, now, goes_on=0.0)
    return _shown(asked, facts, now, goes_on=EVERY) if facts["paused"] else _looked(asked, facts, world)


def _looked(asked: Asked, facts: dict[str, Any], world: World) -> Plan:
    now = world.clock.now()
    start = max(_number(facts["began"]), now - LATE)
    end, masked = now + LATE, asked.masked
    found = walk(world, asked.where, asked.query, start=start, end=end, masked=masked, limit=MOST_A_LOOK)
    known = set(facts["seen"])
    fresh = [line for line in found.lines if _mark(line) not in known]
    facts["seen"] = [*facts["seen"], *(_mark(line) for line in fresh)][-REMEMBERED:]
    facts["count"] = int(facts["count"]) + len(fresh)
    # Where a line of the look before is among them, nothing was left out between the two.
    facts["left_out"] = int(facts["left_out"]) + (len(fresh) >= MOST_A_LOOK and not found.is_whole)
    facts["late"] = len(found.lines) < MOST_A_LOOK and not found.is_whole
    told = [
        f"{view.time_of(at, asked.window.zone, precise=True)} {b.cut(readable(text), LONGEST)}"
        for at, text in entries(fresh)
    ]
    facts["shown"] = [*facts["shown"], *told][-SHOWN:]
    return _shown(asked, facts, now, goes_on=EVERY)


def _shown(asked: Asked, facts: dict[str, Any], now: float, *, goes_on: float) -> Plan:
    left = max(0.0, _number(facts["until"]) - now)
    state = "paused" if facts["paused"] else f"following, {b.ago(left)} left" if goes_on else "it has ended"
    mark = "⏸" if facts["paused"] else "▶" if goes_on else "⏹"
    counted = f"{mark} {b.counted(int(facts['count']), 'line')} so far · {state}"
    if facts["left_out"]:
        counted += f" · sampled: {b.counted(int(facts['left_out']), 'time')} more than {MOST_A_LOOK} lines came at once"
    if facts["late"]:
        counted += " · AWS was slow at the last look: lines may come late"
    blocks = view.live(_head(asked, _number(facts["began"]), now, ended=not goes_on), counted, facts["shown"])
    label, name = ("Go on", "resume") if facts["paused"] else ("Pause", "pause")
    buttons = (
        Button(label=label, name=name, value="1"),
        Button(label="5 minutes more", name="extend", value=f"{_number(facts['until']):.0f}"),
    )
    text = f"Following {asked.target.label}"
    return Plan(
        title=text,
        answer_text=text,
        answer=b.fit(blocks),
        facts=facts,
        goes_on=goes_on,
        live=True,
        buttons=buttons,
        attachment=whole(_since(asked, _number(facts["began"]), now)),
    )


def _head(asked: Asked, began: float, now: float, *, ended: bool) -> view.Head:
    """What is followed has no end until it has ended."""
    if ended:
        return _since(asked, began, now).head()
    zone = asked.window.zone
    return replace(asked.head(), window=f"from {view.time_of(began, zone)} {zone} on")


def _since(asked: Asked, start: float, end: float) -> Asked:
    return replace(asked, window=replace(asked.window, start=start, end=end))


def _mark(line: LogLine) -> str:
    return line.id[-24:] or f"{line.at}:{line.stream[-12:]}:{hash(line.message)}"


def _number(value: object) -> float:
    return float(str(value))
