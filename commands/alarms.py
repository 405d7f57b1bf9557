"""``/alarms``: what is red now, since when, which incident has it and who; what is silent, and what has no data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.catalog import alarm_accounts
from bot.cloud import AlarmReading
from bot.command import Command, Plan
from bot.domain import Account, AlarmState, Person, Target
from bot.errors import BotError, NotFoundError
from bot.holds import place_label
from bot.live_alarms import alarm_name, beside, is_here, unlisted
from bot.ports import World
from bot.silence import LiveIncident, LiveMember, Silence, covering
from bot.silence_ports import MuteRule
from bot.views import blocks as b
from bot.views.live_incident import who_has

READ_SECONDS = 6.0
SHOWN = 15
ALL = "all"


class AlarmsArgs(BaseModel):
    """What ``/alarms`` takes."""

    model_config = ConfigDict(frozen=True)

    system: str = Field(
        default="", description="A system, or `all`; when left out, the system of the channel, or else all."
    )


@dataclass(frozen=True)
class _Look:
    """What was found out at once; an error stands where something could not be read."""

    readings: Mapping[Account, tuple[AlarmReading, ...] | Exception]
    mutes: Mapping[Account, tuple[MuteRule, ...] | Exception]
    incidents: tuple[LiveIncident, ...]
    silences: tuple[Silence, ...]
    links: Mapping[str, str]
    now: float


@dataclass
class _Glance:
    """What is shown of one environment of a system."""

    red: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    quiet: int = 0

    @property
    def is_calm(self) -> bool:
        return not (self.red or self.silent or self.unknown or self.missing or self.unread)


def plan(args: AlarmsArgs, world: World, person: Person) -> Plan:
    """One message: what is red first, in every system that is not calm; a single line for all that are."""
    targets, whole = _asked(args, world, person.channel)
    look = _read(targets, world)
    glances = {place: _glance(mine, look) for place, mine in _places(targets).items()}
    every = whole or (not args.system and len(targets) == len(world.catalog.targets))
    # Whoever names a system wants its own; what belongs to none is shown only where that is the system's channel.
    channel = person.channel if any(is_here(target, person.channel, world) for target in targets) else ""
    odd = unlisted(look.incidents, targets, world, whole=every, channel=channel)
    elsewhere = [_line(*live, look, world) for live in odd]
    also = () if args.system else beside(look.incidents, targets, _red(look), world, channel=person.channel)
    besides = [_line(*live, look, world) for live in also if live not in odd]
    shown: list[b.Block] = []
    for (system, environment), glance in glances.items():
        if glance.is_calm:
            continue
        known = world.catalog.system(system)
        shown.append(b.section(f"*{b.esc((known.title if known else '') or system)}* · {b.esc(environment)}"))
        shown += b.sections(_lines(glance))
    if elsewhere:
        shown += [b.section("*Not in the configuration*"), *b.sections(elsewhere[:SHOWN])]
        shown += [b.section(f"… and {len(elsewhere) - SHOWN} more")] if len(elsewhere) > SHOWN else []
    if besides:
        shown += [b.section("*Also open in this channel*"), *b.sections(besides[:SHOWN])]
        shown += [b.section(f"… and {len(besides) - SHOWN} more")] if len(besides) > SHOWN else []
    if look.silences:
        shown += [b.section("*Silent now*"), *b.sections(_silence(each, world) for each in look.silences)]
    summary, quiet = (
        _summary(glances.values(), [*elsewhere, *besides]),
        sum(glance.quiet for glance in glances.values()),
    )
    calm = [b.section(f":large_green_circle: {summary}")] if not shown else [b.section(f"*{summary}*")]
    rest = f"{quiet} other alarms are quiet · " if shown and quiet else ""
    blocks = (*calm, *shown, b.context(f"{rest}as of {b.when(look.now)}"))
    return Plan(title="Alarms", answer_text=summary, answer=tuple(b.fit(blocks)))


def _summary(glances: Iterable[_Glance], elsewhere: Sequence[str]) -> str:
    each = list(glances)
    red, silent = sum(len(one.red) for one in each) + len(elsewhere), sum(len(one.silent) for one in each)
    unknown, missing = sum(len(one.unknown) for one in each), sum(len(one.missing) for one in each)
    unread, quiet = sum(len(one.unread) for one in each), sum(one.quiet for one in each)
    parts = [
        f"{red} in alarm" if red else "",
        f"{silent} in alarm but silenced" if silent else "",
        f"{unknown} without data" if unknown else "",
        f"{missing} not found in CloudWatch" if missing else "",
        f"{unread} could not be read" if unread else "",
    ]
    told = ", ".join(part for part in parts if part)
    if told:
        return told if red else f"Nothing is in alarm; {told}"
    return f"All {quiet} alarms are quiet." if quiet else "No alarms are configured here."


def _asked(args: AlarmsArgs, world: World, channel: str) -> tuple[tuple[Target, ...], bool]:
    """The targets that are meant, and whether those are all there are."""
    if args.system.lower() == ALL:
        return world.catalog.targets, True
    if args.system:
        system = world.catalog.system(args.system)
        if system is None:
            names = ", ".join(each.system for each in world.catalog.systems)
            raise NotFoundError(f"There is no system “{args.system[:60]}”.", hint=f"There are {names}; or say all.")
        return tuple(target for target in world.catalog.targets if target.system == system.system), False
    here = tuple(target for target in world.catalog.targets if is_here(target, channel, world))
    return (here, False) if here else (world.catalog.targets, True)


def _places(targets: Iterable[Target]) -> dict[tuple[str, str], list[Target]]:
    places: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        places.setdefault((target.system, target.environment), []).append(target)
    return places


def _read(targets: Sequence[Target], world: World) -> _Look:
    """Everything in parallel under one deadline: the store's own incidents and silences cost nothing."""
    incidents, names = world.recent.live_incidents(), _names(targets)
    reads: dict[str, Callable[[], Any]] = {}
    accounts = list(names)
    for number, account in enumerate(accounts):
        reads[f"alarms {number}"] = partial(world.metrics.alarms, account, sorted(names[account]))
        reads[f"mutes {number}"] = partial(world.mutes.standing, account)
    for incident in incidents[:SHOWN]:
        if incident.ts:
            reads[f"link {incident.id}"] = partial(world.chat.permalink, incident.channel, incident.ts)
    found = world.gather(reads, seconds=READ_SECONDS)
    return _Look(
        readings={account: found[f"alarms {number}"] for number, account in enumerate(accounts)},
        mutes={account: found[f"mutes {number}"] for number, account in enumerate(accounts)},
        incidents=incidents,
        silences=tuple(each for each in world.silences.standing() if _concerns(each, targets, world)),
        links={name.partition(" ")[2]: link for name, link in found.items() if isinstance(link, str)},
        now=world.clock.now(),
    )


def _names(targets: Iterable[Target]) -> dict[Account, set[str]]:
    names: dict[Account, set[str]] = {}
    for target in targets:
        for account in alarm_accounts(target) if target.service.alarms else ():
            names.setdefault(account, set()).update(alarm.name for alarm in target.service.alarms)
    return names


def _concerns(silence: Silence, targets: Sequence[Target], world: World) -> bool:
    if len(targets) == len(world.catalog.targets):
        return True
    return any(
        silence.covers("", "", target.key)
        or any(silence.covers(alarm.name, "", target.key) for alarm in target.service.alarms)
        for target in targets
    )


def _glance(targets: Sequence[Target], look: _Look) -> _Glance:
    glance, seen = _Glance(), set()
    for target in targets:
        for alarm in target.service.alarms:
            read = [look.readings[account] for account in alarm_accounts(target)]
            found = [each for part in read if not isinstance(part, Exception) for each in part]
            reading = next((each for each in found if each.name == alarm.name), None)
            failed = next((part for part in read if isinstance(part, Exception)), None)
            if reading is None and failed is not None:
                glance.unread.append(f":grey_question: {b.code(alarm.name)} · {_words(failed)}")
            elif reading is None:
                glance.missing.append(f":grey_question: {b.code(alarm.name)} does not exist in CloudWatch")
            elif reading.arn not in seen:
                _put(glance, target, reading, look)
            if reading is not None:
                seen.add(reading.arn)
    return glance


def _put(glance: _Glance, target: Target, reading: AlarmReading, look: _Look) -> None:
    age = f"{b.code(reading.name)} for {b.ago(look.now - reading.updated_at)}"
    if reading.state == AlarmState.INSUFFICIENT_DATA:
        glance.unknown.append(f":white_circle: {age} without data")
    elif reading.state != AlarmState.ALARM:
        glance.quiet += 1
    else:
        silence = covering(look.silences, reading.name, reading.arn, target.key)
        where = _incident(reading.arn, look)
        muted = _muted(target, reading, look)
        if silence is not None:
            said = f":no_bell: {age} · silent until {b.when(silence.until)}"
            glance.silent.append(f"{said} · {where}" if where else said)
        else:
            glance.red.append(f":red_circle: {age} · {where or 'no incident is open'}{muted}")


def _muted(target: Target, reading: AlarmReading, look: _Look) -> str:
    """Somebody may have muted it in CloudWatch itself, and then nobody hears of it."""
    for account in alarm_accounts(target):
        rules = look.mutes.get(account, ())
        for rule in rules if not isinstance(rules, Exception) else ():
            if reading.name in rule.alarms:
                until = f" until {b.when(rule.until)}" if rule.until else ""
                return f" · muted in CloudWatch by {b.code(rule.name)}{until}"
    return ""


def _incident(arn: str, look: _Look) -> str:
    """The open incident of an alarm, with a link, and who has it."""
    for incident in look.incidents:
        if any(member.arn == arn for member in incident.members):
            return _words_of(incident, look)
    return ""


def _words_of(incident: LiveIncident, look: _Look) -> str:
    return who_has(incident, look.links.get(incident.id, ""))


def _red(look: _Look) -> set[str]:
    """ARNs of the alarms that CloudWatch says are in ALARM."""
    read = [part for part in look.readings.values() if not isinstance(part, Exception)]
    return {reading.arn for part in read for reading in part if reading.state == AlarmState.ALARM}


def _line(incident: LiveIncident, member: LiveMember, look: _Look, world: World) -> str:
    silent = world.silences.covering(alarm_name(member), member.arn, member.target)
    where = f" ({b.esc(place_label(member.target))})" if member.target else ""
    age = f"{b.code(member.name)}{where} for {b.ago(look.now - member.at)}"
    return f"{':no_bell:' if silent else ':red_circle:'} {age} · {_words_of(incident, look)}"


def _lines(glance: _Glance) -> list[str]:
    lines: list[str] = []
    for part in (glance.red, glance.silent, glance.unknown, glance.missing, glance.unread):
        lines += part[:SHOWN]
        lines += [f"… and {len(part) - SHOWN} more"] if len(part) > SHOWN else []
    return lines


def _silence(silence: Silence, world: World) -> str:
    held = world.silences.held(silence.id)
    fired = sum(each.count for each in held)
    counted = f" · {fired} fired meanwhile" if fired else ""
    who = f"by {b.user(silence.by)}" if silence.by else "maintenance"
    name = b.code(silence.name)
    return f":no_bell: {name} until {b.when(silence.until)} · {who}: {b.esc(silence.reason, 200)}{counted}"


def _words(error: Exception) -> str:
    return b.esc(error.message if isinstance(error, BotError) else "CloudWatch did not answer in time", 300)


alarms = Command(
    name="alarms",
    summary="What is in alarm now, who has it, and what is silent",
    action="read",
    args=AlarmsArgs,
    plan=plan,
    examples=("", "bi", "all"),
)
