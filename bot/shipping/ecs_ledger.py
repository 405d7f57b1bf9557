"""What the bot's own ledger knows of an ECS service's revisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bot.cloud import TaskDefinition
from bot.domain import Target
from bot.ports import Past, World
from bot.rollouts import ServiceRevision
from bot.shipping import images
from bot.shipping.ecs_effects import remembered
from bot.shipping.timeline import SOAK_SECONDS, Candidate, Known

OPERATIONS = 50
"""Operations of a target that are looked through, the newest."""
WON = ("soaking", "done")
RESTART = "restart"
SHIPPED = ("deploy", "rollback", RESTART)
"""A restart pins what runs in a copy of its revision where a tag has moved."""
GOOD, RED = "good", "red"
PUT_IN = frozenset(("update", "create"))
"""Effects that put a revision into service."""


def read(target: Target, world: World) -> tuple[Past, ...]:
    """Deployments, rollbacks and restarts of a target, newest first, however old."""
    past = world.recent.operations(target.key, since=0.0, limit=OPERATIONS)
    return tuple(each for each in past if each.command in SHIPPED)


def known(past: Sequence[Past]) -> Known:
    """What it says of revisions; of two judgements of one revision the newer holds.

    A failure counts only against a revision that never proved good: it may have been superseded, or its surroundings.
    A restart judges nothing: its minutes are not the first ones of what it restarts.
    """
    judged: dict[str, str] = {}
    failed: list[str] = []
    copies = _copies(past)
    for each in past:
        arn, left = each.task_definition, str(each.facts.get("from_definition") or "")
        if each.command == "rollback" and each.state in WON and left:
            for version in (left, copies.get(left, left)):
                judged.setdefault(version, "somebody rolled back from it")
        if not arn or each.command == RESTART:
            continue
        if each.state == "failed" and PUT_IN.intersection(each.results):
            failed.append(arn)
        elif each.good is not None:
            for version in (arn, copies.get(arn, arn)):
                judged.setdefault(version, GOOD if each.good else RED)
    for arn in failed:
        judged.setdefault(arn, "its deployment failed")
    return Known(
        bad={arn: word for arn, word in judged.items() if word not in (GOOD, RED)},
        good=frozenset(arn for arn, word in judged.items() if word == GOOD),
        red=frozenset(arn for arn, word in judged.items() if word == RED),
        copies=copies,
    )


def _copies(past: Sequence[Past]) -> dict[str, str]:
    """What each copy was first copied from: of a copy another may have been made."""
    made = {each.task_definition: str(each.facts["copy_of"]) for each in past if each.facts.get("copy_of")}
    roots: dict[str, str] = {}
    for arn, source in made.items():
        root, seen = source, {arn}
        while root in made and root not in seen:
            seen.add(root)
            root = made[root]
        if root != arn:
            roots[arn] = root
    return roots


def candidates(past: Sequence[Past], seen: Collection[str]) -> tuple[Candidate, ...]:
    """Revisions that this bot put into service and ECS's history does not tell of (any more); newest first."""
    about = known(past)
    found: dict[str, Candidate] = {}
    for each in past:
        arn = each.task_definition
        if each.state not in WON or not arn or arn in seen or arn in found:
            continue
        found[arn] = Candidate(
            revision=ServiceRevision(arn, arn, each.started_at),
            ran=SOAK_SECONDS if arn in about.good else 0.0,
            at=each.started_at,
            bad=about.bad.get(arn, ""),
            proved=arn in about.good,
            red=() if arn in about.good else ("an alarm of the service",) if arn in about.red else None,
        )
    return tuple(found.values())


def saved(past: Sequence[Past], arn: str) -> dict[str, Any] | None:
    """A revision's definition and tags as the ledger kept them, or None."""
    for each in past:
        made = each.results.get("register", {})
        if made.get("task_definition") == arn and made.get("definition"):
            return {"definition": made["definition"], "tags": made.get("tags") or {}}
        if each.facts.get("from_definition") == arn and each.facts.get("from_raw"):
            tags = {images.VERSION_TAG: str(each.facts.get("from_version") or "")}
            return {"definition": each.facts["from_raw"], "tags": tags}
    return None


def forgotten(past: Sequence[Past], arn: str) -> TaskDefinition | None:
    """A revision AWS has forgotten, as the ledger kept it."""
    kept = saved(past, arn)
    return remembered(arn, kept) if kept else None
