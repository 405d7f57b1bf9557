"""Watching a site after its files are in place: CloudFront must forget the old ones, and the site must answer."""

from __future__ import annotations

from bot.command import Progress, Run, Stage
from bot.errors import NotFoundError
from bot.ports import World
from bot.shipping import sites_files as files
from bot.shipping.health import answered
from bot.shipping.sites_effects import INVALIDATE
from bot.shipping.sites_files import INDEX, by_key, latest, listed
from bot.shipping.sites_past import PAGES
from bot.shipping.sites_plan import EVERYTHING
from bot.views.blocks import ago

COMPLETED = "Completed"
LOOKED_AT = 50
"""Pages that are looked at again during the soak: S3 is asked for each by itself, every quarter of a minute."""


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


def still(run: Run, world: World) -> str:
    """Which pages of this release somebody else has changed since; nothing while they are served.

    Raises UpstreamError when S3 cannot be asked. Where the bucket keeps no versions only index.html tells.
    """
    pages = run.results[PAGES]["versions"]
    if not pages:
        return _still_the_index(run, world)
    looked_at = sorted(pages, key=lambda key: (key != INDEX, key))[:LOOKED_AT]
    versions = world.sites.versions(run.target, looked_at)
    served = latest(versions)
    changed = [key for key in looked_at if key not in served or served[key].version != pages[key]]
    if not changed:
        return ""
    at = max((each.modified_at for each in versions if each.is_latest and each.key in changed), default=0.0)
    when = f" {ago(world.clock.now() - at)} ago" if at else ""
    return f"somebody else changed {listed(changed)} in {run.target.service.bucket}{when}."


def _still_the_index(run: Run, world: World) -> str:
    shipped = str(run.plan.facts.get("index", ""))
    now = by_key(world.sites.objects(run.target)).get(INDEX) if shipped else None
    if not shipped or (now is not None and now.etag == shipped):
        return ""
    return f"somebody else changed {INDEX} in {run.target.service.bucket}."
