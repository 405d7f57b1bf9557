"""The weekly digest of a system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain import Severity
from bot.ports import Message
from bot.views import blocks as b

SHOWN = 10


@dataclass(frozen=True)
class Week:
    """What happened in seven days. Durations are seconds, None where nothing can be said.

    ``severities`` are counts of incidents, ``noisiest`` alarms with how often they fired, ``unheard`` the alarms of
    incidents that ended and that nobody ever had. ``failed`` deployments are those that failed or were rolled back.
    ``old`` are incidents open for longer than the week: since when, the alarm, and who has it.
    """

    severities: Mapping[str, int] = field(default_factory=dict)
    noisiest: tuple[tuple[str, int], ...] = ()
    unheard: tuple[str, ...] = ()
    to_acknowledge: float | None = None
    to_resolve: float | None = None
    deployments: int = 0
    failed: int = 0
    old: tuple[tuple[float, str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing happened."""
        return not (self.severities or self.deployments or self.old)


def digest(title: str, week: str, told: Week) -> Message:
    """The message; ``week`` is the ISO week in which it is posted."""
    count = sum(told.severities.values())
    lines = [f"*Incidents:* {_incidents(told, count)}"]
    if told.noisiest:
        alarms = ", ".join(f"{b.code(name)} ({fired}×)" for name, fired in told.noisiest)
        lines.append(f"*Noisiest alarms:* {alarms}")
    if told.unheard:
        lines.append(f"*Nobody ever acknowledged:* {_names(told.unheard)}")
    if count:
        lines.append(f"*Median time* to acknowledge {_time(told.to_acknowledge)}, to resolve {_time(told.to_resolve)}")
    lines.append(f"*Deployments:* {_deployments(told)}")
    for since, name, owner in told.old[:SHOWN]:
        who = f"{b.user(owner)} has it" if owner else "nobody has it"
        lines.append(f":hourglass: {b.code(name)} has been open since {b.when(since)}; {who}")
    if len(told.old) > SHOWN:
        lines.append(f"… and {len(told.old) - SHOWN} more incidents that are older than a week")
    blocks = (b.header(f"The week of {title}"), *b.sections(lines), b.context(f"The seven days before {week}"))
    text = (
        f"The week of {b.esc(title)}: {count} incident{_s(count)}, {told.deployments} deployment{_s(told.deployments)}"
    )
    return Message(text=text, blocks=b.fit(blocks))


def _incidents(told: Week, count: int) -> str:
    if not count:
        return "none"
    parts = [f"{told.severities[each.value]} {each.value}" for each in Severity if told.severities.get(each.value)]
    return f"{count} ({', '.join(parts)})"


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(b.code(name) for name in names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown


def _time(seconds: float | None) -> str:
    return "unknown" if seconds is None else b.ago(seconds)


def _deployments(told: Week) -> str:
    if not told.deployments:
        return "none"
    rate = round(100 * told.failed / told.deployments)
    return f"{told.deployments}, of which {told.failed} failed or were rolled back (change failure rate {rate} %)"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
