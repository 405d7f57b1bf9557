"""The arguments of commands about one service in one environment, and how these name their target."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from bot.catalog import Catalog
from bot.domain import Target


class TargetArgs(BaseModel):
    """A service and its environment, which come first; commands that take more words add their fields."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(description="The service, as `api` or `bi/api`.")
    environment: str = Field(description="The environment; its beginning is enough.")


def target(args: TargetArgs, catalog: Catalog) -> Target:
    """The one target that is meant. Raises NotFoundError with the candidates."""
    return catalog.find(args.service, args.environment)
