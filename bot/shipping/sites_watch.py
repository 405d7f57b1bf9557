"""Watching a site after its files are in place: CloudFront must forget the old ones, and the site must answer."""

from __future__ import annotations

from bot.command import Progress, Run, Stage
from bot.errors import NotFoundError
from bot.ports import World
from bot.shipping.health import answered
from bot.shipping.sites_effects import INVALIDATE
from bot.shipping.sites_plan import EVERYTHING

COMPLETED = "Completed"


def watch(run: Run, world: World) -> Progress:
    """One look. Raises UpstreamError when CloudFront cannot be asked."""
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
    settled = f"the site serves {version}; browsers may keep showing old pages until they reload"
    return answered(run, world, settled, 1, 1)
