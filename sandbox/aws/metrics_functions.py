"""The functions of metric math: SUM and its kin over series and arrays, FILL, IF, RATE and the rest."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable

from sandbox.aws.metrics_values import Points, Scope, Value, as_series


def _spread(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _folded(fold: Callable[[list[float]], float]) -> Callable[[list[Value], Scope], Value]:
    """SUM and its kin: one number from one series, one series from an array."""

    def apply(given: list[Value], scope: Scope) -> Value:
        first = given[0]
        if isinstance(first, dict):
            return fold(list(first.values())) if first else 0.0
        many = first if isinstance(first, list) else [as_series(value, scope) for value in given]
        instants = sorted({at for each in many for at in each})
        return {at: fold([each[at] for each in many if at in each]) for at in instants}

    return apply


def _mapped(change: Callable[[float], float]) -> Callable[[list[Value], Scope], Value]:
    def apply(given: list[Value], scope: Scope) -> Value:
        first = given[0]
        if isinstance(first, list):
            return [{at: change(value) for at, value in each.items()} for each in first]
        if isinstance(first, dict):
            return {at: change(value) for at, value in first.items()}
        return change(float(first))

    return apply


def _fill(given: list[Value], scope: Scope) -> Value:
    source, filler = given[0], given[1]
    if isinstance(source, list):
        return [_filled(each, filler, scope) for each in source]
    return _filled(as_series(source, scope), filler, scope)


def _filled(source: Points, filler: Value, scope: Scope) -> Points:
    result: Points = {}
    last: float | None = None
    for at in scope.instants:
        if at in source:
            last = source[at]
        elif not isinstance(filler, str):
            last = as_series(filler, scope).get(at)
        if last is not None:
            result[at] = last
    return result


def _if(given: list[Value], scope: Scope) -> Value:
    condition, then = given[0], given[1]
    otherwise = given[2] if len(given) > 2 else {}
    result: Points = {}
    for at, held in as_series(condition, scope).items():
        chosen = then if held else otherwise
        value = chosen.get(at) if isinstance(chosen, dict) else chosen
        if isinstance(value, (int, float)):
            result[at] = float(value)
    return result


def _difference(given: list[Value], scope: Scope, per_second: bool) -> Value:
    source = as_series(given[0], scope)
    instants = sorted(source)
    pairs = itertools.pairwise(instants)
    return {
        after: (source[after] - source[before]) / ((after - before) if per_second else 1) for before, after in pairs
    }


def _running(given: list[Value], scope: Scope) -> Value:
    source, total, result = as_series(given[0], scope), 0.0, {}
    for at in sorted(source):
        total += source[at]
        result[at] = total
    return result


def _metrics(given: list[Value], scope: Scope) -> Value:
    wanted = str(given[0]) if given else ""
    return [scope.series[name] for name in scope.metric_ids if wanted in name]


def band_around(values: Iterable[float], width: float) -> tuple[float, float]:
    """Lower and upper bound of what is usual: so many standard deviations around the mean.

    CloudWatch's own model learns hours and weekdays besides; what it shows is a band as well.
    """
    known = list(values)
    middle, stray = _mean(known), width * _spread(known)
    return middle - stray, middle + stray


def _band(given: list[Value], scope: Scope) -> Value:
    source = as_series(given[0], scope)
    width = given[1] if len(given) > 1 else 2.0
    if not isinstance(width, float) or not source:
        return [{}, {}]
    return [dict.fromkeys(scope.instants, bound) for bound in band_around(source.values(), width)]


FUNCTIONS: dict[str, Callable[[list[Value], Scope], Value]] = {
    "SUM": _folded(sum),
    "AVG": _folded(_mean),
    "MIN": _folded(min),
    "MAX": _folded(max),
    "STDDEV": _folded(_spread),
    "METRIC_COUNT": lambda given, scope: float(len(given[0])) if isinstance(given[0], list) else 1.0,
    "ABS": _mapped(abs),
    "CEIL": _mapped(math.ceil),
    "FLOOR": _mapped(math.floor),
    "FILL": _fill,
    "IF": _if,
    "DIFF": lambda given, scope: _difference(given, scope, per_second=False),
    "RATE": lambda given, scope: _difference(given, scope, per_second=True),
    "RUNNING_SUM": _running,
    "PERIOD": lambda given, scope: float(scope.period),
    "METRICS": _metrics,
    "ANOMALY_DETECTION_BAND": _band,
}
