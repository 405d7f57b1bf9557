"""Static sites on S3 behind CloudFront, as a kind of service that is shipped."""

from __future__ import annotations

from bot.command import Strategy, Suggestion
from bot.domain import Target
from bot.ports import World
from bot.shipping import sites_effects, sites_past, sites_plan, sites_rollback
from bot.shipping.kind import Kind
from bot.shipping.sites_past import Point
from bot.shipping.sites_watch import still, watch
from bot.views.blocks import ago

OFFERED = 20


def versions(target: Target, world: World) -> tuple[Suggestion, ...]:
    """Releases that could be shipped, newest first, with their age; none where nobody said where they lie."""
    if not target.service.artifact:
        return ()
    now = world.clock.now()
    found = world.sites.releases(target.account, sites_plan.address(target))
    return tuple(
        Suggestion(label=f"{each.version} · {ago(now - each.at)} old", word=each.version) for each in found[:OFFERED]
    )


def earlier(target: Target, world: World) -> tuple[Suggestion, ...]:
    """States that could be gone back to, newest first; those that proved good say so."""
    now = world.clock.now()
    found: dict[str, Point] = {}
    for point in sites_past.points(sites_past.of(target, world)):
        found.setdefault(point.word, point)
    return tuple(
        Suggestion(
            label=f"{word} · {ago(now - point.past.started_at)} ago"
            + (" · good" if point.good and not point.bad else ""),
            word=word,
        )
        for word, point in found.items()
    )[:OFFERED]


SITE = Kind(
    deploy=sites_plan.plan,
    rollback=sites_rollback.plan,
    strategies={
        sites_plan.STRATEGY: Strategy(effects=sites_effects.deploying, watch=watch, still=still),
        sites_past.GOING_BACK: Strategy(effects=sites_effects.going_back, watch=watch, still=still),
    },
    versions=versions,
    earlier=earlier,
)
