"""One look at signals of a service: chooses them, reads them in one call, and what happened meanwhile beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bot.catalog import GLOBAL_REGION, alarm_accounts
from bot.cloud import AlarmReading, Datapoint
from bot.domain import Account, Frozen, Target
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.graph import Mark
from bot.ports import World
from bot.signal import Limit, Reading, Signal
from bot.signals import sites
from bot.signals.choosing import chosen, with_statistic
from bot.signals.custom import custom
from bot.signals.kinds import every_signal, golden, owned, without_asking
from bot.signals.marks import change_reads, incident_marks, state_marks
from bot.signals.values import DAY, Values, period_for, points_of, wanted
from bot.signals.watched import limits_of

SECONDS = 5.0
"""How long each of the two rounds of reads may take together."""
PANELS = 6


class Wanted(Frozen):
    """What is asked for: signals, groups of them or ``namespace/metric`` (nothing: the golden ones), and when.

    ``start`` and ``end`` are seconds since the epoch, shown in the IANA ``zone``. ``yesterday`` asks for the same hours
    of the day before too.
    """

    words: tuple[str, ...] = ()
    statistic: str = ""
    start: float
    end: float
    yesterday: bool = False
    zone: str = "UTC"


@dataclass(frozen=True)
class Look:
    """What was found. ``states`` are the changes of each alarm whose threshold is shown, by its name.

    ``notes`` say in sentences what could not be read; ``also`` names signals that were not asked for.
    """

    target: Target
    wanted: Wanted
    readings: tuple[Reading, ...]
    marks: tuple[Mark, ...] = ()
    states: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    alarms: tuple[AlarmReading, ...] = ()
    notes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


def look(target: Target, asked: Wanted, world: World) -> Look:
    """Raises UsageError for a word that is no signal, NotFoundError for no such metric, and UpstreamError."""
    alarms, first, notes = _known(target, asked, world)
    signals, also = _signals(target, asked, alarms, first, world)
    limits = {signal.name: limits_of(signal, alarms) for signal in signals}
    oldest = asked.start - DAY if asked.yesterday else asked.start
    period = period_for(asked.start, asked.end, world.clock.now(), oldest=oldest)
    reads: dict[str, Callable[[], Any]] = {
        "now": partial(_values, target, signals, period, _span(asked.start, asked.end, period), world),
        "incidents": partial(incident_marks, target, asked.start, world),
        **change_reads(target, asked.start, world),
    }
    changes = [name for name in reads if name != "now"]
    if asked.yesterday:
        day_before = _span(asked.start - DAY, asked.end - DAY, period)
        reads["before"] = partial(_values, target, signals, period, day_before, world)
    drawn = {each[0].alarm: signal for signal in signals for each in [limits[signal.name]] if each}
    for alarm, signal in drawn.items():
        reads[f"state {alarm}"] = partial(state_marks, alarm, account_of(target, signal), asked.start, world)
    found = world.gather(reads, seconds=SECONDS)
    values, before = _read(found["now"]), found.get("before")
    if isinstance(before, Exception):
        notes = (*notes, f"Yesterday could not be read: {_words(before)}")
        before = None
    readings = tuple(
        _reading(signal, values, before, period, world.clock.now(), limits=limits[signal.name]) for signal in signals
    )
    return Look(
        target=target,
        wanted=asked,
        readings=readings,
        marks=_within(asked, [mark for name in changes for mark in _marks(found[name])]),
        states={alarm: _within(asked, _marks(found[f"state {alarm}"])) for alarm in drawn},
        alarms=alarms,
        notes=notes,
        also=also,
    )


def account_of(target: Target, signal: Signal) -> Account:
    """Where a signal is measured: CloudFront's only in one region."""
    is_global = any(line.metrics[0].namespace == sites.NAMESPACE for line in signal.lines)
    return replace(target.account, region=GLOBAL_REGION) if is_global else target.account


def _known(
    target: Target, asked: Wanted, world: World
) -> tuple[tuple[AlarmReading, ...], tuple[Signal, ...], tuple[str, ...]]:
    """The alarms and the golden signals of a service, and what is to be said of what could not be read."""
    names = [alarm.name for alarm in target.service.alarms]
    accounts = dict(enumerate(alarm_accounts(target) if names else ()))
    reads: dict[str, Callable[[], Any]] = {"golden": partial(golden, target, world)}
    reads |= {f"alarms {number}": partial(world.metrics.alarms, each, names) for number, each in accounts.items()}
    found = world.gather(reads, seconds=SECONDS)
    alarms: list[AlarmReading] = []
    notes: list[str] = []
    for number in accounts:
        read = found[f"alarms {number}"]
        if isinstance(read, Exception):
            notes.append(f"Thresholds are not shown: {_words(read)}")
        else:
            alarms += read
    first = found["golden"]
    if isinstance(first, Exception):
        known = without_asking(target)
        if not known or (asked.words and not _covers(asked.words, known)):
            _read(first)
        notes.append(f"Only what needs no load balancer is shown: {_words(first)}")
        first = known
    return tuple(alarms), tuple(first), tuple(dict.fromkeys(notes))


def _covers(words: Iterable[str], known: Sequence[Signal]) -> bool:
    names = {signal.name for signal in known}
    return all(word.lower() in names or "/" in word for word in words)


def _signals(
    target: Target, asked: Wanted, alarms: Sequence[AlarmReading], first: Sequence[Signal], world: World
) -> tuple[tuple[Signal, ...], tuple[str, ...]]:
    """The signals to show, at most six, and the names of others."""
    every = every_signal(target, first, alarms)
    plain = [word for word in asked.words if "/" not in word]
    picked = list(with_statistic(target, chosen(target, plain, every), asked.statistic if plain else ""))
    mine = owned(target, first, alarms)
    for word in asked.words:
        own = [signal for signal in every if signal.name.lower() == word.lower() and not asked.statistic]
        if "/" in word and own:
            picked += own
        elif "/" in word:
            home = replace(target.account, region=GLOBAL_REGION) if word.startswith(sites.NAMESPACE) else target.account
            picked.append(custom(target, home, word, asked.statistic, mine, world))
    if not asked.words:
        picked = list(with_statistic(target, every, asked.statistic))
    if not picked:
        raise NotFoundError(
            f"CloudWatch keeps no metrics of {target.label} by themselves.",
            hint="A site needs a distribution in its configuration; any metric is said like AWS/S3/BucketSizeBytes.",
        )
    shown = picked[:PANELS]
    names = {signal.name for signal in shown}
    return tuple(shown), tuple(dict.fromkeys(each.name for each in (*picked, *every) if each.name not in names))


def _span(start: float, end: float, period: int) -> tuple[float, float]:
    """Whole periods: one that is cut in two makes its value too small."""
    return math.floor(start / period) * period, math.ceil(end / period) * period


def _values(target: Target, signals: Sequence[Signal], period: int, span: tuple[float, float], world: World) -> Values:
    """All values in one call for each account."""
    homes: dict[Account, list[Signal]] = {}
    for signal in signals:
        homes.setdefault(account_of(target, signal), []).append(signal)
    found: dict[str, Sequence[Datapoint]] = {}
    for account, mine in homes.items():
        found.update(world.metrics.several(account, wanted(mine, period), start=span[0], end=span[1]))
    return found


def _reading(
    signal: Signal, values: Values, before: Values | None, period: int, now: float, *, limits: tuple[Limit, ...]
) -> Reading:
    points = tuple(points_of(line, values, period, now) for line in signal.lines)
    earlier: tuple[tuple[Datapoint, ...], ...] = ()
    if before is not None:
        moved = [points_of(line, before, period, now) for line in signal.lines]
        earlier = tuple(tuple(Datapoint(each.at + DAY, each.value) for each in line) for line in moved)
    return Reading(signal, points, earlier, period, limits)


def _read(found: Any) -> Any:
    """What was read, or its error. Raises it."""
    if isinstance(found, TimeoutError):
        raise UpstreamError(f"AWS did not answer within {SECONDS:.0f} s.", retryable=True)
    if isinstance(found, Exception):
        raise found
    return found


def _marks(found: Any) -> tuple[Mark, ...]:
    """What cannot be read is not marked: the metrics matter more."""
    return () if isinstance(found, Exception) else tuple(found)


def _within(asked: Wanted, marks: Iterable[Mark]) -> tuple[Mark, ...]:
    return tuple(sorted((mark for mark in marks if asked.start <= mark.at <= asked.end), key=lambda mark: mark.at))


def _words(error: Exception) -> str:
    return error.message if isinstance(error, BotError) else f"AWS did not answer within {SECONDS:.0f} s."
