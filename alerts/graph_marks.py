"""What happened around an alarm, for its graph: its own changes of state, deployments, and changes of the size."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain import Account, Alarm, Target
from bot.graph import Mark, MarkKind
from bot.ports import World
from bot.signals.marks import change_reads, state_marks

SECONDS = 12.0
"""How long the reads may take together; what is not back by then is not marked."""
NEAR = 120.0
"""Seconds within which an alarm's own history and its notification mean the same change."""


def marks_of(
    alarm: Alarm, target: Target | None, account: Account, around: tuple[float, float], world: World
) -> tuple[Mark, ...]:
    """The marks between two moments, oldest first. What cannot be read is left out."""
    start, end = around
    reads: dict[str, Callable[[], tuple[Mark, ...]]] = {
        "states": lambda: state_marks(alarm.name, account, start, world),
        **(change_reads(target, start, world) if target is not None else {}),
    }
    found = world.gather(reads, seconds=SECONDS)
    marks = [mark for read in found.values() if not isinstance(read, Exception) for mark in read]
    if not any(mark.kind is MarkKind.ALARM and abs(mark.at - alarm.at) < NEAR for mark in marks):
        marks.append(Mark(alarm.at, "ALARM", MarkKind.ALARM))
    return tuple(sorted((mark for mark in marks if start <= mark.at <= end), key=lambda mark: mark.at))
