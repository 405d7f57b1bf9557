"""Watching an ECS rollout: did *our* deployment win, and does the service answer?

``services-stable`` only counts deployments and tasks and has no notion of which deployment won, so a rollback
by the circuit breaker looks like success to it (aws-actions#191, fabfuel/ecs-deploy#185).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import JsonValue

from bot.cloud import Deployment, EcsService
from bot.command import Progress, Run, Stage
from bot.errors import NotFoundError
from bot.ports import World
from bot.rollouts import ServiceDeployment
from bot.shipping import ecs_hooks as hooks
from bot.shipping import ecs_records, images
from bot.shipping.ecs_answering import answering, superseded
from bot.shipping.ecs_effects import CLOCK_SECONDS, ours
from bot.shipping.ecs_evidence import Evidence, failures, known
from bot.shipping.ecs_reads import running
from bot.shipping.ecs_records import Sight

APPEAR_SECONDS = 15.0
"""ECS answers from copies that may be seconds old; so long a deployment that is not shown yet is not lost."""
FEWEST_FAILED, MOST_FAILED = 3, 200
"""Half of the tasks that are wanted, within these: so many failed ones in a row make ECS's circuit breaker give up.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html"""
GOING_BACK = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")


@dataclass(frozen=True)
class Look:
    """What one look saw."""

    run: Run
    world: World
    service: EcsService
    mine: Deployment | None
    sight: Sight
    evidence: Evidence

    @property
    def record(self) -> ServiceDeployment | None:
        """ECS's record of our deployment."""
        return self.sight.record

    @property
    def at(self) -> str:
        """The revision the service runs or is moving to."""
        return images.revision(running(self.service))

    @property
    def as_before(self) -> bool:
        """Whether the service runs what it ran before the operation."""
        return running(self.service) == self.run.plan.facts["from_definition"]

    def facts(self) -> dict[str, JsonValue]:
        """What the next look needs of this one."""
        return {**self.sight.kept(), **self.evidence.kept()}

    def progress(
        self, stage: Stage, headline: str, lines: tuple[str, ...] = (), *, unchanged: bool = False
    ) -> Progress:
        """What was seen, with what is known of failed tasks."""
        return Progress(
            stage=stage,
            headline=headline,
            lines=(*lines, *self.evidence.lines),
            logs=self.evidence.logs,
            facts=self.facts(),
            unchanged=unchanged,
        )


def watch(run: Run, world: World) -> Progress:
    """One look. Raises UpstreamError when ECS cannot be asked."""
    try:
        service = world.ecs.service(run.target)
    except NotFoundError as error:
        return _deleted(str(error))
    if service.status != "ACTIVE":
        return _deleted(f"{run.target.label} is being deleted in ECS.")
    mine = _mine(run, service)
    sight = ecs_records.find(run, world, service)
    look = Look(run, world, service, mine, sight, _evidence(run, world, mine, sight.record))
    return _by_record(look, look.record) if look.record is not None else _by_deployments(look)


def _deleted(why: str) -> Progress:
    return Progress(stage=Stage.FAILED, headline=f"The service was deleted while it was being changed: {why}")


def _mine(run: Run, service: EcsService) -> Deployment | None:
    wanted = run.results.get("update", {}).get("deployment") or "none"
    since = run.started_at - CLOCK_SECONDS
    return next(
        (
            found
            for found in service.deployments
            if found.id == wanted or (found.task_definition == ours(run) and found.created_at >= since)
        ),
        None,
    )


def _evidence(run: Run, world: World, mine: Deployment | None, record: ServiceDeployment | None) -> Evidence:
    """Looked for as soon as the first task failed, and once more when it is lost."""
    counted = (mine.failed_tasks if mine else 0) or (record.failed_tasks if record else 0)
    lost = mine is None or mine.status != "PRIMARY" or mine.rollout_state == "FAILED"
    return failures(run, world, ours(run)) if counted or lost else known(run) or Evidence()


def _by_record(look: Look, record: ServiceDeployment) -> Progress:
    """ECS's own record knows how a deployment ended, whatever came after it."""
    because = _because(record)
    if record.status in GOING_BACK:
        return look.progress(Stage.ROLLING, f"Not deployed: ECS is going back to {_back(look, record)}{because}")
    if record.status == "ROLLBACK_SUCCESSFUL":
        return _went_back(look, record, because)
    if record.status == "ROLLBACK_FAILED":
        return look.progress(Stage.FAILED, f"Not deployed, and ECS could not go back{because}")
    moved_on = running(look.service) != record.task_definition
    if record.status in ("STOPPED", "STOP_REQUESTED"):
        return _stopped(look, record, because, moved_on=moved_on)
    if record.status == "SUCCESSFUL":
        if moved_on:
            return superseded(look.run, look.world, look.service, look.facts(), done=True)
        return _settled(look, look.mine) if _all_run(look.mine) else _rolling(look)
    if look.mine is not None and look.mine.status == "PRIMARY" and look.mine.rollout_state == "FAILED":
        return look.progress(Stage.FAILED, f"ECS gave up: {look.mine.rollout_reason}")
    return _rolling(look)


def _because(record: ServiceDeployment) -> str:
    red = f"the alarms {', '.join(record.alarms)} went off" if record.alarms else ""
    said = "; ".join(part for part in (red, record.reason) if part)
    return f" ({said})" if said else ""


def _back(look: Look, record: ServiceDeployment) -> str:
    return images.revision(record.rolled_back_to) if record.rolled_back_to else look.at


def _went_back(look: Look, record: ServiceDeployment, because: str) -> Progress:
    age = look.world.clock.now() - record.finished_at
    if running(look.service) == record.task_definition and age < APPEAR_SECONDS:
        # The service's own description may be a moment behind the record.
        return look.progress(Stage.ROLLING, f"Not deployed: ECS went back to {_back(look, record)}{because}")
    headline = f"Not deployed: ECS went back to {look.at}{because}"
    return look.progress(Stage.FAILED, headline, unchanged=look.as_before)


def _stopped(look: Look, record: ServiceDeployment, because: str, *, moved_on: bool) -> Progress:
    if look.as_before:
        return look.progress(Stage.FAILED, f"Not deployed: it was stopped{because}", unchanged=True)
    if moved_on:
        return superseded(look.run, look.world, look.service, look.facts(), done=False)
    if record.status == "STOP_REQUESTED":
        return look.progress(Stage.ROLLING, f"Somebody asked ECS to stop this deployment{because}")
    return look.progress(Stage.FAILED, f"Stopped before it was done{because}")


def _by_deployments(look: Look) -> Progress:
    """Without a record the service's ``deployments`` tell: ours may be there, gone, or pushed aside."""
    mine = look.mine
    if mine is None or mine.status != "PRIMARY":
        return _lost(look)
    if mine.rollout_state == "FAILED":
        return look.progress(Stage.FAILED, f"ECS gave up: {mine.rollout_reason}")
    if mine.rollout_state == "COMPLETED" and _all_run(mine):
        return _settled(look, mine)
    return _rolling(look)


def _all_run(mine: Deployment | None) -> bool:
    return mine is not None and mine.running >= mine.desired


def _settled(look: Look, mine: Deployment | None) -> Progress:
    tasks = (mine.running, mine.desired) if mine else (look.service.running, look.service.desired)
    return answering(look.run, look.world, tasks, ours(look.run), look.facts())


def _lost(look: Look) -> Progress:
    """Our deployment is not the one ECS is moving to: not shown yet, rolled back, or superseded."""
    young = look.world.clock.now() - look.run.started_at < APPEAR_SECONDS
    if look.mine is None and young:
        return Progress(stage=Stage.ROLLING, headline="Waiting for ECS to begin", facts=look.facts())
    primary = look.service.primary
    if not look.as_before:
        return superseded(look.run, look.world, look.service, look.facts(), done=False)
    if primary is not None and primary.rollout_state == "IN_PROGRESS":
        return look.progress(Stage.ROLLING, f"Not deployed: ECS is going back to {look.at}")
    return look.progress(Stage.FAILED, f"Not deployed: ECS went back to {look.at}", unchanged=True)


def _rolling(look: Look) -> Progress:
    record, mine, now = look.record, look.mine, look.world.clock.now()
    new = (mine.running, mine.pending, mine.desired) if mine else (0, 0, look.service.desired)
    if mine is None and record is not None:
        new = (record.running, record.pending, record.requested)
    old = sum(other.running for other in look.service.deployments if mine is None or other.id != mine.id)
    starting = f", {new[1]} starting" if new[1] else ""
    lines = [f"new tasks: {new[0]} of {new[2]} running{starting}; old tasks: {old}"]
    failed = (mine.failed_tasks if mine else 0) or (record.failed_tasks if record else 0)
    if failed:
        lines.append(f"{failed} new task{'' if failed == 1 else 's'} failed so far")
    # A rolling deployment has no stages but the one it is always in.
    lines += hooks.stage(record, now) if look.service.strategy != "ROLLING" or (record and record.hooks) else []
    lines += hooks.slow(look.service, look.run.started_at, now)
    if look.sight.blind and not (look.run.progress and look.run.progress.facts.get("blind")):
        lines.append(f"ECS's own record of it could not be read: {look.sight.blind}")
    paused = hooks.waiting(record) is not None
    failing = not look.service.breaker_enabled and new[0] < new[2] and failed >= _too_many(new[2])
    headline = "Paused: it waits for somebody" if paused else _headline(look.service, record, up=new[0] >= new[2])
    return Progress(
        stage=Stage.ROLLING,
        headline="New tasks keep failing, and no circuit breaker ends it" if failing else headline,
        done=new[0],
        total=new[2],
        lines=(*lines, *look.evidence.lines),
        logs=look.evidence.logs,
        facts=look.facts(),
        buttons=hooks.buttons(record),
        calm=paused,
        failing=failing,
    )


def _too_many(desired: int) -> int:
    return min(MOST_FAILED, max(FEWEST_FAILED, math.ceil(desired / 2)))


def _headline(service: EcsService, record: ServiceDeployment | None, *, up: bool) -> str:
    """Where traffic is moved the old tasks stand by until the very end."""
    if not up:
        return "Rolling out"
    stand_by = service.strategy != "ROLLING" and record is not None and record.stage != "CLEAN_UP"
    return f"New tasks are up; old ones {'stand by' if stand_by else 'are leaving'}"
