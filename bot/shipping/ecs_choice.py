"""Which version to go back to, and why that one: facts first, never a number minus one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bot.cloud import TaskDefinition
from bot.command import Choice
from bot.domain import Target
from bot.errors import ConflictError, NotFoundError
from bot.ports import World
from bot.rollouts import ServiceRevision
from bot.shipping import ecs_ledger, images, timeline
from bot.shipping.ecs_history import History
from bot.shipping.ecs_reads import LAST_SECONDS, running
from bot.shipping.reads import value
from bot.shipping.timeline import Candidate
from bot.views.blocks import ago

PREVIOUS = "previous"
SHOWN = 6
"""Candidates whose definitions are read: the chosen one, and those that are offered besides."""
SEARCHED = 20
"""Candidates that a tag or digest is looked for in."""


@dataclass(frozen=True)
class Chosen:
    """What to go back to, with its definition, why it, and what else there is.

    ``ran_here`` is False for a revision of the family that nobody knows to have run in this service.
    """

    candidate: Candidate
    definition: TaskDefinition
    why: str
    others: tuple[tuple[Candidate, TaskDefinition], ...]
    ran_here: bool = True


def choose(target: Target, to: str, history: History, world: World) -> Chosen:
    """The version that ``to`` names, or the newest good one.

    Raises ConflictError, listing what could be picked, when none may be chosen without asking; NotFoundError for a
    name that fits nothing.
    """
    found = history.candidates()
    named = named_arn(to, running(history.service))
    first = [*([named] if named else []), *_first(found, SEARCHED if to and not named else SHOWN)]
    definitions = _definitions(target, history, first, world)
    again = {each.arn for each in found if each.arn in definitions and history.runs(each, definitions[each.arn])}
    found = tuple(replace(each, same=each.same or each.arn in again) for each in found)
    usable = tuple((each, definitions[each.arn]) for each in found if each.arn in definitions)
    if not to:
        best = timeline.best([each for each, _ in usable])
        if best is None:
            raise _none(target, history, usable or _family(target, history, world))
        candidate, why = best, f"the newest that nothing speaks against: {reason(best)}"
    elif to.lower() == PREVIOUS:
        candidate = _previous(target, history, found, definitions)
        why = f"you asked for what ran before; {reason(candidate)}"
    elif named in definitions:
        candidate, why = _numbered(target, history, found, named)
    else:
        candidate, why = _called(target, to, usable)
    others = tuple((each, definition) for each, definition in usable if each.arn != candidate.arn)
    ran_here = history.ran_here(candidate.arn, found)
    return Chosen(candidate, definitions[candidate.arn], why, others, ran_here)


def offered(target: Target, history: History, world: World) -> tuple[tuple[Candidate, TaskDefinition], ...]:
    """Everything that could be gone back to and still made to run, the last that ran first."""
    found = history.candidates()
    definitions = _definitions(target, history, _first(found, SEARCHED), world)
    return tuple((each, definitions[each.arn]) for each in found if each.arn in definitions)


def named_arn(to: str, running_arn: str) -> str:
    """The ARN that ``41``, ``api:41`` or a whole ARN names; nothing for tags, digests and ``previous``."""
    if to.startswith("arn:"):
        return to
    place, _, current = running_arn.rpartition("/")
    family, _, number = to.rpartition(":")
    if not number.isdigit() or family == "sha256":
        return ""
    return f"{place}/{family or current.rpartition(':')[0]}:{number}"


def _first(found: Sequence[Candidate], limit: int) -> list[str]:
    """The last that ran, whatever it is worth, then the good ones, then the rest in their order."""
    ordered = sorted(found[1:], key=lambda each: not each.is_good)
    return [each.arn for each in (*found[:1], *ordered)][:limit]


def _definitions(target: Target, history: History, arns: Sequence[str], world: World) -> dict[str, TaskDefinition]:
    """Those that still can be made to run: AWS has them, or the ledger kept them."""
    found = read_definitions(target, [arn for arn in arns if arn not in history.near], world) | dict(history.near)
    usable: dict[str, TaskDefinition] = {}
    for arn in dict.fromkeys(arns):
        answer = found[arn]
        if isinstance(answer, NotFoundError):
            kept = ecs_ledger.forgotten(history.past, arn)
            if kept is not None:
                usable[arn] = kept
        else:
            # One that could not be read now is no reason to go back to a worse one.
            usable[arn] = value(found, arn)
    return usable


def near(running_arn: str) -> list[str]:
    """The revisions right below the running one: what ran before is mostly among them, and never is chosen for that."""
    place, _, number = running_arn.rpartition(":")
    if not number.isdigit():
        # A service whose task sets another program makes names none itself.
        return []
    return [f"{place}:{each}" for each in range(int(number) - 1, max(0, int(number) - 1 - SHOWN), -1)]


def read_definitions(target: Target, arns: Sequence[str], world: World) -> dict[str, Any]:
    """Each task definition with its status as of now, or its error."""
    reads: dict[str, Callable[[], Any]] = {
        arn: partial(world.ecs.task_definition, target.account, arn, fresh=True) for arn in dict.fromkeys(arns)
    }
    return world.gather(reads, seconds=LAST_SECONDS) if reads else {}


def _previous(
    target: Target, history: History, found: Sequence[Candidate], definitions: Mapping[str, TaskDefinition]
) -> Candidate:
    before = next((each for each in found if not each.same), None)
    if before is None:
        raise _none(target, history, ())
    if before.arn not in definitions:
        raise ConflictError(
            f"{images.revision(before.arn)} ran before, and neither ECS nor I have its task definition any more.",
            hint="Name another one, or deploy its version again.",
        )
    return before


def _numbered(target: Target, history: History, found: Sequence[Candidate], arn: str) -> tuple[Candidate, str]:
    if arn == running(history.service):
        raise ConflictError(f"{target.label} runs {images.revision(arn)} already.", hint="Name an earlier one.")
    mine = next((each for each in found if each.arn == arn), None) or history.in_service(arn, found)
    if mine is not None:
        return mine, f"you named it; {reason(mine)}"
    if _family_of(arn) != _family_of(running(history.service)):
        raise ConflictError(
            f"{images.revision(arn)} is of another family than {target.label} runs, and not known to have run there.",
            hint="Name a revision that ran there; to ship something else, deploy it.",
        )
    # A family may belong to two services.
    bare = Candidate(ServiceRevision(arn, arn, 0.0), 0.0, 0.0)
    return bare, "you named it; it is not known to have run in this service"


def _family_of(arn: str) -> str:
    """A family with its account and region."""
    return arn.rpartition(":")[0]


def _called(target: Target, to: str, usable: Sequence[tuple[Candidate, TaskDefinition]]) -> tuple[Candidate, str]:
    for each, definition in usable:
        if _is_called(to, each, definition, target):
            return each, f"you named it; {reason(each)}"
    raise NotFoundError(
        f"I know of no {to} that ran in {target.label} before.",
        hint=_offer(usable) or "To ship it, deploy it: that says what it is and checks that it exists.",
    )


def _family(target: Target, history: History, world: World) -> tuple[tuple[Candidate, TaskDefinition], ...]:
    """Revisions below the running one, to be picked from by a person: a number proves nothing."""
    found = _definitions(target, history, near(running(history.service))[:4], world)
    return tuple((Candidate(ServiceRevision(arn, arn, 0.0), 0.0, 0.0), found[arn]) for arn in found)


def _is_called(to: str, candidate: Candidate, definition: TaskDefinition, target: Target) -> bool:
    """Whether a tag or a digest means this version."""
    try:
        container = images.shipped(definition, target.service.container, target.label)
    except ConflictError:
        return False
    pins = [images.digest(container.image), *(images.digest(each) for each in candidate.revision.images)]
    if to.startswith("sha256:"):
        return any(pin.startswith(to) for pin in pins)
    return to in (images.version(definition, container), images.tag(container.image))


def reason(candidate: Candidate) -> str:
    """Why a version is worth going back to, or what is not known of it."""
    if candidate.bad:
        return candidate.bad
    if candidate.same:
        return "its images are the very ones that run now"
    if candidate.red:
        return f"{', '.join(candidate.red)} went off within its first minutes"
    if candidate.proved:
        return "I counted it as good: no alarm went off while it was being proved"
    if not candidate.soaked:
        return f"it ran for only {ago(candidate.ran)}" if candidate.ran else "nobody saw it prove itself"
    quiet = "no alarm went off in its first minutes" if candidate.red == () else "whether alarms went off is not known"
    return f"it ran for {ago(candidate.ran)} and nobody went back from it; {quiet}"


def _none(target: Target, history: History, usable: Sequence[tuple[Candidate, TaskDefinition]]) -> ConflictError:
    why = f" {history.unread}" if history.unread else ""
    offer = _offer(usable) or "Name a revision of the family yourself: /rollback … to <revision>."
    return ConflictError(f"There is no version of {target.label} that I know to be good.{why}", hint=offer)


def _offer(usable: Sequence[tuple[Candidate, TaskDefinition]]) -> str:
    words = [f"{images.revision(each.arn)} ({reason(each)})" for each, _ in usable[:4]]
    return f"Pick one yourself, after the word `to`: {'; '.join(words)}." if words else ""


def choices(target: Target, chosen: Chosen, current: str) -> tuple[Choice, ...]:
    """The four best others, as commands; good ones first."""
    ordered = sorted(chosen.others, key=lambda each: not each[0].is_good)
    return tuple(
        Choice(label=label(target, *each), text=f"rollback {place(target)} to {word(each[0].arn, current)}")
        for each in ordered[:4]
    )


def place(target: Target) -> str:
    """A target as people type it."""
    return f"{target.system}/{target.name} {target.environment}"


def label(target: Target, candidate: Candidate, definition: TaskDefinition) -> str:
    """``v1.2 (api:40), ran 3 days`` for a button or a form."""
    try:
        version = images.version(definition, images.shipped(definition, target.service.container, target.label))
    except ConflictError:
        version = definition.family
    known = candidate.bad or (f"ran {ago(candidate.ran)}" if candidate.ran else "not known to have run")
    return f"{version} ({images.revision(candidate.arn)}), {known}"


def word(arn: str, current: str) -> str:
    """A revision as it is typed: its number where the family is the running one's."""
    family, _, number = images.revision(arn).rpartition(":")
    return number if family == images.revision(current).rpartition(":")[0] else f"{family}:{number}"
