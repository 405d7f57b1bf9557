"""``/rollback``: go back to the newest version that is known to be good, or to one that is named."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from bot.arguments import REST
from bot.command import Command, Plan, Suggestion
from bot.domain import Person, Target
from bot.ports import World
from bot.shipping.kinds import STRATEGIES, kind_of
from bot.target_args import TargetArgs, target

TO = "to"
"""The word people write before what they want to go back to; it may be left out."""


def _aim(said: str) -> str:
    words = said.split()
    if words[:1] and words[0].lower() == TO:
        words = words[1:] or [""]
    if len(words) > 1 or words == [""]:
        raise ValueError("it is one revision, one version or the word previous")
    return "".join(words)


class RollbackArgs(TargetArgs):
    """What ``/rollback`` takes."""

    to: Annotated[str, AfterValidator(_aim)] = Field(
        default="",
        json_schema_extra=REST,
        description="A revision, a version or `previous`, with the word `to` before it or not; "
        "when left out, the newest that is known to be good.",
    )


def plan(args: RollbackArgs, world: World, person: Person) -> Plan:
    """What it would go back to, why that, and what else there is. Only reads."""
    aim = target(args, world.catalog)
    return kind_of(aim).rollback(aim, args.to, world, person)


def earlier(aim: Target, world: World) -> tuple[Suggestion, ...]:
    """What could be gone back to, newest first."""
    return kind_of(aim).earlier(aim, world)


rollback = Command(
    name="rollback",
    summary="Go back to the newest version that is known to be good, or to one you name",
    action="rollback",
    args=RollbackArgs,
    target=target,
    plan=plan,
    examples=("bi/api production", "bi/api production to 41", "bi/api production previous"),
    strategies=STRATEGIES,
    urgent=True,
    suggest={"to": earlier},
)
