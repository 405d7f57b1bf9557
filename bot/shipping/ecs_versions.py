"""What a form offers for an ECS service: images that could be deployed, versions that could be gone back to."""

from __future__ import annotations

from bot.command import Suggestion
from bot.domain import Target
from bot.ports import World
from bot.shipping import images
from bot.shipping.ecs_choice import PREVIOUS, label, offered, word
from bot.shipping.ecs_history import History
from bot.shipping.ecs_reads import FIRST_SECONDS, running
from bot.shipping.ecs_rollback import history_of, read_history
from bot.shipping.reads import value
from bot.views.blocks import ago

OFFERED = 20


def versions(target: Target, world: World) -> tuple[Suggestion, ...]:
    """The newest images with a tag, and how old they are. Raises BotErrors."""
    service = world.ecs.service(target)
    definition = world.ecs.task_definition(target.account, running(service))
    container = images.shipped(definition, target.service.container, target.label)
    newest = world.ecs.newest_images(target.account, images.repository(container.image), OFFERED)
    now = world.clock.now()
    return tuple(
        Suggestion(label=f"{image.tags[0]} · {ago(now - image.pushed_at)} ago", word=image.tags[0])
        for image in newest
        if image.tags
    )


def earlier(target: Target, world: World) -> tuple[Suggestion, ...]:
    """What ran before, the last first; ``previous`` where anything did. Raises BotErrors."""
    now = world.clock.now()
    found = read_history(target, world, now, FIRST_SECONDS)
    service = value(found, "service")
    history: History = history_of(target, service, found, now)
    usable = offered(target, history, world)
    first = (Suggestion(label="What ran before", word=PREVIOUS),) if usable else ()
    return (
        *first,
        *(Suggestion(label=label(target, *each), word=word(each[1].arn, running(service))) for each in usable),
    )
