"""Shipping ECS services whose deployment controller is CODE_DEPLOY: CodeDeploy shifts the traffic, and goes back.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from bot.cloud import EcsService
from bot.command import Button, Change, Effect, Plan, Progress, Run, Stage
from bot.domain import Target
from bot.errors import ConflictError, NotFoundError
from bot.ports import World
from bot.rollouts import ServiceDeployment
from bot.shipping import ecs_hooks as hooks
from bot.shipping import images
from bot.shipping.ecs_answering import answering
from bot.shipping.ecs_checks import ended
from bot.shipping.ecs_effects import CLOCK_SECONDS, ours, prepared
from bot.shipping.ecs_evidence import failures
from bot.shipping.ecs_reads import LAST_SECONDS, running
from bot.shipping.reads import value
from bot.shipping_cloud import CodeDeployment
from bot.views.blocks import ago

PROCEED, STOP_IT = "proceed", "stop"
_STATUS = {"Succeeded": "SUCCESSFUL", "Failed": "STOPPED", "Stopped": "STOPPED"}


def effects(plan: Plan) -> tuple[Effect, ...]:
    """Register what does not exist yet, then create the deployment."""
    return (*prepared(plan), CREATE)


def _group(run: Run) -> tuple[str, str]:
    group = run.plan.facts["group"]
    application, name = group if isinstance(group, list) else ("", "")
    return str(application), str(name)


def _find_created(run: Run, world: World) -> dict[str, Any] | None:
    """CodeDeploy takes no key, but keeps the description, which carries the operation."""
    since = run.started_at - CLOCK_SECONDS
    found = world.code_deploy.recent(run.target.account, _group(run), since=since)
    return next(({"deployment": each.id} for each in found if run.operation in each.description), None)


def _create(run: Run, world: World) -> dict[str, Any]:
    service = world.ecs.service(run.target)
    description = f"{run.plan.title[:400]} (operation {run.operation})"
    return {"deployment": world.code_deploy.create(run.target, _group(run), service, ours(run), description)}


CREATE = Effect(name="create", find=_find_created, do=_create)


def watch(run: Run, world: World) -> Progress:
    """One look at our CodeDeploy deployment. Raises UpstreamError when CodeDeploy cannot be asked."""
    try:
        deployment = world.code_deploy.deployment(run.target.account, str(run.results["create"]["deployment"]))
        service = world.ecs.service(run.target)
    except NotFoundError as error:
        return Progress(stage=Stage.FAILED, headline=f"It can no longer be seen: {error}")
    if deployment.status == "Succeeded":
        return answering(run, world, (service.running, service.desired), ours(run), {})
    if deployment.status in ("Failed", "Stopped"):
        return _undone(run, world, service, deployment)
    return _shifting(run, world, service, deployment)


def _shifting(run: Run, world: World, service: EcsService, deployment: CodeDeployment) -> Progress:
    ready = deployment.status == "Ready"
    words = {
        "Created": "Waiting for CodeDeploy to begin",
        "Queued": "Waiting for CodeDeploy to begin",
        "InProgress": "CodeDeploy is replacing the tasks",
        "Baking": "Traffic is on the new tasks; CodeDeploy watches its alarms",
        "Ready": "New tasks are up: it waits for somebody to let the traffic over",
    }
    evidence = failures(run, world, ours(run))
    lines = [f"{service.running} tasks run" + (f", {service.pending} are starting" if service.pending else "")]
    return Progress(
        stage=Stage.ROLLING,
        headline=words.get(deployment.status, f"CodeDeploy says {deployment.status}"),
        lines=(*lines, *hooks.slow(service, run.started_at, world.clock.now()), *evidence.lines),
        logs=evidence.logs,
        facts=evidence.kept(),
        buttons=_buttons(deployment) if ready else (),
        calm=ready,
    )


def _buttons(deployment: CodeDeployment) -> tuple[Button, ...]:
    return (
        Button(label="Continue", name=PROCEED, value=deployment.id, style="primary"),
        Button(label="Roll back", name=STOP_IT, value=deployment.id, style="danger"),
    )


def _undone(run: Run, world: World, service: EcsService, deployment: CodeDeployment) -> Progress:
    """It did not win: CodeDeploy's rollback is a deployment of its own, which may still be under way."""
    evidence = failures(run, world, ours(run))
    why = f" ({deployment.error})" if deployment.error else ""
    said = f"Not deployed: CodeDeploy's {deployment.id} {deployment.status.lower()}{why}"
    back = world.code_deploy.deployment(run.target.account, deployment.rollback) if deployment.rollback else None
    if back is not None and not ended(back):
        headline = f"{said}; {back.id} is going back"
        return Progress(stage=Stage.ROLLING, headline=headline, lines=evidence.lines, logs=evidence.logs)
    before = running(service) == run.plan.facts["from_definition"]
    unchanged = before or (back is not None and back.status == "Succeeded")
    return Progress(
        stage=Stage.FAILED,
        headline=f"{said}{'; it is back on what ran before' if unchanged else ''}",
        lines=evidence.lines,
        logs=evidence.logs,
        facts=evidence.kept(),
        unchanged=unchanged,
    )


def proceed(run: Run, world: World, value: str) -> str:
    """Somebody pressed Continue."""
    try:
        world.code_deploy.proceed(run.target.account, value)
    except ConflictError:
        return "It no longer waits; nothing was changed by this."
    return "CodeDeploy lets the traffic over."


def stop(run: Run, world: World, value: str) -> str:
    """Somebody pressed Roll back."""
    try:
        world.code_deploy.stop(run.target.account, value)
    except ConflictError:
        return "It has ended already; nothing was changed by this."
    return "CodeDeploy stops and goes back."


def as_records(deployed: Sequence[CodeDeployment]) -> tuple[ServiceDeployment, ...]:
    """CodeDeploy's history in ECS's words. A rollback is a deployment of its own that succeeds."""
    return tuple(
        ServiceDeployment(
            arn=each.id,
            status=_STATUS.get(each.status, "IN_PROGRESS"),
            reason=each.error,
            created_at=each.created_at,
            finished_at=each.ended_at,
            task_definition=each.task_definition,
        )
        for each in deployed
        if each.task_definition
    )


def stop_plan(target: Target, service: EcsService, under_way: CodeDeployment, world: World) -> Plan:
    """Stop a CodeDeploy deployment that is under way; CodeDeploy goes back by itself."""
    read = partial(world.ecs.task_definition, target.account)
    found: dict[str, Any] = world.gather({"now": partial(read, running(service))}, seconds=LAST_SECONDS)
    now = value(found, "now")
    version = images.version(now, images.shipped(now, target.service.container, target.label))
    whose = f", started by {under_way.creator}" if under_way.creator else ""
    return Plan(
        title=f"Roll back {target.label} → {version}",
        strategy="code_stop",
        changes=(Change(what="Deployment", before=f"{under_way.id} {under_way.status}", after="stopped, and undone"),),
        details=(f"Under way: {under_way.id}{whose}, for {ago(world.clock.now() - under_way.created_at)}",),
        facts={
            "from_definition": under_way.task_definition,
            "to_definition": now.arn,
            "version": version,
            "deployment": under_way.id,
        },
        basis={"deployment": under_way.id},
    )


def _find_stopped(run: Run, world: World) -> dict[str, Any] | None:
    found = world.code_deploy.deployment(run.target.account, str(run.plan.facts["deployment"]))
    return {"stopped": found.id} if ended(found) else None


def _stop(run: Run, world: World) -> dict[str, Any]:
    name = str(run.plan.facts["deployment"])
    try:
        world.code_deploy.stop(run.target.account, name)
    except ConflictError:
        return {"stopped": name, "late": True}
    return {"stopped": name}


STOP = Effect(name="stop", find=_find_stopped, do=_stop)


def watch_stop(run: Run, world: World) -> Progress:
    """One look whether CodeDeploy has gone back."""
    deployment = world.code_deploy.deployment(run.target.account, str(run.plan.facts["deployment"]))
    if deployment.status == "Succeeded":
        headline = f"Too late: {deployment.id} had succeeded before it was told to stop. Ask for a rollback again."
        return Progress(stage=Stage.FAILED, headline=headline, unchanged=True)
    back = world.code_deploy.deployment(run.target.account, deployment.rollback) if deployment.rollback else None
    if not ended(deployment) or (back is not None and not ended(back)):
        return Progress(stage=Stage.ROLLING, headline=f"CodeDeploy is going back from {deployment.id}")
    if back is not None and back.status != "Succeeded":
        return Progress(stage=Stage.FAILED, headline=f"CodeDeploy could not go back: {back.error or back.status}")
    service = world.ecs.service(run.target)
    return answering(run, world, (service.running, service.desired), running(service), {})
