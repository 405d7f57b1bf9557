"""What the calendar holds up, and what that means for a plan; pure.

Clocks may be put forward or back: a time of day is the first moment at which clocks in the rule's zone show it, or
a later one where it is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.command import Check, CheckStatus, Override
from bot.domain import Target
from bot.holds import Hold, HoldKind
from bot.settings.calendar import CalendarConfig, CalendarRule, FreezeRule, MaintenanceRule, Times, WindowRule
from bot.settings.models import ANY

Span = tuple[float, float]

DAYS_BACK, DAYS_AHEAD = 9, 23
"""Days looked at around now: a weekly time that clocks skip once comes again two weeks later."""
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_HARDNESS = {HoldKind.LOCK: 0, HoldKind.FREEZE: 1, HoldKind.WINDOW: 2, HoldKind.NOTICE: 3}


def holds(calendar: CalendarConfig, target: Target, now: float) -> tuple[Hold, ...]:
    """Freezes and windows that hold a target now, the hardest first."""
    found: list[Hold] = []
    for name, freeze in calendar.freezes.items():
        if freeze.covers(target):
            found += _frozen(name, freeze, ZoneInfo(freeze.zone or calendar.zone), target, now)
    for name, window in calendar.windows.items():
        if window.covers(target):
            found += _outside(name, window, ZoneInfo(window.zone or calendar.zone), target, now)
    return hardest_first(found)


def hardest_first(found: Iterable[Hold]) -> tuple[Hold, ...]:
    """Holds in the order in which they matter: locks, freezes, windows that block, notices, what only warns."""
    return tuple(sorted(found, key=lambda hold: (hold.kind is HoldKind.WINDOW and not hold.blocks, _rank(hold))))


def _rank(hold: Hold) -> tuple[int, float]:
    return _HARDNESS[hold.kind], hold.since


def hold_checks(found: Sequence[Hold], now: float) -> tuple[Check, ...]:
    """What holds mean for a plan: one check of each kind; locks, freezes and windows need an emergency to pass."""
    standing = [hold for hold in hardest_first(found) if not hold.until or now < hold.until]
    checks = []
    for kind in dict.fromkeys(hold.kind for hold in standing):
        same = [hold for hold in standing if hold.kind is kind]
        blocks = kind is not HoldKind.NOTICE and any(hold.blocks for hold in same)
        status = CheckStatus.BLOCKING if blocks else CheckStatus.WARNED
        detail = " ".join(hold.reason for hold in same)
        waits = kind is HoldKind.NOTICE
        checks.append(Check(name=kind.value, status=status, detail=detail, override=Override.EMERGENCY, waits=waits))
    return tuple(checks)


def moment(day: date, minute: int, zone: ZoneInfo) -> float:
    """When clocks in a zone first show a minute of a day, or a later one; 1440 is the midnight at its end."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    early, late = sorted(int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if _shown(early, zone) >= wall:
        return float(early)
    # Skipped: the clocks go forward somewhere between the two readings.
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if _shown(middle, zone) >= wall else (middle, late)
    return float(late)


def _shown(at: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def words(at: float, zone: ZoneInfo) -> str:
    """A time in UTC, and in the rule's zone where that is another one."""
    utc = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
    there = datetime.fromtimestamp(at, zone)
    return utc if zone.key == "UTC" else f"{utc} ({there:%Y-%m-%d %H:%M} {zone.key})"


def _place(rule: CalendarRule, target: Target) -> str:
    """The widest place around the target that the rule covers."""
    if ANY not in rule.environments:
        return f"{target.system}/{target.environment}"
    return "" if ANY in rule.systems else target.system


def _frozen(name: str, rule: FreezeRule, zone: ZoneInfo, target: Target, now: float) -> Iterator[Hold]:
    first, last = rule.first_day, rule.last_day
    if rule.last_days:
        last = _end_of_period(_shown(now, zone).date(), _MONTHS[rule.of])
        first = last - timedelta(days=rule.last_days - 1)
    if first is None or last is None:
        return
    since, until = moment(first, 0, zone), moment(last, 1440, zone)
    if since <= now < until:
        reason = f"Frozen until {words(until, zone)}: {rule.reason}."
        yield Hold(
            id=f"calendar:{name}:{first}",
            kind=HoldKind.FREEZE,
            place=_place(rule, target),
            reason=reason,
            since=since,
            until=until,
        )


def _end_of_period(day: date, months: int) -> date:
    """The last day of the month, quarter or year that a day lies in."""
    following = (day.month - 1) // months * months + months
    return date(day.year + following // 12, following % 12 + 1, 1) - timedelta(days=1)


def _outside(name: str, rule: WindowRule, zone: ZoneInfo, target: Target, now: float) -> Iterator[Hold]:
    opened = _open_spans(rule, zone, now)
    if any(start <= now < end for start, end in opened):
        return
    since = max((end for _, end in opened if end <= now), default=0.0)
    opens = min((start for start, _ in opened if start > now), default=0.0)
    until, kind = opens, HoldKind.WINDOW
    when = f"until {words(opens, zone)}" if opens else "for weeks to come"
    said = {"block": f"Closed {when}", "warn": f"Outside the preferred times {when}"}.get(rule.outside, "")
    reason = f"{said}: {rule.reason}."
    if rule.outside == "notice":
        until, kind = min(now + rule.notice, opens or now + rule.notice), HoldKind.NOTICE
        reason = f"Outside the window {when}: {rule.reason}. Confirmed now, it may begin at {words(until, zone)}."
    yield Hold(
        id=f"calendar:{name}:{int(since)}",
        kind=kind,
        place=_place(rule, target),
        reason=reason,
        since=since,
        until=until,
        blocks=rule.outside == "block",
    )


def _open_spans(rule: WindowRule, zone: ZoneInfo, now: float) -> list[Span]:
    """When changes are welcome around now, in order, none touching the next."""
    today = _shown(now, zone).date()
    days = [today + timedelta(days=number) for number in range(-DAYS_BACK, DAYS_AHEAD)]
    if rule.open:
        return _merged(_spans(rule.open, days, zone))
    closed = _merged(_spans(rule.closed, days, zone))
    edges = [moment(days[0], 0, zone), *(edge for span in closed for edge in span), moment(days[-1], 0, zone)]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


def maintenance_spans(calendar: CalendarConfig, rule: MaintenanceRule, now: float) -> list[Span]:
    """The times of a maintenance around now, in order, none touching the next."""
    zone = ZoneInfo(rule.zone or calendar.zone)
    today = _shown(now, zone).date()
    days = [today + timedelta(days=number) for number in range(-DAYS_BACK, DAYS_AHEAD)]
    return _merged(_spans(rule.during, days, zone))


def _spans(several: Sequence[Times], days: Sequence[date], zone: ZoneInfo) -> Iterator[Span]:
    for times in several:
        start, end = times.hours
        for day in days:
            if day.weekday() in times.weekdays:
                over_midnight = 1440 if end < start else 0
                yield moment(day, start, zone), moment(day, end + over_midnight, zone)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
