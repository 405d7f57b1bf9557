"""DynamoDB tables: how much of them was used, and what was throttled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.cloud import Datapoint
from bot.condition import Verdict
from bot.domain import Target
from bot.health import numbers
from bot.health.base import Found, Moment, Reads, amber, counted, green, unread
from bot.views import blocks as b


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """Nothing of its own: CloudWatch's numbers are read for all looks together."""
    return {}


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Each table the service uses."""
    return [_judged(target, table, found) for table in target.service.needs.tables]


def _judged(target: Target, table: str, found: Found) -> Verdict:
    name = f"table {b.esc(table)}"
    read = {
        metric: numbers.points(target, numbers.of_table(metric, table), found)
        for metric in (*numbers.TABLE_THROTTLED, *numbers.TABLE_USED)
    }
    failed = next((each for each in read.values() if isinstance(each, Exception)), None)
    if failed is not None:
        return unread(name, failed)
    # CloudWatch has no values of what did not happen, and none of a table that there is not.
    throttled, used = (_sum(read[each] for each in names) for names in (numbers.TABLE_THROTTLED, numbers.TABLE_USED))
    if throttled:
        return amber(f"{name}: {counted(throttled, 'request')} throttled in {numbers.MINUTES}")
    if not used:
        return green(f"{name}: not used in {numbers.MINUTES}")
    return green(f"{name}: {counted(used, 'capacity unit')} used in {numbers.MINUTES}, nothing throttled")


def _sum(series: Iterable[tuple[Datapoint, ...] | Exception]) -> float:
    return sum(point.value for points in series if not isinstance(points, Exception) for point in points)
