"""What the bot knows about the versions of a function: what it wrote on them, and its own ledger."""

from __future__ import annotations

import re

from bot.domain import Target
from bot.errors import BotError
from bot.ports import Past, World
from bot.shipping import images
from bot.shipping_cloud import Function, FunctionAlias
from bot.views.blocks import ago

KEPT_SECONDS = 366 * 86400.0
KEPT = 100
"""Operations of the ledger that are read."""
LATEST = "$LATEST"

_OURS = re.compile(r"(?P<name>\S+) \(runbook-bot (?P<operation>\S+)\)")
_LONGEST_NAME = 60

Pasts = tuple[Past, ...]


def description(name: str, operation: str) -> str:
    """What is written on a version that an operation publishes, and what it is found by."""
    return f"{name} (runbook-bot {operation})"


def of(target: Target, world: World) -> Pasts:
    """What the bot did to a target, newest first."""
    return world.recent.operations(target.key, since=world.clock.now() - KEPT_SECONDS, limit=KEPT)


def given(past: Past) -> str:
    """The number of the version that an operation gave to the alias, or nothing if it did not come to that."""
    return str(past.results.get("alias", {}).get("version", ""))


def made(past: Past) -> str:
    """The number of the version that an operation published, or nothing."""
    return str(past.results.get("publish", {}).get("version", ""))


def giver(function: Function, pasts: Pasts) -> Past | None:
    """The newest operation that gave a version to the alias."""
    return next((past for past in pasts if given(past) == function.version), None)


def name(function: Function, pasts: Pasts) -> str:
    """What people call a version: what was shipped as it, the image's tag, or its description; or nothing."""
    ours, past = _OURS.fullmatch(function.description), giver(function, pasts)
    if ours:
        return ours["name"]
    return (past.version if past else "") or images.tag(function.image) or function.description[:_LONGEST_NAME].strip()


def called(function: Function, pasts: Pasts) -> str:
    """``v1.2.0 (version 7)``, or the number alone."""
    words = name(function, pasts)
    return f"{words} (version {function.version})" if words else f"version {function.version}"


def shipped(function: Function, pasts: Pasts, world: World) -> str:
    """When a version was published, and by whom where this bot did it."""
    age = f"published {ago(world.clock.now() - function.modified_at)} ago"
    ours = _OURS.fullmatch(function.description)
    past = giver(function, pasts) or (world.recent.operation(ours["operation"]) if ours else None)
    if past is None:
        return f"{age}, not by this bot"
    try:
        return f"{age}, shipped by {world.chat.person(past.actor).name}"
    except BotError:
        return f"{age}, shipped by {past.actor}"


def differences(before: Function, after: Function) -> tuple[str, ...]:
    """One line for each thing besides the code that differs; values of variables are never shown."""
    pairs = (
        ("role", before.role.rpartition("/")[2], after.role.rpartition("/")[2]),
        ("memory", f"{before.memory} MB", f"{after.memory} MB"),
        ("timeout", f"{before.timeout} s", f"{after.timeout} s"),
        ("architecture", before.architecture, after.architecture),
    )
    lines = [f"{what}: {old} → {new}" for what, old, new in pairs if old != new]
    was, will = before.environment, after.environment
    parts = (
        ("added", sorted(set(will) - set(was))),
        ("removed", sorted(set(was) - set(will))),
        ("changed", sorted(each for each in set(was) & set(will) if was[each] != will[each])),
    )
    said = [f"{word} {', '.join(variables)}" for word, variables in parts if variables]
    return (*lines, f"environment: {'; '.join(said)}") if said else tuple(lines)


def stands(alias: FunctionAlias) -> str:
    """Where an alias stands, in words."""
    shares = "".join(f", {share:.0%} go to version {version}" for version, share in sorted(alias.weights.items()))
    return f"{alias.name} is at version {alias.version}{shares}"
