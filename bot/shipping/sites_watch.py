"""Watching a site after its files are in place: CloudFront must forget the old ones, and the site must answer."""

from __future__ import annotations

from bot.command import Progress, Run, Stage
from bot.errors import NotFoundError
from bot.ports import World
from bot.shipping import sites_files as files
from bot.shipping.health import answered
from bot.shipping.sites_effects import INVALIDATE
from bot.shipping.sites_files import INDEX
from bot.shipping.sites_past import PAGES
from bot.shipping.sites_plan import EVERYTHING

COMPLETED = "Completed"


def watch(run: Run, world: World) -> Progress:
    """One look. Raises UpstreamError when CloudFront or the bucket cannot be asked."""
    made = str(run.results[INVALIDATE]["invalidation"])
    version = run.plan.facts.get("called") or run.plan.facts["version"]
    try:
        status = world.sites.invalidation(run.target, made)
    except NotFoundError:
        # Of those that have completed CloudFront remembers only so many.
        status = COMPLETED
    if status != COMPLETED:
        return Progress(
            stage=Stage.ROLLING,
            headline=f"The files of {version} are in place; CloudFront is forgetting the old ones",
            lines=(f"invalidation {made} of {EVERYTHING}: {status}",),
        )
    theirs = _written_by_others(run, world)
    if theirs:
        headline = f"Superseded: somebody else wrote {files.listed(theirs)} meanwhile"
        return Progress(stage=Stage.FAILED, headline=headline, unchanged=True)
    settled = f"the site serves {version}; browsers may keep showing old pages until they reload"
    return answered(run, world, settled, 1, 1)


def _written_by_others(run: Run, world: World) -> list[str]:
    """Pages of this release that are not what the site serves now.

    Told by their versions, or by their content where somebody wrote the very same; where the ledger keeps no versions,
    by the content of index.html alone.
    """
    ours: dict[str, str] = run.results[PAGES]["versions"]
    if not ours:
        etag = run.plan.facts.get("index")
        if not etag:
            return []
        site = files.by_key(world.sites.objects(run.target))
        return [] if INDEX in site and site[INDEX].etag == etag else [INDEX]
    versions = world.sites.versions(run.target, list(ours))
    written = {(each.key, each.version): each.etag for each in versions}
    served = {key: each.etag for key, each in files.latest(versions).items()}
    return [key for key, version in ours.items() if key not in served or served[key] != written.get((key, version))]
