"""Lambda functions behind an alias, as a kind of service that is shipped."""

from __future__ import annotations

from bot.command import Strategy, Suggestion
from bot.domain import Target
from bot.ports import World
from bot.shipping import functions_effects, functions_plan, functions_rollback, images
from bot.shipping import functions_past as past
from bot.shipping.functions_watch import still, watch
from bot.shipping.kind import Kind
from bot.views.blocks import ago

OFFERED = 20


def versions(target: Target, world: World) -> tuple[Suggestion, ...]:
    """What could be deployed, newest first, with its age: tags of the image's repository, or zips. Raises BotErrors."""
    now = world.clock.now()
    if target.service.artifact:
        archives = world.functions.archives(target)
        return tuple(_made(each.version, now - each.modified_at) for each in archives[:OFFERED])
    repository = images.repository(world.functions.function(target).image)
    newest = world.ecs.newest_images(target.account, repository, OFFERED) if repository else ()
    return tuple(_made(image.tags[0], now - image.pushed_at) for image in newest if image.tags)


def _made(word: str, seconds: float) -> Suggestion:
    return Suggestion(label=f"{word} · {ago(seconds)} old", word=word)


def earlier(target: Target, world: World) -> tuple[Suggestion, ...]:
    """What could be gone back to, newest first; those that proved good say so. Raises BotErrors."""
    alias, pasts, now = world.functions.alias(target), past.of(target, world), world.clock.now()
    others = [each for each in world.functions.versions(target) if each.version != alias.version]
    good = {past.given(each) for each in pasts if each.good}
    return tuple(
        Suggestion(
            label=f"{past.called(each, pasts)} · {ago(now - each.modified_at)} old"
            + (" · good" if each.version in good else ""),
            word=each.version,
        )
        for each in others[:OFFERED]
    )


LAMBDA = Kind(
    deploy=functions_plan.plan,
    rollback=functions_rollback.plan,
    strategies={
        functions_plan.STRATEGY: Strategy(effects=functions_effects.deploying, watch=watch, still=still),
        functions_rollback.STRATEGY: Strategy(effects=functions_effects.going_back, watch=watch, still=still),
    },
    versions=versions,
    earlier=earlier,
)
