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
from bot.views.blocks import ago

HEALTH_SECONDS = 60.0
"""How long a service whose tasks have settled may take to answer its health address as configured."""


def answering(
    run: Run, world: World, tasks: tuple[int, int], task_definition: str, facts: Mapping[str, JsonValue]
) -> Progress:
    """All ``tasks`` (running, wanted) of the right revision run: ask the health address, if there is one."""
    health = run.target.service.health
    done, total = tasks
    settled = f"{done} of {total} tasks of {images.revision(task_definition)} run"
    if health is None:
        return Progress(stage=Stage.SUCCEEDED, headline=f"Settled: {settled}", done=done, total=total)
    answer = world.web.check(health, str(run.plan.facts["version"]))
    if answer.ok:
        headline = f"Settled: {settled}, and {health.url} answers {answer.code} {answer.version}".rstrip()
        return Progress(stage=Stage.SUCCEEDED, headline=headline, done=done, total=total)
    now = world.clock.now()
    before = run.progress.facts.get("settled_at") if run.progress else None
    settled_at = float(before) if isinstance(before, int | float) else now
    lines = (settled, f"{health.url}: {answer.detail}")
    if now - settled_at > HEALTH_SECONDS:
        return Progress(
            stage=Stage.FAILED,
            headline=f"All tasks run, but the health address does not answer as configured: {answer.detail}",
            lines=lines,
        )
    return Progress(
        stage=Stage.ROLLING,
        headline="Tasks have settled; waiting for the health address",
        done=done,
        total=total,
        lines=lines,
        facts={**facts, "settled_at": settled_at},
    )


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
