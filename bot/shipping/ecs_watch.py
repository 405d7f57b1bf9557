"""Watching an ECS rollout: did *our* deployment win, and does the service answer?

``services-stable`` only counts deployments and tasks and has no notion of which deployment won, so a rollback
by the circuit breaker looks like success to it (aws-actions#191, fabfuel/ecs-deploy#185).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pydantic import JsonValue

from bot.cloud import Deployment, EcsService, ServiceDeployment, StoppedTask
from bot.command import Progress, Run, Stage
from bot.errors import BotError
from bot.ports import World
from bot.shipping import images
from bot.stop_reasons import explain, is_failure

HEALTH_SECONDS = 60.0
"""How long a service whose tasks have settled may take to answer its health address as configured."""
APPEAR_SECONDS = 15.0
"""ECS answers from copies that may be seconds old; so long a deployment that is not shown yet is not lost."""
LAST_LINES = 12
SLOW_WORDS = ("unable to", "unhealthy", "failed", "insufficient", "error")


@dataclass(frozen=True)
class Evidence:
    """Why tasks failed: sentences, and the last log lines of the newest one."""

    lines: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()

    def kept(self) -> dict[str, JsonValue]:
        """As facts of a progress: what was found once is not lost when ECS cannot be asked or has forgotten."""
        return {"evidence": list(self.lines)} if self.lines else {}


def watch(run: Run, world: World) -> Progress:
    """One look. Raises UpstreamError when ECS cannot be asked."""
    ours = str(run.results["register"]["task_definition"])
    service = world.ecs.service(run.target)
    mine = _mine(run, service, ours)
    evidence = _evidence(run, world, mine)
    if mine is None or mine.status != "PRIMARY":
        return _lost(run, world, service, ours, evidence)
    if mine.rollout_state == "FAILED":
        return _failed(f"ECS gave up: {mine.rollout_reason}", evidence)
    if mine.rollout_state == "COMPLETED" and mine.running >= mine.desired:
        return _answering(run, world, mine)
    return _rolling(run, service, mine, evidence)


def _mine(run: Run, service: EcsService, ours: str) -> Deployment | None:
    wanted = run.results["update"].get("deployment", "")
    return next((found for found in service.deployments if found.id == wanted or found.task_definition == ours), None)


def _rolling(run: Run, service: EcsService, mine: Deployment, evidence: Evidence) -> Progress:
    old = sum(other.running for other in service.deployments if other.id != mine.id)
    lines = [f"new tasks: {mine.running} of {mine.desired} running, {mine.pending} starting; old tasks: {old}"]
    if mine.failed_tasks:
        lines.append(f"{mine.failed_tasks} new tasks failed so far")
    slow = next(
        (
            event.message
            for event in service.events
            if event.at >= run.started_at and any(word in event.message.lower() for word in SLOW_WORDS)
        ),
        "",
    )
    if slow:
        lines.append(f"ECS says: {slow}")
    return Progress(
        stage=Stage.ROLLING,
        headline="Rolling out" if mine.running < mine.desired else "New tasks are up; old ones are leaving",
        done=mine.running,
        total=mine.desired,
        lines=(*lines, *evidence.lines),
        logs=evidence.logs,
        facts=evidence.kept(),
    )


def _answering(run: Run, world: World, mine: Deployment) -> Progress:
    health = run.target.service.health
    settled = f"{mine.running} of {mine.desired} tasks of {images.revision(mine.task_definition)} run"
    if health is None:
        return Progress(stage=Stage.SUCCEEDED, headline=f"Settled: {settled}", done=mine.running, total=mine.desired)
    answer = world.web.check(health, str(run.plan.facts["version"]))
    if answer.ok:
        headline = f"Settled: {settled}, and {health.url} answers {answer.code} {answer.version}".rstrip()
        return Progress(stage=Stage.SUCCEEDED, headline=headline, done=mine.running, total=mine.desired)
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
        done=mine.running,
        total=mine.desired,
        lines=lines,
        facts={"settled_at": settled_at},
    )


def _lost(run: Run, world: World, service: EcsService, ours: str, evidence: Evidence) -> Progress:
    """Our deployment is no longer the one ECS is moving to: rolled back, or superseded."""
    record = _record(run, world, ours)
    now_at = images.revision(service.primary.task_definition if service.primary else service.task_definition)
    if record is not None and record.status.startswith(("ROLLBACK", "STOP")):
        verb = "is going back" if record.status in ("ROLLBACK_IN_PROGRESS", "ROLLBACK_REQUESTED") else "went back"
        reason = f" ({record.reason})" if record.reason else ""
        return _failed(f"Not deployed: ECS {verb} to {now_at}{reason}", evidence)
    if not any(deployment.task_definition == ours for deployment in service.deployments) and _is_young(run, world):
        return Progress(stage=Stage.ROLLING, headline="Waiting for ECS to begin")
    before = images.revision(str(run.plan.facts["task_definition"]))
    if now_at == before:
        return _failed(f"Not deployed: ECS went back to {now_at}", evidence)
    return _failed(f"Superseded: another deployment moves the service to {now_at}", evidence)


def _is_young(run: Run, world: World) -> bool:
    return world.clock.now() - run.started_at < APPEAR_SECONDS


def _record(run: Run, world: World, ours: str) -> ServiceDeployment | None:
    try:
        records = world.ecs.service_deployments(run.target, since=run.started_at - 5)
    except BotError:
        return None
    return next((record for record in records if record.task_definition == ours), None)


def _failed(headline: str, evidence: Evidence) -> Progress:
    return Progress(stage=Stage.FAILED, headline=headline, lines=evidence.lines, logs=evidence.logs)


def _evidence(run: Run, world: World, mine: Deployment | None) -> Evidence:
    """Looked for as soon as the first task failed, since ECS forgets stopped tasks after about an hour."""
    if mine is not None and mine.status == "PRIMARY" and not mine.failed_tasks and mine.rollout_state != "FAILED":
        return Evidence()
    ours = run.results["register"]["task_definition"]
    try:
        stopped = [
            task
            for task in world.ecs.stopped_tasks(run.target, since=run.started_at)
            if task.task_definition == ours and is_failure(task)
        ]
    except BotError as error:
        return _known(run) or Evidence(lines=(f"I could not read the stopped tasks: {error}",))
    if not stopped:
        return _known(run) or Evidence()
    reasons = Counter(explain(task) for task in stopped)
    lines = tuple(f"{count} × {reason}" if count > 1 else reason for reason, count in reasons.most_common(3))
    return Evidence(lines=lines, logs=last_lines(run, world, stopped[0]))


def _known(run: Run) -> Evidence | None:
    found = run.progress.facts.get("evidence") if run.progress else None
    if not isinstance(found, list) or run.progress is None:
        return None
    return Evidence(lines=tuple(str(line) for line in found), logs=run.progress.logs)


def last_lines(run: Run, world: World, task: StoppedTask) -> tuple[str, ...]:
    """The last log lines of a stopped task's first container that logs; none when they cannot be read."""
    try:
        definition = world.ecs.task_definition(run.target.account, task.task_definition)
        for container in definition.containers:
            if container.log_group:
                stream = f"{container.log_stream_prefix}/{container.name}/{task.id}"
                read = world.logs.tail(run.target.account, container.log_group, stream, LAST_LINES)
                return tuple(line.message for line in read)
    except BotError:
        return ()
    return ()
