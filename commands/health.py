"""``/health``: how a system does, at one glance: green, amber or red, and why."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from bot.catalog import Catalog
from bot.command import Choice, Command, Plan
from bot.condition import Condition, Light
from bot.domain import Person, Target
from bot.errors import DeniedError, NotFoundError
from bot.health.picture import taken
from bot.live_alarms import is_here
from bot.ports import World
from bot.views import blocks as b
from bot.views import health as view

READ = "read"
CHOICES = 3
ALL = "all"


class HealthArgs(BaseModel):
    """What ``/health`` takes."""

    model_config = ConfigDict(frozen=True)

    system: str = Field(
        default="",
        description="A system, a service, or `all`; when left out, the system of the channel, else a line for each.",
    )
    environment: str = Field(default="", description="An environment; all of them when left out.")


def plan(args: HealthArgs, world: World, person: Person) -> Plan:
    """One message: the worst and why, what else is not well, then a line for each service."""
    targets = [each for each in _asked(args, world, person.channel) if world.may(person, READ, each)]
    if not targets:
        raise DeniedError("You may not look at this system.", hint="config/access.yaml says who may read.")
    now = world.clock.now()
    places = _places(taken(targets, world), world.catalog)
    several = len({each.system for each in targets}) > 1
    text, blocks = (view.overview if several else view.whole)(places, now)
    choices = _systems(places) if several else _logs(places)
    return Plan(title="Health", answer_text=text, answer=tuple(b.fit(blocks)), choices=choices)


def _asked(args: HealthArgs, world: World, channel: str) -> Sequence[Target]:
    """``production`` alone is an environment: that of the channel's system, or of all that have one."""
    if args.system.lower() == ALL:
        return world.catalog.matching(None, args.environment or None)
    if not args.system:
        return _here(world.catalog.targets, world, channel)
    try:
        return world.catalog.matching(args.system, args.environment or None)
    except NotFoundError as unknown:
        if args.environment:
            raise
        try:
            found = world.catalog.matching(None, args.system)
        except NotFoundError:
            raise unknown from None
    return _here(found, world, channel)


def _here(targets: Sequence[Target], world: World, channel: str) -> Sequence[Target]:
    """Those of the channel's system, or all where it is that of none."""
    return [target for target in targets if is_here(target, channel, world)] or targets


def _places(conditions: Sequence[Condition], catalog: Catalog) -> list[view.Place]:
    places: dict[tuple[str, str], list[Condition]] = {}
    for condition in conditions:
        places.setdefault((condition.target.system, condition.target.environment), []).append(condition)
    return [
        view.Place((known.title if (known := catalog.system(system)) else "") or system, environment, tuple(mine))
        for (system, environment), mine in places.items()
    ]


def _systems(places: Sequence[view.Place]) -> tuple[Choice, ...]:
    """Into each environment that is not well."""
    ill = sorted((each for each in places if each.light is not Light.GREEN), key=lambda each: -each.light)
    where = [each.conditions[0].target for each in ill[:CHOICES]]
    return tuple(Choice(label=f"{each.system} {each.environment}", text=_again(each)) for each in where)


def _again(target: Target) -> str:
    return f"health {target.system} {target.environment}"


def _logs(places: Sequence[view.Place]) -> tuple[Choice, ...]:
    """Into the logs of what is not well."""
    ill = [each for place in places for each in place.conditions if each.light is not Light.GREEN]
    logging = [each for each in ill if each.target.service.writes_logs]
    worst = [each.target for each in sorted(logging, key=lambda each: -each.light)[:CHOICES]]
    return tuple(
        Choice(label=f"Logs of {each.name}", text=f"logs {each.system}/{each.name} {each.environment} last 30m")
        for each in worst
    )


health = Command(
    name="health",
    summary="How a system does, at one glance: green, amber or red, and why",
    action=READ,
    args=HealthArgs,
    plan=plan,
    examples=("bi production", "bi", "all", ""),
)
