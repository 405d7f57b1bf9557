"""``/deploy``: ship a version of a service and see it through. How is a matter of its kind: ``bot.shipping``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.command import Command, Plan, Suggestion
from bot.domain import Person, Target
from bot.ports import World
from bot.shipping.kinds import STRATEGIES, kind_of
from bot.target_args import TargetArgs, target

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}")


def _version(word: str) -> str:
    if not _TAG.fullmatch(word):
        raise ValueError("a version has letters, digits, dots, dashes and underscores only")
    return word


class DeployArgs(TargetArgs):
    """What ``/deploy`` takes."""

    version: Annotated[str, AfterValidator(_version)] = Field(
        description="The image tag, or the name of the artifact, as `v1.4.2`."
    )


def plan(args: DeployArgs, world: World, person: Person) -> Plan:
    """What runs now, what would run, and what speaks against it. Only reads."""
    aim = target(args, world.catalog)
    return kind_of(aim).deploy(aim, args.version, world, person)


def versions(aim: Target, world: World) -> tuple[Suggestion, ...]:
    """What could be deployed, newest first."""
    return kind_of(aim).versions(aim, world)


deploy = Command(
    name="deploy",
    summary="Ship a version of a service and see it through",
    action="deploy",
    args=DeployArgs,
    target=target,
    plan=plan,
    examples=("bi/api production v1.4.2", "api prod v2.0.0"),
    strategies=STRATEGIES,
    suggest={"version": versions},
)
