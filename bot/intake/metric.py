"""The metric an alarm message describes, from either spelling: CloudWatch's SNS action or EventBridge."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from bot.domain import AlarmMetric
from bot.intake.delivery import storable

# The SNS action writes statistics in capitals, the API wants them like this. Percentiles (p99) stay as they are.
_STATISTICS = {name.upper(): name for name in ("Average", "Sum", "Minimum", "Maximum", "SampleCount")}
_MAX_PERIOD = 604_800


def metric_of(trigger: Mapping[str, Any], attributes: Mapping[str, str]) -> AlarmMetric | None:
    """The metric of a ``Trigger`` (or of EventBridge's ``configuration``); None for an alarm without one.

    Of metric math the first metric is taken, with the expression that is watched beside it. ``attributes`` are a
    contributor's: the dimensions of its own series.
    """
    queries = _queries(trigger)
    stat = _first(queries, "MetricStat") if queries else {}
    source = {**stat, **_mapping(_field(stat, "Metric"))} if stat else trigger
    name = _text(_field(source, "MetricName") or _field(source, "Name"))
    watched = _watched(queries) if queries else {}
    expression = _text(_field(watched, "Expression"), 2_048)
    label = _text(_field(watched, "Label"))
    if not name and not expression:
        return None
    statistic = _text(_field(source, "ExtendedStatistic") or _field(source, "Stat") or _field(source, "Statistic"))
    period = _number(_field(source, "Period")) or _number(_field(trigger, "Period")) or _first_period(queries)
    return AlarmMetric(
        namespace=_text(_field(source, "Namespace")),
        name=name,
        dimensions=_dimensions(_field(source, "Dimensions")) | dict(attributes),
        statistic=_STATISTICS.get(statistic.upper(), statistic),
        period=int(min(max(period or 60, 1), _MAX_PERIOD)),
        threshold=_number(_field(trigger, "Threshold")),
        comparison=_text(_field(trigger, "ComparisonOperator")),
        expression=expression,
        # "Expression1" is the console's word for nobody having thought of one.
        label="" if label.startswith("Expression") and re.fullmatch(r"Expression\d*", label) else label,
    )


def _queries(trigger: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Metric queries, those whose result is returned first (in anomaly alarms two are)."""
    found = _field(trigger, "Metrics")
    queries = [query for query in found[:100] if isinstance(query, dict)] if isinstance(found, list) else []
    return sorted(queries, key=lambda query: _field(query, "ReturnData") is not True)


def _first(queries: list[Mapping[str, Any]], key: str) -> Mapping[str, Any]:
    return next(
        (_mapping(_field(query, key)) for query in queries if _mapping(_field(query, key))),
        {},
    )


def _watched(queries: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The math that is watched; none in an anomaly alarm on a plain metric, where it is only the band."""
    watched = [query for query in queries if "ANOMALY_DETECTION_BAND" not in _text(_field(query, "Expression"), 2_048)]
    if watched and _field(watched[0], "MetricStat") and _field(watched[0], "ReturnData") is True:
        return {}
    return next((query for query in watched if _text(_field(query, "Expression"))), {})


def _first_period(queries: list[Mapping[str, Any]]) -> float | None:
    return next(
        (period for query in queries if (period := _number(_field(query, "Period")))),
        None,
    )


def _dimensions(value: object) -> dict[str, str]:
    """``[{name, value}]`` in either case, or EventBridge's ``{name: value}``."""
    if isinstance(value, dict):
        pairs = [(name, text) for name, text in list(value.items())[:30]]
    elif isinstance(value, list):
        pairs = [(_field(_mapping(one), "Name"), _field(_mapping(one), "Value")) for one in value[:30]]
    else:
        pairs = []
    return {_text(name): _text(text, 1_024) for name, text in pairs if _text(name) and isinstance(text, str)}


def _field(document: Mapping[str, Any], name: str) -> Any:
    """A key as SNS spells it (``Namespace``) or as EventBridge does (``namespace``)."""
    value = document.get(name)
    return value if value is not None else document.get(_small(name))


@cache
def _small(name: str) -> str:
    return name[0].lower() + name[1:]


def _number(value: object) -> float | None:
    """A finite number; JSON may hold NaN and integers too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, size: int = 255) -> str:
    return storable(value[:size]) if isinstance(value, str) else ""
