"""The end of a rollout: does the service answer as configured, or has another deployment pushed ours aside?"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from bot.cloud import EcsService
from bot.command import Progress, Run, Stage
from bot.errors import BotError
from bot.ports import World
from bot.shipping import images
from bot.shipping.authors import shipper
from bot.shipping.ecs_reads import running
from bot.shipping.health import answered
from bot.views.blocks import ago


def answering(
    run: Run, world: World, tasks: tuple[int, int], task_definition: str, facts: Mapping[str, JsonValue]
) -> Progress:
    """All ``tasks`` (running, wanted) of the right revision run: ask the health address, if there is one."""
    done, total = tasks
    settled = f"{done} of {total} tasks of {images.revision(task_definition)} run"
    progress = answered(run, world, settled, done, total)
    return progress.model_copy(update={"facts": {**facts, **progress.facts}})


def superseded(run: Run, world: World, service: EcsService, facts: Mapping[str, JsonValue], *, done: bool) -> Progress:
    """Another deployment moves the service now: whose, and since when."""
    theirs = running(service)
    headline = f"Superseded: another deployment moves the service to {images.revision(theirs)}"
    if done:
        headline = f"It was deployed, and then superseded: the service moves to {images.revision(theirs)}"
    lines: tuple[str, ...] = ()
    try:
        who = shipper(world.ecs.task_definition(run.target.account, theirs), world)
        began = service.primary.created_at if service.primary else 0.0
        since = f", {ago(world.clock.now() - began)} ago" if began else ""
        lines = (f"{images.revision(theirs)} was shipped by {who}{since}",)
    except BotError as error:
        lines = (f"Whose it is could not be read: {error}",)
    # What others began is theirs to undo.
    return Progress(stage=Stage.FAILED, headline=headline, lines=lines, facts=dict(facts), unchanged=True)
