"""Which version of a function to go back to: the ledger's newest good one, never the number before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain import Target
from bot.errors import ConflictError, NotFoundError
from bot.ports import Past, World
from bot.shipping import functions_past as past
from bot.shipping.functions_past import Pasts
from bot.shipping_cloud import Function
from bot.views.blocks import ago

PREVIOUS = "previous"
DEPLOYING, GOING_BACK = "deploy", "rollback"
ENDED_WELL = ("done", "soaking")
"""States of operations that came to a good end so far; the words are those of ``bot.operation.State``."""
LISTED = 6


@dataclass(frozen=True)
class Candidate:
    """A version to go back to, and why this one; ``soaked`` once it stayed quiet for as long as it had to."""

    version: Function
    why: str
    soaked: bool


def candidates(versions: tuple[Function, ...], pasts: Pasts, current: str, now: float) -> Iterator[Candidate]:
    """Good and soaked ones, newest first, then those that ended well without a soak.

    A version that people went back from, or whose alarms went off, is bad until a later deployment of it proves good.
    """
    known = {each.version: each for each in versions}
    good: dict[str, Candidate] = {}
    unsoaked: dict[str, Candidate] = {}
    bad = {current}
    for each in pasts:
        number = past.given(each)
        if number in known and number not in bad | set(good):
            when = f"{ago(now - each.ended_at)} ago" if each.ended_at else "just now"
            if each.good:
                good[number] = Candidate(known[number], f"the newest that proved good ({when})", soaked=True)
            elif each.good is None and each.state in ENDED_WELL:
                why = f"it ended well {when}, and none that proved good is left"
                unsoaked.setdefault(number, Candidate(known[number], why, soaked=False))
            else:
                bad.add(number)
        if each.command == GOING_BACK and number:
            bad.add(str(each.facts.get("from_version", "")))
    yield from good.values()
    yield from (candidate for number, candidate in unsoaked.items() if number not in good)


def choose(target: Target, to: str, versions: tuple[Function, ...], current: str, world: World) -> Candidate:
    """The version that is meant. Raises ConflictError when the ledger knows none, NotFoundError for an unknown one."""
    pasts = past.of(target, world)
    if to == PREVIOUS:
        return _previous(target, versions, pasts, current, world)
    if to:
        return _named(target, to, versions, pasts, world)
    found = next(candidates(versions, pasts, current, world.clock.now()), None)
    if found is None:
        raise ConflictError(
            f"I know of no version of {target.label} that proved good.",
            hint=_pick(target, versions, pasts, current, world),
        )
    return found


def _previous(target: Target, versions: tuple[Function, ...], pasts: Pasts, current: str, world: World) -> Candidate:
    last = next((each for each in pasts if each.command == DEPLOYING and past.given(each)), None)
    number = str(last.facts.get("from_version", "")) if last else ""
    found = next((each for each in versions if each.version == number), None)
    if last is None or found is None:
        text = f"I shipped nothing to {target.label} so far, so I know of no previous version."
        if last is not None:
            text = f"Version {number}, which {target.label} had before the last deployment, does not exist any more."
        raise ConflictError(text, hint=_pick(target, versions, pasts, current, world))
    return Candidate(found, f"it had the calls before the last deployment ({last.version})", _is_soaked(found, pasts))


def _named(target: Target, to: str, versions: tuple[Function, ...], pasts: Pasts, world: World) -> Candidate:
    found = next((each for each in versions if to in (each.version, past.name(each, pasts))), None)
    if found is None:
        found = next((each for each in versions if to in each.description.split()), None)
    if found is None:
        raise NotFoundError(f"{target.label} has no version {to}.", hint=_pick(target, versions, pasts, "", world))
    return Candidate(found, "you named it", _is_soaked(found, pasts))


def _is_soaked(version: Function, pasts: Pasts) -> bool:
    giver: Past | None = past.giver(version, pasts)
    return bool(giver and giver.good)


def _pick(target: Target, versions: tuple[Function, ...], pasts: Pasts, current: str, world: World) -> str:
    """The versions there are, as words to type."""
    others = [each for each in versions if each.version != current]
    if not others:
        return "There is no other version."
    failed = {past.made(each) for each in pasts if each.good is False}
    others.sort(key=lambda each: each.version in failed)
    now, rollback = world.clock.now(), world.slash.get("rollback", "rollback")
    listed = ", ".join(
        f"{each.version} ({past.name(each, pasts) or 'without a name'}, {ago(now - each.modified_at)} old"
        f"{', did not prove good' if each.version in failed else ''})"
        for each in others[:LISTED]
    )
    typed = f"/{rollback} {target.system}/{target.name} {target.environment} to {others[0].version}"
    return f"Pick one, as in {typed}. There are {listed}."
