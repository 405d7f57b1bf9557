"""What plans for ECS read, in as few round trips as what depends on what allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bot.cloud import EcsService, TaskDefinition
from bot.domain import Account, Target
from bot.errors import ConflictError
from bot.ports import World
from bot.rollouts import ServiceDeployment, ServiceRevision
from bot.shipping import images
from bot.shipping.reads import value

FIRST_SECONDS = 4.0
NEXT_SECONDS = 7.0
"""For what depends on the service; two round trips, of which the second has ``LAST_SECONDS``."""
LAST_SECONDS = 5.0

Reads = dict[str, Callable[[], Any]]


def standing(found: Mapping[str, Any], target: Target) -> EcsService:
    """The service, if something can be shipped to it.

    Raises ConflictError for one that is being deleted and for the EXTERNAL controller, whose deployments are made by a
    program of the team's own: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
    """
    service: EcsService = value(found, "service")
    if service.status != "ACTIVE":
        raise ConflictError(f"{target.label} is being deleted in ECS.", hint="There is nothing to deploy to.")
    if service.controller == "EXTERNAL":
        raise ConflictError(
            f"{target.label} has the EXTERNAL deployment controller: another program makes its task sets.",
            hint="Ship it with that program; two of them would undo each other's work.",
        )
    return service


def running(service: EcsService) -> str:
    """ARN of the task definition a service runs or is moving to."""
    return service.primary.task_definition if service.primary else service.task_definition


def newest_record(target: Target, world: World, service: EcsService) -> ServiceDeployment | None:
    """ECS's record of the deployment under way, or of the last one."""
    return world.ecs.service_deployment(target, service.current_deployment) if service.current_deployment else None


def revision_now(service: EcsService, record: ServiceDeployment | None) -> ServiceRevision | None:
    """The service revision that runs, where ECS's newest record tells."""
    known = (record.target, record.back, *record.sources) if record else ()
    return next((each for each in known if each and each.task_definition == running(service)), None)


def digest_of(container: str, revision: ServiceRevision | None) -> str:
    """The digest a container of a service revision runs, or nothing."""
    named = (each.partition("=") for each in (revision.images if revision else ()))
    return next((images.digest(image) for name, _, image in named if name == container), "")


@dataclass(frozen=True)
class Needs:
    """What a task needs in order to start, as its definition says: secrets, roles, log groups with their region."""

    secrets: tuple[str, ...]
    roles: tuple[str, ...]
    log_groups: tuple[tuple[str, str], ...]

    def reads(self, account: Account, world: World) -> Reads:
        """Looks whether each exists, by kind and name."""
        found: Reads = {f"secret {each}": partial(world.needs.secret, account, each) for each in self.secrets}
        found |= {f"role {each}": partial(world.needs.role, account, each) for each in self.roles}
        for group, region in self.log_groups:
            place = replace(account, region=region or account.region)
            found[f"log group {group}"] = partial(world.needs.log_group, place, group)
        return found


def needs(definition: TaskDefinition) -> Needs:
    """What must exist before a task of this definition can start."""
    raw = definition.raw
    secrets: list[str] = []
    groups: list[tuple[str, str]] = []
    for each in raw.get("containerDefinitions") or []:
        log = each.get("logConfiguration") or {}
        named = [*(each.get("secrets") or []), *(log.get("secretOptions") or [])]
        secrets += [str(one["valueFrom"]) for one in named]
        registry = (each.get("repositoryCredentials") or {}).get("credentialsParameter")
        secrets += [str(registry)] if registry else []
        options = log.get("options") or {}
        # With this option the log driver makes the group by itself.
        makes = str(options.get("awslogs-create-group", "")).lower() == "true"
        if log.get("logDriver") == "awslogs" and options.get("awslogs-group") and not makes:
            groups.append((str(options["awslogs-group"]), str(options.get("awslogs-region", ""))))
    roles = [str(raw[key]) for key in ("taskRoleArn", "executionRoleArn") if raw.get(key)]
    return Needs(tuple(dict.fromkeys(secrets)), tuple(dict.fromkeys(roles)), tuple(dict.fromkeys(groups)))
