"""Stack traces of which a search found some lines.

The driver of most containers writes every line of a trace as an event of its own, and words or a level find only those
events that have them: the others stand beside them in their stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.cloud import LogLine
from bot.domain import Account
from bot.ports import World
from bot.search.found import Found, reader
from bot.search.words import LogQuery
from bot.telemetry import LogSearch
from bot.templates import by_entry, may_be_of_trace

AROUND = 2.0
"""Seconds before and after a line in which the rest of its trace is looked for."""
LONGEST = 30.0
"""Seconds of a stream that are read at once, where one line of a trace follows the other."""
MOST = 10
"""Stretches of streams that are read: AWS takes two calls for each, and ten in a second where it takes the fewest."""
MOST_EVENTS = 10_000
SECONDS = 2.0
"""How long an answer waits for all of them."""
_BEGIN_WITHIN = 1.5
"""Seconds in which pages are begun, so that what was read until then is there in time."""
OLDER = f"only the newest {MOST} places were looked at for whole stack traces, older ones may lack lines"
TORN = "stack traces may lack lines, not all could be read"


@dataclass(frozen=True)
class Stretch:
    """A time of a stream of a log group, around lines that were found."""

    group: str
    stream: str
    start: float
    end: float


def with_traces(
    found: Found, seen: Sequence[LogLine], query: LogQuery, account: Account, *, masked: Sequence[str], world: World
) -> Found:
    """What was found, with the rest of the stack traces that the lines ``seen`` (some of those found) are of.

    What is added is without secrets and the fields ``masked``, and counts for nothing. Nothing is read where no line
    can be of a trace in several events. Never raises for AWS: what could not be read in its time is told in ``torn``.
    """
    if not tears(query):
        return found
    stretches = _stretches(line for line in reversed(seen) if all(line.place) and may_be_of_trace(line.message))
    if not stretches:
        return found
    answers = _read(stretches[:MOST], account, reader(LogQuery(), masked), world)
    told = [TORN] if len(answers) < len(stretches[:MOST]) or not all(each.is_whole for each in answers) else []
    told += [OLDER] if len(stretches) > MOST else []
    return replace(found, traces=_joined(found.lines, answers), torn="; ".join(told))


def tears(query: LogQuery) -> bool:
    """Whether a search leaves out lines of the streams that it finds others of."""
    return query.model_copy(update={"task": ""}).is_narrow


def _stretches(newest_first: Iterable[LogLine]) -> list[Stretch]:
    """Those around these lines, newest first; at most one more than are read. Those of a stream do not overlap."""
    stretches: list[Stretch] = []
    oldest: dict[tuple[str, str], int] = {}
    for line in newest_first:
        place = oldest.get(line.place)
        later = stretches[place] if place is not None else None
        start, end = line.at - AROUND, line.at + AROUND
        if later is not None and place is not None and end >= later.start and later.end - start <= LONGEST:
            stretches[place] = replace(later, start=min(start, later.start))
            continue
        if len(stretches) > MOST:
            break
        oldest[line.place] = len(stretches)
        stretches.append(Stretch(*line.place, start, min(end, later.start - 0.001) if later is not None else end))
    return stretches


def _read(
    stretches: Sequence[Stretch],
    account: Account,
    each: Callable[[LogLine], LogLine | None],
    world: World,
) -> list[LogSearch]:
    """What was written in these; those that could not be read are not among them."""
    deadline = world.clock.now() + _BEGIN_WITHIN

    def read(stretch: Stretch) -> LogSearch:
        return world.logs.stretch(
            *(account, stretch.group, stretch.stream),
            start=stretch.start,
            end=stretch.end,
            limit=MOST_EVENTS,
            deadline=deadline,
            each=each,
        )

    reads = {str(one): partial(read, one) for one in stretches}
    answers = world.gather(reads, seconds=SECONDS)
    return [answer for answer in answers.values() if isinstance(answer, LogSearch)]


def _joined(lines: Sequence[LogLine], answers: Iterable[LogSearch]) -> tuple[LogLine, ...]:
    """The lines found, with the others of the same entries, each stream in the order in which it was written."""
    wanted = {_key(line) for line in lines}
    of_traces = [
        line
        for answer in answers
        for entry in by_entry(line for line in answer.lines if line.message)
        if any(_key(line) in wanted for line in entry)
        for line in entry
    ]
    placed = {_key(line) for line in of_traces}
    rest = [line for line in lines if _key(line) not in placed]
    return tuple(sorted([*rest, *of_traces], key=lambda line: line.at))


def _key(line: LogLine) -> tuple[str, str, int, str]:
    """Two engines tell of the same line by this; GetLogEvents knows no ids."""
    return *line.place, round(line.at * 1000), line.message
