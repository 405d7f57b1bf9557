"""``/rollback``: go back to the newest version that is known to be good, or to one that is named."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from bot.catalog import Catalog
from bot.command import Command, Plan, Suggestion
from bot.domain import Person, Target
from bot.ports import World
from bot.shipping.kinds import STRATEGIES, kind_of

TO = "to"
"""The word people write before what they want to go back to; it may be left out."""


class RollbackArgs(BaseModel):
    """What ``/rollback`` takes."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(description="The service, as `api` or `bi/api`.")
    environment: str = Field(description="The environment; its beginning is enough.")
    to: str = Field(
        default="",
        description="A revision, a version or `previous`, with the word `to` before it or not; "
        "when left out, the newest that is known to be good.",
    )
    revision: str = Field(default="", validate_default=True, description="What to go back to, after the word `to`.")

    @field_validator("revision")
    @classmethod
    def _follows_to(cls, word: str, others: ValidationInfo) -> str:
        said = str(others.data.get("to", ""))
        if word and said.lower() != TO:
            raise ValueError(f"I do not know what to do with it after “{said}”")
        if not word and said.lower() == TO:
            raise ValueError("say what to go back to after the word `to`")
        return word

    @property
    def aim(self) -> str:
        """What to go back to: a revision, a version, ``previous``, or nothing for the newest good one."""
        return self.revision or self.to


def target(args: RollbackArgs, catalog: Catalog) -> Target:
    """The one target that is meant. Raises NotFoundError with the candidates."""
    return catalog.find(args.service, args.environment)


def plan(args: RollbackArgs, world: World, person: Person) -> Plan:
    """What it would go back to, why that, and what else there is. Only reads."""
    aim = target(args, world.catalog)
    return kind_of(aim).rollback(aim, args.aim, world, person)


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
