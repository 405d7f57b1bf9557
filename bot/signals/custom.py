"""Any metric, ``namespace/metric``, with the dimensions under which it is filed for a service."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence

from bot.domain import Account, AlarmMetric, Target
from bot.errors import NotFoundError
from bot.metric_units import unit_of
from bot.ports import World
from bot.signal import Line, Signal
from bot.signals.kinds import ENVIRONMENTS, Owned

MOST = 6
"""Lines of one metric that are drawn, where it is filed under one more dimension, such as an operation."""
_SUM = "Sum"
_COUNTS = ("Count", "Count5xx", "Requests", "Errors", "Invocations", "Throttles", "Evictions", "Timeouts", "Executions")
"""How names of counts end: their average would always be 1."""


def custom(target: Target, account: Account, word: str, statistic: str, owned: Owned, world: World) -> Signal:
    """The metric with all sets of dimensions that belong to the service.

    Raises NotFoundError when CloudWatch has no such metric, or only for others, and UpstreamError.
    """
    namespace, _, name = word.strip("/").rpartition("/")
    listed = world.metrics.listed(account, namespace, name)
    if not listed:
        listed = _misspelt(account, namespace, name, world)
    mine = _mine(listed, owned, {target.system, target.name})
    if not mine:
        filed = " and ".join(dict.fromkeys(" + ".join(sorted(each.dimensions)) for each in listed[:MOST]))
        raise NotFoundError(
            f"{namespace} {name} is not measured for {target.label}.",
            hint=f"CloudWatch has it by {filed or 'no dimension'}, for what neither the configuration of the service "
            "(needs, log_groups) nor one of its alarms names.",
        )
    name = mine[0].name
    stat = statistic or (_SUM if name.endswith(_COUNTS) else "Average")
    counted = stat == _SUM
    lines = tuple(
        Line(_label(each, mine, stat), (each.model_copy(update={"statistic": stat}),), per_minute=counted)
        for each in mine[:MOST]
    )
    unit = unit_of(namespace, name, stat) or ("/min" if counted else "")
    return Signal(f"{namespace}/{name}", name, lines, unit)


def _misspelt(account: Account, namespace: str, name: str, world: World) -> tuple[AlarmMetric, ...]:
    """The metric of that name in other capitals. Raises NotFoundError with the nearest names."""
    known = world.metrics.listed(account, namespace)
    meant = tuple(each for each in known if each.name.lower() == name.lower())
    if len({each.name for each in meant}) == 1:
        return meant
    if not known:
        raise NotFoundError(
            f"CloudWatch has no metrics of the namespace {namespace[:60] or name[:60]} in {account.region}.",
            hint="Say it as in AWS/RDS/DatabaseConnections; what had no data for two weeks is not listed.",
        )
    names = sorted({each.name for each in known})
    lower = {each.lower(): each for each in names}
    near = " or ".join(lower[each] for each in difflib.get_close_matches(name.lower(), lower, n=2, cutoff=0.5))
    raise NotFoundError(
        f"CloudWatch has no metric {name[:60]} in {namespace} ({account.region}).",
        hint=f"Did you mean {near}?"
        if near
        else f"It has {', '.join(names[:12])}{' and more' if len(names) > 12 else ''}.",
    )


def _mine(listed: Iterable[AlarmMetric], owned: Owned, names: Collection[str]) -> Sequence[AlarmMetric]:
    """Those of the set of dimensions that says most about the service and least besides; else the account's own.

    An environment alone is that of many: it tells whose a metric is only where the namespace bears a name of theirs.
    """
    sets: dict[frozenset[str], list[AlarmMetric]] = {}
    for each in listed:
        known = [dimension for dimension in each.dimensions if dimension in owned]
        named = any(name.lower() in each.namespace.lower() for name in names)
        if all(dimension in ENVIRONMENTS for dimension in known) and not named:
            continue
        if known and all(each.dimensions[dimension] in owned[dimension] for dimension in known):
            sets.setdefault(frozenset(each.dimensions), []).append(each)
    if not sets:
        return [each for each in listed if not each.dimensions]

    def order(dimensions: frozenset[str]) -> tuple[int, int]:
        besides = sum(1 for dimension in dimensions if dimension not in owned)
        return besides, besides - len(dimensions)

    return sorted(sets[min(sets, key=order)], key=lambda each: sorted(each.dimensions.items()))


def _label(metric: AlarmMetric, among: Sequence[AlarmMetric], statistic: str) -> str:
    """What tells one line from the others."""
    if len(among) == 1:
        return "per minute" if statistic == _SUM else statistic.lower()
    same = {name for name in metric.dimensions if len({each.dimensions[name] for each in among}) == 1}
    return " ".join(value for name, value in metric.dimensions.items() if name not in same)
