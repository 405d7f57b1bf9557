"""The kinds of services that can be shipped. Add a kind's modules, add a line."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Strategy
from bot.domain import ServiceKind, Target
from bot.errors import ConflictError
from bot.shipping.ecs import ECS
from bot.shipping.functions import LAMBDA
from bot.shipping.kind import Kind

KINDS: Mapping[ServiceKind, Kind] = {ServiceKind.ECS: ECS, ServiceKind.LAMBDA: LAMBDA}

STRATEGIES: Mapping[str, Strategy] = {
    name: strategy for kind in KINDS.values() for name, strategy in kind.strategies.items()
}
"""The strategies of all kinds; their names are unique."""

_WORDS = {ServiceKind.ECS: "an ECS service", ServiceKind.LAMBDA: "a Lambda function"}
_WORDS[ServiceKind.STATIC_SITE] = "a static site"


def shippable(target: Target) -> Kind:
    """The kind of a target. Raises ConflictError, in a sentence, for a kind nobody has taught the bot."""
    kind = KINDS.get(target.service.kind)
    if kind is None:
        words = _WORDS[target.service.kind]
        raise ConflictError(
            f"{target.label} is {words}; I cannot ship those yet.", hint="Ship it the way you did so far."
        )
    return kind
