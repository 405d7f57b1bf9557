"""What ``/deploy`` would do to a static site: which files of a release are new, and what stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import JsonValue

from bot.command import Change, Check, Plan
from bot.domain import Person, Target
from bot.errors import BotError, ConflictError, NotFoundError
from bot.ports import Past, World
from bot.shipping import alarms, builds, sites_checks, sites_past
from bot.shipping import sites_files as files
from bot.shipping.missing import not_found
from bot.shipping.reads import value
from bot.shipping.sites_files import INDEX, Files
from bot.shipping_cloud import ObjectVersion, SiteObject

STRATEGY = "static_site"
FIRST_SECONDS = 7.0
NEXT_SECONDS = 4.0
AT_A_TIME = 500
"""Assets that one effect copies."""
EVERYTHING = "/*"
"""What is invalidated: one path, and the only one that is right for every address a page can have."""


@dataclass(frozen=True)
class Now:
    """What the site serves, the operation that shipped it where the bot did, and whether versions are kept."""

    target: Target
    site: Mapping[str, SiteObject]
    pasts: tuple[Past, ...]
    live: Past | None
    versioned: Any
    distribution: Any

    @property
    def release(self) -> str:
        """The release it serves, or a word for not knowing."""
        return sites_past.called(self.live) if self.live else "unknown" if self.site else "nothing"

    @property
    def reused(self) -> frozenset[str]:
        """Keys that look as if they carried a hash, and that an operation has seen with other content."""
        return frozenset(key for past in self.pasts for key in sites_past.reused(past.facts))

    @property
    def mutable(self) -> int:
        """How many files keep their names while their content changes."""
        return len(files.sort(self.site.values(), self.reused).mutable)

    @property
    def index(self) -> str:
        """What tells one first page from another."""
        return self.site[INDEX].etag if INDEX in self.site else "none"

    @property
    def remembers(self) -> bool:
        """Whether the ledger can keep what is there, to go back to it."""
        return self.versioned is True and self.mutable <= sites_checks.MOST_REMEMBERED

    def facts(self) -> dict[str, JsonValue]:
        """What effects and later plans must know of where it came from."""
        return {
            "from": self.live.version if self.live else "",
            "from_operation": self.live.id if self.live else "",
            "remembers": self.remembers,
        }


def reads(target: Target, world: World) -> dict[str, Callable[[], Any]]:
    """What every plan for a site must know, all at once."""
    return {
        "site": partial(world.sites.objects, target),
        "index": partial(world.sites.versions, target, (INDEX,)),
        "versioned": partial(world.sites.versioned, target),
        "distribution": partial(world.sites.distribution, target),
    }


def now(target: Target, found: Mapping[str, Any], world: World) -> Now:
    """Out of what was read. Raises BotErrors when the bucket cannot be read."""
    site = files.by_key(value(found, "site"))
    versions, versioned = found["index"], found["versioned"]
    index: ObjectVersion | None = None
    if isinstance(versions, Exception):
        versioned = versions
    else:
        index = files.latest(versions).get(INDEX)
    pasts = sites_past.of(target, world)
    return Now(target, site, pasts, sites_past.live(pasts, index, site), versioned, found["distribution"])


def address(target: Target, version: str = "{version}") -> str:
    """Where the files of a release lie, or of all. Raises ConflictError where nobody said so."""
    if not target.service.artifact:
        raise ConflictError(
            f"I do not know where the releases of {target.label} lie.",
            hint="Say it under `artifact:` in config/systems, as s3://bucket/path/{version}/.",
        )
    return f"{target.service.artifact.rstrip('/')}/".replace("{version}", version)


def plan(target: Target, version: str, world: World, person: Person) -> Plan:
    """Plan to ship a release. Only reads; raises BotErrors."""
    lies_at = address(target, version)
    asked = reads(target, world)
    asked["release"] = partial(world.sites.artifact, target.account, lies_at)
    asked["alarms"] = partial(world.metrics.alarms, target.account, alarms.names(target))
    found: dict[str, Any] = world.gather(asked, seconds=FIRST_SECONDS)
    here = now(target, found, world)
    release: tuple[SiteObject, ...] = value(found, "release")
    quiet = alarms.quiet_before(found["alarms"], target)
    if not release:
        return _built_first(here, version, lies_at, world, quiet)
    if not files.missing(release, here.site):
        text = f"{target.label} already serves {version}, file by file."
        return Plan(title=text, answer_text=text)
    return _shipping(here, version, lies_at, release, world, quiet)


def _shipping(
    here: Now, version: str, lies_at: str, release: tuple[SiteObject, ...], world: World, quiet: Check
) -> Plan:
    changed = {each.key for each in files.missing(release, here.site) if each.key in here.site}
    reused = sorted(each.key for each in release if each.key in changed | here.reused and files.is_hashed(each.key))
    sorted_files = files.sort(release, reused)
    to_copy = files.missing(sorted_files.assets, here.site)
    return Plan(
        title=f"Deploy {here.target.label} → {version}",
        strategy=STRATEGY,
        changes=(
            Change(what="Release", before=here.release, after=version),
            Change(what="Files", before=f"{len(here.site)} on the site", after=_counted(release, here)),
        ),
        details=_details(here, sorted_files, to_copy, world),
        checks=(
            sites_checks.release(version, release, world.clock.now()),
            sites_checks.index(release),
            sites_checks.sizes(release),
            sites_checks.names(reused),
            *_about(here, quiet),
        ),
        warnings=_staying(here, sorted_files),
        facts={
            **here.facts(),
            "strategy": STRATEGY,
            "version": version,
            "address": lies_at,
            "release": files.fingerprint(release),
            "index": next((each.etag for each in release if each.key == INDEX), ""),
            "reused": list(reused),
            "chunks": max(1, -(-len(to_copy) // AT_A_TIME)),
        },
        basis={INDEX: here.index, "release": files.fingerprint(release)},
    )


def _built_first(here: Now, version: str, lies_at: str, world: World, quiet: Check) -> Plan:
    """A release that is not there can be built where that is configured; how many files it has is known then."""
    build = here.target.service.build
    if build is None:
        error = NotFoundError(f"There is no {version} of {here.target.label} at {lies_at}.")
        raise not_found(error, version, _names(here.target, world), "Nothing lies there yet.")
    return Plan(
        title=f"Deploy {here.target.label} → {version}",
        strategy=STRATEGY,
        changes=(builds.change(build, version), Change(what="Release", before=here.release, after=version)),
        details=(_serves(here, world), *_afterwards(here.target)),
        checks=(builds.check(build, version), *_about(here, quiet)),
        facts={
            **here.facts(),
            **builds.facts(build),
            "strategy": STRATEGY,
            "version": version,
            "address": lies_at,
            "reused": sorted(here.reused),
            "chunks": 1,
        },
        basis={INDEX: here.index, "release": "is to be built"},
    )


def _about(here: Now, quiet: Check) -> tuple[Check, ...]:
    return (
        sites_checks.way_back(here.versioned, here.mutable),
        sites_checks.distribution(here.target, here.distribution),
        quiet,
    )


def _names(target: Target, world: World) -> list[str]:
    releases = partial(world.sites.releases, target.account, address(target))
    found = world.gather({"releases": releases}, seconds=NEXT_SECONDS)["releases"]
    if isinstance(found, Exception):
        if isinstance(found, BotError | TimeoutError):
            return []
        raise found
    return [each.version for each in found]


def _counted(release: tuple[SiteObject, ...], here: Now) -> str:
    to_copy = files.missing(release, here.site)
    new = [each for each in to_copy if each.key not in here.site]
    changed = [each for each in to_copy if each.key in here.site]
    same = len(release) - len(to_copy)
    return f"{files.amount(new)} new, {files.amount(changed)} changed, {same} unchanged"


def _details(here: Now, release: Files, to_copy: tuple[SiteObject, ...], world: World) -> tuple[str, ...]:
    others, pages = files.missing(release.others, here.site), files.missing(release.pages, here.site)
    return (
        _serves(here, world),
        f"First {len(to_copy)} of {len(release.assets)} hashed assets, which browsers keep for a year; then "
        f"{len(others)} of {len(release.others)} other files; last {len(pages)} of {len(release.pages)} pages, "
        "which browsers ask for again each time",
        "Assets of earlier releases stay, for pages that are open in browsers",
        *_afterwards(here.target),
    )


def _serves(here: Now, world: World) -> str:
    return f"Now: {here.release}, {sites_past.shipped(here.live, world)}"


def _afterwards(target: Target) -> tuple[str, ...]:
    health = target.service.health
    answer = f", and {health.url} answers {health.code}" if health else ""
    return (f"Verified: the invalidation of {EVERYTHING} has completed{answer}",)


def _staying(here: Now, release: Files) -> tuple[str, ...]:
    """A deployment takes nothing away, so pages that a release dropped can still be opened."""
    pages = {key for key in here.site if files.is_page(key)} - {each.key for each in release.pages}
    if not pages:
        return ()
    verb = "is not in this release and stays" if len(pages) == 1 else "are not in this release and stay"
    return (f"{files.listed(pages)} {verb} on the site",)
