"""The kinds of services that can be shipped. Add a kind's modules, add a line."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Strategy
from bot.domain import ServiceKind, Target
from bot.shipping.ecs import ECS
from bot.shipping.functions import LAMBDA
from bot.shipping.kind import Kind
from bot.shipping.sites import SITE

KINDS: Mapping[ServiceKind, Kind] = {
    ServiceKind.ECS: ECS,
    ServiceKind.LAMBDA: LAMBDA,
    ServiceKind.STATIC_SITE: SITE,
}

STRATEGIES: Mapping[str, Strategy] = {
    name: strategy for kind in KINDS.values() for name, strategy in kind.strategies.items()
}
"""The strategies of all kinds; their names are unique."""


def kind_of(target: Target) -> Kind:
    """How this target is shipped."""
    return KINDS[target.service.kind]
