"""``/deploy``: ship a version of a service and see it through. How is a matter of its kind: ``bot.shipping``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.catalog import Catalog
from bot.command import Command, Plan, Suggestion
from bot.domain import Person, Target
from bot.ports import World
from bot.shipping.kinds import STRATEGIES, kind_of

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}")


def _version(word: str) -> str:
    if not _TAG.fullmatch(word):
        raise ValueError("a version has letters, digits, dots, dashes and underscores only")
    return word


class DeployArgs(BaseModel):
    """What ``/deploy`` takes."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(description="The service, as `api` or `bi/api`.")
    environment: str = Field(description="The environment; its beginning is enough.")
    version: Annotated[str, AfterValidator(_version)] = Field(
        description="The image tag, or the name of the artifact, as `v1.4.2`."
    )


def target(args: DeployArgs, catalog: Catalog) -> Target:
    """The one target that is meant. Raises NotFoundError with the candidates."""
    return catalog.find(args.service, args.environment)


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
    examples=("bi/api production v1.4.2", "delivery-standard prod v2.0.0"),
    strategies=STRATEGIES,
    suggest={"version": versions},
)
