"""``/services``: what runs, which version, since when and by whom, and which alarms are red."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.cloud import AlarmReading, EcsService, TaskDefinition
from bot.command import Command, Plan
from bot.domain import Account, Person, ServiceKind, Target
from bot.errors import BotError, NotFoundError
from bot.ports import World
from bot.shipping import images, running
from bot.views import blocks as b

READ_SECONDS = 15.0
LEDGER_SECONDS = 90 * 86400.0


class ServicesArgs(BaseModel):
    """What ``/services`` takes."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(default="", description="A service or a system; when left out, the system of the channel.")
    environment: str = Field(default="", description="An environment; all of them when left out.")


@dataclass(frozen=True)
class Reading:
    """What was found out about one target; an error stands where something could not be read."""

    target: Target
    service: EcsService | Exception | None
    definition: TaskDefinition | Exception | None
    red: tuple[str, ...] | Exception


def plan(args: ServicesArgs, world: World, person: Person) -> Plan:
    """One message with a line for each service."""
    targets = _asked(args, world, person.channel)
    readings = _read(targets, world)
    shown: list[b.Block] = []
    for group in dict.fromkeys((target.system, target.environment) for target in targets):
        system = world.catalog.system(group[0])
        title = (system.title if system else "") or group[0]
        shown.append(b.section(f"*{b.esc(title)}* · {b.esc(group[1])}"))
        mine = [reading for reading in readings if (reading.target.system, reading.target.environment) == group]
        shown += b.sections(_line(reading, world) for reading in mine)
    shown.append(b.context(f"as of {b.when(world.clock.now())}"))
    return Plan(title="Services", answer_text=_summary(readings), answer=tuple(b.fit(shown)))


def _summary(readings: list[Reading]) -> str:
    """The notification's text; only what was looked at is counted as well or not."""
    marks = Counter(_mark(reading) for reading in readings)
    well, unknown = marks[":large_green_circle:"], marks[":grey_question:"] + marks[":white_circle:"]
    ill = len(readings) - well - unknown
    many = f"{len(readings)} service{'' if len(readings) == 1 else 's'}"
    counted = [f"{well} well", f"{ill} not well" if ill else "", f"{unknown} not judged" if unknown else ""]
    return f"{many}: {', '.join(part for part in counted if part)}"


def _asked(args: ServicesArgs, world: World, channel: str) -> tuple[Target, ...]:
    """Nothing said means the system of the channel; ``production`` an environment when no service is called so."""
    if not args.service:
        here = tuple(target for target in world.catalog.targets if _is_here(target, channel, world))
        return here or world.catalog.targets
    try:
        return world.catalog.matching(args.service or None, args.environment or None)
    except NotFoundError:
        if args.environment:
            raise
        try:
            return world.catalog.matching(None, args.service)
        except NotFoundError:
            pass
        raise


def _is_here(target: Target, channel: str, world: World) -> bool:
    try:
        return bool(channel) and world.chat.channel_id(target.channel) == channel
    except BotError:
        return False


def _read(targets: tuple[Target, ...], world: World) -> list[Reading]:
    on_ecs = [target for target in targets if target.service.kind is ServiceKind.ECS]
    reads: dict[str, Callable[[], Any]] = {"services": partial(world.ecs.services, on_ecs)}
    for account in dict.fromkeys(target.account for target in targets):
        names = [alarm.name for target in targets if target.account == account for alarm in target.service.alarms]
        reads[f"alarms {_name(account)}"] = partial(world.metrics.alarms, account, names)
    found = world.gather(reads, seconds=READ_SECONDS)
    services: Any = found["services"]
    definitions = _definitions(on_ecs, services, world)
    return [
        Reading(
            target=target,
            service=_service(target, services),
            definition=definitions.get(target.key),
            red=_red(target, found[f"alarms {_name(target.account)}"]),
        )
        for target in targets
    ]


def _service(target: Target, services: Any) -> EcsService | Exception | None:
    if target.service.kind is not ServiceKind.ECS:
        return None
    found: EcsService | Exception | None = services.get(target.key) if isinstance(services, Mapping) else services
    return found


def _name(account: Account) -> str:
    return f"{account.region} {account.role_arn} {account.external_id}"


def _definitions(targets: list[Target], services: Any, world: World) -> dict[str, TaskDefinition | Exception]:
    reads: dict[str, Callable[[], Any]] = {}
    for target in targets:
        service = services.get(target.key) if isinstance(services, Mapping) else None
        if isinstance(service, EcsService):
            serving = service.primary.task_definition if service.primary else service.task_definition
            reads[target.key] = partial(world.ecs.task_definition, target.account, serving)
    found: dict[str, TaskDefinition | Exception] = world.gather(reads, seconds=READ_SECONDS)
    return found


def _red(target: Target, readings: Any) -> tuple[str, ...] | Exception:
    if isinstance(readings, Exception):
        return readings
    mine = {alarm.name for alarm in target.service.alarms}
    return tuple(
        reading.name
        for reading in readings
        if isinstance(reading, AlarmReading) and reading.name in mine and reading.state == "ALARM"
    )


def _mark(reading: Reading) -> str:
    service = reading.service
    if isinstance(service, Exception):
        return ":grey_question:"
    red = isinstance(reading.red, tuple) and bool(reading.red)
    if service is None:
        return ":red_circle:" if red else ":white_circle:"
    if service.running < service.desired and not service.in_flight:
        return ":red_circle:"
    if red:
        return ":red_circle:"
    if isinstance(reading.red, Exception):
        return ":grey_question:"
    return ":large_yellow_circle:" if service.in_flight or service.running < service.desired else ":large_green_circle:"


def _line(reading: Reading, world: World) -> str:
    target, service = reading.target, reading.service
    head = f"{_mark(reading)} *{b.esc(target.name)}*"
    if isinstance(service, Exception):
        return f"{head} · {_unread(service)}"
    parts = [head]
    if service is None:
        parts.append(
            {ServiceKind.LAMBDA: "Lambda function", ServiceKind.STATIC_SITE: "static site"}[target.service.kind]
        )
    else:
        parts += [f"{service.running}/{service.desired} running", *_version(reading, world, service)]
    if isinstance(reading.red, Exception):
        parts.append(f"alarms could not be read: {_unread(reading.red)}")
    elif reading.red:
        parts.append(":rotating_light: " + ", ".join(b.code(name) for name in reading.red))
    return " · ".join(parts)


def _unread(error: Exception) -> str:
    return b.esc("AWS did not answer in time" if isinstance(error, TimeoutError) else str(error), 300)


def _version(reading: Reading, world: World, service: EcsService) -> list[str]:
    parts = []
    definition = reading.definition
    if isinstance(definition, Exception):
        parts.append(f"its version could not be read: {_unread(definition)}")
    elif definition is not None and definition.containers:
        version = running.version(definition, reading.target)
        parts.append(f"{b.code(version)} {b.esc(images.revision(definition.arn))}")
    if service.primary is not None:
        at = service.primary.created_at
        last = next(iter(world.recent.operations(reading.target.key, since=at - LEDGER_SECONDS, limit=1)), None)
        known = definition if isinstance(definition, TaskDefinition) else None
        parts.append(running.since(world.clock.now() - at, at, known, last, rolling=service.in_flight))
    return parts


services = Command(
    name="services",
    summary="What runs, which version, since when and by whom",
    action="read",
    args=ServicesArgs,
    plan=plan,
    examples=("bi", "api production", ""),
)
