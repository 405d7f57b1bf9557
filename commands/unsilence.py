"""``/unsilence``: a silence or a maintenance ends now, with its report."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot import until as ends
from bot.arguments import REST
from bot.authz import require_everywhere
from bot.command import Change, Command, Effect, Plan, Progress, Run, Stage, Strategy
from bot.domain import Person
from bot.errors import NotFoundError
from bot.ports import World
from bot.silence import Silence
from bot.silence_args import Meant, meant


class UnsilenceArgs(BaseModel):
    """What ``/unsilence`` takes."""

    model_config = ConfigDict(frozen=True)

    what: str = Field(
        description="What was silenced: an alarm, a service with its environment, or a maintenance by its name.",
        json_schema_extra=REST,
    )


def plan(args: UnsilenceArgs, world: World, person: Person) -> Plan:
    """Every silence of this very name ends; one that only covers it is named."""
    standing = world.silences.standing()
    found = _called(args.what, standing)
    if not found:
        wanted = meant(args.what, world)
        found = _called(wanted.name, standing)
        if not found:
            raise NotFoundError(f"{wanted.name} is not silenced.", hint=_elsewhere(wanted, standing))
    for silence in found:
        for place in (*silence.places, *(each.target for each in silence.alarms if each.target)):
            require_everywhere(world, person, "incident", place)
    name = found[0].name
    held = sum(each.count for silence in found for each in world.silences.held(silence.id))
    return Plan(
        title=f"End the silence of {name}",
        strategy="unsilence",
        changes=tuple(
            Change(what=name, before=f"silenced until {ends.in_words(each.until)}: {each.reason}", after="heard")
            for each in found
        ),
        details=(
            f"Alarms fired {held} time{'' if held == 1 else 's'} meanwhile." if held else "Nothing fired meanwhile.",
            "What is in alarm still opens its incident at once.",
        ),
        facts={"name": name, "silences": [each.id for each in found]},
        basis={"silences": sorted(each.id for each in found)},
    )


def _called(name: str, standing: tuple[Silence, ...]) -> list[Silence]:
    word = name.strip().lower()
    return [each for each in standing if each.name.lower() == word]


def _elsewhere(wanted: Meant, standing: tuple[Silence, ...]) -> str:
    """What covers it though, or all that is silenced."""
    around = [
        each
        for each in standing
        if any(each.covers("", "", target.key) for target in wanted.targets)
        or any(each.covers(alarm.name, alarm.arn, alarm.target) for alarm in wanted.alarms)
    ]
    names = ", ".join(dict.fromkeys(each.name for each in around or standing))
    if around:
        return f"It is silent as a part of {names}, which can only end as a whole."
    return f"Silenced now: {names}." if names else "Nothing is silenced now."


def _end(run: Run, world: World) -> dict[str, Any]:
    known = run.plan.facts["silences"]
    for silence_id in known if isinstance(known, list) else ():
        world.silences.end(str(silence_id), run.actor.user, channel=run.actor.channel)
    return {"ended": known}


def _watch(run: Run, world: World) -> Progress:
    return Progress(stage=Stage.SUCCEEDED, headline=f"{run.plan.facts['name']} is heard again.")


unsilence = Command(
    name="unsilence",
    summary="End a silence or a maintenance now",
    action="incident",
    args=UnsilenceArgs,
    plan=plan,
    examples=("bi/api production", "bi-production-api-latency-p95"),
    strategies={
        # Ending twice is ending once, so there is nothing to look for.
        "unsilence": Strategy(
            effects=lambda plan: (Effect("end", lambda run, world: None, _end),), watch=_watch, soaks=False
        )
    },
)
