"""When code was last shipped to a service, whoever did it; a scale, a restart and a rollback ship none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain import Target
from bot.errors import BotError
from bot.ports import Past, World
from bot.rollouts import ServiceDeployment

UNDONE = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL")
"""States of a rollout that ECS took back, or is about to."""
SHIPS = ("update", "create", "shift:", "alias", "code", "assets:", "others", "pages")
"""What the names of effects begin with after which people get the new code; a build or a new revision is not yet."""
_SAME_SECONDS = 60.0


@dataclass(frozen=True)
class Version:
    """The version of a function that its alias names, and when it was made."""

    number: str
    alias: str
    made_at: float


def version_of(target: Target, world: World) -> Version | None:
    """None without an alias, since ``$LATEST`` changes with every setting, or when it cannot be read."""
    service = target.service
    if not (service.function and service.alias):
        return None
    try:
        found = world.functions.function(target, service.alias)
    except BotError:
        return None
    return Version(found.version, service.alias, found.modified_at)


def is_of(record: ServiceDeployment, past: Past) -> bool:
    """Whether ECS's record is of an operation of ours; one that built first told ECS long after it began."""
    if abs(record.created_at - past.started_at) < _SAME_SECONDS:
        return True
    meanwhile = past.started_at < record.created_at and (not past.ended_at or record.created_at < past.ended_at)
    return meanwhile and record.task_definition == past.task_definition


def shipped_at(known: Sequence[Past], records: Iterable[ServiceDeployment], version: Version | None) -> float | None:
    """When the newest thing that shipped code began; None without one, and when somebody has gone back since.

    ``records`` are all of ECS's rollouts, ours as well: theirs is the moment at which ours reached people.
    """
    rollouts = list(records)
    moves = [move for past in known if (move := _ours(past, rollouts)) is not None]
    theirs = (each for each in rollouts if not any(is_of(each, past) for past in known if past.command != "scale"))
    moves += [move for record in theirs if (move := _another(record)) is not None]
    if version is not None:
        moves.append((version.made_at, True))
    at, ships = max(moves, default=(0.0, False))
    return at if ships else None


def _ours(past: Past, records: Sequence[ServiceDeployment]) -> tuple[float, bool] | None:
    """When an operation changed what people get, and whether it shipped code; None for one that did neither."""
    record = next((each for each in records if is_of(each, past)), None)
    at = record.created_at if record else past.started_at
    if past.command == "deploy":
        reached = record is not None or any(name.startswith(SHIPS) for name in past.results)
        return (at, record is None or record.status not in UNDONE) if reached else None
    if past.command in ("rollback", "cancel") and past.state != "failed":
        return at, False
    return None


def _another(record: ServiceDeployment) -> tuple[float, bool] | None:
    """The same of a rollout that somebody else began: the same revision is a restart, an older one a rollback."""
    if record.status in UNDONE:
        return record.created_at, False
    before = record.sources[0].task_definition if record.sources else ""
    if before == record.task_definition:
        return None
    family, number = _revision(record.task_definition)
    earlier_family, earlier = _revision(before)
    return record.created_at, not (family == earlier_family and number < earlier)


def _revision(task_definition: str) -> tuple[str, int]:
    """The family and number of a task definition: its ARN ends in ``/family:number``."""
    family, _, number = task_definition.rpartition(":")
    return family, int(number) if number.isdecimal() else 0
