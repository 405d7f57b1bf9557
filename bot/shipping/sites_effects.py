"""What changes a site, step by step. Each step looks itself at what an earlier attempt has done already.

Assets come first, since pages name them; pages come last, since they are what people see. At every moment in between
the site is the old one, whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.command import Effect, Plan, Run
from bot.errors import ConflictError
from bot.ports import World
from bot.shipping import builds, sites_past
from bot.shipping import sites_files as files
from bot.shipping.reads import value
from bot.shipping.sites_files import ASK_AGAIN, FOR_A_YEAR, INDEX, Files
from bot.shipping.sites_past import BEFORE, OTHERS, PAGES
from bot.shipping.sites_plan import AT_A_TIME, EVERYTHING
from bot.shipping_cloud import ObjectVersion, SiteObject

INVALIDATE = "invalidate"
HIDE = "hide"
READ_SECONDS = 45.0
"""How long a release and a site may take to be listed, page by page."""


def deploying(plan: Plan) -> tuple[Effect, ...]:
    """Build if need be, remember what is there, copy in three stages, and have CloudFront forget."""
    return (
        *builds.effects(plan),
        Effect(name=BEFORE, find=_nothing, do=_remember_before_copying),
        *_assets(plan),
        Effect(name=OTHERS, find=_nothing, do=partial(_copy, stage="others")),
        Effect(name=PAGES, find=_nothing, do=partial(_copy, stage="pages")),
        Effect(name=INVALIDATE, find=_nothing, do=_invalidate),
    )


def going_back(plan: Plan) -> tuple[Effect, ...]:
    """Remember what is there, bring back what is missing, restore in two stages, hide, and have CloudFront forget."""
    return (
        Effect(name=BEFORE, find=_nothing, do=_remember),
        *_assets(plan),
        Effect(name=OTHERS, find=_nothing, do=partial(_restore, pages=False)),
        Effect(name=PAGES, find=_nothing, do=partial(_restore, pages=True)),
        Effect(name=HIDE, find=_nothing, do=_hide),
        Effect(name=INVALIDATE, find=_nothing, do=_invalidate),
    )


def _assets(plan: Plan) -> tuple[Effect, ...]:
    chunks = int(str(plan.facts.get("chunks", 0)))
    return tuple(
        Effect(name=f"assets:{number}", find=_nothing, do=partial(_copy_assets, is_last=number == chunks - 1))
        for number in range(chunks)
    )


def _nothing(run: Run, world: World) -> dict[str, Any] | None:
    """What was done already is seen by doing: only what is still missing is copied."""
    return None


@dataclass(frozen=True)
class _Both:
    """A release, and the site it is copied to."""

    release: Files
    site: Mapping[str, SiteObject]


def _read(run: Run, world: World) -> _Both:
    """Raises ConflictError when the release is not the one that was confirmed."""
    facts, target = run.plan.facts, run.target
    version, address = str(facts["version"]), str(facts["address"])
    found: dict[str, Any] = world.gather(
        {
            "release": partial(world.sites.artifact, target.account, address),
            "site": partial(world.sites.objects, target),
        },
        seconds=READ_SECONDS,
    )
    release, site = value(found, "release"), value(found, "site")
    if "release" in facts and files.fingerprint(release) != facts["release"]:
        raise ConflictError(f"The files of {version} are not those that were confirmed.", hint="Ask for a fresh plan.")
    if INDEX not in files.by_key(release) and facts["strategy"] != sites_past.GOING_BACK:
        raise ConflictError(f"What lies at {address} has no {INDEX}, so nothing was shipped.")
    return _Both(files.sort(release, sites_past.reused(facts)), files.by_key(site))


def _remember_before_copying(run: Run, world: World) -> dict[str, Any]:
    _read(run, world)
    return _remember(run, world)


def _remember(run: Run, world: World) -> dict[str, Any]:
    """Versions of all that keeps its name on the site, so that this very state can come back."""
    if not run.plan.facts["remembers"]:
        return {"versions": {}, "etags": {}}
    found = files.sort(world.sites.objects(run.target), sites_past.reused(run.plan.facts))
    now = files.latest(world.sites.versions(run.target, [each.key for each in found.mutable]))
    return {
        "versions": {key: each.version for key, each in now.items()},
        "etags": {key: each.etag for key, each in now.items()},
    }


def _copy_assets(run: Run, world: World, *, is_last: bool) -> dict[str, Any]:
    both = _read(run, world)
    missing = files.missing(both.release.assets, both.site)
    batch = [each.key for each in (missing if is_last else missing[:AT_A_TIME])]
    if batch:
        world.sites.copy(run.target, str(run.plan.facts["address"]), batch, FOR_A_YEAR)
    return {"copied": len(batch)}


def _copy(run: Run, world: World, *, stage: str) -> dict[str, Any]:
    both = _read(run, world)
    wanted: tuple[SiteObject, ...] = getattr(both.release, stage)
    changed = [each.key for each in files.missing(wanted, both.site)]
    made: dict[str, str] = {}
    for batch in _index_last(changed):
        made |= world.sites.copy(run.target, str(run.plan.facts["address"]), batch, ASK_AGAIN)
    if not run.plan.facts["remembers"]:
        return {"versions": {}, "copied": len(made)}
    kept = _kept(run, world, [each for each in wanted if each.key not in made])
    return {"versions": {**kept, **made}, "copied": len(made)}


def _index_last(keys: Collection[str]) -> list[list[str]]:
    """The page that everybody opens changes when all others have."""
    first = [key for key in keys if key != INDEX]
    return [batch for batch in (first, [key for key in keys if key == INDEX]) if batch]


def _kept(run: Run, world: World, same: Collection[SiteObject]) -> dict[str, str]:
    """Versions of what need not be copied: those seen before, or those that an earlier attempt made."""
    before = run.results[BEFORE]
    known = {each.key: before["versions"][each.key] for each in same if before["etags"].get(each.key) == each.etag}
    unknown = [each.key for each in same if each.key not in known]
    made = files.latest(world.sites.versions(run.target, unknown)) if unknown else {}
    return {**known, **{key: each.version for key, each in made.items()}}


def _restore(run: Run, world: World, *, pages: bool) -> dict[str, Any]:
    manifest = sites_past.point(run, world)
    wanted = {key: version for key, version in manifest.items() if files.is_page(key) == pages}
    versions = world.sites.versions(run.target, list(wanted)) if wanted else ()
    old = {(each.key, each.version): each for each in versions}
    kept: dict[str, str] = {}
    restored: dict[str, str] = {}
    for key, now in files.latest(versions).items():
        if _is_there(run, now, old.get((key, wanted[key]))):
            kept[key] = now.version
    for batch in _index_last([key for key in wanted if key not in kept]):
        restored |= world.sites.restore(run.target, {key: wanted[key] for key in batch})
    return {"versions": {**kept, **restored}, "restored": len(restored)}


def _is_there(run: Run, now: ObjectVersion, wanted: ObjectVersion | None) -> bool:
    """Whether the wanted version, or the copy of it that an earlier attempt made, is the one that is served."""
    if wanted is None or now.version == wanted.version:
        return wanted is not None
    return now.etag == wanted.etag and now.modified_at >= run.started_at


def _hide(run: Run, world: World) -> dict[str, Any]:
    manifest = sites_past.point(run, world)
    site = files.by_key(world.sites.objects(run.target))
    extra = [key for key in site if files.is_page(key) and key not in manifest]
    if extra:
        world.sites.remove(run.target, extra)
    return {"hidden": extra}


def _invalidate(run: Run, world: World) -> dict[str, Any]:
    """The operation is CloudFront's reference: asked twice, it is one invalidation."""
    made = world.sites.invalidate(run.target, run.operation, [EVERYTHING])
    return {"invalidation": made}
