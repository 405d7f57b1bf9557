"""``/metrics``: how a service is doing, as one picture and in numbers; and which dashboards CloudWatch has of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.arguments import WRITTEN, Word, words
from bot.catalog import Catalog
from bot.command import Choice, Command, Plan
from bot.domain import Account, Person, Target
from bot.errors import BotError, DeniedError, UsageError
from bot.form import parts
from bot.live_alarms import is_here
from bot.ports import World
from bot.relative_window import placed
from bot.signals.choosing import statistic_of
from bot.signals.looking import Look, Wanted, look
from bot.signals.picture import owed
from bot.telemetry import Dashboard
from bot.views import blocks as b
from bot.views import metrics as view
from bot.window import Window, find_window, shown

DASHBOARDS = "dashboards"
USUAL = 3 * 3600.0
BEFORE_INCIDENT = 3600.0
"""Of how things were before an incident a curve needs more than its last minutes."""
READ_SECONDS = 6.0
MOST_WORDS = 12
COMPARED = 25 * 3600.0
"""The longest time that yesterday is shown beside: a day, the one included on which clocks go back."""
_BESIDE = r"(?<!\S)(?:vs\.?|versus|against|compared\s+(?:to|with))"
_YESTERDAY = re.compile(rf"{_BESIDE}\s+yesterday(?!\S)", re.IGNORECASE)
_OTHER = re.compile(rf"{_BESIDE}(?!\S)", re.IGNORECASE)
_FILLERS = ("and", "with", "show", "the")
_CHOICES = (("Last hour", "last 1h"), ("Last 24 h", "last 24h"))


class MetricsArgs(BaseModel):
    """What ``/metrics`` takes."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(description="The service, as `api` or `bi/api`; or `dashboards`, by itself.")
    environment: str = Field(default="", description="The environment; its beginning is enough.")
    what: str = Field(
        default="",
        description="Signals (`cpu memory latency errors requests tasks`, `queue`, `database` …), any metric as "
        "`AWS/RDS/DatabaseConnections`, a percentile (`p99`), a time (`last 3h`, `14:00-14:20 Europe/Berlin`, "
        "`since deploy`), `vs yesterday`; or `dashboards`. The golden signals of three hours when left out.",
        json_schema_extra=WRITTEN
        | parts(
            time=["last 1h", "last 3h", "last 24h", "since deploy", "yesterday"],
            beside=["vs yesterday"],
        ),
    )


@dataclass(frozen=True)
class _Asked:
    """What was typed after the service: signals and metrics, a statistic, a time."""

    signals: tuple[str, ...]
    statistic: str
    window: Window
    yesterday: bool


def target(args: MetricsArgs, catalog: Catalog) -> Target | None:
    """The service that is meant; none for dashboards alone. Raises NotFoundError."""
    if args.service.lower() == DASHBOARDS:
        return None
    return catalog.find(args.service, args.environment or None)


def plan(args: MetricsArgs, world: World, person: Person) -> Plan:
    """The numbers as text, and the picture owed beside them."""
    meant = target(args, world.catalog)
    if meant is None:
        return _dashboards(_mine(args, world, person), world)
    if args.what.strip().lower() == DASHBOARDS:
        return _dashboards((meant,), world)
    asked = _read(args.what, meant, world, person)
    wanted = Wanted(
        words=asked.signals,
        statistic=asked.statistic,
        start=asked.window.start,
        end=asked.window.end,
        yesterday=asked.yesterday,
        zone=asked.window.zone,
    )
    found = look(meant, wanted, world)
    seen = _shown(found, asked)
    has_values = any(not reading.is_empty for reading in found.readings)
    return Plan(
        title=f"Metrics of {meant.label}",
        answer_text=view.summary(seen),
        answer=b.fit(view.answer(seen)),
        picture=owed(found) if has_values else None,
        choices=_choices(meant, asked),
    )


def _read(what: str, meant: Target, world: World, person: Person) -> _Asked:
    """Raises UsageError for a time that is none or cannot be compared, and for too many words."""
    yesterday = bool(_YESTERDAY.search(what))
    alone = _YESTERDAY.sub(" ", what)
    if _OTHER.search(alone):
        raise UsageError(
            "I compare with the same hours of yesterday only.",
            hint="Say vs yesterday, as in cpu last 24h vs yesterday.",
        )
    window, left = find_window(alone, now=world.clock.now(), zone=world.catalog.zone(meant), default=USUAL)
    typed = [word for each in words(left) for word in _split(each) if word.lower() not in ("", *_FILLERS)]
    if len(typed) > MOST_WORDS:
        raise UsageError(f"These are {len(typed)} words; a picture has room for six signals.", hint="Say fewer.")
    statistics = [statistic for word in typed if (statistic := statistic_of(word))]
    if len(set(statistics)) > 1:
        raise UsageError(f"I read two statistics: {' and '.join(statistics)}.", hint="Say one, as in latency p99.")
    signals = tuple(dict.fromkeys(word for word in typed if not statistic_of(word)))
    window = placed(window, meant, world, person, before=BEFORE_INCIDENT)
    if yesterday and not _fits(window):
        said = f"Yesterday is compared with at most a day, and this is {b.ago(window.end - window.start)}."
        raise UsageError(said, hint="Say a shorter time, as in cpu last 24h vs yesterday.")
    return _Asked(signals, statistics[0] if statistics else "", window, yesterday)


def _split(word: str) -> list[str]:
    """What is in quotes is one word, as metrics whose names have blanks need it."""
    is_quoted = isinstance(word, Word) and word.raw[:1] in ("'", '"')
    return [word] if is_quoted else re.split(r"[,\s]+", word)


def _fits(window: Window) -> bool:
    return window.end - window.start <= COMPARED


def _shown(found: Look, asked: _Asked) -> view.Shown:
    window = asked.window
    states = [replace(mark, label=f"{alarm} {mark.label}") for alarm, each in found.states.items() for mark in each]
    marks = sorted((*found.marks, *states), key=lambda mark: mark.at)
    return view.Shown(
        label=found.target.label,
        when=shown(window),
        start=window.start,
        end=window.end,
        zone=window.zone,
        is_now=window.open_end,
        readings=found.readings,
        marks=tuple(marks),
        alarms=found.alarms,
        notes=found.notes,
        also=found.also,
    )


def _choices(meant: Target, asked: _Asked) -> tuple[Choice, ...]:
    """The same at other times, as it would be typed."""
    place = f"metrics {meant.system}/{meant.name} {meant.environment}"
    what = [*(f'"{word}"' if " " in word else word for word in asked.signals), asked.statistic]
    compared = "vs yesterday" if asked.yesterday else ""
    texts = {label: (*what, when, compared) for label, when in _CHOICES if when != asked.window.said.lower()}
    if not asked.yesterday and _fits(asked.window):
        texts["vs yesterday"] = (*what, asked.window.said, "vs yesterday")
    return tuple(
        Choice(label=label, text=" ".join(part for part in (place, *parts) if part)) for label, parts in texts.items()
    )


def _mine(args: MetricsArgs, world: World, person: Person) -> tuple[Target, ...]:
    """The services whose dashboards somebody may see: those of the channel's system, or all. Raises DeniedError."""
    if args.environment or args.what:
        raise UsageError(
            f"I do not know what to do with “{f'{args.environment} {args.what}'.strip()[:60]}”.",
            hint="Say dashboards by itself, or metrics, a service, its environment and dashboards.",
        )
    here = [each for each in world.catalog.targets if is_here(each, person.channel, world)]
    seen = tuple(each for each in here or world.catalog.targets if world.may(person, "read", each))
    if not seen:
        raise DeniedError("You may not read any of these systems.", hint="Ask an admin for the action read.")
    return seen


def _dashboards(targets: Sequence[Target], world: World) -> Plan:
    """What CloudWatch has in each account and region, those that name one of the services first."""
    homes: dict[Account, list[Target]] = {}
    for each in targets:
        homes.setdefault(each.account, []).append(each)
    accounts = list(homes)
    reads: dict[str, Callable[[], Any]] = {
        str(number): partial(world.metrics.dashboards, account) for number, account in enumerate(accounts)
    }
    found = world.gather(reads, seconds=READ_SECONDS)
    lists: list[tuple[str, Account, Sequence[Dashboard]]] = []
    notes: list[str] = []
    for number, account in enumerate(accounts):
        label, read = _label(homes[account]), found[str(number)]
        if isinstance(read, BotError | TimeoutError):
            said = read.message if isinstance(read, BotError) else "CloudWatch did not answer in time."
            notes.append(f"Dashboards of {label} could not be read: {said}")
        elif isinstance(read, Exception):
            raise read
        else:
            lists.append((label, account, _nearest_first(read, homes[account])))
    count = sum(len(each) for _, _, each in lists)
    text = f"{count} dashboard{'' if count == 1 else 's'}"
    return Plan(title="Dashboards", answer_text=text, answer=b.fit(view.dashboards(lists, notes)))


def _label(targets: Sequence[Target]) -> str:
    if len(targets) == 1:
        return targets[0].label
    return ", ".join(dict.fromkeys(f"{each.system} {each.environment}" for each in targets))


def _nearest_first(found: Sequence[Dashboard], targets: Sequence[Target]) -> list[Dashboard]:
    """CloudWatch does not say what a dashboard is of; its name often does."""
    names = {
        re.escape(name)
        for each in targets
        for name in (each.system, each.name, each.service.service, each.service.function, each.service.cluster)
        if name
    }
    named = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(sorted(names))})(?![a-z0-9])", re.IGNORECASE)
    return sorted(found, key=lambda each: (named.search(each.name) is None, each.name))


metrics = Command(
    name="metrics",
    summary="How a service is doing: its golden signals, or any metric, as a picture and in numbers",
    action="read",
    args=MetricsArgs,
    plan=plan,
    target=target,
    examples=(
        "bi/api production",
        "bi/api production cpu memory last 24h vs yesterday",
        "bi/api production tasks since deploy",
        "bi/api production AWS/ECS/CPUUtilization last 6h",
        "dashboards",
    ),
)
