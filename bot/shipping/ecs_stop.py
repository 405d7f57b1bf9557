"""Rolling back a deployment that is under way: ECS stops it and goes back to what ran before.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
"""

from __future__ import annotations

from functools import partial
from typing import Any

from bot.cloud import EcsService, TaskDefinition
from bot.command import Change, Effect, Plan, Progress, Run, Stage
from bot.domain import Target
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.ports import World
from bot.rollouts import ServiceDeployment, ServiceRevision
from bot.shipping import ecs_hooks as hooks
from bot.shipping import images
from bot.shipping.authors import shipper
from bot.shipping.ecs_answering import answering, superseded
from bot.shipping.ecs_reads import LAST_SECONDS, running
from bot.shipping.ecs_watch import GOING_BACK
from bot.shipping.reads import value
from bot.views.blocks import ago

BACK_ALREADY = (*GOING_BACK, "STOP_REQUESTED")


def plan(target: Target, service: EcsService, record: ServiceDeployment, world: World) -> Plan:
    """Stop this deployment with a rollback, or watch the rollback that ECS has begun.

    Raises ConflictError where there is nothing to go back to.
    """
    source = _source(record)
    if source is None:
        raise ConflictError(
            f"{images.revision(record.task_definition)} is the first deployment of {target.label}.",
            hint="ECS has nothing to go back to.",
        )
    read = partial(world.ecs.task_definition, target.account)
    found: dict[str, Any] = world.gather(
        {"coming": partial(read, record.task_definition), "source": partial(read, source.task_definition)},
        seconds=LAST_SECONDS,
    )
    coming, back = value(found, "coming"), value(found, "source")
    already = record.status in BACK_ALREADY
    age = ago(world.clock.now() - record.created_at)
    doing = "ECS is going back already" if already else "rolling out"
    will = "watched until it is back" if already else "stopped and rolled back"
    before, after = _version(coming, target), _version(back, target)
    return Plan(
        title=f"Roll back {target.label} → {after}",
        strategy="ecs_stop",
        changes=(
            Change(what="Version", before=before, after=after),
            Change(what="Deployment", before=doing, after=will),
            Change(what="Revision", before=images.revision(coming.arn), after=images.revision(back.arn)),
        ),
        details=(
            f"Chosen: {images.revision(back.arn)} is what the deployment under way came from",
            f"Under way: {before}, shipped by {shipper(coming, world)}, for {age}",
            *(f"{line[0].upper()}{line[1:]}" for line in hooks.stage(record, world.clock.now())),
        ),
        facts={
            "from_definition": coming.arn,
            "to_definition": back.arn,
            "from_raw": coming.raw,
            "from_version": before,
            "version": after,
            "deployment": record.arn,
        },
        basis={"deployment": record.arn, "already": already, "back to": images.revision(back.arn)},
    )


def _source(record: ServiceDeployment) -> ServiceRevision | None:
    """What ECS goes back to; of several the newest that is not the one being deployed."""
    others = [each for each in record.sources if each.task_definition != record.task_definition]
    return record.back or max(others or record.sources, key=lambda each: each.created_at, default=None)


def _version(definition: TaskDefinition, target: Target) -> str:
    return images.version(definition, images.shipped(definition, target.service.container, target.label))


def _asked(record: ServiceDeployment | None) -> dict[str, Any] | None:
    if record is not None and (record.ended or record.status in BACK_ALREADY):
        return {"stopped": record.arn, "status": record.status}
    return None


def _find_stopped(run: Run, world: World) -> dict[str, Any] | None:
    return _asked(world.ecs.service_deployment(run.target, str(run.plan.facts["deployment"])))


def _stop(run: Run, world: World) -> dict[str, Any]:
    arn = str(run.plan.facts["deployment"])
    record = world.ecs.service_deployment(run.target, arn)
    if record is None:
        raise NotFoundError("ECS no longer knows the deployment that was to be rolled back.", hint="Ask again.")
    done = _asked(record)
    if done is not None:
        return done
    hook = hooks.waiting(record)
    try:
        if hook is not None:
            world.ecs.continue_deployment(run.target, arn, hook.id, go_on=False)
        else:
            world.ecs.stop_deployment(run.target, arn)
    except ConflictError:
        # It ended a moment ago; watching it tells how.
        return {"stopped": arn, "status": "ENDED"}
    return {"stopped": arn, "status": "ROLLBACK_REQUESTED"}


STOP = Effect(name="stop", find=_find_stopped, do=_stop)


def watch(run: Run, world: World) -> Progress:
    """One look: is the service back on what it ran before? Raises UpstreamError when ECS cannot be asked."""
    try:
        service = world.ecs.service(run.target)
    except NotFoundError as error:
        return Progress(stage=Stage.FAILED, headline=f"The service was deleted while it was going back: {error}")
    record = _record(run, world)
    came = images.revision(str(run.plan.facts["from_definition"]))
    is_back = running(service) == run.plan.facts["to_definition"]
    status = record.status if record else ""
    if status == "ROLLBACK_FAILED":
        return Progress(stage=Stage.FAILED, headline=f"ECS could not go back from {came}: {record and record.reason}")
    if status == "SUCCESSFUL":
        headline = f"Too late: {came} had been deployed before ECS was told to stop. Ask for a rollback again."
        return Progress(stage=Stage.FAILED, headline=headline, unchanged=True)
    if record is not None and not record.ended:
        return _going_back(run, world, service, record)
    if not is_back and running(service) != run.plan.facts["from_definition"]:
        return superseded(run, world, service, {}, done=False)
    primary = service.primary
    settled = status == "ROLLBACK_SUCCESSFUL" or (primary is not None and primary.rollout_state == "COMPLETED")
    if primary is None or not is_back or not settled or primary.running < primary.desired:
        return _going_back(run, world, service, record)
    return answering(run, world, (primary.running, primary.desired), running(service), {})


def _record(run: Run, world: World) -> ServiceDeployment | None:
    try:
        return world.ecs.service_deployment(run.target, str(run.plan.facts["deployment"]))
    except UpstreamError as error:
        if error.retryable:
            raise
        return None


def _going_back(run: Run, world: World, service: EcsService, record: ServiceDeployment | None) -> Progress:
    back, now = str(run.plan.facts["to_definition"]), world.clock.now()
    kept = next((each for each in service.deployments if each.task_definition == back), None)
    leaving = sum(each.running for each in service.deployments if each.task_definition != back)
    lines = [f"{images.revision(back)}: {kept.running} of {kept.desired} tasks run"] if kept else []
    lines += [f"{leaving} tasks still to leave"] if leaving else []
    return Progress(
        stage=Stage.ROLLING,
        headline=f"ECS is going back to {images.revision(back)}",
        done=kept.running if kept else 0,
        total=kept.desired if kept else 0,
        lines=(*lines, *hooks.stage(record, now), *hooks.slow(service, run.started_at, now)),
    )
