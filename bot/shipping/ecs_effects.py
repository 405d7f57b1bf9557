"""What shipping changes in ECS: a task definition registered, a service updated with nothing but that.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.cloud import TaskDefinition
from bot.command import Effect, Plan, Run
from bot.errors import UpstreamError
from bot.ports import World
from bot.rollouts import ServiceDeployment
from bot.shipping import builds, images
from bot.shipping.differences import with_images

CLOCK_SECONDS = 5.0
"""How far AWS's clock may be behind this machine's: what began before that was not us."""


def effects(plan: Plan) -> tuple[Effect, ...]:
    """Build and register what does not exist yet, then update the service."""
    return (*prepared(plan), UPDATE)


def prepared(plan: Plan) -> tuple[Effect, ...]:
    """What comes before a service is changed; a return to a revision that stands as it was registers nothing."""
    return () if plan.facts.get("stands") else (*builds.effects(plan), REGISTER)


def ours(run: Run) -> str:
    """ARN of the task definition this operation puts into service."""
    return str(run.results.get("register", {}).get("task_definition") or run.plan.facts["to_definition"])


def is_ours(run: Run, record: ServiceDeployment) -> bool:
    """Whether one of ECS's records is of this operation; an old revision may have been deployed before."""
    return record.task_definition == ours(run) and record.created_at >= run.started_at - CLOCK_SECONDS


def _find_registered(run: Run, world: World) -> dict[str, Any] | None:
    family = str(run.plan.facts["family"])
    account = run.target.account
    found = world.ecs.find_registered(account, family, images.OPERATION_TAG, run.operation)
    return None if found is None else {"task_definition": found, **_kept(world.ecs.task_definition(account, found))}


def _register(run: Run, world: World) -> dict[str, Any]:
    facts = run.plan.facts
    base = _base(run, world)
    wanted = _images(run, world)
    tags = {
        images.OPERATION_TAG: run.operation,
        images.VERSION_TAG: str(facts["version"]),
        images.BY_TAG: run.actor.user,
    }
    if facts.get("copy_of"):
        tags[images.COPY_TAG] = str(facts["copy_of"])
    arn = world.ecs.register(run.target.account, base, wanted, tags)
    kept = _kept(base)
    return {"task_definition": arn, **kept, "definition": with_images(kept["definition"], wanted)}


def _kept(definition: TaskDefinition) -> dict[str, Any]:
    """What the ledger keeps of a revision, so that it can be made again when AWS has forgotten it."""
    return {"definition": dict(definition.raw), "tags": dict(definition.tags)}


def _base(run: Run, world: World) -> TaskDefinition:
    facts = run.plan.facts
    saved = facts.get("saved")
    if isinstance(saved, dict):
        return remembered(str(facts["task_definition"]), saved)
    return world.ecs.task_definition(run.target.account, str(facts["task_definition"]))


def remembered(arn: str, saved: Mapping[str, Any]) -> TaskDefinition:
    """A task definition as the ledger kept it: ``definition`` is AWS's own JSON, ``tags`` what it carried."""
    family, _, revision = images.revision(arn).rpartition(":")
    return TaskDefinition(
        arn=arn,
        family=family,
        revision=int(revision),
        containers=images.containers(saved["definition"]),
        registered_at=0.0,
        architecture="",
        tags={str(key): str(text) for key, text in (saved.get("tags") or {}).items()},
        raw=dict(saved["definition"]),
        status="INACTIVE",
    )


def _images(run: Run, world: World) -> dict[str, str]:
    """Images by container, pinned by digest; one that had to be built first is looked up only now."""
    facts = run.plan.facts
    many = facts.get("images")
    if isinstance(many, dict):
        return {name: str(image) for name, image in many.items()}
    image = str(facts["image"] or "")
    if not image:
        repository, version = str(facts["repository"]), str(facts["version"])
        image = f"{repository}@{world.ecs.image(run.target.account, f'{repository}:{version}').digest}"
    return {str(facts["container"]): image}


def find_updated(run: Run, world: World) -> dict[str, Any] | None:
    """The deployment of our revision that an earlier attempt began, whatever came after it.

    It is still there, or ECS's own record tells of it.
    """
    since = run.started_at - CLOCK_SECONDS
    for deployment in world.ecs.service(run.target).deployments:
        if deployment.task_definition == ours(run) and deployment.created_at >= since:
            return {"deployment": deployment.id}
    try:
        recorded = world.ecs.service_deployments(run.target, since=since)
    except UpstreamError as error:
        if error.retryable:
            raise
        # Who may not read the records can still repeat the call: ECS begins nothing for the revision it moves to.
        return None
    return {"deployment": ""} if any(is_ours(run, record) for record in recorded) else None


def _update(run: Run, world: World) -> dict[str, Any]:
    return {"deployment": world.ecs.update_service(run.target, ours(run))}


REGISTER = Effect(name="register", find=_find_registered, do=_register)
UPDATE = Effect(name="update", find=find_updated, do=_update)
