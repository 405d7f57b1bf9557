"""What ``/rollback`` would do to a static site: bring back the versions of its files that an operation left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.command import Change, Check, Choice, Plan
from bot.domain import Person, Target
from bot.errors import ConflictError, NotFoundError
from bot.ports import World
from bot.shipping import sites_checks, sites_past
from bot.shipping import sites_files as files
from bot.shipping.reads import value
from bot.shipping.sites_files import INDEX
from bot.shipping.sites_past import GOING_BACK, PAGES, Point
from bot.shipping.sites_plan import AT_A_TIME, EVERYTHING, FIRST_SECONDS, NEXT_SECONDS, Now, address, now, reads
from bot.shipping.verdicts import passed, unknown, warned
from bot.shipping_cloud import ObjectVersion, SiteObject
from bot.views.blocks import ago

PREVIOUS = "previous"
OFFERED = 3
"""Other states that are offered as buttons."""
LISTED = 5


@dataclass(frozen=True)
class _Return:
    """A state to go back to, why it, and what must happen: restored, hidden, and assets copied again.

    ``differing`` are assets that have other content now, and that no version is remembered of.
    """

    point: Point
    why: str
    restored: tuple[str, ...]
    hidden: tuple[str, ...]
    assets: tuple[SiteObject, ...]
    differing: tuple[str, ...]


def plan(target: Target, to: str, world: World, person: Person) -> Plan:
    """Plan to go back. Only reads; raises BotErrors. Two round trips: what is there, then the versions wanted."""
    found: dict[str, Any] = world.gather(reads(target, world), seconds=FIRST_SECONDS)
    here = now(target, found, world)
    known = sites_past.points(here.pasts)
    point, why = _choose(here, to, known, world)
    wanted: dict[str, Callable[[], Any]] = {
        "versions": partial(world.sites.versions, target, sorted(point.manifest)),
    }
    lies_at = address(target, point.version) if point.version and target.service.artifact else ""
    if lies_at:
        wanted["release"] = partial(world.sites.artifact, target.account, lies_at)
    then: dict[str, Any] = world.gather(wanted, seconds=NEXT_SECONDS)
    versions: tuple[ObjectVersion, ...] = value(then, "versions")
    _refuse_what_is_gone(here, point, versions, known, world)
    back = _back(here, point, why, versions, then.get("release"))
    if not back.restored and not back.hidden and not back.assets:
        text = f"{target.label} already serves {point.called}, file by file."
        return Plan(title=text, answer_text=text)
    return _plan(here, back, known, then.get("release"), lies_at, world)


def _choose(here: Now, to: str, known: Sequence[Point], world: World) -> tuple[Point, str]:
    if to.lower() == PREVIOUS:
        return _previous(here, known, world)
    if to:
        found = next((each for each in known if each.word == to), None)
        if found is None:
            raise NotFoundError(f"I remember no {to} of {here.target.label}.", hint=_pick(here, known, world))
        return found, "you named it"
    newest = here.pasts[0] if here.pasts else None
    if newest is not None and PAGES not in newest.results and sites_past.found_by(newest):
        return _previous(here, known, world)[0], f"“{newest.title}” did not get to its end, and this is what it found"
    others = [each for each in known if not each.bad and not _is_live(here, each)]
    good = next((each for each in others if each.good and each.version != here.release), None)
    if good is not None:
        return good, "it is the newest other release that proved good"
    unknown_one = next((each for each in others if each.found_there), None)
    if unknown_one is not None:
        return unknown_one, "it is what somebody else had put there, and I know of no release that proved good"
    text = f"I know of no earlier release of {here.target.label} that proved good."
    raise ConflictError(text, hint=_pick(here, known, world))


def _is_live(here: Now, point: Point) -> bool:
    return here.live is not None and not point.found_there and point.past.id == here.live.id


def _previous(here: Now, known: Sequence[Point], world: World) -> tuple[Point, str]:
    """What the newest operation found: exactly what people saw before it."""
    newest = here.pasts[0] if here.pasts else None
    manifest = sites_past.found_by(newest) if newest else {}
    if newest is None or not manifest:
        text = f"I do not remember what {here.target.label} served before."
        raise ConflictError(text, hint=_pick(here, known, world))
    before = newest.facts.get("from_operation")
    origin = next((each for each in known if not each.found_there and each.past.id == before), None)
    return sites_past.as_found(newest, manifest, origin), f"it is what was there before “{newest.title}”"


def _pick(here: Now, known: Sequence[Point], world: World) -> str:
    others = [each for each in known if not _is_live(here, each)]
    if not others:
        return "Nothing else is remembered: deploy the release you want."
    listed = ", ".join(
        f"{each.word} ({ago(world.clock.now() - each.past.started_at)} ago{_worth(each)})" for each in others[:LISTED]
    )
    return f"I remember {listed}."


def _worth(point: Point) -> str:
    return ", good" if point.good and not point.bad else f", {point.bad}" if point.bad else ""


def _refuse_what_is_gone(
    here: Now, point: Point, versions: Sequence[ObjectVersion], known: Sequence[Point], world: World
) -> None:
    there = {(each.key, each.version) for each in versions if not each.deleted}
    gone = [key for key, version in point.manifest.items() if (key, version) not in there]
    if gone:
        raise ConflictError(
            f"{point.called} cannot come back: S3 no longer has its version of {files.listed(gone)}.",
            hint=f"Deploy that release again, or pick another. {_pick(here, known, world)}",
        )


def _back(here: Now, point: Point, why: str, versions: Sequence[ObjectVersion], release: Any) -> _Return:
    served = files.latest(versions)
    restored = [key for key, version in point.manifest.items() if key not in served or served[key].version != version]
    hidden = [key for key in here.site if files.is_page(key) and key not in point.manifest]
    needed = files.missing(files.sort(release).assets, here.site) if isinstance(release, tuple) else ()
    # Something else than this bot may have taken old assets away: the runbook's own line of `s3 sync` does.
    assets = tuple(each for each in needed if each.key not in here.site)
    differing = tuple(each.key for each in needed if each.key in here.site and each.key not in point.manifest)
    return _Return(point, why, tuple(sorted(restored)), tuple(sorted(hidden)), assets, differing)


def _plan(here: Now, back: _Return, known: Sequence[Point], release: Any, lies_at: str, world: World) -> Plan:
    point, target = back.point, here.target
    facts: Mapping[str, Any] = {
        **here.facts(),
        "strategy": GOING_BACK,
        "version": point.version,
        "called": point.called,
        "word": point.word,
        "operation": point.past.id,
        "found_there": point.found_there,
        "reused": sorted(here.reused | set(back.differing)),
        "chunks": 0,
    }
    if back.assets:
        copied = {
            "address": lies_at,
            "release": files.fingerprint(release),
            "chunks": -(-len(back.assets) // AT_A_TIME),
        }
        facts = {**facts, **copied}
    return Plan(
        title=f"Roll back {target.label} → {point.called}",
        strategy=GOING_BACK,
        changes=(
            Change(what="Release", before=here.release, after=point.called),
            Change(what="Files", before=f"{len(here.site)} on the site", after=_counted(back)),
        ),
        details=(
            f"Chosen because {back.why}",
            f"Now: {here.release}, {sites_past.shipped(here.live, world)}",
            "Files come back with the headers they had: assets first, pages last",
            f"Verified: the invalidation of {EVERYTHING} has completed",
        ),
        checks=(
            _proof(point, world),
            passed("versions", f"S3 still has all {len(point.manifest)} files"),
            _assets(back, release, lies_at),
            sites_checks.distribution(target, here.distribution),
        ),
        warnings=_warnings(back),
        choices=_choices(here, back, known, world),
        facts=dict(facts),
        basis={INDEX: here.index, "to": f"{point.past.id} {point.found_there}"},
    )


def _counted(back: _Return) -> str:
    parts = [f"{len(back.restored)} restored", f"{len(back.hidden)} hidden"]
    return ", ".join([*parts, *([f"{len(back.assets)} assets copied again"] if back.assets else [])])


def _proof(point: Point, world: World) -> Check:
    name = "proved good"
    if point.bad:
        return warned(name, f"no: {point.bad}")
    if not point.good:
        return warned(name, "nobody knows: its soak did not end, or this bot did not ship it")
    if point.found_there:
        return passed(name, "it stayed quiet until its soak had ended")
    return passed(name, f"{sites_past.shipped(point.past, world)}, and quiet until its soak had ended")


def _assets(back: _Return, release: Any, lies_at: str) -> Check:
    name = "assets"
    if isinstance(release, Exception):
        return unknown(name, release)
    if not release:
        why = f"nothing lies at {lies_at} any more" if lies_at else "I do not know where its release lies"
        return unknown(name, f"{why}, so I cannot tell whether all of them are still on the site")
    if back.differing:
        keys = files.listed(back.differing)
        return warned(name, f"{keys} had other content in {back.point.called}: better deploy it again")
    if back.assets:
        keys = files.listed([each.key for each in back.assets])
        return warned(name, f"{keys} left the site and will be copied again")
    return passed(name, "all are still on the site")


def _warnings(back: _Return) -> tuple[str, ...]:
    if not back.hidden:
        return ()
    return (f"Came later and will be hidden: {files.listed(back.hidden)}; S3 keeps the versions",)


def _choices(here: Now, back: _Return, known: Sequence[Point], world: World) -> tuple[Choice, ...]:
    others = [each for each in known if not _is_live(here, each) and each.word != back.point.word]
    others = [each for each in others if each.manifest != back.point.manifest]
    words = list(dict.fromkeys(each.word for each in others))[:OFFERED]
    place = f"{here.target.system}/{here.target.name} {here.target.environment}"
    return tuple(Choice(label=f"To {word}", text=f"rollback {place} to {word}") for word in words)
