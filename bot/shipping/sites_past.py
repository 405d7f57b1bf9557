"""What the bot's ledger knows of a site: which release it serves, and the states it could go back to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.command import Run
from bot.domain import Target
from bot.errors import BotError, ConflictError
from bot.ports import Past, World
from bot.shipping.sites_files import INDEX, is_page
from bot.shipping_cloud import ObjectVersion, SiteObject
from bot.views.blocks import ago

BEFORE, OTHERS, PAGES = "before", "other", "html"
"""Names of effects whose results are read again, for as long as the ledger keeps them."""
GOING_BACK = "static_site_back"
"""Strategy of a rollback; the facts of its plan say so too."""
KEPT_SECONDS = 366 * 86400.0
KEPT = 100
"""Operations of the ledger that are read."""

_ENDED_WELL = ("soaking", "done")

Manifest = Mapping[str, str]
"""Version ids by key: all that keeps its name while its content changes, as it was at one moment."""


@dataclass(frozen=True)
class Point:
    """A state of the site to go back to: what an operation left behind, or what it found (``found_there``).

    ``word`` is what people type for it. ``good`` is True once it proved good; ``bad`` says why nobody wants it back.
    """

    word: str
    past: Past
    found_there: bool
    good: bool
    bad: str
    manifest: Manifest

    @property
    def version(self) -> str:
        """The release it was, or nothing where it was none of this bot's."""
        return str(self.past.facts.get("from", "")) if self.found_there else self.past.version

    @property
    def called(self) -> str:
        """What people call it."""
        return self.version or f"what was there before {called(self.past)}"


def of(target: Target, world: World) -> tuple[Past, ...]:
    """What the bot did to a site, newest first; only operations that got as far as to look at it."""
    found = world.recent.operations(target.key, since=world.clock.now() - KEPT_SECONDS, limit=KEPT)
    return tuple(each for each in found if BEFORE in each.results)


def found_by(past: Past) -> Manifest:
    """What an operation found on the site; empty where that is not remembered."""
    return _versions(past.results, BEFORE) if past.facts.get("remembers") else {}


def left_by(past: Past) -> Manifest:
    """What an operation left behind; empty where it did not get to its end, or that is not remembered.

    A deployment takes nothing away; a rollback hides the pages that it does not restore.
    """
    if PAGES not in past.results or not past.facts.get("remembers"):
        return {}
    back = past.facts.get("strategy") == GOING_BACK
    found = {key: version for key, version in found_by(past).items() if not (back and is_page(key))}
    return {**found, **_versions(past.results, OTHERS), **_versions(past.results, PAGES)}


def called(past: Past) -> str:
    """What people call what an operation shipped, or brought back."""
    return past.version or str(past.facts.get("called", ""))


def reused(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys that look as if they carried a hash of their content, and have had other content before."""
    return tuple(facts.get("reused") or ())


def _versions(results: Mapping[str, Mapping[str, Any]], effect: str) -> dict[str, str]:
    return dict(results.get(effect, {}).get("versions", {}))


def live(pasts: Iterable[Past], index: ObjectVersion | None, site: Mapping[str, SiteObject]) -> Past | None:
    """The operation whose index.html the site serves; None where somebody else shipped it."""
    etag = site[INDEX].etag if INDEX in site else ""
    for past in pasts:
        if PAGES not in past.results:
            continue
        if index is not None and left_by(past).get(INDEX) == index.version:
            return past
        if etag and past.facts.get("index") == etag:
            return past
    return None


def points(pasts: tuple[Past, ...]) -> tuple[Point, ...]:
    """All states that are remembered, newest first. What was found is one only where no operation had left it."""
    gone_back_from = {
        each.facts.get("from_operation")
        for each in pasts
        if each.facts.get("strategy") == GOING_BACK and each.state in _ENDED_WELL
    }
    found = []
    for past in pasts:
        manifest, before = left_by(past), found_by(past)
        if manifest:
            bad = "an alarm went off after it" if past.good is False else ""
            bad = "somebody went back from it" if past.id in gone_back_from else bad
            word = past.version or str(past.facts.get("word", ""))
            found.append(Point(word, past, False, past.good is True, bad, manifest))
        if before and not past.facts.get("from_operation"):
            found.append(as_found(past, before))
    return tuple(found)


def as_found(past: Past, manifest: Manifest, origin: Point | None = None) -> Point:
    """What an operation found; ``origin`` is what is known of it."""
    good, bad = (origin.good, origin.bad) if origin else (False, "")
    return Point(f"before-{past.version or past.facts.get('word', '')}", past, True, good, bad, manifest)


def point(run: Run, world: World) -> Manifest:
    """What a rollback's plan chose, read from the ledger again. Raises ConflictError when it is not there any more."""
    past = world.recent.operation(str(run.plan.facts["operation"]))
    manifest = (found_by(past) if run.plan.facts["found_there"] else left_by(past)) if past else {}
    if not manifest:
        raise ConflictError("The ledger no longer knows what this would go back to.", hint="Ask for a fresh plan.")
    return manifest


def shipped(past: Past | None, world: World) -> str:
    """When an operation shipped what it did, and who asked for it."""
    if past is None:
        return "shipped by somebody else, so I do not know which release it is"
    return f"shipped {ago(world.clock.now() - past.started_at)} ago by {name(past.actor, world)}"


def name(user: str, world: World) -> str:
    """What people call somebody; the id where Slack does not say."""
    try:
        return world.chat.person(user).name
    except BotError:
        return user
