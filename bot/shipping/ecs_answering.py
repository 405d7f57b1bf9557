"""The end of a rollout: does the service answer as configured, or has another deployment pushed ours aside?"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from bot.cloud import EcsService
from bot.command import Progress, Run, Stage
from bot.errors import BotError, NotFoundError
from bot.ports import World
from bot.shipping import images
from bot.shipping.authors import shipper
from bot.shipping.ecs_effects import ours
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


def still(run: Run, world: World) -> str:
    """What took the place of the revision this operation put into service; nothing while that runs.

    Raises UpstreamError when ECS cannot be asked.
    """
    try:
        service = world.ecs.service(run.target)
    except NotFoundError:
        return "the service was deleted."
    if service.status != "ACTIVE":
        return "the service is being deleted." if service.status == "DRAINING" else "the service was deleted."
    if running(service) == ours(run):
        return ""
    seen = superseded(run, world, service, {}, done=True)
    return f"{'. '.join((seen.headline, *seen.lines))}."


def still_back(run: Run, world: World) -> str:
    """The same for a deployment that was stopped while CodeDeploy had, or had not, let the traffic over.

    What it goes back to is what ran when the plan was made only if the traffic was not over by then.
    """
    over = run.plan.facts["to_definition"] == run.plan.facts["from_definition"]
    return "" if over else still(run, world)


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
