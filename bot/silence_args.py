"""What is to be silent, as people type it: an alarm by its name, or a service with its environment."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from bot.cloud import AlarmReading
from bot.domain import Account, Target
from bot.errors import NotFoundError
from bot.ports import World
from bot.silence import NamedAlarm

READ_SECONDS = 4.0


@dataclass(frozen=True)
class Meant:
    """What was meant: a service (then ``places`` is its key), or one alarm with all that list it.

    ``targets`` are the services concerned, ``name`` is how it is typed again, ``accounts`` is where alarms that no
    service lists are looked for, by their names.
    """

    name: str
    targets: tuple[Target, ...] = ()
    places: tuple[str, ...] = ()
    alarms: tuple[NamedAlarm, ...] = ()

    @property
    def is_service(self) -> bool:
        """True for a whole service rather than one alarm."""
        return bool(self.places)

    def listed(self, target: Target) -> tuple[str, ...]:
        """Names of the alarms meant that this target lists."""
        named = {each.name for each in self.alarms}
        return tuple(alarm.name for alarm in target.service.alarms if self.is_service or alarm.name in named)

    @property
    def unlisted(self) -> tuple[tuple[Account, str], ...]:
        """Alarms that no service lists, and where they told of themselves."""
        arns = [each.arn for each in self.alarms if each.arn.startswith("arn:")]
        return tuple((Account(region=arn.split(":")[3]), arn.split(":", 6)[-1]) for arn in arns)


def meant(words: str, world: World) -> Meant:
    """The alarm or the service that was typed. Raises NotFoundError with the nearest names.

    An alarm's name comes first, since services are called in few and short words.
    """
    typed = words.strip()
    head, _, last = typed.rpartition(" ")
    found = _listed(typed, "", world) or (_listed(head.strip(), last, world) if head else None) or _heard(typed, world)
    if found is not None:
        return found
    parts = typed.split()
    if len(parts) <= 2:
        try:
            target = world.catalog.find(parts[0] if parts else "", parts[1] if len(parts) > 1 else None)
        except NotFoundError as error:
            if not error.message.startswith("There is no service"):
                raise
            found, near = _in_cloudwatch(typed, world), near_alarms(typed, world)
            if found is not None:
                return found
            hint = f"Did you mean {near}?" if near else error.hint
            raise NotFoundError(f"There is no alarm and no service “{typed[:80]}”.", hint=hint) from error
        return Meant(name=target.label, targets=(target,), places=(target.key,))
    found, near = _in_cloudwatch(typed, world), near_alarms(typed, world)
    if found is not None:
        return found
    hint = f"Did you mean {near}?" if near else "Say an alarm's name, or a service and its environment."
    raise NotFoundError(f"There is no alarm and no service “{typed[:80]}”.", hint=hint)


def _listed(name: str, environment: str, world: World) -> Meant | None:
    word, where = name.lower(), environment.lower()
    targets = [
        target
        for target in world.catalog.targets
        if target.environment.startswith(where) and any(alarm.name.lower() == word for alarm in target.service.alarms)
    ]
    if not targets:
        return None
    names = {alarm.name for target in targets for alarm in target.service.alarms if alarm.name.lower() == word}
    alarms = tuple(
        NamedAlarm(name=alarm.name, target=target.key)
        for target in targets
        for alarm in target.service.alarms
        if alarm.name in names
    )
    everywhere = _targets_of(names, world)
    here = sorted({target.environment for target in targets})
    name = alarms[0].name if len(targets) == len(everywhere) else f"{alarms[0].name} {' '.join(here)}"
    return Meant(name=name, targets=tuple(targets), alarms=alarms)


def _targets_of(names: Collection[str], world: World) -> list[Target]:
    return [target for target in world.catalog.targets if any(alarm.name in names for alarm in target.service.alarms)]


def _heard(name: str, world: World) -> Meant | None:
    heard = {alarm.arn: alarm for alarm in world.recent.heard(name) if alarm.arn}
    if not heard:
        return None
    return Meant(name=name, alarms=tuple(NamedAlarm(name=each.name, arn=arn) for arn, each in heard.items()))


def _in_cloudwatch(name: str, world: World) -> Meant | None:
    """An alarm that exists, although nobody configured it and it never told of itself."""
    accounts = dict.fromkeys(target.account for target in world.catalog.targets)
    reads: dict[str, Callable[[], tuple[AlarmReading, ...]]] = {
        f"{number}": partial(world.metrics.alarms, account, [name]) for number, account in enumerate(accounts)
    }
    answers = world.gather(reads, seconds=READ_SECONDS).values()
    arns = {reading.arn: reading.name for read in answers if not isinstance(read, Exception) for reading in read}
    if not arns:
        return None
    return Meant(name=name, alarms=tuple(NamedAlarm(name=each, arn=arn) for arn, each in arns.items()))


def near_alarms(word: str, world: World) -> str:
    """Names of alarms that begin with it, else have it in them, else are spelt like it; at most two."""
    names = {alarm.name for target in world.catalog.targets for alarm in target.service.alarms}
    names |= {member.name for incident in world.recent.live_incidents() for member in incident.members}
    typed, ordered = word[:80].lower(), sorted(names)
    begins = [name for name in ordered if name.lower().startswith(typed)]
    inside = [name for name in ordered if typed in name.lower()]
    near = begins or inside or difflib.get_close_matches(word[:80], ordered, n=2, cutoff=0.6)
    return " or ".join(near[:2])
