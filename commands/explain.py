"""``/explain``: what an alarm watches and does, how it is now, and what the runbook has for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.advice_ports import Advice
from bot.alarm_words import does, watches
from bot.arguments import REST
from bot.authz import READ
from bot.catalog import Catalog, alarm_accounts
from bot.cloud import AlarmReading
from bot.command import Command, Plan
from bot.console import alarm_address
from bot.domain import Account, Alarm, AlarmState, Person, Target
from bot.errors import BotError, DeniedError, NotFoundError, UpstreamError, UsageError
from bot.intake.metric import metric_of
from bot.ports import World
from bot.silence import LiveIncident
from bot.silence_args import near_alarms
from bot.views import blocks as b

READ_SECONDS = 6.0
REMEMBERED = 30 * 86400.0
"""How long CloudWatch keeps the history of an alarm."""
MOST = 12
STATES = {"ALARM": ":red_circle: in alarm", "OK": ":large_green_circle: OK"}


class ExplainArgs(BaseModel):
    """What ``/explain`` takes."""

    model_config = ConfigDict(frozen=True)

    alarm: str = Field(
        default="",
        description="The alarm's name or ARN; in an incident's thread its own when left out.",
        json_schema_extra=REST,
    )

    @property
    def name(self) -> str:
        """The alarm's name."""
        return self.alarm.split(":", 6)[-1] if self.alarm.startswith("arn:") else self.alarm

    @property
    def region(self) -> str:
        """The region that its ARN names, or nothing."""
        return self.alarm.split(":", 6)[3] if self.alarm.count(":") >= 6 and self.alarm.startswith("arn:") else ""


@dataclass(frozen=True)
class _Known:
    """What is known of the alarm; an error stands where something could not be read."""

    alarm: Alarm
    reading: AlarmReading
    target: Target | None
    advice: Advice
    red: tuple[float, ...] | Exception
    incident: LiveIncident | None
    link: str
    now: float


def target(args: ExplainArgs, catalog: Catalog) -> Target | None:
    """The service that lists the alarm, if any does."""
    listed = catalog.by_alarm(args.name, args.region)
    return listed[0] if listed else None


def plan(args: ExplainArgs, world: World, person: Person) -> Plan:
    """Everything that CloudWatch, the configuration and the bot's own memory say of one alarm; nothing is guessed."""
    asked = args if args.alarm else ExplainArgs(alarm=_of_the_thread(person, world))
    account, reading = _read(asked, world)
    known = _known(account, reading, world)
    if known.target is not None and not world.may(person, READ, known.target):
        raise DeniedError(f"You may not look at {known.target.label}.", hint="Who may is in config/access.yaml.")
    title = f"{b.esc(reading.name)}: {STATES.get(reading.state, 'without data').rpartition(': ')[2]}"
    return Plan(title="Alarm", answer_text=title, answer=tuple(b.fit(_shown(known, world))))


def _of_the_thread(person: Person, world: World) -> str:
    live = world.recent.live_incidents()
    if person.about:
        for incident in live:
            if incident.opened_at == person.about and incident.members:
                return incident.members[0].arn or incident.alarm
        raise NotFoundError("The incident of this thread is over.", hint="Say which alarm.")
    names = ", ".join(dict.fromkeys(incident.alarm for incident in live[:5]))
    raise UsageError("Please say which alarm.", hint=f"Now open: {names}." if names else "As in: explain api-latency.")


def _read(args: ExplainArgs, world: World) -> tuple[Account, AlarmReading]:
    """The alarm as CloudWatch shows it, and where. Raises NotFoundError with the nearest names."""
    accounts = list(dict.fromkeys(_accounts(args, world)))
    reads: dict[str, Callable[[], tuple[AlarmReading, ...]]] = {
        f"{number}": partial(world.metrics.alarms, account, [args.name]) for number, account in enumerate(accounts)
    }
    answers = world.gather(reads, seconds=READ_SECONDS)
    found = [
        (accounts[int(number)], each)
        for number, read in answers.items()
        for each in (() if isinstance(read, Exception) else read)
        if each.arn == args.alarm or not args.region
    ]
    if found:
        # Where several regions have one of that name, the one that fires is meant.
        return min(found, key=lambda each: each[1].state != AlarmState.ALARM)
    failed = next((read for read in answers.values() if isinstance(read, Exception)), None)
    if failed is not None:
        raise UpstreamError(f"CloudWatch could not be asked: {_words(failed)}", retryable=False) from failed
    near = near_alarms(args.name, world)
    hint = f"Did you mean {near}?" if near else "Say its name as CloudWatch has it."
    raise NotFoundError(f"There is no alarm “{args.name[:80]}” in any account that I know.", hint=hint)


def _accounts(args: ExplainArgs, world: World) -> Iterable[Account]:
    """Where it may be: with its service, else in the regions that told of it, else anywhere."""
    listed = target(args, world.catalog)
    if listed is not None:
        return alarm_accounts(listed)
    every = [account for each in world.catalog.targets for account in alarm_accounts(each)]
    regions = {args.region} if args.region else {each.region for each in world.recent.heard(args.name) if each.region}
    there = [account for account in every if account.region in regions]
    return there or [Account(region=region) for region in sorted(regions)] or every


def _known(account: Account, reading: AlarmReading, world: World) -> _Known:
    live = world.recent.live_incidents()
    incident = next((each for each in live if any(one.arn == reading.arn for one in each.members)), None)
    now = world.clock.now()
    reads: dict[str, Callable[[], Any]] = {
        "red": lambda: world.metrics.went_red(account, reading.name, since=now - REMEMBERED),
        "children": lambda: world.metrics.children(account, reading.name) if "AlarmRule" in reading.definition else (),
        "link": lambda: world.chat.permalink(incident.channel, incident.ts) if incident and incident.ts else "",
    }
    found = world.gather(reads, seconds=READ_SECONDS)
    metric, region = metric_of(reading.definition, {}), reading.arn.split(":")[3]
    alarm = Alarm(
        arn=reading.arn,
        name=reading.name,
        state=AlarmState(reading.state),
        at=reading.updated_at,
        region=region,
        metric=metric,
        children=() if isinstance(found["children"], Exception) else found["children"],
    )
    listed = world.catalog.by_alarm(reading.name, region)
    where = listed[0] if listed else world.catalog.by_dimensions(region, metric.dimensions) if metric else None
    return _Known(
        *(alarm, reading, where, world.advice.about(alarm, where), found["red"], incident),
        link="" if isinstance(found["link"], Exception) else found["link"],
        now=now,
    )


def _shown(known: _Known, world: World) -> list[b.Block]:
    reading, where = known.reading, known.target
    console = alarm_address(known.alarm.region, reading.name)
    state = STATES.get(reading.state, ":white_circle: without data")
    name = f"{b.link(console, 'console')}" if console else ""
    head = f"{state} · *{b.code(reading.name)}* · for {b.ago(known.now - reading.updated_at)}"
    belongs = b.esc(where.label) if where else "no configured service"
    shown = [b.section(f"{head} · {belongs}" + (f" · {name}" if name else ""))]
    lines = watches(reading, known.alarm.metric)
    if lines or known.alarm.children:
        children = [f"• {b.code(each.rpartition(':alarm:')[2])}" for each in known.alarm.children[:MOST]]
        shown.append(b.section("\n".join(["*What it watches*", *map(b.esc, lines), *children])))
    shown.append(b.section("\n".join(["*What it does*", *(f"• {b.esc(each)}" for each in does(reading))])))
    if reading.reason:
        shown.append(b.section(f"*Why it is in its state*\n{b.esc(reading.reason, 600)}"))
    shown.append(b.section(f"*In 30 days*\n{_history(known)}{_now(known, world)}"))
    if reading.description:
        shown.append(b.section(f"*Its description*\n{b.esc(reading.description, 900)}"))
    return [*shown, *_runbook(known.advice)]


def _history(known: _Known) -> str:
    if isinstance(known.red, Exception):
        return f"Its history could not be read: {b.esc(_words(known.red), 300)}"
    if not known.red:
        return "It did not fire."
    times = "once" if len(known.red) == 1 else f"{len(known.red)} times"
    return f"It fired {times}, the last time {b.ago(known.now - max(known.red))} ago."


def _now(known: _Known, world: World) -> str:
    said = ""
    silence = world.silences.covering(known.reading.name, known.reading.arn, known.target.key if known.target else "")
    if silence is not None:
        said += f"\n:no_bell: Silent until {b.when(silence.until)}: {b.esc(silence.reason, 200)}"
    if known.incident is not None:
        name = b.link(known.link, "incident") if known.link else "incident"
        who = f"{b.user(known.incident.owner)} has it" if known.incident.owner else "nobody has it yet"
        said += f"\nIts {name} is open: {who}."
    return said


def _runbook(advice: Advice) -> list[b.Block]:
    page = f" · {b.link(advice.runbook, 'runbook')}" if advice.runbook else ""
    said = f"*The playbook* {b.esc(advice.title)} ({b.code(f'{advice.name}.yaml')}){page}"
    shown = [b.section(f"{said}\nlooks at: {b.esc(', '.join(advice.looks) or 'nothing', 900)}")]
    tries = [f"• {b.esc(each.what, 300)}" + (f", if {b.code(each.when)}" if each.when else "") for each in advice.tries]
    more = [f"… and {len(tries) - MOST} more"] if len(tries) > MOST else []
    return [*shown, *b.sections(["*What it may offer*", *tries[:MOST], *more])] if tries else shown


def _words(error: Exception) -> str:
    return error.message if isinstance(error, BotError) else "no answer in time"


explain = Command(
    name="explain",
    summary="What an alarm watches and does, how often it fired, and what the runbook has for it",
    action="read",
    args=ExplainArgs,
    target=target,
    plan=plan,
    examples=("bi-production-api-latency-p95",),
)
