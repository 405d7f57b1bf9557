"""What a kind of service must know about shipping; ``bot.shipping.kinds`` lists them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.command import Plan, Strategy, Suggestion
from bot.domain import Person, Target
from bot.ports import World


@dataclass(frozen=True)
class Kind:
    """How services of one kind are deployed and rolled back.

    ``deploy`` plans a version; ``rollback`` plans a return: to what ``to`` names (a revision, a tag, ``previous``), or
    to the newest known good one when it is empty. Both only read and raise BotErrors. ``strategies`` carry such plans
    out; their names are unique among all kinds. ``versions`` offers what could be deployed, newest first, with its age;
    ``earlier`` what could be gone back to.
    """

    deploy: Callable[[Target, str, World, Person], Plan]
    rollback: Callable[[Target, str, World, Person], Plan]
    strategies: Mapping[str, Strategy]
    versions: Callable[[Target, World], tuple[Suggestion, ...]]
    earlier: Callable[[Target, World], tuple[Suggestion, ...]]
