"""The alarms of a service, before a change and while it goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bot.cloud import AlarmReading
from bot.command import Check
from bot.domain import Target
from bot.shipping.verdicts import passed, unknown, warned


def names(target: Target) -> list[str]:
    """The alarms that are configured for a service."""
    return [alarm.name for alarm in target.service.alarms]


def afterwards(target: Target) -> str:
    """What is watched once a change has settled, as the end of a sentence."""
    many = len(target.service.alarms)
    if not many:
        return "; no alarm is configured to watch it afterwards"
    return ", then its alarm stays quiet" if many == 1 else f", then its {many} alarms stay quiet"


def red(found: Any) -> tuple[str, ...]:
    """Those that are in ALARM, by name; none when they could not be read."""
    readings: Sequence[AlarmReading] = found if isinstance(found, tuple) else ()
    return tuple(sorted(each.name for each in readings if each.state == "ALARM"))


def went_off(readings: Sequence[AlarmReading], before: Collection[str], since: float) -> tuple[AlarmReading, ...]:
    """Those that are in ALARM because of what happened since then; one that was red before counts when it came anew."""
    return tuple(
        each for each in readings if each.state == "ALARM" and (each.name not in before or each.updated_at > since)
    )


def quiet_before(found: Any, target: Target) -> Check:
    """Whether an alarm is red before anything changed. An unread one is unknown, and says why."""
    name, configured = "alarms", names(target)
    if not configured:
        return unknown(name, "none are configured for this service")
    if not isinstance(found, tuple):
        return unknown(name, found)
    already = red(found)
    if already:
        return warned(name, f"{', '.join(already)} is red already, so it cannot tell whether this makes things worse")
    absent = [each for each in configured if each not in {reading.name for reading in found}]
    if absent:
        return warned(name, f"CloudWatch has no {', '.join(absent)}")
    return passed(name, f"{len(configured)} looked at, all quiet")
