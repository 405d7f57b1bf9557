"""What must fit together in ``config/calendar.yaml``, and between it and the other files."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bot.settings.calendar import SEVERAL_DAYS, WEEK
from bot.settings.models import ANY
from bot.settings.rules import refuse_unknown
from bot.settings.shapes import check_names, check_shapes, duration_look, zone_look
from bot.settings.source import KeyPath, Source

_SHAPES = {
    "zone": zone_look,
    "freezes.*.zone": zone_look,
    "windows.*.zone": zone_look,
    "maintenance.*.zone": zone_look,
    "windows.*.notice": duration_look("1m", "7d"),
}

_ALL_DAY = "00:00-24:00"


def check_calendar(source: Source, systems: Collection[str], environments: Collection[str]) -> None:
    """The rules of ``config/calendar.yaml``; systems and environments are those of all files."""
    check_shapes(source, _SHAPES)
    for rules in ("freezes", "windows", "maintenance"):
        check_names(source, rules)
        if systems:
            refuse_unknown(source, f"{rules}.*.systems.*", {*systems, ANY}, "system")
        if environments:
            refuse_unknown(source, f"{rules}.*.environments.*", {*environments, ANY}, "environment of any system")
        for path, rule in source.at(f"{rules}.*"):
            if isinstance(rule, dict) and rule.get("reason") == "":
                source.report((*path, "reason"), "must say why")
    checks = {"freezes": _check_freeze, "windows": _check_window, "maintenance": _check_maintenance}
    for rules, check in checks.items():
        for path, rule in source.at(f"{rules}.*"):
            if isinstance(rule, dict):
                check(source, path, rule)


def _check_freeze(source: Source, path: KeyPath, rule: dict[str, Any]) -> None:
    once = "first_day" in rule or "last_day" in rule
    if once == bool(rule.get("last_days")):
        source.report(path, "needs either last_days, or first_day and last_day")
    elif once and not ("first_day" in rule and "last_day" in rule):
        source.report(path, "needs first_day and last_day; they may be the same day")
    elif _text(rule, "first_day") > _text(rule, "last_day"):
        source.report((*path, "last_day"), "is before the first day")
    if "of" in rule and not rule.get("last_days"):
        source.report((*path, "of"), "is used only with last_days beside it")


def _check_window(source: Source, path: KeyPath, rule: dict[str, Any]) -> None:
    if bool(rule.get("open")) == bool(rule.get("closed")):
        source.report(path, "needs either open or closed, with at least one time")
    if "notice" in rule and rule.get("outside") != "notice":
        source.report((*path, "notice"), "is used only with outside: notice")
    for kind in ("open", "closed"):
        _check_times(source, (*path, kind), _list(rule.get(kind)))


def _check_maintenance(source: Source, path: KeyPath, rule: dict[str, Any]) -> None:
    written = _list(rule.get("during"))
    if not written:
        source.report(path, "needs during, with at least one time")
    _check_times(source, (*path, "during"), written)
    whole = [times for times in written if isinstance(times, dict) and times.get("hours", _ALL_DAY) == _ALL_DAY]
    days = {
        day
        for times in whole
        for word in _list(times.get("days", ["weekdays", "weekends"]))
        for day in SEVERAL_DAYS.get(word, (word,))
    }
    if len(days) == len(WEEK):
        source.report((*path, "during"), "leaves no time in which alarms are heard")


def _check_times(source: Source, path: KeyPath, several: list[Any]) -> None:
    for index, times in enumerate(several):
        if isinstance(times, dict) and times.get("days") == []:
            source.report((*path, index, "days"), "must name at least one")


def _text(block: dict[str, Any], key: str) -> str:
    value = block.get(key)
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
